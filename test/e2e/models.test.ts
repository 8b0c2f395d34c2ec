import { describe, expect, test } from 'vitest'
import { ownPriceFile } from '../../src/cli/price-files.js'
import { createProject } from '../support/project.js'

const pro15 = 'doubao-seedance-1-5-pro-251215'
const relay = ['--base-url', 'https://relay.test/v1']
const manifest = (prices = '') => `version: 1
defaults: { model: ${pro15}, duration: 5, resolution: 720p, ratio: '16:9' }
${prices}shots:
  fox: { prompt: a fox }
`
const price = (perVideo: number) => `[{ currency: USD, per_video: ${perVideo} }]\n`
const file = (perVideo: number) => `version: 1\nprices: ${price(perVideo)}`

describe('models', () => {
  test('lists all of them, so that they fit on a terminal of 140 columns', async () => {
    const { status, stdout } = await createProject().shotlock(['models'])
    expect(status).toBe(0)
    expect(stdout).toMatch(
      /^1\.5 pro +doubao-seedance-1-5-pro-251215 +text first last .* 8 to 16 +2026-11-11$/m,
    )
    expect(stdout).toMatch(
      /^2\.0 +doubao-seedance-2-0-260128 +text first last refs +480 720 1080 4k +4-15, -1 +sound/m,
    )
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(140)
  })

  test('shows one with where each fact is from, within 100 columns', async () => {
    const { status, stdout } = await createProject().shotlock(['models', '1.5', 'pro'])
    expect(status).toBe(0)
    expect(stdout).toMatch(/^1\.5 pro {2}retirement announced for 2026-11-11 \[(\w)\]/)
    expect(stdout).toMatch(/^ {2}Ark +CNY 8\.00 +online, silent +2026-04-04 +\[\w\]$/m)
    expect(stdout).toMatch(/^ {2}720p +1280x720 /m)
    const cited = new Set(
      [...stdout.matchAll(/\[([a-z ]+)\]/g)].flatMap(([, letters]) => letters!.split(' ')),
    )
    const told = [...stdout.matchAll(/^ {2}([a-z]) {2}(?:doc|seen|relay|inferred) /gm)].map(
      ([, letter]) => letter!,
    )
    expect([...cited].sort()).toEqual(told)
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100)
  })

  test('gives the data as JSON', async () => {
    const { stdout } = await createProject().shotlock(['models', 'seedance-1-5-pro-251215', '--json'])
    const { models, sources } = JSON.parse(stdout)
    expect(models).toMatchObject([
      { label: '1.5 pro', ids: { ark: pro15 }, retirement: { on: '2026-11-11' } },
    ])
    expect(sources).toHaveProperty(models[0].prices[0].source)
  })

  test('says what was meant by a name that is none', async () => {
    const { status, stdout, stderr } = await createProject().shotlock(['models', '2.O'])
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toMatch(/unknown-model.*did you mean "2\.0"\?\n/)
  })
})

describe('prices', () => {
  const everywhere = {
    'ep.yaml': manifest(`prices: ${price(2)}`),
    'bare.yaml': manifest(),
    'flag.yaml': file(1),
    'named.yaml': file(3),
    'home/.config/shotlock/prices.yaml': file(4),
    'xdg/shotlock/prices.yaml': file(5),
  }

  test.each([
    ['of --prices come first', ['ep.yaml', '--prices', 'flag.yaml'], { SHOTLOCK_PRICES: 'named.yaml' }, 1],
    [
      'of two --prices, those of the first',
      ['ep.yaml', '--prices', 'flag.yaml', '--prices=named.yaml'],
      {},
      1,
    ],
    ['of the manifest come next', ['ep.yaml'], { SHOTLOCK_PRICES: 'named.yaml' }, 2],
    ['of the file that SHOTLOCK_PRICES names come next', ['bare.yaml'], { SHOTLOCK_PRICES: 'named.yaml' }, 3],
    ["of the person's own file stand in for it", ['bare.yaml'], {}, 4],
    ['of that file in another folder of settings', ['bare.yaml'], { XDG_CONFIG_HOME: 'xdg' }, 5],
  ])('%s', async (_, args, env, expected) => {
    const project = createProject(everywhere)
    const { XDG_CONFIG_HOME: config, ...rest } = env as Record<string, string>
    const { status, stdout } = await project.shotlock(['plan', ...args, ...relay, '--json'], {
      env: {
        HOME: project.path('home'),
        SHOTLOCK_API_KEY: 'k',
        ...(config ? { XDG_CONFIG_HOME: project.path(config) } : {}),
        ...rest,
      },
    })
    expect(status).toBe(0)
    expect(JSON.parse(stdout).totals.prices).toEqual([{ currency: 'USD', min: expected, max: expected }])
  })

  test('are the published ones where nobody states any', async () => {
    const project = createProject({ 'ep.yaml': manifest() })
    const { stdout } = await project.shotlock(['plan', 'ep.yaml'], { env: { HOME: project.path('nobody') } })
    expect(stdout).toContain('Buys 1 take for CNY 1.74')
  })

  test.each([
    ['a file of --prices that is not there', ['--prices', 'nope.yaml'], {}, 'prices-unreadable', 'nope.yaml'],
    [
      'a file of SHOTLOCK_PRICES that is not there',
      [],
      { SHOTLOCK_PRICES: 'nope.yaml' },
      'prices-unreadable',
      'nope.yaml',
    ],
    ['a folder', ['--prices', 'home'], {}, 'prices-unreadable', 'home'],
    ['a file that is none of prices', ['--prices', 'ep.yaml'], {}, 'prices-invalid', 'line 2'],
    ["a broken file of the person's own", [], { HOME: 'broken' }, 'prices-invalid', 'line 1'],
  ])('in %s end a plan with status 2', async (_, flags, env, code, place) => {
    const project = createProject({
      ...everywhere,
      'ep.yaml': manifest(),
      'broken/.config/shotlock/prices.yaml': 'prices: []\n',
    })
    const home = project.path((env as Record<string, string>).HOME ?? 'home')
    const args = ['plan', 'ep.yaml', '--provider', 'simulator', ...flags]
    const { status, stdout, stderr } = await project.shotlock(args, { env: { ...env, HOME: home } })
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toMatch(new RegExp(`^error \\(${code}\\): Cannot read the prices in ".*${place}`))
  })

  test.each(['status', 'run'])('that cannot be read end %s as well, and nothing is sent', async (command) => {
    const project = createProject({ 'ep.yaml': manifest(), 'bad.yaml': 'prices: []\n' })
    const args = [command, 'ep.yaml', '--provider', 'simulator', '--prices', 'bad.yaml']
    expect(await project.shotlock(args)).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringMatching(/^error \(prices-invalid\)/),
    })
  })
})

describe("a person's own price file", () => {
  test.each([
    [{ HOME: '/home/ann' }, false, '/home/ann/.config/shotlock/prices.yaml'],
    [{ HOME: '/home/ann', XDG_CONFIG_HOME: '/etc/ann' }, false, '/etc/ann/shotlock/prices.yaml'],
    [{ HOME: '/home/ann', XDG_CONFIG_HOME: '' }, false, '/home/ann/.config/shotlock/prices.yaml'],
    [{ HOME: '/home/ann', XDG_CONFIG_HOME: 'here' }, false, '/home/ann/.config/shotlock/prices.yaml'],
    [{}, false, undefined],
    [
      { APPDATA: 'C:\\Users\\ann\\AppData\\Roaming' },
      true,
      'C:\\Users\\ann\\AppData\\Roaming\\shotlock\\prices.yaml',
    ],
    [{ HOME: '/home/ann' }, true, undefined],
  ])('with %j, Windows: %s, is %s', (env, windows, path) => {
    expect(ownPriceFile(env, windows)).toBe(path)
  })
})
