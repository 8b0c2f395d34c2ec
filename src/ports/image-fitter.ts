/** Formats that copies are made in. */
export type CopyFormat = 'png' | 'jpeg'

/** A picture whose head was read. */
export interface OpenPicture {
  /** Whether none of it can be seen through. */
  isOpaque: boolean
  /**
   * Makes a copy of another size: upright, in sRGB, without metadata. The same picture gives the same bytes.
   *
   * @returns The reason, as the end of a sentence, when the picture turns out to be broken.
   */
  render(copy: { width: number; height: number; format: CopyFormat }): Promise<Uint8Array | UnreadablePicture>
}

/** Why a picture cannot be read, as the end of a sentence. */
export interface UnreadablePicture {
  fault: string
}

/** Makes smaller copies of pictures. */
export interface ImageFitter {
  /** @throws RunnerError `fit-unavailable` where this machine has nothing that reads pictures. */
  open(bytes: Uint8Array): Promise<OpenPicture | UnreadablePicture>
}
