import { canonicalJson } from '../core/canonical-json.js'
import { type Shot, type Take, takesOf } from '../core/shot.js'
import type { Files } from '../ports/files.js'
import type { LoadedManifest } from './load-manifests.js'
import { readManifest } from './read-manifest.js'

/**
 * Watches over what a person has agreed to: a take is bought only as long as its manifest still says the same of it.
 * The file, and those that it extends, are looked at before each create and read again only when it was written to;
 * somebody who edits one shot while a run goes on takes that shot out of the run, and no other. A manifest that can no
 * longer be read, or whose budget or prices are others, says the same of nothing.
 */
export function agreement(
  { manifest, places, sha256, bases }: LoadedManifest,
  files: Files,
): (take: Take) => Promise<boolean> {
  const { file, budget, rates, shots } = manifest
  const agreed = new Map(shots.map((shot) => [shot.name, shot]))
  let seen: string | undefined
  let now: ReadonlyMap<string, Shot> = agreed

  async function look(): Promise<void> {
    const fingerprints = await Promise.all(
      [places.manifest, ...bases].map((path) => files.fingerprint(path).catch(() => undefined)),
    )
    const fingerprint = fingerprints.includes(undefined) ? undefined : fingerprints.join('\n')
    if (fingerprint !== undefined && fingerprint === seen) return
    const read = await readManifest(places.manifest, file, files).catch(() => undefined)
    seen = fingerprint
    if (read?.sha256() === sha256()) {
      now = agreed
      return
    }
    const parsed = read?.parsed
    const broken = !parsed || parsed.problems.some(({ severity }) => severity === 'error')
    const terms = (one: { budget?: unknown; rates?: unknown }) => canonicalJson([one.budget, one.rates])
    const same = !broken && terms(parsed.manifest) === terms({ budget, rates })
    now = new Map(same ? parsed.manifest.shots.map((shot) => [shot.name, shot]) : [])
  }

  let looking: Promise<void> = Promise.resolve()
  let next: Promise<void> | undefined

  /** A look that starts after this call, one for all that ask while another is under way. */
  function lookSoon(): Promise<void> {
    next ??= looking
      .catch(() => undefined)
      .then(() => {
        next = undefined
        looking = look()
        return looking
      })
    return next
  }

  return async ({ shot: { name }, number }) => {
    await lookSoon()
    const [before, after] = [agreed.get(name), now.get(name)]
    if (before === after) return true
    return after !== undefined && number <= takesOf(after).length && wordingOf(before) === wordingOf(after)
  }
}

/** Everything of a shot that decides what is bought and at which price. */
function wordingOf(shot: Shot | undefined): string {
  const { model, modelProfile, prompt, media = [], parameters, extra, skip } = shot ?? {}
  const sources = media.map(({ role, source, seconds }) => [role, source, seconds])
  return canonicalJson([model, modelProfile, prompt, sources, parameters, extra, skip])
}
