import { RunnerError } from './errors.js'
import { isLoopback } from './loopback.js'

/** Who is asked, decided from flags and environment. `embedded`: the simulator runs inside this process. */
export type ProviderChoice =
  | { kind: 'embedded' }
  /** `account`: where the key comes from, which is all that may be shown of it. */
  | { kind: 'remote'; name: string; baseUrl: string; apiKey: string; account?: string | undefined }

export interface ProviderInput {
  /** From the command line. */
  flags: { provider?: string | undefined; baseUrl?: string | undefined }
  env: Readonly<Record<string, string | undefined>>
  /** What `.env` in the working folder says. */
  dotenv: Readonly<Record<string, string | undefined>>
}

/** Base URLs of the services. Source: vendor page 1520757; reference section 1. */
export const serviceUrls: Readonly<Record<string, string>> = {
  ark: 'https://ark.cn-beijing.volces.com/api/v3',
  byteplus: 'https://ark.ap-southeast.bytepluses.com/api/v3',
}

const tasksPath = '/contents/generations/tasks'
const rehearse = 'To rehearse without key and money: --provider simulator.'

interface Destination {
  provider?: string | undefined
  baseUrl?: string | undefined
}

/**
 * Decides where creates go and with which key. The nearest place that names a provider or a base URL decides: flags,
 * then the environment, then `.env`. A manifest has no say in it. A base URL from `.env` is used only with a key from
 * `.env`: a checked-in file must not steer somebody's key.
 *
 * @returns `undefined` when neither a provider nor a key is given.
 * @throws RunnerError `unknown-provider`, `base-url-invalid`, `no-key` or `usage`.
 */
export function chooseProvider({ flags, env, dotenv }: ProviderInput): ProviderChoice | undefined {
  const places: Destination[] = [flags, destinationIn(env), destinationIn(dotenv)]
  const place = places.find(({ provider, baseUrl }) => provider !== undefined || baseUrl !== undefined)
  const ownKey = keyIn(env) ?? keyIn(dotenv)
  const account = keyName(env) ?? (keyName(dotenv) && `${keyName(dotenv)} in .env`)
  if (!place) {
    if (ownKey === undefined) return undefined
    const apiKey = requireKey(ownKey, 'ark')
    return { kind: 'remote', name: 'ark', baseUrl: serviceUrls.ark!, apiKey, account }
  }

  const { provider, baseUrl } = place
  if (provider === 'simulator') {
    if (baseUrl === undefined) return { kind: 'embedded' }
    // A simulator takes any key, so none of the person's is sent.
    return { kind: 'remote', name: 'simulator', baseUrl: readBaseUrl(baseUrl).href, apiKey: 'simulator' }
  }
  if (provider !== undefined && baseUrl !== undefined) {
    throw new RunnerError('usage', `Cannot use provider "${provider}" together with a base URL`, {
      hint: 'Keep one of the two; only the simulator goes with a base URL.',
    })
  }
  if (provider !== undefined) {
    const service = Object.hasOwn(serviceUrls, provider) ? serviceUrls[provider] : undefined
    if (service === undefined) {
      const message = `Cannot use provider "${provider}": known are ark, byteplus and simulator`
      const hint = 'For a relay, give its URL instead: --base-url https://RELAY/volc/v1.'
      throw new RunnerError('unknown-provider', message, { hint })
    }
    const apiKey = requireKey(ownKey, provider)
    return { kind: 'remote', name: provider, baseUrl: service, apiKey, account }
  }
  const { href, host } = readBaseUrl(baseUrl!)
  const fromDotenv = place === places[2]
  const apiKey = requireKey(fromDotenv ? keyIn(dotenv) : ownKey, host)
  const keyFrom = fromDotenv ? `${keyName(dotenv)} in .env` : account
  return { kind: 'remote', name: nameOf(href, host), baseUrl: href, apiKey, account: keyFrom }
}

function destinationIn(vars: ProviderInput['env']): Destination {
  return { provider: vars.SHOTLOCK_PROVIDER || undefined, baseUrl: vars.SHOTLOCK_BASE_URL || undefined }
}

function keyIn(vars: ProviderInput['env']): string | undefined {
  return vars.SHOTLOCK_API_KEY || vars.ARK_API_KEY || undefined
}

function keyName(vars: ProviderInput['env']): string | undefined {
  return ['SHOTLOCK_API_KEY', 'ARK_API_KEY'].find((name) => vars[name])
}

/** A relay goes by its host; one that is called like a service by more, so that neither takes the other's tasks. */
function nameOf(href: string, host: string): string {
  const service = Object.entries(serviceUrls).find(([, url]) => url === href)?.[0]
  if (service !== undefined) return service
  return Object.hasOwn(serviceUrls, host) || host === 'simulator' ? `relay:${host}` : host
}

/** The error for a command that needs a provider when none is given. */
export function noProvider(): RunnerError {
  return new RunnerError('no-provider', 'Cannot run: there is no provider and no key', {
    hint: `Set ARK_API_KEY, or give --provider or --base-url with SHOTLOCK_API_KEY. ${rehearse}`,
  })
}

function requireKey(key: string | undefined, name: string): string {
  if (key !== undefined && /^[\x21-\x7e]+$/.test(key)) return key
  if (key !== undefined) {
    throw new RunnerError(
      'no-key',
      'Cannot use the key: it holds spaces, line ends or other characters that no key has',
      {
        hint: 'Set SHOTLOCK_API_KEY or ARK_API_KEY to the bare key.',
      },
    )
  }
  throw new RunnerError('no-key', `Cannot use ${name}: there is no key for it`, {
    hint: `Set SHOTLOCK_API_KEY or ARK_API_KEY (a base URL from .env is used only with a key from .env). ${rehearse}`,
  })
}

function readBaseUrl(text: string): { href: string; host: string } {
  const invalid = (why: string) =>
    new RunnerError('base-url-invalid', `Cannot use the base URL: ${why}`, {
      hint: `It ends before ${tasksPath}, such as https://ark.cn-beijing.volces.com/api/v3.`,
    })
  if (!URL.canParse(text)) throw invalid(`"${text}" is no URL`)
  const { protocol, hostname, host, username, password, search, hash, origin, pathname } = new URL(text)
  if (protocol !== 'https:' && !(protocol === 'http:' && isLoopback(hostname)))
    throw invalid('it must start with https://')
  if (username || password) throw invalid('it must not hold a user name or password')
  if (search || hash) throw invalid('it must not have a query or a fragment')
  const path = pathname.replace(/\/+$/, '').replace(new RegExp(`${tasksPath}$`), '')
  return { href: `${origin}${path}`, host }
}
