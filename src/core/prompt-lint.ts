import { canonicalJson } from './canonical-json.js'
import { decisiveParameters } from './digest.js'
import { profileOf } from './models.js'
import type { ShotName } from './names.js'
import { once } from './once.js'
import type { Shot } from './shot.js'

/** Every advice about prompts, by the code that switches it off (`lint: { ignore: [...] }` in the manifest). */
export const lintCodes = [
  'prompt-long',
  'prompt-dialogue',
  'prompt-negative',
  'prompt-marks',
  'prompt-twice',
  'prompt-width',
] as const
export type LintCode = (typeof lintCodes)[number]

/** An advice about a shot's prompt: what is written can be sent, but is hardly what was meant. */
export interface LintFinding {
  code: LintCode
  shot: ShotName
  /** The prompt; nothing, which is the shot itself, when another shot is the same. */
  field: readonly [] | readonly ['prompt']
  message: string
  /** Where in the prompt, in UTF-16 code units; `undefined` when it is about the whole. */
  within?: { offset: number; length: number }
}

/**
 * Reads prompts, variables filled, for what their author would want to know before paying. Shots that are skipped are
 * passed over: nothing is bought for them. Takes time in proportion to the text.
 *
 * @param off Codes that are not wanted.
 * @returns Findings in the order of the shots.
 */
export function lintShots(shots: readonly Shot[], off: ReadonlySet<string> = new Set()): LintFinding[] {
  const twins = off.has('prompt-twice') ? new Map<Shot, Shot>() : findTwins(shots)
  const findings: LintFinding[] = []
  for (const shot of shots) {
    const { name, prompt, skip } = shot
    if (skip || prompt === undefined) continue
    const add = (code: LintCode, { message, piece, offset }: Remark) => {
      if (off.has(code)) return
      const within = piece === undefined ? undefined : { offset: offset ?? 0, length: piece.length }
      const field = code === 'prompt-twice' ? ([] as const) : (['prompt'] as const)
      findings.push({ code, shot: name, field, message, ...(within && { within }) })
    }
    const twin = twins.get(shot)
    if (twin) {
      const message = `the same prompt, model, media and parameters as "${twin.name}"; for more tries of one shot use takes`
      add('prompt-twice', { message })
    }
    // What is said aloud follows no rule of description: its places are kept, its words are not looked at.
    const silent = prompt.replace(quoted, blank)
    for (const remark of tooLong(prompt)) add('prompt-long', remark)
    if (hasSound(shot)) for (const remark of looseDialogue(silent)) add('prompt-dialogue', remark)
    for (const remark of negativeWords(silent)) add('prompt-negative', remark)
    for (const remark of templateMarks(prompt, silent)) add('prompt-marks', remark)
    for (const remark of wideCharacters(prompt)) add('prompt-width', remark)
  }
  return findings
}

/** What is to be said, and the piece of the prompt it is about. */
interface Remark {
  message: string
  piece?: string
  offset?: number
}

// Each kind ends at the next mark of its own, so that marks that are never closed cost no time.
const quoted = /"[^"]*"|“[^“”]*”|「[^「」]*」|『[^『』]*』|＂[^＂]*＂|«[^«»]*»/g

/** A quotation of the same length, with nothing in it. */
function blank(quotation: string): string {
  return `${quotation[0]}${'\ufffc'.repeat(quotation.length - 2)}${quotation.at(-1)}`
}

const han = once(() => /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/gu)
const word = once(() => /[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*/gu)

/** The service's advice: at most so many of these. Reference section 2.4. */
const adviceCharacters = 500
const adviceWords = 1000

/**
 * A Chinese character uses up 1/500 of the advised length and a word of another script 1/1,000, so that a mixed text is
 * as long as its parts together. Punctuation is not counted.
 */
function tooLong(prompt: string): Remark[] {
  // Fewer code units than the advice has characters cannot be too long.
  if (prompt.length <= adviceCharacters) return []
  const characters = prompt.match(han())?.length ?? 0
  const words = prompt.replace(han(), ' ').match(word())?.length ?? 0
  if (characters / adviceCharacters + words / adviceWords <= 1) return []
  const counts = [
    ...(characters > 0 ? [`${characters} Chinese characters`] : []),
    ...(words > 0 ? [`${words} words`] : []),
  ]
  return [
    {
      message: `the prompt has ${counts.join(' and ')}; the service advises at most ${adviceCharacters} Chinese characters or ${adviceWords} words`,
    },
  ]
}

function hasSound(shot: Shot): boolean {
  return profileOf(shot)?.audio === true && shot.parameters.generate_audio !== false
}

/**
 * 道 speaks only behind another verb (说道, 笑道): 街道：, 味道： and many others are things. So do 说 and 问 in 小说：,
 * 据说： or 疑问：.
 */
const chineseSpeech =
  /(?:(?<![小传据来是学])说|(?<=[说喊问答叫笑叹念哭怒吼唱声喝骂嚷])道|喊|(?<![疑学顾])问)[：:]/g
/** A verb with who or how behind it (`says to the camera softly:`). A sign that says something is read, not heard. */
const englishSpeech =
  /\b(?:says|said|shouts|whispers|asks|yells|replies|answers|murmurs|exclaims)(?: to (?:\w+ ){0,2}\w+)?(?: \w+ly)?[：:]/gi
const written =
  /\b(?:signs?|signboard|poster|billboard|board|banner|labels?|text|note|card|screen|letter|caption|title|subtitles?|headline|neon)\W+(?:\w+\W+){0,3}$/i
/** Up to the words themselves: white space and directions in brackets. */
const direction = /^(?:\s|\([^()]*\)|（[^（）]*）|\[[^[\]]*\])*/

const unquotedWords = once(() => /^['‘’…—¿¡-]*[\p{L}\p{N}]/u)

function looseDialogue(silent: string): Remark[] {
  if (!/[:：]/.test(silent)) return []
  const remarks: Remark[] = []
  for (const pattern of [chineseSpeech, englishSpeech]) {
    for (const { 0: piece, index } of silent.matchAll(pattern)) {
      if (pattern === englishSpeech && written.test(silent.slice(Math.max(0, index - 60), index))) continue
      const start = index + piece.length
      const after = silent.slice(start, start + 200).replace(direction, '')
      if (!unquotedWords().test(after)) continue
      const message = `what follows "${piece}" is not in double quotes, which mark the words to be spoken`
      remarks.push({ message, piece, offset: index })
    }
  }
  return remarks
}

/** Where a clause starts. Every alternative begins with one character, so that none is looked at twice. */
const clause = '(?:^|[.,;:!?…。，、；：！？\\n(（])[ \\t]*'
/**
 * Phrases by which something is to be left out. Their first group is what is pointed at.
 *
 * Not meant: `no one`, `nothing`, `no longer` and the like, which are English for something else; `a no entry sign`;
 * `without a word`, `without looking`, which say how something is done; `they don't move`, which tells what happens;
 * 她没有回答, which does too.
 */
const englishNegatives = [
  /\b(no[ \t\n]+(?!(?:one|longer|matter|more|less|fewer|sooner|doubt|wonder|idea|way|other|place|end|hurry|problem|stranger|bigger|larger|smaller|taller|wider|hint|sign|bounds|limits|choice|chance|memory|escape|avail|match|mercy|parking|smoking|entry|trespassing|swimming|fishing|diving|man|that|this|thanks|thank|you|i|it|he|she|they|we|and|or|but|to|in|on|at)\b)[a-z]+)/i,
  /\b(without[ \t\n]+(?!(?:an?|doubt|fail|end|question|hesitation|delay|effort|haste|rush|regard|notice|interruption|pause|incident|cease|it|him|her|them|me|us|you)\b|[a-z]+ing\b)[a-z]+)/i,
  new RegExp(`(?:${clause}|\\bplease[ \\t]+)((?:do not|don['’]t)[ \\t\\n]+[a-z]+)`, 'i'),
  new RegExp(`(?:${clause}|\\bplease[ \\t]+)(avoid[ \\t\\n]+[a-z]+)`, 'i'),
]
const otherNegatives = once(() => [
  /(negative prompts?|(?:负面|负向|反向)提示词)[：:]/iu,
  /((?<!要)不要(?![紧命脸])\p{Script=Han}{0,6})/u,
  /((?:禁止|请勿)(?!\p{Script=Han}{0,8}(?:标志|标识|标牌|牌|字样|区))\p{Script=Han}{0,6})/u,
  new RegExp(`(?:${clause}|[请应要])(避免\\p{Script=Han}{0,6})`, 'u'),
  new RegExp(
    `(?:${clause}|画面|画面中|画面里|背景|背景中|背景里|镜头|全程)(没有(?!回|说|尽头|停|动|变|办法|记忆|想|看|再)\\p{Script=Han}{1,6})`,
    'u',
  ),
])

/** Words of Spanish and Portuguese, which 2.x models take too. There `no` is a verb's negation, or means `in the`. */
const romance = once(
  () =>
    /(?<![\p{L}\p{N}])(?:um|uma|os|da|em|com|que|el|los|las|una|con|del|para|por)(?![\p{L}\p{N}])|[ãõçñ]/iu,
)
const english = /\b(?:the|and|of|with|is|from|into)\b/i

/** In every negative phrase is one of these. They are looked for first: most prompts have none. */
const englishWord = /\bno[ \t\n]|without|do not|don['’]t|avoid/i
const otherWord = /negative|提示词|不要|禁止|请勿|避免|没有/i

/** The first negative phrase: one is enough to make the point. */
function negativeWords(silent: string): Remark[] {
  const isEnglish = englishWord.test(silent) && (english.test(silent) || !romance().test(silent))
  const patterns = [
    ...(isEnglish ? englishNegatives : []),
    ...(otherWord.test(silent) ? otherNegatives() : []),
  ]
  let first: { piece: string; offset: number } | undefined
  for (const pattern of patterns) {
    const found = pattern.exec(silent)
    if (!found) continue
    const piece = found[1]!
    const offset = found.index + found[0].indexOf(piece)
    if (first === undefined || offset < first.offset) first = { piece, offset }
  }
  if (!first) return []
  const phrase = first.piece.replace(/\s+/g, ' ')
  return [{ message: `models tend to draw what "${phrase}" names; say what is to be seen instead`, ...first }]
}

/**
 * Names in brackets as templates write them. `${name}` that is still there was meant literally, or is an error of its
 * own. References to media (`<image1>`) and marked-up text (`<b>…</b>`) are no left-overs.
 */
const bracketed = once(
  () =>
    /(?<![${])\{\{\s*[\p{L}_][\p{L}\p{N}_.-]*\s*\}\}|(?<![${])\{[ \t]*[a-z_][\w.-]*[ \t]*\}(?!\})|(?<!<)<(?!(?:image|picture|video|audio|subject|element)[_-]?\d)[a-z_][\w-]*>(?!>)|(?<![\w$])\$[a-z_]\w*/giu,
)
/** Words that stand for what is still to be written. Only in capitals: `todo` is Spanish for all. */
const unwritten = /\[(?:TODO|TBD|FIXME)\b[^[\]]*\]|(?<![A-Za-z0-9_])(?:TODO|FIXME|TBD|X{3,})(?![A-Za-z0-9_])/g
const filler = /\blorem ipsum\b/gi

function templateMarks(prompt: string, silent: string): Remark[] {
  if (!/[{<$]|TODO|FIXME|TBD|XXX|lorem/i.test(prompt)) return []
  const marked = prompt.includes('</')
    ? prompt.replace(/<[a-z_][\w-]*>/gi, (tag) => ' '.repeat(tag.length))
    : prompt
  const found = [
    ...marked.matchAll(bracketed()),
    ...silent.matchAll(unwritten),
    ...prompt.matchAll(filler),
  ].sort((a, b) => a.index - b.index)
  const seen = new Set<string>()
  const remarks: Remark[] = []
  for (const { 0: piece, index } of found) {
    if (seen.has(piece)) continue
    seen.add(piece)
    const advice = /^[${<]/.test(piece) ? `; a variable is written \${name}` : ''
    remarks.push({ message: `"${piece}" looks left over from a template${advice}`, piece, offset: index })
  }
  return remarks
}

const wideText = /[０-９Ａ-Ｚａ-ｚ]+(?:[．：／][０-９Ａ-Ｚａ-ｚ]+)*/
const widePunctuation = /[，。！？：；（）、．／％＂＇\u3000]+/
/** The letters of these scripts that nearly every text in them has, which takes less to know than all of them. */
const usualEastAsian = /[\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff\uac00-\ud7a3]/
const eastAsian = once(() => /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u)
const japanese = once(() => /[\p{Script=Hiragana}\p{Script=Katakana}]/u)

/** The first full-width letters or digits (of Japanese they are a part), or punctuation in a text without Chinese. */
function wideCharacters(prompt: string): Remark[] {
  const text = wideText.exec(prompt)
  const letters = text && japanese().test(prompt) ? null : text
  const found = letters ?? (usualEastAsian.test(prompt) ? null : widePunctuation.exec(prompt))
  if (!found || (!letters && eastAsian().test(prompt))) return []
  const piece = found[0]
  const plain = piece.normalize('NFKC').replaceAll('。', '.').replaceAll('、', ',')
  const advice = plain.trim() === '' ? 'a plain space' : `"${plain}"`
  return [{ message: `"${piece}" is full-width; write ${advice}`, piece, offset: found.index }]
}

/** Shots that repeat an earlier one, each with the first of its kind. */
function findTwins(shots: readonly Shot[]): Map<Shot, Shot> {
  const byPrompt = new Map<string, Shot[]>()
  for (const shot of shots) {
    const prompt = shot.prompt && plainSpaces(shot.prompt)
    if (!prompt || shot.skip) continue
    const group = byPrompt.get(prompt)
    if (group) group.push(shot)
    else byPrompt.set(prompt, [shot])
  }
  const twins = new Map<Shot, Shot>()
  for (const group of byPrompt.values()) {
    if (group.length === 1) continue
    const firsts = new Map<string, Shot>()
    for (const shot of group) {
      const key = decisiveText(shot)
      const first = firsts.get(key)
      if (first) twins.set(shot, first)
      else firsts.set(key, shot)
    }
  }
  return twins
}

function plainSpaces(prompt: string): string {
  const trimmed = prompt.trim()
  return /[^\S ]| {2}/.test(trimmed) ? trimmed.replace(/\s+/g, ' ') : trimmed
}

/** What decides a result besides the prompt, as the digest has it, but with files by their paths and without the seed. */
function decisiveText({ model, media, parameters, extra }: Shot): string {
  const decisive = decisiveParameters(parameters)
  return canonicalJson({ model, media: media.map(({ role, source }) => ({ role, source })), decisive, extra })
}
