import { RunnerError } from '../core/errors.js'
import { models as known, modelSources } from '../core/model-data.js'
import { findModel, knownModelIds, type ModelProfile, type SourceKey } from '../core/models.js'
import { didYouMean } from '../core/suggest.js'

/** What is known of models; schemas/models.schema.json describes it. */
export interface ModelsReport {
  models: readonly ModelProfile[]
  /** What stands behind the keys that facts name as their source. */
  sources: Readonly<Record<SourceKey, { trust: 'doc' | 'seen' | 'relay' | 'inferred'; title: string }>>
}

/**
 * Shows what is known of every model, or of one.
 *
 * @param name An id of either service, or the label such as `1.5 pro`; `undefined`: every model.
 * @throws RunnerError `unknown-model`
 */
export function models(name?: string): ModelsReport {
  return { models: name === undefined ? known : [named(name)], sources: modelSources }
}

function named(name: string): ModelProfile {
  const label = name.trim().toLowerCase()
  const found = findModel(name.trim()) ?? known.find((profile) => profile.label.toLowerCase() === label)
  if (found) return found
  const names = [...known.map((profile) => profile.label), ...knownModelIds()]
  // An id without the name of its maker is too far from any to be a slip of the pen.
  const whole = names.find((one) => one.endsWith(`-${label}`))
  const meant = whole === undefined ? didYouMean(name, names) : `, did you mean "${whole}"?`
  throw new RunnerError('unknown-model', `Cannot show "${name}": it is no model in the tables${meant}`, {
    hint: 'See them all with shotlock models. A shot may name any id, such as ep-…; model_profile then says whose rules hold.',
  })
}
