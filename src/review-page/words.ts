import type { FailureClass } from '../core/failure.js'
import type { ReviewStatus } from '../core/review.js'
import type { DecisionFilter } from './view.js'

export const languages = ['en', 'zh'] as const
export type Language = (typeof languages)[number]

/** The first of the browser's languages that the page speaks. */
export function chooseLanguage(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const found = languages.find((language) => tag.toLowerCase().split('-')[0] === language)
    if (found) return found
  }
  return 'en'
}

export interface Words {
  title: string
  rehearsal: string
  statuses: Record<ReviewStatus, string>
  rules: Record<FailureClass, string>
  decisions: Record<DecisionFilter, string>
  search: string
  status: string
  tag: string
  manifest: string
  decision: string
  leastCost: string
  any: string
  clear: string
  filters: string
  nothing: string
  shots: (shown: number, all: number) => string
  tokens: string
  open: (name: string) => string
  take: (number: number) => string
  draft: string
  before: string
  noVideo: string
  gone: string
  skipped: string
  stale: string
  running: string
  keys: string
  close: string
  next: string
  previous: string
  prompt: string
  images: string
  parameters: string
  seed: string
  model: string
  play: string
  pause: string
  restart: string
  position: string
  speed: string
  loop: string
  mute: string
  pick: string
  unpick: string
  approve: string
  promote: string
  reject: string
  undecide: string
  twoMore: string
  whyRejected: string
  cancel: string
  waits: string
  lostServer: string
  fileOnly: string
  keyList: readonly (readonly [string, string])[]
}

export const words: Record<Language, Words> = {
  en: {
    title: 'Review',
    rehearsal: 'rehearsal on the simulator',
    statuses: {
      succeeded: 'done',
      submitted: 'live',
      unknown: 'unknown',
      failed: 'failed',
      expired: 'expired',
      cancelled: 'cancelled',
      absent: 'not bought',
    },
    rules: {
      'moderation-input': 'prompt or image moderated: held until the shot changes',
      'moderation-output': 'output moderated: a rerun may pass',
      invalid: 'refused as invalid: held until the shot changes',
      account: 'the account was refused: mend that, then rerun',
      throttled: 'too many requests: a rerun may pass',
      service: 'the service failed: a rerun may pass',
      expired: 'not done in time: a rerun buys it again',
      cancelled: 'cancelled: a rerun buys it again',
      download: 'paid for, and its result cannot be had',
      unknown: 'failed for an unknown reason: look at the code',
    },
    decisions: { undecided: 'undecided', approved: 'approved', rejected: 'rejected', picked: 'picked' },
    search: 'Search shots',
    status: 'Status',
    tag: 'Tag',
    manifest: 'Manifest',
    decision: 'Decision',
    leastCost: 'Cost at least',
    any: 'any',
    clear: 'Clear filters',
    filters: 'Filters',
    nothing: 'No shot fits these filters.',
    shots: (shown, all) => (shown === all ? `${all} shots` : `${shown} of ${all} shots`),
    tokens: 'tokens',
    open: (name) => `Open ${name}`,
    take: (number) => `Take ${number}`,
    draft: 'Draft',
    before: 'Before',
    noVideo: 'no video on this machine',
    gone: 'no longer in the manifest',
    skipped: 'skipped',
    stale: 'stale: what it goes on from was made anew',
    running: 'a run is working on it',
    keys: 'Keys',
    close: 'Close',
    next: 'Next shot',
    previous: 'Previous shot',
    prompt: 'Prompt',
    images: 'Given with it',
    parameters: 'Parameters',
    seed: 'Seed',
    model: 'Model',
    play: 'Play all',
    pause: 'Pause',
    restart: 'From the start',
    position: 'Position',
    speed: 'Speed',
    loop: 'Loop',
    mute: 'Mute',
    pick: 'Pick',
    unpick: 'Take back pick',
    approve: 'Approve',
    promote: 'Promote',
    reject: 'Reject',
    undecide: 'Undecide',
    twoMore: 'Two more takes',
    whyRejected: 'Why? (optional)',
    cancel: 'Cancel',
    waits: 'waits for the run to end',
    lostServer: 'The server cannot be reached; trying again',
    fileOnly: 'To decide: shotlock review --serve, or shotlock pick, approve and reject.',
    keyList: [
      ['← ↑ → ↓ or h j k l', 'move'],
      ['space', 'play'],
      ['Enter', 'open a shot'],
      ['← →', 'in a shot: the one before, the next'],
      ['p a r u', 'pick, approve, reject, undecide'],
      ['/ or f', 'search'],
      ['Esc', 'close'],
      ['?', 'these keys'],
    ],
  },
  zh: {
    title: '审片',
    rehearsal: '模拟器试跑',
    statuses: {
      succeeded: '完成',
      submitted: '进行中',
      unknown: '未知',
      failed: '失败',
      expired: '超时',
      cancelled: '已取消',
      absent: '未购买',
    },
    rules: {
      'moderation-input': '提示词或图片未过审：修改镜头后才会重新购买',
      'moderation-output': '生成结果未过审：重跑可能通过',
      invalid: '参数被拒绝：修改镜头后才会重新购买',
      account: '账号被拒绝：处理后再重跑',
      throttled: '请求过多：重跑可能通过',
      service: '服务出错：重跑可能通过',
      expired: '未按时完成：重跑会重新购买',
      cancelled: '已取消：重跑会重新购买',
      download: '已付费，但结果已无法取得',
      unknown: '失败原因未知：请查看错误码',
    },
    decisions: { undecided: '未决定', approved: '已通过', rejected: '已驳回', picked: '已选用' },
    search: '搜索镜头',
    status: '状态',
    tag: '标签',
    manifest: '清单',
    decision: '决定',
    leastCost: '最低费用',
    any: '全部',
    clear: '清除筛选',
    filters: '筛选',
    nothing: '没有符合筛选条件的镜头。',
    shots: (shown, all) => (shown === all ? `${all} 个镜头` : `${shown} / ${all} 个镜头`),
    tokens: 'tokens',
    open: (name) => `打开 ${name}`,
    take: (number) => `第 ${number} 条`,
    draft: '样片',
    before: '之前',
    noVideo: '本机没有视频',
    gone: '清单中已没有',
    skipped: '已跳过',
    stale: '已过时：它所衔接的镜头已重做',
    running: '正在运行',
    keys: '快捷键',
    close: '关闭',
    next: '下一个镜头',
    previous: '上一个镜头',
    prompt: '提示词',
    images: '参考素材',
    parameters: '参数',
    seed: '种子',
    model: '模型',
    play: '全部播放',
    pause: '暂停',
    restart: '从头播放',
    position: '位置',
    speed: '速度',
    loop: '循环',
    mute: '静音',
    pick: '选用',
    unpick: '取消选用',
    approve: '通过',
    promote: '转正',
    reject: '驳回',
    undecide: '撤回决定',
    twoMore: '再来两条',
    whyRejected: '原因（可不填）',
    cancel: '取消',
    waits: '等待运行结束',
    lostServer: '无法连接服务器，正在重试',
    fileOnly: '如需作决定：shotlock review --serve，或 shotlock pick、approve、reject。',
    keyList: [
      ['← ↑ → ↓ 或 h j k l', '移动'],
      ['空格', '播放'],
      ['Enter', '打开镜头'],
      ['← →', '在镜头中：上一个、下一个'],
      ['p a r u', '选用、通过、驳回、撤回'],
      ['/ 或 f', '搜索'],
      ['Esc', '关闭'],
      ['?', '快捷键列表'],
    ],
  },
}
