export { liveWorld } from './adapters/live-world.js'
export { nodeFiles } from './adapters/node-files.js'
export { type InitReport, init } from './commands/init.js'
export { type PlanReport, plan } from './commands/plan.js'
export { type RunControls, type RunOptions, type RunReport, run } from './commands/run.js'
export { type SimulateOptions, simulate } from './commands/simulate.js'
export { type StatusReport, status, type TakeStatus } from './commands/status.js'
export { type ValidateReport, validate } from './commands/validate.js'
export { type Digest, type DigestPart, differingParts, digestOf } from './core/digest.js'
export { type ErrorCode, ManifestError, ProviderError, RunnerError } from './core/errors.js'
export type { Outcome, RunEvent, RunResult, Stop, StopReason, TakeRef } from './core/event.js'
export { classifyFailure, type FailureClass, failureClasses, mayRerun } from './core/failure.js'
export { type LockEntry, type LockStatus, parseLockfile, renderLockfile } from './core/lockfile.js'
export { type ParsedManifest, parseManifest } from './core/manifest.js'
export {
  type Plan,
  type PlanInput,
  type PlanOptions,
  type PlanView,
  planRun,
  type Step,
} from './core/plan.js'
export type { Problem, ProblemCode } from './core/problem.js'
export type { VideoRequest } from './core/request.js'
export type { Manifest, Media, Parameters, Shot, Take } from './core/shot.js'
export type { Clock } from './ports/clock.js'
export type { Files } from './ports/files.js'
export type { Provider } from './ports/provider.js'
export type { World } from './ports/world.js'
export type { CreateFault, FaultChanges, FaultSettings, NextFault } from './simulator/faults.js'
export type { LogEntry } from './simulator/log-entry.js'
export type { Simulator } from './simulator/server.js'
