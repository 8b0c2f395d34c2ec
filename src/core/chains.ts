import { effectiveParameters } from './build-request.js'
import type { ShotName } from './names.js'
import type { ProblemCode } from './problem.js'
import { shownSource } from './redact.js'
import { type Media, type Shot, sourceWords } from './shot.js'
import { didYouMean } from './suggest.js'

/** What is wrong with a shot that goes on from another, at which of its fields. */
export interface ChainFault {
  shot: ShotName
  field: readonly (string | number)[]
  code: ProblemCode
  message: string
  severity: 'error' | 'warning'
}

/** The first frame of a shot that begins with another's last frame; `undefined` for all others. */
export function chainedFrame(shot: Pick<Shot, 'media'>): ChainedFrame | undefined {
  return shot.media.find(isChained)
}

/** The shot whose last frame this one begins with; `undefined` where there is none. */
export function upstreamOf(shot: Pick<Shot, 'media'>): ShotName | undefined {
  return chainedFrame(shot)?.source.shot
}

type ChainedFrame = Media & { source: Extract<Media['source'], { kind: 'last_frame' }> }

function isChained(media: Media): media is ChainedFrame {
  return media.source.kind === 'last_frame'
}

/** The shot as it is sent: beginning with a picture that is there now. */
export function beginningWith(shot: Shot, path: string): Shot {
  const media = shot.media.map((one) =>
    isChained(one) ? { ...one, source: { kind: 'file' as const, path } } : one,
  )
  return { ...shot, media }
}

/** A shot with what its matrix put behind its name, such as `.noir.forest`. */
export interface NamedCell {
  shot: Shot
  suffix: string
}

/**
 * Finds the shot that each `last_frame_of` names, and has those shots return their last frames. Within a matrix, a name
 * that no shot has stands for the shot of the same cell: `last_frame_of: open` in `walk.noir` means `open.noir`.
 *
 * @returns The shots in their order; those at fault keep the name as written.
 */
export function linkShots(cells: readonly NamedCell[]): { shots: Shot[]; faults: ChainFault[] } {
  if (!cells.some(({ shot }) => chainedFrame(shot)))
    return { shots: cells.map(({ shot }) => shot), faults: [] }
  const byName = new Map(cells.map(({ shot }) => [shot.name, shot]))
  const faults: ChainFault[] = []
  const linked = cells.map(({ shot, suffix }) => {
    const frame = chainedFrame(shot)
    if (!frame) return shot
    const upstream = [frame.source.shot, `${frame.source.shot}${suffix}` as ShotName].find((name) =>
      byName.has(name),
    )
    if (upstream === undefined) {
      const near = didYouMean(frame.source.shot, byName.keys())
      faults.push(
        errorAt(shot, 'unknown-shot', `there is no shot "${frame.source.shot}" to go on from${near}`),
      )
      return shot
    }
    if (byName.get(upstream)!.parameters.draft) {
      const message = `"${upstream}" is a draft, and a draft returns no last frame`
      faults.push(errorAt(shot, 'field-conflict', message))
    }
    return continuing(shot, upstream)
  })
  const asked = new Set(linked.map(upstreamOf))
  const shots = linked.map((shot) => (asked.has(shot.name) ? returningLastFrame(shot) : shot))
  return { shots, faults: [...faults, ...cyclesAmong(shots)] }
}

/** The shot, going on from another upstream. */
export function continuing(shot: Shot, upstream: ShotName): Shot {
  const media = shot.media.map((one) =>
    isChained(one) ? { ...one, source: { ...one.source, shot: upstream } } : one,
  )
  return { ...shot, media }
}

/** It decides nothing of the video, so a shot that was bought without stays as it is. */
function returningLastFrame(shot: Shot): Shot {
  return { ...shot, parameters: { ...shot.parameters, return_last_frame: true } }
}

function errorAt(shot: Shot, code: ProblemCode, message: string): ChainFault {
  return { shot: shot.name, field: chainedFrame(shot)!.field, code, message, severity: 'error' }
}

/** Every circle once, at its first shot in the manifest. */
function cyclesAmong(shots: readonly Shot[]): ChainFault[] {
  const byName = new Map(shots.map((shot) => [shot.name, shot]))
  const faults: ChainFault[] = []
  const checked = new Set<ShotName>()
  for (const start of shots) {
    const way: ShotName[] = []
    let at: Shot | undefined = start
    while (at && !checked.has(at.name)) {
      checked.add(at.name)
      way.push(at.name)
      at = byName.get(upstreamOf(at)!)
    }
    const entered = at ? way.indexOf(at.name) : -1
    if (entered === -1) continue
    const circle = way.slice(entered)
    const first = shots.find(({ name }) => circle.includes(name))!
    const from = circle.indexOf(first.name)
    const around = [...circle.slice(from), ...circle.slice(0, from), first.name]
    faults.push(errorAt(first, 'chain-cycle', `these shots go on from each other: ${around.join(' → ')}`))
  }
  return faults
}

/** The shots with every upstream before those that go on from it; otherwise in their order. Without circles. */
export function upstreamsFirst(shots: readonly Shot[]): readonly Shot[] {
  if (!shots.some(chainedFrame)) return shots
  const byName = new Map(shots.map((shot) => [shot.name, shot]))
  const ordered = new Set<Shot>()
  for (const shot of shots) {
    const way: Shot[] = []
    for (let at: Shot | undefined = shot; at && !ordered.has(at); at = byName.get(upstreamOf(at)!))
      way.push(at)
    for (const one of way.toReversed()) ordered.add(one)
  }
  return [...ordered]
}

/** Two shots that meet: what the one ends with is what the other begins with. */
export interface Border {
  from: ShotName
  to: ShotName
  /** A path as written, or a URL without its query; `undefined`: the last frame itself is handed on. */
  keyFrame: string | undefined
}

/** Where shots meet, in the order of those that begin there. */
export function bordersOf(shots: readonly Shot[]): Border[] {
  const endings = new Map<string, ShotName[]>()
  for (const { name, media } of shots) {
    const end = media.find(({ role }) => role === 'last_frame')
    const key = end && placeOf(end)
    if (key === undefined) continue
    const same = endings.get(key)
    if (same) same.push(name)
    else endings.set(key, [name])
  }
  return shots.flatMap((shot): Border[] => {
    const upstream = upstreamOf(shot)
    if (upstream !== undefined) return [{ from: upstream, to: shot.name, keyFrame: undefined }]
    const begin = shot.media.find(({ role }) => role === 'first_frame')
    const keyFrame = begin && placeOf(begin)
    const before = keyFrame === undefined ? [] : (endings.get(keyFrame) ?? [])
    const shown = begin && shownSource(begin.source)
    return before
      .filter((from) => from !== shot.name)
      .map((from) => ({ from, to: shot.name, keyFrame: shown }))
  })
}

function placeOf({ source }: Media): string | undefined {
  return source.kind === 'last_frame' ? undefined : sourceWords(source)
}

/** Says where two shots meet that will not fit together: the cut between them jumps. */
export function borderAdvice(shots: readonly Shot[]): ChainFault[] {
  const byName = new Map(shots.map((shot) => [shot.name, shot]))
  return bordersOf(shots).flatMap(({ from, to, keyFrame }): ChainFault[] => {
    const [before, after] = [byName.get(from), byName.get(to)]
    if (!before || !after) return []
    const differing = differencesAt(before, after)
    if (differing.length === 0) return []
    const where =
      keyFrame === undefined ? `goes on from "${from}"` : `begins with ${keyFrame}, where "${from}" ends`
    const { field } = after.media.find(({ role }) => role === 'first_frame')!
    const message = `this shot ${where}, but the two differ in ${differing.join(' and ')}`
    return [{ shot: to, field, code: 'border', message, severity: 'warning' }]
  })
}

function differencesAt(before: Shot, after: Shot): string[] {
  const [from, to] = [effectiveParameters(before), effectiveParameters(after)]
  return (['ratio', 'resolution'] as const).flatMap((field) => {
    const [a, b] = [from[field], to[field]]
    // What the service decides by the frame that both share cannot differ by it.
    const told = a !== undefined && b !== undefined && a !== 'adaptive' && b !== 'adaptive'
    return told && a !== b ? [`${field} (${a}, ${b})`] : []
  })
}
