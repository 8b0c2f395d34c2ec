import { type MediaSource, sourceWords } from './shot.js'

/**
 * Removes what must never be shown or written: the given secrets, `Bearer` tokens, and of every URL the query (signed
 * results carry their key there) and the name and password before its host.
 */
export function redact(text: string, secrets: readonly string[] = []): string {
  let clean = text
  // The longest first: one secret may begin another.
  for (const secret of [...secrets].sort((a, b) => b.length - a.length)) {
    if (secret.length >= 4) clean = clean.replaceAll(secret, '***')
  }
  return clean
    .replace(/\b(Bearer)\s+[\w.~+/=-]+/gi, '$1 ***')
    .replace(/(https?:\/\/)[^\s"<>?#/@]*@/gi, '$1***@')
    .replace(/(https?:\/\/[^\s"<>?#]+)\?[^\s"<>]*/gi, '$1?***')
}

/** A media source as it may be shown: a URL without its query, inline data without the data. */
export function shownSource(source: MediaSource): string {
  const words = sourceWords(source)
  if (source.kind !== 'url') return words
  return words.startsWith('data:') ? `${words.slice(0, words.indexOf(',') + 1)}…` : redact(words)
}
