// Writes a manifest as people write them, the same for the same arguments: node bench/lib/make-manifest.mjs SHOTS FILE

import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { fileURLToPath } from 'node:url'

const head = `# Season one. One file for all episodes.
version: 1
vars:
  hero: 女孩
  look: soft morning light, shallow depth of field
defaults:
  model: doubao-seedance-1-5-pro-251215
  ratio: adaptive
  duration: 5
  watermark: false
shots:
`

const heroes = ['狐狸', '女孩', '老人', '一只白猫', '骑士', '小船', '机器人', '${hero}', '两个孩子', '鲸鱼']
const places = [
  '雪地里',
  '森林深处',
  '旧车站',
  '海边的灯塔下',
  '雨夜的街道上',
  '屋顶花园',
  '沙漠中央',
  '空荡的剧院',
]
const acts = ['缓缓回头', '向远处奔跑', '停下脚步抬头看', '轻轻放下手中的信', '转身走进光里', '在风中站定']
const moods = ['镜头缓慢推进', '手持镜头跟拍', '固定机位', '航拍俯视', '光线由暗转亮', '画面带有胶片颗粒']
const who = [
  'a red fox',
  'the old sailor',
  'two children',
  'a small paper boat',
  'a robot gardener',
  'the girl',
]
const what = [
  'walks slowly towards the camera',
  'turns and looks back',
  'opens the heavy door',
  'runs along the shore',
]
const where = [
  'in a snow-covered forest',
  'under a flickering street lamp',
  'on the roof at dawn',
  'by the lighthouse',
]
const how = [
  'slow dolly in',
  'handheld, close',
  'wide static shot',
  'aerial view',
  'rack focus from hand to face',
]
const ratios = ['16:9', '9:16', '1:1', '4:3', '21:9']
const tags = ['ep01', 'ep02', 'ep03', 'night', 'day', '雪景', 'hero', 'b-roll']

/** Lines of a manifest, in pieces of one shot each. */
export function* manifestPieces(shots, seed = 1) {
  const random = generator(seed)
  const pick = (from) => from[Math.floor(random() * from.length)]
  yield head
  for (let index = 0; index < shots; index++) {
    const scene = Math.floor(index / 12)
    const lines = []
    if (index % 12 === 0) lines.push('', `  # Scene ${scene + 1}`)
    lines.push(`  s${String(scene + 1).padStart(4, '0')}-${String((index % 12) + 1).padStart(2, '0')}:`)
    const chinese = random() < 0.6
    const text = chinese
      ? `${pick(heroes)}在${pick(places)}${pick(acts)}，${pick(moods)}，${pick(moods)}，第${index}号场景`
      : `${pick(who)} ${pick(what)} ${pick(where)}, ${pick(how)}, scene ${index}`
    const style = random()
    if (style < 0.72) lines.push(`    prompt: ${text}`)
    else if (style < 0.84) lines.push(`    prompt: "${text}. \\"${chinese ? '你好' : 'Hello'}\\""`)
    else if (style < 0.94) {
      const half = chinese ? text.indexOf('，') + 1 : text.indexOf(', ') + 1
      lines.push('    prompt: >-', `      ${text.slice(0, half)}`, `      ${text.slice(half).trim()}`)
    } else lines.push('    prompt: |', `      ${text}`)
    if (random() < 0.5)
      lines.push(`    image: https://cdn.example.com/refs/scene-${scene}/frame-${index}.png`)
    if (random() < 0.8) lines.push(`    duration: ${4 + Math.floor(random() * 9)}`)
    if (random() < 0.6) lines.push(`    ratio: ${pick(ratios)}`)
    if (random() < 0.5) lines.push(`    resolution: ${pick(['480p', '720p', '1080p'])}`)
    lines.push(`    seed: ${Math.floor(random() * 2 ** 31)}`)
    if (random() < 0.4) lines.push(`    generate_audio: ${random() < 0.5}`)
    if (random() < 0.3) lines.push('    camera_fixed: false   # as agreed')
    const two = [pick(tags), pick(tags)].filter((tag, at, all) => all.indexOf(tag) === at)
    if (random() < 0.85) lines.push(`    tags: [${two.join(', ')}]`)
    else lines.push('    tags:', ...two.map((tag) => `      - ${tag}`))
    yield `${lines.join('\n')}\n`
  }
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function generator(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [shots, file] = process.argv.slice(2)
  const out = createWriteStream(file)
  for (const piece of manifestPieces(Number(shots))) if (!out.write(piece)) await once(out, 'drain')
  out.end()
  await once(out, 'finish')
}
