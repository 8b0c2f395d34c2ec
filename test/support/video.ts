import { readFileSync } from 'node:fs'
import { ALL_FORMATS, BufferSource, Input } from 'mediabunny'

/** What a player sees of an mp4 file. */
export interface VideoFacts {
  codec: string | null
  width: number
  height: number
  seconds: number
  frames: number
}

/** Reads a video file from the disk; fails when it is none. */
export async function readVideo(path: string): Promise<VideoFacts> {
  const input = new Input({ formats: ALL_FORMATS, source: new BufferSource(readFileSync(path)) })
  const track = await input.getPrimaryVideoTrack()
  if (!track) throw new Error(`${path} has no video track`)
  const { packetCount } = await track.computePacketStats()
  return {
    codec: track.codec,
    width: track.displayWidth,
    height: track.displayHeight,
    seconds: await input.computeDuration(),
    frames: packetCount,
  }
}
