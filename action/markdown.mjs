// Markdown of a comment. As in shotlock's own: no foreign text in it has markup, calls somebody or makes a link.

/** A foreign text as it is, also in a cell of a table. */
export function markdownText(text) {
  return text
    .replace(/\s+/g, ' ')
    .replace(/[\\`*_{}[\]<>()#+|~!&$^=:-]/g, (char) => `&#${char.charCodeAt(0)};`)
    .replace(/@/g, '@\u200b')
    .replace(/(www)\./gi, '$1\u200b.')
}

/** `CNY 1.40`, or `CNY 0.40 to 1.40`; several currencies one after the other. */
export function priceWords(prices) {
  return prices
    .map(({ currency, min, max }) => {
      const [least, most] = [min.toFixed(2), max.toFixed(2)]
      return `${currency} ${least === most ? most : `${least} to ${most}`}`
    })
    .join(', ')
}

/** `1 take`, `2 takes`. */
export function count(number, one) {
  return `${number} ${number === 1 ? one : `${one}s`}`
}
