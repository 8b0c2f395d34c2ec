import { chance, pick } from './chance.mjs'
import { makePrompt, sentences } from './prompts.mjs'

/**
 * A shot as a manifest states it; fields in the order in which they are written.
 *
 * @typedef {object} Shot
 * @property {string} prompt
 * @property {string} [image]
 * @property {number} duration
 * @property {string} ratio
 * @property {string} [resolution]
 * @property {number} [seed]
 * @property {boolean} [generate_audio]
 * @property {string[]} tags
 */

/**
 * @typedef {object} GeneratedManifest
 * @property {string} yaml The manifest as a person would write it: plain, quoted and folded texts, comments, empty lines.
 * @property {{ version: 1, vars: Record<string, string>, defaults: Record<string, unknown>, shots: Record<string, Shot> }} data
 *   The same, as data.
 */

const model = 'doubao-seedance-2-0-mini-260615'
const vars = {
  hero: '林夏（二十七岁，黑色短发，芥黄色围巾）',
  hero_en: 'Lin Xia, 27, black bob, mustard scarf',
}
const defaults = { model, ratio: '16:9', duration: 5, watermark: false }

/**
 * A manifest of `count` shots, always the same for the same arguments. Shots have six to eight lines; two of three
 * prompts are Chinese, every tenth shot has a name in Chinese.
 *
 * @param {number} count
 * @param {object} [options]
 * @param {readonly string[]} [options.localImages] Paths that every tenth shot takes its first frame from.
 * @param {number} [options.seed]
 * @returns {GeneratedManifest}
 */
export function makeManifest(count, { localImages = [], seed = 1 } = {}) {
  const random = chance(seed)
  const lines = [
    '# yaml-language-server: $schema=../schemas/manifest.schema.json',
    'version: 1',
    '',
    'vars:',
    ...Object.entries(vars).map(([name, text]) => `  ${name}: ${text}`),
    '',
    'defaults:',
    `  model: ${model}`,
    "  ratio: '16:9'",
    '  duration: 5',
    '  watermark: false',
    '',
    'shots:',
  ]
  /** @type {Record<string, Shot>} */
  const shots = {}
  for (let index = 0; index < count; index++) {
    const name = nameOf(index)
    const { shot, written } = makeShot(random, index, localImages)
    shots[name] = shot
    if (index % 50 === 0) lines.push('', `  # Scene ${index / 50 + 1}`)
    lines.push(`  ${name}:`, ...written)
  }
  return { yaml: `${lines.join('\n')}\n`, data: { version: 1, vars, defaults, shots } }
}

/**
 * What a script of today would send for the shots of a manifest: one request body a shot.
 *
 * @param {GeneratedManifest['data']} data Without local images.
 * @returns {Record<string, unknown>[]}
 */
export function requestsOf(data) {
  return Object.values(data.shots).map(({ prompt, image, tags, ...parameters }) => ({
    ...data.defaults,
    ...parameters,
    content: [
      { type: 'text', text: prompt.replace(/\$\{(\w+)\}/g, (_, name) => data.vars[name]) },
      ...(image === undefined ? [] : [{ type: 'image_url', image_url: { url: image }, role: 'first_frame' }]),
    ],
  }))
}

/** @param {number} index */
function nameOf(index) {
  const scene = String(Math.floor(index / 50) + 1).padStart(3, '0')
  const number = String((index % 50) + 1).padStart(2, '0')
  return index % 10 === 7 ? `第${scene}场-${number}` : `sc${scene}-shot${number}`
}

/**
 * @param {() => number} random
 * @param {number} index
 * @param {readonly string[]} localImages
 * @returns {{ shot: Shot, written: string[] }}
 */
function makeShot(random, index, localImages) {
  const prompt = makePrompt(random, { zh: '${hero}', en: '${hero_en}' })
  const { text, written } = writePrompt(random, prompt)

  /** @type {Omit<Shot, 'prompt'>} */
  const rest = {
    ...imageOf(random, index, localImages),
    duration: 4 + Math.floor(random() * 9),
    ratio: pick(random, ['16:9', '9:16', '1:1', '21:9']),
    ...(random() < 0.5 ? { resolution: pick(random, ['480p', '720p']) } : {}),
    ...(random() < 0.5 ? { seed: Math.floor(random() * 2 ** 31) } : {}),
    ...(random() < 0.3 ? { generate_audio: random() < 0.7 } : {}),
    tags: [
      `ep${String(1 + Math.floor(index / 1000)).padStart(2, '0')}`,
      pick(random, ['rain', 'night', 'hero']),
    ],
  }
  const fields = Object.entries(rest).map(([field, value]) => `    ${field}: ${writeValue(field, value)}`)
  return { shot: { prompt: text, ...rest }, written: [...written, ...fields] }
}

/**
 * @param {() => number} random
 * @param {number} index
 * @param {readonly string[]} localImages
 */
function imageOf(random, index, localImages) {
  if (localImages.length > 0 && index % 10 === 3) return { image: pick(random, localImages) }
  if (random() >= 0.4) return {}
  const frame = Math.floor(random() * 1e6).toString(36)
  return { image: `https://assets.example.com/storyboard/frame-${frame}.png` }
}

/**
 * A prompt in one of the ways in which people write texts.
 *
 * @param {() => number} random
 * @param {import('./prompts.mjs').Prompt} prompt
 * @returns {{ text: string, written: string[] }}
 */
function writePrompt(random, prompt) {
  const parts = sentences(prompt)
  const style = random()
  if (prompt.language === 'en' && style < 0.35) {
    return { text: parts.join(' '), written: ['    prompt: >-', ...parts.map((part) => `      ${part}`)] }
  }
  const text = parts.join(prompt.language === 'zh' ? '' : ' ')
  if (style < 0.7) return { text, written: [`    prompt: ${text}`] }
  if (style < 0.9) return { text, written: [`    prompt: ${JSON.stringify(text)}`] }
  return { text, written: [`    prompt: '${text.replaceAll("'", "''")}'`] }
}

/**
 * @param {string} field
 * @param {unknown} value
 */
function writeValue(field, value) {
  if (Array.isArray(value)) return `[${value.join(', ')}]`
  return field === 'ratio' ? `'${value}'` : String(value)
}
