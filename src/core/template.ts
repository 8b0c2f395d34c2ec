/** Something in a text that cannot be filled: where (offset in the text) and why. */
export interface TemplateFault {
  offset: number
  /** The piece as written, such as `${hero}`. */
  piece: string
  kind: 'unknown' | 'syntax'
  /** The unknown name; empty for a syntax fault. */
  name: string
}

const piece = /\$\$\{|\$\{([^{}\n]*)\}|\$\{/g

/**
 * Fills `${name}` from `values`; `$${` becomes a literal `${`. Every fault is reported and left as written.
 * Values are put in as they are: what they hold is not filled again.
 */
export function fillTemplate(
  text: string,
  values: ReadonlyMap<string, string>,
): { text: string; faults: TemplateFault[] } {
  if (!text.includes('${')) return { text, faults: [] }
  const faults: TemplateFault[] = []
  const filled = text.replace(piece, (match: string, inner: string | undefined, offset: number) => {
    if (match === '$${') return '${'
    const name = inner?.trim() ?? ''
    if (name === '') {
      faults.push({ offset, piece: match, kind: 'syntax', name })
      return match
    }
    const value = values.get(name)
    if (value === undefined) faults.push({ offset, piece: match, kind: 'unknown', name })
    return value ?? match
  })
  return { text: filled, faults }
}
