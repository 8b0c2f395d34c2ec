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

/** Padding may be left out. */
function decodeBase64(text: string): Uint8Array | undefined {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  const digits = text.slice(0, text.length - padding)
  // Buffer would skip what is not base64. The search is for a wrong character, since one for right ones remembers each.
  return digits === '' || /[^A-Za-z0-9+/]/.test(digits) ? undefined : Buffer.from(digits, 'base64')
}
