/** Most characters of a note. */
export const noteLimit = 500

/** A note as it is kept: one paragraph, spaces single; `undefined` when nothing is left. */
export function readNote(text: string | undefined): string | undefined {
  const note = text?.replace(/[\s\u2028\u2029]+/gu, ' ').trim()
  return note === '' ? undefined : note
}

/** Why a note cannot be kept, as the end of a sentence; `undefined` when it can. */
export function noteFault(note: string): string | undefined {
  if ([...note].length > noteLimit) return `it has more than ${noteLimit} characters`
  if (/[\p{Cc}\p{Cs}]/u.test(note)) return 'it has control characters'
  return undefined
}
