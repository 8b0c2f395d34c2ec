/** What is wrong with a manifest, as a stable word. Public; `docs/errors.md` lists each. */
export type ProblemCode =
  | 'encoding'
  | 'yaml-syntax'
  | 'yaml-documents'
  | 'yaml-directive'
  | 'yaml-tag'
  | 'yaml-alias'
  | 'yaml-depth'
  | 'duplicate-key'
  | 'no-shots'
  | 'version'
  | 'unknown-field'
  | 'missing-field'
  | 'wrong-type'
  | 'wrong-value'
  | 'extends'
  | 'shot-name'
  | 'unknown-variable'
  | 'template-syntax'
  | 'inline-flag'
  | 'unknown-model'
  | 'model-retired'
  | 'field-conflict'
  | 'unknown-shot'
  | 'chain-cycle'
  | 'border'
  | 'duration-range'
  | 'model-rule'
  | 'media-missing'
  | 'media-unreadable'
  | 'media-outside'
  | 'media-url'
  | 'media-limit'
  | 'media-format'
  | 'media-inline'
  | 'manifest-name'
  | 'output-path'
  | 'output-collision'
  | 'prompt-long'
  | 'prompt-dialogue'
  | 'prompt-negative'
  | 'prompt-marks'
  | 'prompt-twice'
  | 'prompt-width'

/** One thing that is wrong in a manifest, and where. */
export interface Problem {
  code: ProblemCode
  severity: 'error' | 'warning'
  /** Sentence case, no final period. */
  message: string
  /** The manifest as the person named it. */
  file: string
  /** 1-based. */
  line: number
  /** 1-based, in UTF-16 code units, as editors count. */
  col: number
  /** How many characters the caret underlines, at least 1. */
  length: number
  /** The address of the cell, such as `C7`, in the table of a workbook; `line` and `col` are its row and column. */
  cell?: string
  /** The source line that `line` names, without its end. */
  sourceLine: string
  /** The shot the problem is about; `undefined` when it is about the file. */
  shot?: string
}
