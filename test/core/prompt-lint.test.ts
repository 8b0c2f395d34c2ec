import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type LintCode, lintCodes, lintShots } from '../../src/core/prompt-lint.js'
import type { Shot } from '../../src/core/shot.js'
import { pro10, shot, urlMedia, v20 } from './builders.js'

const findingsIn = (prompt: string, parts: Partial<Shot> = {}) => lintShots([shot('a', { prompt, ...parts })])

/** Marks what the findings of a code point at: `▸` before a piece, `◂` behind it. */
function pointed(code: LintCode, prompt: string, parts?: Partial<Shot>): string {
  let text = prompt
  for (const { within, ...finding } of findingsIn(prompt, parts).reverse()) {
    if (finding.code !== code || !within) continue
    const end = within.offset + within.length
    text = `${text.slice(0, within.offset)}▸${text.slice(within.offset, end)}◂${text.slice(end)}`
  }
  return text
}

/** Expects one finding for each pair of marks, at its place. */
function expectPointed(code: LintCode, marked: string, parts?: Partial<Shot>) {
  expect(pointed(code, marked.replaceAll(/[▸◂]/g, ''), parts)).toBe(marked)
}

const counted = (code: LintCode, prompt: string, parts?: Partial<Shot>) =>
  findingsIn(prompt, parts).filter((finding) => finding.code === code).length

describe('a prompt longer than the advice', () => {
  test.each([
    ['500 Chinese characters', '狐'.repeat(500), 0],
    ['501 Chinese characters', '狐'.repeat(501), 1],
    ['1,000 words', 'fox '.repeat(1000), 0],
    ['1,001 words', 'fox '.repeat(1001), 1],
    ['half of each', `${'狐'.repeat(250)} ${'fox '.repeat(500)}`, 0],
    ['half of each and one word', `${'狐'.repeat(250)} ${'fox '.repeat(501)}`, 1],
    ['characters beyond the basic plane, each one', '𠀀'.repeat(500), 0],
    ['words with apostrophes and hyphens, each one', "fox's well-worn ".repeat(500), 0],
    ['punctuation, which does not count', `${'狐，'.repeat(500)}`, 0],
  ])('%s', (_, prompt, times) => expect(counted('prompt-long', prompt)).toBe(times))

  test('says how long it is', () => {
    const [finding] = findingsIn(`${'狐'.repeat(501)} a fox`)
    expect(finding?.message).toContain('501 Chinese characters and 2 words')
  })
})

describe('dialogue without double quotes is found', () => {
  test.each([
    '林夏轻声▸说：◂末班船，还有五分钟。',
    '林夏笑▸道：◂还早呢。',
    '他▸喊:◂ 等等！她▸问：◂等谁？',
    '她说：（低声）“走吧。”他▸说：◂（低声）走吧。',
    'She ▸says:◂ the last boat leaves in five minutes',
    'She ▸says to the clerk softly:◂ five minutes',
    "He ▸shouts:◂ 'wait for me!'",
  ])('%s', (marked) => expectPointed('prompt-dialogue', marked))
})

describe('dialogue is not seen in', () => {
  test.each([
    ['words in straight quotes', '她说："走吧。"他说: "好。"'],
    ['words in curly quotes', 'She says: “let us go”'],
    ['words in corner brackets', '她说：「走吧」'],
    ['words behind a direction', 'She whispers: (smiling) "let us go"'],
    ['words on the next line', 'She asks:\n"Who is there?"'],
    ['what a quotation holds', 'He reads aloud: "the notice says: stay out"'],
    ['streets, tastes and channels', '街道：下着雨。味道：很香。频道：新闻。'],
    ['novels, doubts and hearsay', '一本小说：红楼梦。疑问：没有。据说：很美。一般来说：很安静。'],
    ['what is written on a sign', 'A wooden sign above the door says: open all night'],
    ['a colon with nothing behind it', '她说：'],
    ['other colons', 'Style: film noir. Camera: slow push-in'],
  ])('%s', (_, prompt) => expect(counted('prompt-dialogue', prompt)).toBe(0))

  test('a shot without sound', () => {
    const loose = 'She says: let us go'
    expect(counted('prompt-dialogue', loose)).toBe(1)
    expect(counted('prompt-dialogue', loose, { parameters: { generate_audio: false } })).toBe(0)
    expect(counted('prompt-dialogue', loose, { model: pro10 })).toBe(0)
    expect(counted('prompt-dialogue', loose, { model: 'nova-1' })).toBe(0)
    expect(counted('prompt-dialogue', loose, { model: 'ep-1', modelProfile: v20 })).toBe(1)
  })
})

describe('wording that leaves something out is found, once', () => {
  test.each([
    'a street at night, ▸no people◂, no cars',
    'There is ▸no wind◂',
    'a beach ▸without any◂ people',
    "a fox. ▸Don't show◂ its tail",
    'a fox, please ▸do not zoom◂',
    'a fox. ▸Avoid text◂ and logos',
    'a fox. ▸Negative prompt◂: blurry',
    '狐狸奔跑，▸不要出现文字◂',
    '镜头▸不要晃动◂',
    '▸禁止出现水印◂。狐狸奔跑',
    '狐狸奔跑，▸避免画面模糊◂',
    '空旷的街道，▸没有行人◂',
  ])('%s', (marked) => expectPointed('prompt-negative', marked))
})

describe('wording that leaves something out is not seen in', () => {
  test.each([
    [
      'words for something else',
      'no one is there, nothing happens, no longer afraid, no matter how, no more than two',
    ],
    ['words that hold it', 'a casino, a piano, a snow owl, Noah and a know-all, a no-nonsense look'],
    ['a sign', 'a no parking sign beside a no entry sign'],
    [
      'how something is done',
      'he laughs without a sound and leaves without looking back, without hesitation',
    ],
    ['what happens', "they don't move and do not speak; she does not answer"],
    ['a purpose', 'to avoid the rain she runs'],
    ['dialogue', 'She says: "No people, please. Don\'t go without me"'],
    ['Spanish', 'un perro que no ladra, con una niña'],
    ['Portuguese', 'um gato no parque'],
    ['what somebody does in Chinese', '她没有回答，低头看信。他并没有慌乱'],
    ['a sign in Chinese', '墙上有一块禁止吸烟的标志，门口挂着请勿打扰牌'],
    ['a question in Chinese', '她在想要不要走，不要紧'],
    ['a purpose in Chinese', '为了避免淋雨，她跑了起来'],
    ['dialogue in Chinese', '她说："不要走！没有人了。"'],
  ])('%s', (_, prompt) => expect(counted('prompt-negative', prompt)).toBe(0))
})

describe('marks of a template are found', () => {
  test.each([
    '▸{hero}◂ runs, ▸{{ place }}◂ behind',
    '▸{{主角}}◂在奔跑',
    'a fox in ▸<place>◂',
    'a fox in ▸$place◂ and ▸$Hero_2◂',
    '▸[TODO]◂ and ▸[TODO: the fox]◂, ▸TODO◂: rain',
    '张▸XXX◂走进来',
    '▸Lorem ipsum◂ dolor',
    'She says: "Hello, ▸{name}◂"',
    '▸{hero}◂ and {hero}',
  ])('%s', (marked) => expectPointed('prompt-marks', marked))
})

describe('marks of a template are not seen in', () => {
  test.each([
    ['what was meant literally', 'a wall with ${hero} sprayed on it'],
    ['prices and stage names', 'it costs $100 or US$5, sung by Ke$ha'],
    ['references to media', 'the girl of <image1> and <video_2>'],
    ['marked-up text', '<sound>rain</sound>'],
    ['phrases in brackets', 'a fox {running, in the snow} <soft rain falls> [wide shot]'],
    ['smileys and hearts', 'I <3 foxes, a < b'],
    ['words that hold the letters', 'a todo list, an XXXL shirt, a TODOS poster'],
    ['dialogue', 'She says: "¡TODO está bien!"'],
  ])('%s', (_, prompt) => expect(counted('prompt-marks', prompt)).toBe(0))
})

describe('full-width characters are found, once', () => {
  test.each([
    'a ▸ｆｏｘ◂ in the snow',
    '画面比例▸１６：９◂，第２集',
    'a fox▸，◂ then an owl，then rain',
    'a fox runs▸。◂',
    'a fox▸　◂runs',
  ])('%s', (marked) => expectPointed('prompt-width', marked))

  test.each([
    ['Chinese punctuation in Chinese', '狐狸在雪地里奔跑，风很大。'],
    ['and around English words', '一只 fox，在雪地里。'],
    ['and around Chinese dialogue in English', 'She says: “走吧，快！”'],
    ['full-width letters in Japanese', 'Ｔシャツを着た狐'],
    ['curly quotes and dashes', 'a fox — “wait”… it’s late'],
  ])('but not %s', (_, prompt) => expect(counted('prompt-width', prompt)).toBe(0))

  test('with what to write instead', () => {
    expect(findingsIn('at １６：９')[0]?.message).toContain('write "16:9"')
    expect(findingsIn('a fox runs。')[0]?.message).toContain('write "."')
  })
})

describe('the same prompt in two shots', () => {
  const twins = (...shots: Shot[]) =>
    lintShots(shots)
      .filter(({ code }) => code === 'prompt-twice')
      .map(({ shot, message }) => `${shot}: ${/"(.*)"/.exec(message)?.[1]}`)
  const image = urlMedia('first_frame', 'https://a.example/a.png')

  test('is found in every shot after the first, and names the first', () => {
    expect(twins(shot('a'), shot('b'), shot('c'))).toEqual(['b: a', 'c: a'])
  })

  test('is found whatever the white space, seed, tags, takes and service tier', () => {
    const other: Partial<Shot> = {
      prompt: ' a\n  fox ',
      parameters: { seed: 7, service_tier: 'flex', return_last_frame: true },
      tags: ['x'],
      takes: 3,
    }
    expect(twins(shot('a'), shot('b', other))).toEqual(['b: a'])
  })

  test.each<[string, Partial<Shot>]>([
    ['another model', { model: v20 }],
    ['another length', { parameters: { duration: 8 } }],
    ['a picture', { media: [image] }],
    ['another field of the API', { extra: { style: 'noir' } }],
    ['no purchase', { skip: true }],
  ])('is meant when one has %s', (_, parts) => {
    expect(twins(shot('a'), shot('b', parts))).toEqual([])
    expect(twins(shot('a', parts), shot('b', parts)).length).toBe(parts.skip ? 0 : 1)
  })

  test('is no matter of shots without a prompt', () => {
    const still = { prompt: undefined, media: [image] }
    expect(twins(shot('a', still), shot('b', still))).toEqual([])
  })

  test('is about the shot, not about a piece of its prompt', () => {
    expect(lintShots([shot('a'), shot('b')])).toEqual([
      { code: 'prompt-twice', shot: 'b', field: [], message: expect.any(String) },
    ])
  })
})

/** One prompt that every code has something to say of. */
const poor = `A ｆｏｘ says: hello {line}, no people. ${'fox '.repeat(1001)}`

test('every code can be switched off alone', () => {
  const shots = [shot('a', { prompt: poor }), shot('b', { prompt: poor })]
  const codes = (off: LintCode[]) => new Set(lintShots(shots, new Set(off)).map(({ code }) => code))
  expect(codes([])).toEqual(new Set(lintCodes))
  for (const code of lintCodes) expect(codes([code]).has(code)).toBe(false)
  expect(codes([...lintCodes]).size).toBe(0)
})

test('nothing is said of a shot that is skipped', () => {
  expect(findingsIn(poor, { skip: true })).toEqual([])
})

test('whatever the prompt, a finding points into it', () => {
  const pieces = fc.constantFrom(
    'no ',
    'people',
    '说：',
    '"',
    '“',
    '{a}',
    '$a',
    '<b>',
    'ｆ',
    '，',
    '\n',
    ' ',
    '𠀀',
  )
  const prompts = fc.array(fc.oneof(pieces, fc.string({ unit: 'binary', maxLength: 4 })), { maxLength: 30 })
  fc.assert(
    fc.property(prompts, (parts) => {
      const prompt = parts.join('')
      for (const { within } of findingsIn(prompt)) {
        if (!within) continue
        expect(within.length).toBeGreaterThan(0)
        expect(within.offset).toBeGreaterThanOrEqual(0)
        expect(within.offset + within.length).toBeLessThanOrEqual(prompt.length)
      }
    }),
  )
})
