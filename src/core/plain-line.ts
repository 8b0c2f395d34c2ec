/**
 * A foreign text as one line that shows what it says: white space and control characters are single spaces, what turns
 * the direction of writing or has no width is gone (but for the joiners that scripts and emoji need), and half
 * characters are U+FFFD. Sources: Unicode TR36 section 2.4 (bidirectional text); CVE-2021-42574.
 */
export function plainLine(text: string): string {
  if (/^[!-~]+(?: [!-~]+)*$/.test(text)) return text
  return text
    .replace(/[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g, '')
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .replace(/\p{Cs}/gu, '\ufffd')
    .trim()
}
