import { RunnerError } from './errors.js'

/** Who is asked, decided from flags and environment. `embedded`: the simulator runs inside this process. */
export type ProviderChoice =
  | { kind: 'embedded' }
  | { kind: 'remote'; name: string; baseUrl: string; apiKey: string }

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

/**
 * Decides where creates go and with which key. A manifest has no say in it. A base URL from `.env` is used only with a
 * key from `.env`: a checked-in file must not steer somebody's key.
 *
 * @returns `undefined` when neither a provider nor a key is given.
 * @throws RunnerError `unknown-provider`, `base-url-invalid`, `no-key` or `usage`.
 */
export function chooseProvider({ flags, env, dotenv }: ProviderInput): ProviderChoice | undefined {
  const urlGiven = flags.baseUrl ?? (env.SHOTLOCK_BASE_URL || undefined)
  const url = urlGiven ?? (dotenv.SHOTLOCK_BASE_URL || undefined)
  const keysFrom = (vars: ProviderInput['env']) => vars.SHOTLOCK_API_KEY || vars.ARK_API_KEY || undefined
  const key =
    urlGiven === undefined && url !== undefined ? keysFrom(dotenv) : (keysFrom(env) ?? keysFrom(dotenv))
  const named =
    flags.provider ??
    (flags.baseUrl === undefined ? env.SHOTLOCK_PROVIDER || dotenv.SHOTLOCK_PROVIDER || undefined : undefined)

  if (named === 'simulator') {
    const own = flags.baseUrl ?? (flags.provider === undefined ? url : undefined)
    if (own === undefined) return { kind: 'embedded' }
    // A simulator takes any key, so none of the person's is sent.
    return { kind: 'remote', name: 'simulator', baseUrl: readBaseUrl(own).href, apiKey: 'simulator' }
  }
  if (named !== undefined) {
    const service = Object.hasOwn(serviceUrls, named) ? serviceUrls[named] : undefined
    if (service === undefined) {
      throw new RunnerError(
        'unknown-provider',
        `Cannot use provider "${named}": known are ark, byteplus and simulator`,
        {
          hint: 'For a relay, give its URL instead: --base-url https://RELAY/volc/v1.',
        },
      )
    }
    if (flags.baseUrl !== undefined) {
      throw new RunnerError('usage', `Cannot use --provider ${named} together with --base-url`, {
        hint: 'Keep one of the two.',
      })
    }
    const serviceKey = keysFrom(env) ?? keysFrom(dotenv)
    return { kind: 'remote', name: named, baseUrl: service, apiKey: requireKey(serviceKey, named) }
  }
  if (url !== undefined) {
    const { href, host } = readBaseUrl(url)
    const known = Object.entries(serviceUrls).find(([, service]) => service === href)?.[0]
    return { kind: 'remote', name: known ?? host, baseUrl: href, apiKey: requireKey(key, host) }
  }
  if (key === undefined) return undefined
  return { kind: 'remote', name: 'ark', baseUrl: serviceUrls.ark!, apiKey: requireKey(key, 'ark') }
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
  const loopback = ['127.0.0.1', 'localhost', '[::1]'].includes(hostname)
  if (protocol !== 'https:' && !(protocol === 'http:' && loopback))
    throw invalid('it must start with https://')
  if (username || password) throw invalid('it must not hold a user name or password')
  if (search || hash) throw invalid('it must not have a query or a fragment')
  const path = pathname.replace(/\/+$/, '').replace(new RegExp(`${tasksPath}$`), '')
  return { href: `${origin}${path}`, host }
}
