import { pick } from './chance.mjs'

// What the prompts of generated manifests are put together from. Word order is that of real storyboards: size of the
// shot, place and light, who does what, camera, sound.

const zh = {
  size: ['远景', '全景', '中景', '近景', '特写', '大特写', '俯拍全景', '过肩中景'],
  place: [
    '清晨的渔港码头，薄雾贴着水面',
    '雨后的老街，石板路映着灯笼的红光',
    '高山茶园，云海在脚下缓缓流动',
    '深夜的便利店，冷白色灯光照着空荡的货架',
    '废弃的天文台，圆顶裂开一道缝，星光落进来',
    '雪原上的小火车站，站牌被风吹得轻轻摇晃',
    '海边悬崖上的白色灯塔，浪花拍打礁石',
    '城市天台，晚霞把玻璃幕墙染成橙色',
    '竹林深处的木屋，炊烟从屋檐下升起',
    '黄昏的麦田，风一阵一阵压低麦穗',
  ],
  who: [
    '穿深蓝大衣的售票员',
    '戴旧毡帽的老木匠',
    '抱着橘猫的小女孩',
    '骑自行车的邮递员',
    '留短发的女机械师',
    '背着画板的少年',
    '一只尾巴尖发白的狐狸',
    '穿雨衣的灯塔看守人',
  ],
  action: [
    '慢慢转过身，抬头望向远处的光',
    '把一封泛黄的信折好，放进口袋',
    '推开吱呀作响的木门，停在门口',
    '蹲下来，伸手碰了碰水里的倒影',
    '点亮一盏煤油灯，火苗跳了两下',
    '沿着铁轨一直走，没有回头',
    '忽然笑了，眼里有泪光',
    '拍掉肩上的雪，轻轻呼出一口白气',
  ],
  camera: [
    '镜头缓缓推近',
    '镜头横移跟随',
    '固定机位',
    '手持跟拍，轻微晃动',
    '镜头从脚下升起，越过屋顶',
    '镜头环绕半周',
  ],
  sound: [
    '远处传来汽笛声',
    '只有雨声和脚步声',
    '风吹过树叶的沙沙声',
    '隐约的手风琴声',
    '无人说话，环境音很轻',
  ],
}

const en = {
  size: ['Wide shot', 'Medium shot', 'Close-up', 'Low angle', 'Over-the-shoulder shot', 'Top shot'],
  place: [
    'a fishing harbour at dawn, mist lying flat on the water',
    'an old tram depot at night, sodium lamps humming over wet rails',
    'a glass greenhouse in a thunderstorm, leaves pressed against the panes',
    'a salt flat under a white sky, the horizon gone',
    'a kitchen at five in the morning, one window lit across the yard',
    'a mountain road after rain, guard rails beaded with drops',
    'an empty theatre, dust turning in a single follow spot',
    'a rooftop water tower against a copper sunset',
  ],
  who: [
    'a ticket clerk in a navy coat',
    'an old lighthouse keeper in a knit cap',
    'a girl with a paper kite',
    'a courier on a rusty bicycle',
    'a fox with a white-tipped tail',
    'a violinist with bandaged fingers',
  ],
  action: [
    'turns slowly and looks past the camera',
    'folds a yellowed letter and slips it under the door',
    'waits, then steps into the light',
    'lifts a lantern and squints into the dark',
    'runs a hand along the wall and stops at a crack',
    'laughs without a sound, then looks away',
  ],
  camera: [
    'slow push-in',
    'the camera tracks alongside',
    'locked-off frame',
    'handheld, breathing with the subject',
    'crane up over the roofs',
    'a half orbit, left to right',
  ],
  sound: [
    'a foghorn far off',
    'rain on tin',
    'only footsteps',
    'a distant accordion',
    'room tone, nothing else',
  ],
}

/** @typedef {{ language: 'zh' | 'en', parts: readonly string[] }} Prompt Sentences without their full stops. */

/**
 * A prompt of two to four sentences; two of three are Chinese.
 *
 * @param {() => number} random
 * @param {{ zh: string, en: string }} hero What stands for the one who acts in every fifth prompt.
 * @returns {Prompt}
 */
export function makePrompt(random, hero) {
  const language = random() < 2 / 3 ? 'zh' : 'en'
  const words = language === 'zh' ? zh : en
  const who = random() < 0.2 ? hero[language] : pick(random, words.who)
  const comma = language === 'zh' ? '，' : ', '
  const parts = [
    `${pick(random, words.size)}${comma}${pick(random, words.place)}`,
    `${who}${language === 'zh' ? '' : ' '}${pick(random, words.action)}`,
    pick(random, words.camera),
    pick(random, words.sound),
  ]
  return { language, parts: parts.slice(0, 2 + Math.floor(random() * 3)) }
}

/** @param {Prompt} prompt */
export function sentences({ language, parts }) {
  return language === 'zh'
    ? parts.map((part) => `${part}。`)
    : parts.map((part) => `${part[0].toUpperCase()}${part.slice(1)}.`)
}
