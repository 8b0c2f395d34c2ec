/** Whether media lies somewhere the service would fetch it from. */
export function isRemoteUrl(url: string, { assets }: { assets: boolean }): boolean {
  return (/^https?:\/\//i.test(url) && URL.canParse(url)) || (assets && url.startsWith('asset://'))
}

/**
 * The bytes of a base64 data URL such as `data:video/mp4;base64,…`. The format must be in lower case. Source: reference
 * section 2.4.
 *
 * @returns `undefined` for anything else, and for what is not strict base64.
 */
export function readDataUrl(url: string, kind: 'image' | 'video' | 'audio'): Uint8Array | undefined {
  const [head, of] = /^data:([a-z]+)\/[a-z0-9.+-]+;base64,/.exec(url) ?? []
  return head !== undefined && of === kind ? decodeBase64(url.slice(head.length)) : undefined
}

function decodeBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64')
  // Buffer skips what is not base64, and what is cut off, so such texts give too few bytes or have an odd length.
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  return bytes.length > 0 && bytes.length === (text.length * 3) / 4 - padding ? bytes : undefined
}
