import { describe, expect, test } from 'vitest'
import { plan } from '../../src/commands/plan.js'
import { validate } from '../../src/commands/validate.js'
import { expandManifest } from '../../src/core/expand.js'
import { loadManifests } from '../../src/engine/load-manifests.js'
import { createRig, type Rig } from '../support/rig.js'

const folder = '/project/manifests'
const options = { paths: [], cwd: '/project' }

/** A rig with files below `manifests/`. */
function withFiles(files: Record<string, string>): Rig {
  const rig = createRig()
  for (const [name, text] of Object.entries(files)) rig.files.write(`${folder}/${name}`, text)
  return rig
}

const problems = async (rig: Rig) =>
  (await validate(options, rig.files)).problems.map(
    ({ file, line, col, code }) => `${file.replace('manifests/', '')}:${line}:${col} ${code}`,
  )

const base = `version: 1
vars: { hero: fox, place: wood }
defaults: { model: doubao-seedance-2-0-mini-260615, ratio: '16:9', duration: 4, extra: { a: 1, b: 1 } }
prices: [{ currency: CNY, per_video: 2 }]
`
const episode = `extends: base.yaml
version: 1
vars: { place: sea }
defaults: { duration: 5, extra: { b: 2 } }
shots:
  walk: { prompt: 'a \${hero} at the \${place}' }
`

describe('a manifest that extends another', () => {
  test('shares what it extends with others, which is read once', async () => {
    const rig = withFiles({ 'a.yaml': episode, 'b.yaml': episode, 'base.yaml': base })
    const reads: string[] = []
    const { read } = rig.files
    rig.files.read = async (path) => {
      reads.push(path.replace(`${folder}/`, ''))
      return await read(path)
    }
    const { loaded } = await loadManifests(
      { ...options, paths: ['manifests/a.yaml', 'manifests/b.yaml'], rehearsal: false },
      rig.files,
    )
    expect(loaded.map(({ manifest }) => manifest.shots[0]!.prompt)).toEqual([
      'a fox at the sea',
      'a fox at the sea',
    ])
    expect(reads.filter((path) => path === 'base.yaml')).toHaveLength(1)
  })

  test('takes its variables and defaults where it states none itself', async () => {
    const rig = withFiles({ 'ep.yaml': episode, 'base.yaml': base })
    const { loaded } = await loadManifests({ ...options, rehearsal: false }, rig.files)
    expect(loaded.map(({ manifest }) => manifest.name)).toEqual(['ep'])
    expect(expandManifest(loaded[0]!.manifest).takes).toMatchObject([
      {
        take: 'walk',
        request: {
          model: 'doubao-seedance-2-0-mini-260615',
          content: [{ type: 'text', text: 'a fox at the sea' }],
          ratio: '16:9',
          duration: 5,
          a: 1,
          b: 2,
        },
      },
    ])
  })

  test('has its prices after its own', async () => {
    const rig = withFiles({ 'ep.yaml': episode, 'base.yaml': base })
    const report = await plan({ ...options, rehearsal: false, selection: {} }, rig.world)
    expect(report.totals.prices).toEqual([{ currency: 'CNY', min: 2, max: 2 }])
  })

  test('takes none of its shots', async () => {
    const rig = withFiles({ 'ep.yaml': episode, 'base.yaml': `${base}shots: { own: { prompt: x } }\n` })
    const { loaded } = await loadManifests({ ...options, rehearsal: false }, rig.files)
    expect(loaded.map(({ manifest }) => manifest.shots.map(({ name }) => name))).toEqual([['own'], ['walk']])
  })

  test('may be five deep, each nearer one counting more', async () => {
    const level = (number: number) =>
      `version: 1\n${number < 5 ? `extends: 'b${number + 1}.yaml' # next\n` : ''}vars: { place: b${number} }\n`
    const files = Object.fromEntries([1, 2, 3, 4, 5].map((number) => [`b${number}.yaml`, level(number)]))
    const top = episode
      .replace('base.yaml', 'b1.yaml')
      .replace('vars: { place: sea }\n', '')
      .replace('defaults: {', `defaults: { model: doubao-seedance-2-0-mini-260615,`)
      .replace('${hero}', 'fox')
    const rig = withFiles({ ...files, 'ep.yaml': top })
    const { loaded } = await loadManifests({ ...options, rehearsal: false }, rig.files)
    expect(loaded.map(({ manifest }) => manifest.shots[0]?.prompt)).toEqual(['a fox at the b1'])
    rig.files.write(`${folder}/b5.yaml`, 'version: 1\nextends: b6.yaml\n')
    rig.files.write(`${folder}/b6.yaml`, 'version: 1\n')
    expect(await problems(rig)).toEqual(['b5.yaml:2:10 extends'])
  })
})

describe('what is wrong with a file that is extended', () => {
  test('is said once, in that file, however many extend it', async () => {
    const rig = withFiles({
      'a.yaml': episode,
      'b.yaml': episode,
      'base.yaml': `${base.replace('duration: 4', 'duration: 4, ratoi: x')}`,
    })
    expect(await problems(rig)).toEqual(['base.yaml:3:81 unknown-field'])
  })

  test('a default that a shot cannot have is pointed at where it stands', async () => {
    const rig = withFiles({
      'ep.yaml': episode.replace('duration: 5', 'takes: 2'),
      'base.yaml': base.replace('duration: 4', 'duration: 2'),
    })
    expect(await problems(rig)).toEqual(['base.yaml:3:78 duration-range'])
  })

  test.each([
    ['is not there', { 'ep.yaml': episode }],
    ['lies outside the project', { 'ep.yaml': episode.replace('base.yaml', '../../x.yaml') }],
    [
      'is named in another way than on a line of its own',
      { 'ep.yaml': episode.replace('extends:', '"extends":'), 'base.yaml': base },
    ],
  ])('a file that %s', async (_, files) => {
    expect((await problems(withFiles(files))).map((one) => one.split(' ')[1])).toContain('extends')
  })

  test('a circle is named with its way', async () => {
    const rig = withFiles({ 'ep.yaml': episode, 'base.yaml': `extends: ep.yaml\n${base}` })
    const { problems: found } = await validate(options, rig.files)
    expect(found.map(({ message }) => message).join('\n')).toContain(
      'manifests/ep.yaml → manifests/base.yaml → manifests/ep.yaml',
    )
  })
})

test('a base that is edited while a run goes on ends what was agreed to for the shots it changes', async () => {
  const shots = episode.replace(
    '  walk:',
    "  first: { prompt: x, duration: 4, extra: { a: 1, b: 2 }, ratio: '16:9' }\n  walk:",
  )
  const rig = withFiles({ 'ep.yaml': shots, 'base.yaml': base })
  rig.provider.onCreate = (_, number) => {
    if (number === 1) rig.files.write(`${folder}/base.yaml`, base.replace('hero: fox', 'hero: wolf'))
    return undefined
  }
  expect(await rig.outcomes({ concurrency: 1 })).toMatchObject({
    first: { kind: 'done' },
    walk: { kind: 'cancelled', why: 'edited' },
  })
})
