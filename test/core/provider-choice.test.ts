import { describe, expect, expectTypeOf, test } from 'vitest'
import type { RunnerError } from '../../src/core/errors.js'
import {
  chooseProvider,
  noProvider,
  type ProviderChoice,
  type ProviderInput,
} from '../../src/core/provider-choice.js'

type Given = Partial<Record<'flags' | 'env' | 'dotenv', Record<string, string | undefined>>>
const choose = ({ flags = {}, env = {}, dotenv = {} }: Given) =>
  chooseProvider({ flags: flags as ProviderInput['flags'], env, dotenv })

/** What is decided, as `name url key`; or the code of the error. */
function outcome(given: Given): string | undefined {
  try {
    const choice = choose(given)
    return choice?.kind === 'remote' ? `${choice.name} ${choice.baseUrl} ${choice.apiKey}` : choice?.kind
  } catch (error) {
    return (error as RunnerError).code
  }
}

const ark = 'ark https://ark.cn-beijing.volces.com/api/v3'
const byteplus = 'byteplus https://ark.ap-southeast.bytepluses.com/api/v3'
const relay = 'https://relay.example/volc/v1'
const key = { ARK_API_KEY: 'key-1' }

describe('who is asked, and with which key', () => {
  test.each<[string, string | undefined, Given]>([
    ['nobody, without provider and key', undefined, {}],
    [
      'nobody, when all is empty',
      undefined,
      {
        env: { ARK_API_KEY: '', SHOTLOCK_BASE_URL: '', SHOTLOCK_PROVIDER: '' },
        dotenv: { SHOTLOCK_PROVIDER: '', SHOTLOCK_BASE_URL: '' },
      },
    ],
    ['ark, with only a key', `${ark} key-1`, { env: key }],
    ['ark, with only a key in .env', `${ark} key-1`, { dotenv: key }],
    ['ark by name', `${ark} key-1`, { flags: { provider: 'ark' }, env: key }],
    ['byteplus by name', `${byteplus} key-1`, { flags: { provider: 'byteplus' }, env: key }],
    ['byteplus by the environment', `${byteplus} key-1`, { env: { ...key, SHOTLOCK_PROVIDER: 'byteplus' } }],
    ['byteplus by .env', `${byteplus} key-1`, { dotenv: { ...key, SHOTLOCK_PROVIDER: 'byteplus' } }],
    [
      'the flag before the environment',
      `${ark} key-1`,
      { flags: { provider: 'ark' }, env: { ...key, SHOTLOCK_PROVIDER: 'byteplus' } },
    ],
    [
      'the environment before .env',
      `${byteplus} key-1`,
      { env: { ...key, SHOTLOCK_PROVIDER: 'byteplus' }, dotenv: { SHOTLOCK_PROVIDER: 'ark' } },
    ],
    [
      'the provider by flag before a base URL of the environment',
      `${ark} key-1`,
      { flags: { provider: 'ark' }, env: { ...key, SHOTLOCK_BASE_URL: relay } },
    ],
    ['a relay by flag', `relay.example ${relay} key-1`, { flags: { baseUrl: relay }, env: key }],
    [
      'a relay by the environment',
      `relay.example ${relay} key-1`,
      { env: { ...key, SHOTLOCK_BASE_URL: relay } },
    ],
    [
      'a relay by .env, with the key of .env',
      `relay.example ${relay} key-1`,
      { dotenv: { ...key, SHOTLOCK_BASE_URL: relay } },
    ],
    [
      'the base URL by flag before provider and URL of the environment',
      `relay.example ${relay} key-1`,
      {
        flags: { baseUrl: relay },
        env: { ...key, SHOTLOCK_PROVIDER: 'byteplus', SHOTLOCK_BASE_URL: 'https://other.example' },
      },
    ],
    [
      'ark under its own name when its URL is given',
      `${ark} key-1`,
      { flags: { baseUrl: 'https://ark.cn-beijing.volces.com/api/v3/' }, env: key },
    ],
    ['the key of this tool before that of ark', `${ark} own`, { env: { ...key, SHOTLOCK_API_KEY: 'own' } }],
    [
      'the key of ark when that of this tool is empty',
      `${ark} key-1`,
      { env: { ...key, SHOTLOCK_API_KEY: '' } },
    ],
    [
      'the key of the environment before that of .env',
      `${ark} key-1`,
      { env: key, dotenv: { SHOTLOCK_API_KEY: 'other' } },
    ],
    [
      'the key of .env when the environment has none',
      `relay.example ${relay} other`,
      { flags: { baseUrl: relay }, dotenv: { ARK_API_KEY: 'other' } },
    ],
  ])('%s', (_, expected, given) => {
    expect(outcome(given)).toBe(expected)
  })
})

describe('a base URL from .env steers nobody’s key', () => {
  const dotenv = { SHOTLOCK_BASE_URL: 'https://evil.example' }

  test.each<[string, string | undefined, Given]>([
    ['a key of the environment is not sent there', 'no-key', { env: key, dotenv }],
    ['nor any other of it', 'no-key', { env: { SHOTLOCK_API_KEY: 'own' }, dotenv }],
    [
      'the key of .env is, even when the environment has one',
      'evil.example https://evil.example theirs',
      { env: key, dotenv: { ...dotenv, ARK_API_KEY: 'theirs' } },
    ],
    [
      'not even to ark under a URL of .env',
      'no-key',
      { env: key, dotenv: { SHOTLOCK_BASE_URL: 'https://ark.cn-beijing.volces.com/api/v3' } },
    ],
    [
      'a URL by flag wins over it',
      `relay.example ${relay} key-1`,
      { flags: { baseUrl: relay }, env: key, dotenv },
    ],
    [
      'a URL of the environment wins over it',
      `relay.example ${relay} key-1`,
      { env: { ...key, SHOTLOCK_BASE_URL: relay }, dotenv },
    ],
    ['a provider by flag wins over it', `${ark} key-1`, { flags: { provider: 'ark' }, env: key, dotenv }],
    [
      'also a URL of the environment that is empty leaves it in force',
      'no-key',
      { env: { ...key, SHOTLOCK_BASE_URL: '' }, dotenv },
    ],
  ])('%s', (_, expected, given) => {
    expect(outcome(given)).toBe(expected)
  })
})

describe('the simulator', () => {
  const url = 'http://127.0.0.1:8080'

  test.each<[string, string | undefined, Given]>([
    ['runs in this process, without a key', 'embedded', { flags: { provider: 'simulator' } }],
    [
      'runs in this process, by the environment',
      'embedded',
      { env: { ...key, SHOTLOCK_PROVIDER: 'simulator' } },
    ],
    [
      'runs in this process by flag, whatever URL the environment has',
      'embedded',
      { flags: { provider: 'simulator' }, env: { ...key, SHOTLOCK_BASE_URL: relay } },
    ],
    [
      'runs elsewhere, with no key of the person',
      `simulator ${url} simulator`,
      { flags: { provider: 'simulator', baseUrl: url }, env: key },
    ],
    [
      'runs elsewhere by the environment, with no key of the person',
      `simulator ${url} simulator`,
      { env: { ...key, SHOTLOCK_PROVIDER: 'simulator', SHOTLOCK_BASE_URL: url } },
    ],
    [
      'runs elsewhere by .env, with no key of the person',
      `simulator ${url} simulator`,
      { env: key, dotenv: { SHOTLOCK_PROVIDER: 'simulator', SHOTLOCK_BASE_URL: url } },
    ],
  ])('%s', (_, expected, given) => {
    expect(outcome(given)).toBe(expected)
  })

  test('never gets a key of the person, however it is asked for', () => {
    const places = ['flags', 'env', 'dotenv'] as const
    for (const named of places) {
      for (const located of [...places, undefined]) {
        for (const keyed of ['env', 'dotenv'] as const) {
          const given = { flags: {}, env: {}, dotenv: {} } as Required<Given>
          given[named][named === 'flags' ? 'provider' : 'SHOTLOCK_PROVIDER'] = 'simulator'
          if (located) given[located][located === 'flags' ? 'baseUrl' : 'SHOTLOCK_BASE_URL'] = url
          given[keyed].ARK_API_KEY = 'secret-key'
          const choice = choose(given)
          // A nearer base URL overrules a provider further away: then it is no simulator that is asked.
          if (located && places.indexOf(located) < places.indexOf(named)) continue
          expect(JSON.stringify(choice)).not.toContain('secret-key')
        }
      }
    }
  })
})

test('the nearest place that names a provider or a base URL decides alone', () => {
  const url = 'https://relay.test/volc/v1'
  const relay = choose({
    env: { SHOTLOCK_BASE_URL: url, SHOTLOCK_API_KEY: 'relay-key' },
    dotenv: { SHOTLOCK_PROVIDER: 'byteplus' },
  })
  expect(relay).toMatchObject({ kind: 'remote', baseUrl: url, apiKey: 'relay-key' })
})

describe('what cannot be used is refused', () => {
  test.each<[string, string, Given]>([
    ['a provider that is not known', 'unknown-provider', { flags: { provider: 'openai' }, env: key }],
    ...['constructor', 'toString', '__proto__'].map((name): [string, string, Given] => [
      `a provider called ${name}`,
      'unknown-provider',
      { flags: { provider: name }, env: key },
    ]),
    [
      'a provider together with a base URL',
      'usage',
      { flags: { provider: 'ark', baseUrl: relay }, env: key },
    ],
    ['a provider without a key', 'no-key', { flags: { provider: 'ark' } }],
    ['a relay without a key', 'no-key', { flags: { baseUrl: relay } }],
    ['an empty base URL by flag', 'base-url-invalid', { flags: { baseUrl: '' }, env: key }],
    ...['key 1', 'key\n', ' key', 'schlüssel', 'key\u200b'].flatMap((bad): [string, string, Given][] => [
      [
        `the key ${JSON.stringify(bad)} for a provider by name`,
        'no-key',
        { flags: { provider: 'ark' }, env: { ARK_API_KEY: bad } },
      ],
      [`the key ${JSON.stringify(bad)} on its own`, 'no-key', { env: { ARK_API_KEY: bad } }],
    ]),
  ])('%s', (_, code, given) => {
    expect(outcome(given)).toBe(code)
  })

  test.each([
    'relay.example/v1',
    'ftp://relay.example',
    'file:///etc/passwd',
    'http://relay.example',
    'http://127.0.0.1.evil.example',
    'http://localhost.evil.example',
    'http://10.0.0.1',
    'http://[::2]',
    'http://0.0.0.0',
    'https://user:pass@relay.example',
    'https://user@relay.example',
    'https://relay.example/?key=1',
    'https://relay.example/#x',
    'javascript:alert(1)',
    '//relay.example',
  ])('the base URL %s', (baseUrl) => {
    expect(outcome({ flags: { baseUrl }, env: key })).toBe('base-url-invalid')
  })

  test('without saying the key', () => {
    try {
      choose({ env: { ARK_API_KEY: 'secret key' } })
      expect.unreachable()
    } catch (error) {
      expect(JSON.stringify([(error as RunnerError).message, (error as RunnerError).hint])).not.toContain(
        'secret',
      )
    }
  })
})

describe('a base URL', () => {
  test.each([
    ['http://localhost:8080', 'localhost:8080 http://localhost:8080'],
    ['http://127.0.0.1:1/api/v3', '127.0.0.1:1 http://127.0.0.1:1/api/v3'],
    ['http://[::1]:8080', '[::1]:8080 http://[::1]:8080'],
    ['https://relay.example/volc/v1/', `relay.example ${relay}`],
    ['https://relay.example/volc/v1/contents/generations/tasks', `relay.example ${relay}`],
    ['https://relay.example/volc/v1/contents/generations/tasks/', `relay.example ${relay}`],
    ['HTTPS://RELAY.example:443/volc/v1', `relay.example ${relay}`],
    ['https://relay.example:8443', 'relay.example:8443 https://relay.example:8443'],
  ])('%s: %s', (baseUrl, expected) => {
    expect(outcome({ flags: { baseUrl }, env: key })).toBe(`${expected} key-1`)
  })
})

test('the error for want of a provider says how to go on without one', () => {
  expect(noProvider()).toMatchObject({
    code: 'no-provider',
    hint: expect.stringContaining('--provider simulator'),
  })
})

test('an embedded simulator has neither URL nor key', () => {
  expectTypeOf<Extract<ProviderChoice, { kind: 'embedded' }>>().toEqualTypeOf<{ kind: 'embedded' }>()
})
