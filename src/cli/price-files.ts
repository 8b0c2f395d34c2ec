import { isAbsolute, resolve, sep } from 'node:path'
import { RunnerError } from '../core/errors.js'
import type { Rate } from '../core/prices.js'
import { textFlags } from './flags.js'
import type { Surroundings } from './surroundings.js'

/** Prices from elsewhere than the manifests: `nearer` ones come before theirs, `farther` ones after. */
export interface PricePlaces {
  nearer: readonly Rate[]
  farther: readonly Rate[]
}

/**
 * Reads the files of `--prices`, and the person's own: the one that `SHOTLOCK_PRICES` names, else `prices.yaml` in
 * their folder of settings, which need not be there.
 *
 * @throws RunnerError `prices-unreadable` or `prices-invalid`.
 */
export async function readPriceFiles(surroundings: Surroundings): Promise<PricePlaces> {
  const { argv, env } = surroundings
  const nearer: Rate[] = []
  for (const file of textFlags(argv, 'prices')) nearer.push(...(await readNamed(file, surroundings)))
  const named = env.SHOTLOCK_PRICES || undefined
  if (named !== undefined) return { nearer, farther: await readNamed(named, surroundings) }
  const own = ownPriceFile(env)
  return { nearer, farther: (own === undefined ? undefined : await readPrices(own, surroundings)) ?? [] }
}

/**
 * Where a person's own prices are looked for; `undefined` when the environment names no home folder.
 *
 * @param windows Whether this is Windows, where settings are in `%APPDATA%`.
 */
export function ownPriceFile(env: Surroundings['env'], windows = sep === '\\'): string | undefined {
  if (windows) return env.APPDATA ? `${env.APPDATA}\\shotlock\\prices.yaml` : undefined
  const { XDG_CONFIG_HOME: config, HOME: home } = env
  // By the XDG specification a relative path there is to be ignored.
  if (config && isAbsolute(config)) return `${config}/shotlock/prices.yaml`
  return home ? `${home}/.config/shotlock/prices.yaml` : undefined
}

async function readNamed(file: string, surroundings: Surroundings): Promise<Rate[]> {
  const rates = await readPrices(file, surroundings)
  if (rates) return rates
  throw new RunnerError('prices-unreadable', `Cannot read the prices in "${file}": there is no such file`, {
    hint: 'Check the path: that of --prices, or the one in SHOTLOCK_PRICES. Nothing was sent.',
  })
}

async function readPrices(file: string, { files, cwd }: Surroundings): Promise<Rate[] | undefined> {
  let content: Uint8Array | undefined
  try {
    content = await (await files()).read(resolve(cwd, file))
  } catch (cause) {
    const message = `Cannot read the prices in "${file}": ${(cause as Error).message}`
    throw new RunnerError('prices-unreadable', message, {
      cause,
      hint: 'Check that it is a file and that it may be read. Nothing was sent.',
    })
  }
  if (!content) return undefined
  const { parsePriceFile } = await import('../core/price-file.js')
  return parsePriceFile(content, file)
}
