import { once } from './once.js'

declare const brand: unique symbol

/** A shot's key in its manifest. */
export type ShotName = string & { readonly [brand]: 'ShotName' }

/** A take's address: the shot's name for take 1, `name@n` for take n; its draft's ends in `@draft`. */
export type TakeName = string & { readonly [brand]: 'TakeName' }

const reserved = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)/i
/** File names end at 255 bytes on most systems; the rest is for a take's number, endings and the dot of a part file. */
const maxBytes = 240
const allowed = once(() => /^[\p{L}\p{N}\p{M}_.-]+$/u)
const allowedAscii = /^[\w.-]+$/

/**
 * Why `name` cannot name a shot, as the end of a sentence; `undefined` when it can.
 * Names become file names on every system, so what one of them refuses is refused here.
 */
export function shotNameFault(name: string): string | undefined {
  if (name === '') return 'it is empty'
  if (name.length > 100 && [...name].length > 100) return 'it has more than 100 characters'
  // No UTF-16 code unit takes more than three bytes.
  if (name.length * 3 > maxBytes && new TextEncoder().encode(name).length > maxBytes) {
    return `it has more than ${maxBytes} bytes in UTF-8 (80 Chinese characters), too long for a file name`
  }
  if (/^[.-]/.test(name)) return `it starts with "${name[0]}"`
  if (!allowedAscii.test(name) && !allowed().test(name)) {
    const odd = [...name].find((char) => !allowed().test(char))
    return `it holds ${JSON.stringify(odd)}; letters, digits, "-", "_" and "." are possible`
  }
  if (name.endsWith('.')) return 'it ends with "."'
  if (isDeviceName(name)) return 'it is a device name on Windows'
  return undefined
}

/** Whether Windows keeps a name for a device, whatever its ending. */
export function isDeviceName(name: string): boolean {
  return reserved.test(name)
}
const lowerAscii = /^[a-z0-9_.-]*$/

/** Names that are equal under this key would be one file on a case-insensitive or normalising file system. */
export function nameKey(name: string): string {
  if (lowerAscii.test(name)) return name
  // Lower case first: it can make a letter that has a composed form (J̌, ǰ). The two small sigmas are one letter.
  return name.normalize('NFC').toLowerCase().replaceAll('ς', 'σ').normalize('NFC')
}

/** The address of take `number` (1-based) of a shot, or of its draft. */
export function takeName(shot: ShotName, number: number, { draft = false } = {}): TakeName {
  const final = number === 1 ? shot : `${shot}@${number}`
  return (draft ? `${final}@draft` : final) as string as TakeName
}

/** Takes an address apart; take 1 has no number in it. */
export function splitTakeName(name: TakeName): { shot: ShotName; number: number; draft: boolean } {
  const [shot, ...marks] = name.split('@')
  const draft = marks.at(-1) === 'draft'
  const number = marks.length > (draft ? 1 : 0) ? Number(marks[0]) : 1
  return { shot: shot as ShotName, number, draft }
}

/** The address of a take's draft. */
export function draftNameOf(name: TakeName): TakeName {
  return `${name}@draft` as TakeName
}

/** Order of takes in a lockfile: by shot name in code points, then by take number, a draft after its final. */
export function compareTakeNames(a: TakeName, b: TakeName): number {
  // Most takes are the first of their shots.
  if (!a.includes('@') && !b.includes('@')) return compareCodePoints(a, b)
  const left = splitTakeName(a)
  const right = splitTakeName(b)
  return (
    compareCodePoints(left.shot, right.shot) ||
    left.number - right.number ||
    Number(left.draft) - Number(right.draft)
  )
}

/** Order by Unicode code points; `<` on strings compares UTF-16 code units, which differs beyond U+FFFF. */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const left = a.charCodeAt(i)
    const right = b.charCodeAt(i)
    if (left !== right) return codePointRank(left) - codePointRank(right)
  }
  return a.length - b.length
}

/** Moves surrogates behind the rest of the plane, where their code points belong. */
function codePointRank(unit: number): number {
  if (unit < 0xd800) return unit
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800
}

/** Where a video's last frame is kept, without its ending: beside the video. */
export function framePathOf(video: string): string {
  return `${withoutEnding(video)}.last`
}

/** A path without what follows the last dot of its last name. */
export function withoutEnding(path: string): string {
  return path.replace(/\.[^./]*$/, '')
}

/** Whether there is a draft among takes. */
export function hasDraft(names: Iterable<TakeName>): boolean {
  for (const name of names) if (splitTakeName(name).draft) return true
  return false
}
