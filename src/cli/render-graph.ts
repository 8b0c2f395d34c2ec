import type { PlanReport } from '../commands/plan.js'
import { type ShotName, splitTakeName } from '../core/names.js'
import type { PlanView } from '../core/plan-view.js'
import { formatPrice } from './text.js'

/** The languages that `plan --graph` speaks: Mermaid, which GitHub draws, and DOT of Graphviz. */
export const graphFormats = ['mermaid', 'dot'] as const
export type GraphFormat = (typeof graphFormats)[number]

type ViewStep = PlanView['steps'][number]

/** What a run does with a shot; the first of these that fits any of its takes. */
const states = [
  { name: 'buy', fill: '#d3f9d8', stroke: '#2b8a3e', fits: ({ step }: ViewStep) => step === 'generate' },
  {
    name: 'open',
    fill: '#d0ebff',
    stroke: '#1971c2',
    fits: ({ step }: ViewStep) => ['resume', 'collect', 'reconcile'].includes(step),
  },
  { name: 'held', fill: '#ffe3e3', stroke: '#c92a2a', fits: ({ step }: ViewStep) => step === 'hold' },
  { name: 'stale', fill: '#fff3bf', stroke: '#e67700', fits: ({ stale }: ViewStep) => stale === true },
  { name: 'done', fill: '#f1f3f5', stroke: '#868e96', fits: () => true },
] as const

interface Node {
  id: string
  name: ShotName
  label: string
  state: (typeof states)[number]
}

interface Edge {
  from: Node
  to: Node
  /** `undefined`: the last frame itself is handed on. */
  keyFrame: string | undefined
}

interface Cluster {
  title: string
  nodes: Node[]
  edges: Edge[]
  /** Shots that meet no other. */
  apart: number
}

/** Which shots go on from which, and what a run does with each. Shots that meet no other are only counted. */
export function renderGraph({ plans }: PlanReport, format: GraphFormat): string[] {
  const clusters = plans.map(clusterOf)
  return format === 'mermaid' ? renderMermaid(clusters) : renderDot(clusters)
}

function clusterOf({ manifest, steps, borders = [] }: PlanView, index: number): Cluster {
  const byShot = new Map<ShotName, ViewStep[]>()
  for (const step of steps) {
    const { shot } = splitTakeName(step.take)
    const own = byShot.get(shot)
    if (own) own.push(step)
    else byShot.set(shot, [step])
  }
  const joined = new Set(borders.flatMap(({ from, to }) => [from, to]))
  const nodes = new Map<ShotName, Node>()
  for (const name of joined) {
    const own = byShot.get(name) ?? []
    const state = states.find(({ fits }) => own.some(fits)) ?? states.at(-1)!
    nodes.set(name, { id: `s${index}_${nodes.size}`, name, label: labelOf(own, state), state })
  }
  const edges = borders.map(({ from, to, keyFrame }) => ({
    from: nodes.get(from)!,
    to: nodes.get(to)!,
    keyFrame,
  }))
  const apart = [...byShot.keys()].filter((name) => !joined.has(name)).length
  return { title: manifest, nodes: [...nodes.values()], edges, apart }
}

function labelOf(steps: readonly ViewStep[], state: Node['state']): string {
  const fitting = steps.filter(state.fits)
  const takes = fitting.length > 1 ? ` ${fitting.length} takes` : ''
  const prices = fitting.flatMap(({ estimate }) => (estimate?.price ? [estimate.price] : []))
  const [first] = prices
  if (!first) return `${state.name}${takes}`
  const sum = prices.reduce(
    ({ currency, min, max }, price) => ({ currency, min: min + price.min, max: max + price.max }),
    { currency: first.currency, min: 0, max: 0 },
  )
  return `${state.name}${takes}, ${formatPrice(sum)}`
}

function renderMermaid(clusters: readonly Cluster[]): string[] {
  const text = (words: string) => words.replace(/[#"<>]/g, (char) => `#${char.charCodeAt(0)};`)
  const lines = ['flowchart LR']
  for (const [index, { title, nodes, edges, apart }] of clusters.entries()) {
    if (apart > 0) lines.push(`  %% ${title}: ${apart} shots that meet no other are left out`)
    if (nodes.length === 0) continue
    lines.push(`  subgraph m${index}["${text(title)}"]`)
    for (const { id, name, label, state } of nodes)
      lines.push(`    ${id}["${text(name)}<br/>${text(label)}"]:::${state.name}`)
    for (const { from, to, keyFrame } of edges)
      lines.push(
        keyFrame === undefined
          ? `    ${from.id} --> ${to.id}`
          : `    ${from.id} -. "${text(keyFrame)}" .- ${to.id}`,
      )
    lines.push('  end')
  }
  const used = new Set(clusters.flatMap(({ nodes }) => nodes.map(({ state }) => state)))
  for (const { name, fill, stroke } of states.filter((state) => used.has(state)))
    lines.push(`  classDef ${name} fill:${fill},stroke:${stroke},color:#212529`)
  return lines
}

function renderDot(clusters: readonly Cluster[]): string[] {
  const text = (words: string) => JSON.stringify(words)
  const lines = ['digraph plan {', '  rankdir=LR', '  node [shape=box, style=filled, fontname="sans-serif"]']
  for (const [index, { title, nodes, edges, apart }] of clusters.entries()) {
    if (apart > 0) lines.push(`  // ${title}: ${apart} shots that meet no other are left out`)
    if (nodes.length === 0) continue
    lines.push(`  subgraph cluster_${index} {`, `    label=${text(title)}`)
    for (const { id, name, label, state } of nodes)
      lines.push(
        `    ${id} [label=${text(`${name}\n${label}`)}, fillcolor="${state.fill}", color="${state.stroke}"]`,
      )
    for (const { from, to, keyFrame } of edges) {
      const style = keyFrame === undefined ? '' : ` [style=dashed, dir=none, label=${text(keyFrame)}]`
      lines.push(`    ${from.id} -> ${to.id}${style}`)
    }
    lines.push('  }')
  }
  return [...lines, '}']
}
