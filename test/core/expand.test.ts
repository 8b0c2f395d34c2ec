import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { expandManifest, renderExpanded } from '../../src/core/expand.js'
import { read } from './builders.js'

const text = `version: 1
vars: { hero: fox }
defaults: { model: doubao-seedance-1-5-pro-251215, duration: 4 }
shots:
  walk:
    prompt: a \${hero} in the \${place}
    image: refs/a.png
    seed: 7
    takes: 2
    tags: [a]
    matrix: { place: [wood] }
  url: { image: 'https://a.example/x.png?sig=secret', skip: true }
  inline: { prompt: x, image: 'data:image/png;base64,AAAA' }
`

test('a manifest is expanded to what is sent for each take, seeds only where they are stated', () => {
  const { takes } = expandManifest(read(text).manifest)
  expect(takes.map(({ take }) => take)).toEqual(['walk.wood', 'walk.wood@2', 'url', 'inline'])
  expect(takes[1]).toEqual({
    take: 'walk.wood@2',
    tags: ['a'],
    request: {
      model: 'doubao-seedance-1-5-pro-251215',
      content: [
        { type: 'text', text: 'a fox in the wood' },
        { type: 'image_url', image_url: { url: 'refs/a.png' }, role: 'first_frame' },
      ],
      duration: 4,
      resolution: '720p',
      generate_audio: true,
      seed: 8,
    },
  })
  expect(takes[2]).toMatchObject({ skip: true })
  expect(takes[2]!.request).not.toHaveProperty('seed')
})

test('what is expanded holds no signature and no inline bytes', () => {
  const shown = renderExpanded(expandManifest(read(text).manifest))
  expect(shown).not.toContain('secret')
  expect(shown).not.toContain('AAAA')
})

test('an expanded manifest as YAML reads back to the same', () => {
  const expanded = expandManifest(read(text).manifest)
  expect(parse(renderExpanded(expanded))).toEqual(
    Object.fromEntries(expanded.takes.map(({ take, ...rest }) => [take, rest])),
  )
})
