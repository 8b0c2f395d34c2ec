import { RunnerError } from '../core/errors.js'
import { parseMoney } from '../core/money.js'

/** Flags as cac gives them: camel-cased names, values of many types. */
export type RawFlags = Readonly<Record<string, unknown>>

/**
 * The values of a text flag as typed. The parser turns `012` and `1e3` into numbers, which shot names must not be.
 */
export function textFlags(argv: readonly string[], name: string): string[] {
  const values: string[] = []
  for (const [index, word] of argv.entries()) {
    if (word === '--') break
    if (word === `--${name}` && argv[index + 1] !== undefined) values.push(argv[index + 1]!)
    else if (word.startsWith(`--${name}=`)) values.push(word.slice(name.length + 3))
  }
  return values
}

/** The last value of a text flag; `undefined` when it is not there. */
export function textFlag(argv: readonly string[], name: string): string | undefined {
  return textFlags(argv, name).at(-1)
}

/**
 * A number from a flag; `undefined` when it is not there.
 *
 * @throws RunnerError `usage`
 */
export function numberFlag(
  flags: RawFlags,
  name: string,
  { min, max, whole = true }: { min: number; max: number; whole?: boolean },
): number | undefined {
  const value = flags[name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())]
  if (value === undefined) return undefined
  const number = typeof value === 'number' ? value : Number.NaN
  if (!(number >= min && number <= max) || (whole && !Number.isInteger(number))) {
    const kind = whole ? 'a whole number' : 'a number'
    throw new RunnerError(
      'usage',
      `Cannot use --${name} ${String(value)}: it must be ${kind} from ${min} to ${max}`,
      {
        hint: 'See shotlock --help.',
      },
    )
  }
  return number
}

/**
 * An amount from a flag, with or without a currency; `undefined` when it is not there.
 *
 * @throws RunnerError `usage`
 */
export function moneyFlag(argv: readonly string[], name: string): ReturnType<typeof parseMoney> {
  const text = textFlag(argv, name)
  if (text === undefined) return undefined
  const money = parseMoney(text)
  if (money) return money
  throw new RunnerError('usage', `Cannot use --${name} ${text}: it must be an amount`, {
    hint: `Write it such as --${name} 50, or with its currency: --${name} 50CNY.`,
  })
}

/**
 * A flag whose word may be left out. The parser takes a path behind it for its word: that is a manifest.
 *
 * @param words Those that it may have.
 * @param refuse The error for any other word.
 * @returns `true` for the flag without a word, `undefined` when it is not there.
 */
export function optionalWord<T extends string>(
  value: unknown,
  words: readonly T[],
  { manifests, refuse }: { manifests: readonly string[]; refuse: (word: string) => RunnerError },
): { word: T | true | undefined; paths: readonly string[] } {
  if (value === undefined || typeof value === 'boolean') return { word: value || undefined, paths: manifests }
  const word = String(value)
  const known = words.find((one) => one === word)
  if (known !== undefined) return { word: known, paths: manifests }
  if (/[\\/.]/.test(word)) return { word: true, paths: [word, ...manifests] }
  throw refuse(word)
}
