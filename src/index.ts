export { systemGit } from './adapters/git.js'
export { liveWorld } from './adapters/live-world.js'
export { nodeFiles } from './adapters/node-files.js'
export { sharpFitter } from './adapters/sharp-fitter.js'
export { systemClock } from './adapters/system-clock.js'
export { type CancelControls, type CancelOptions, type CancelReport, cancel } from './commands/cancel.js'
export { type CostHistory, type CostOptions, type CostReport, cost } from './commands/cost.js'
export { type DiffHistory, type DiffOptions, type DiffReport, diff } from './commands/diff.js'
export { type ExpandReport, expand } from './commands/expand.js'
export { type ExportedTake, type ExportOptions, type ExportReport, exportTable } from './commands/export.js'
export { type ImportOptions, type ImportReport, importTable } from './commands/import.js'
export { type InitReport, init } from './commands/init.js'
export { type JudgedTake, type JudgeOptions, type JudgeReport, judge } from './commands/judge.js'
export { type MergeReport, merge } from './commands/merge.js'
export { type MoveOptions, type MoveReport, move } from './commands/move.js'
export { type PickedTake, type PickOptions, type PickReport, pick } from './commands/pick.js'
export { type PlanCommandOptions, type PlanReport, plan } from './commands/plan.js'
export {
  type PromotedDraft,
  type PromoteOptions,
  type PromoteReport,
  promote,
} from './commands/promote.js'
export { type PruneControls, type PruneReport, prune } from './commands/prune.js'
export {
  type KeepReason,
  type PreviousPrune,
  type PreviousVideo,
  type PrunePreviousControls,
  type PrunePreviousReport,
  prunePrevious,
} from './commands/prune-previous.js'
export {
  type Finding,
  type FoundCandidate,
  type ReconcileOptions,
  type ReconcileReport,
  reconcile,
} from './commands/reconcile.js'
export { type ReportOptions, report } from './commands/report.js'
export { type ReviewOptions, type ReviewReport, review } from './commands/review.js'
export { type RunControls, type RunOptions, type RunReport, run } from './commands/run.js'
export { type SimulateOptions, simulate } from './commands/simulate.js'
export { type StatusReport, status, type TakeStatus } from './commands/status.js'
export { type ValidateOptions, type ValidateReport, validate } from './commands/validate.js'
export { type VerifyControls, type VerifyReport, verify } from './commands/verify.js'
export {
  type Difference,
  type LastBought,
  type TakeReason,
  type WhyOptions,
  type WhyReport,
  why,
} from './commands/why.js'
export {
  type Comparison,
  type CostGroup,
  type CostGrouping,
  type CostPart,
  type CostSum,
  type CostSummary,
  costGroupings,
  type FailureCounts,
  type MoneyView,
} from './core/cost.js'
export type { CreateAnswer } from './core/create-answer.js'
export {
  diffLockfiles,
  type LockfileDiff,
  type LockfilePair,
  type TakeChange,
} from './core/diff-lockfiles.js'
export { diffMarkdown } from './core/diff-markdown.js'
export { type Billed, type DiffView, diffView, type ManifestDiff, type ShotDiff } from './core/diff-view.js'
export { type Digest, type DigestPart, differingParts, digestOf } from './core/digest.js'
export { type ErrorCode, ManifestError, ProviderError, RunnerError, TableError } from './core/errors.js'
export {
  type Estimate,
  type EstimateContext,
  estimateShot,
  type MediaFacts,
  type SecondsRange,
  type TokenRange,
} from './core/estimate.js'
export type {
  BudgetView,
  NotBoughtReason,
  Outcome,
  RunEvent,
  RunResult,
  Stop,
  StopReason,
  TakeRef,
} from './core/event.js'
export type { ExpandedManifest, ExpandedTake } from './core/expand.js'
export type {
  FactChange,
  MediaChange,
  MediaVersion,
  ModelChange,
  ParameterChange,
  PromptChange,
} from './core/explain-change.js'
export { classifyFailure, type FailureClass, failureClasses, mayRerun } from './core/failure.js'
export type { FormerTask, Happening, Since } from './core/happening.js'
export type { TakeState } from './core/ledger-state.js'
export {
  type LockEntries,
  type LockEntry,
  type LockStatus,
  parseLockfile,
  renderLockfile,
  type Spent,
} from './core/lockfile.js'
export { type ParsedManifest, parseManifest } from './core/manifest.js'
export { findModel, type ModelProfile, profileOf } from './core/models.js'
export type { Money, PriceRange } from './core/money.js'
export type { ShotName, TakeName } from './core/names.js'
export { pickedTakeOf } from './core/pick.js'
export { type Plan, type PlanInput, type PlanOptions, planRun, type Step } from './core/plan.js'
export type { EstimateView, PlanView, PriceView } from './core/plan-view.js'
export type { PollPolicy } from './core/poll-schedule.js'
export { parsePriceFile } from './core/price-file.js'
export { publishedRates, type Rate } from './core/prices.js'
export type { Problem, ProblemCode } from './core/problem.js'
export type { Report, ReportedManifest, ReportedTake } from './core/report.js'
export type { Parameters, VideoRequest } from './core/request.js'
export { parseSavedPlan, type SavedPlan } from './core/saved-plan.js'
export type { Selection } from './core/select.js'
export { type Manifest, type Media, type Shot, type Take, takesOf } from './core/shot.js'
export type { Storyboard } from './core/storyboard.js'
export type { Delimiter, TableEncoding } from './core/table.js'
export type { Task, TaskId, TaskStatus } from './core/task.js'
export type { FormerSource } from './engine/find-bought.js'
export type { FittedImage } from './engine/fit-images.js'
export type { PrepareOptions } from './engine/prepare-plans.js'
export type { Clock } from './ports/clock.js'
export type { Files } from './ports/files.js'
export type { BlobId, Commit, Git } from './ports/git.js'
export type { CopyFormat, ImageFitter, OpenPicture, UnreadablePicture } from './ports/image-fitter.js'
export type { ProcessLocks } from './ports/process-locks.js'
export type { Provider } from './ports/provider.js'
export type { MarkPoint, World } from './ports/world.js'
export type { CreateFault, FaultChanges, FaultSettings, NextFault } from './simulator/faults.js'
export type { LogEntry } from './simulator/log-entry.js'
export type { Simulator } from './simulator/server.js'
