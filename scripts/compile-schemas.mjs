// Compiles the modules of src/core/schemas/ ahead of time: ajv makes functions of the schemas when the product is
// built, so that it needs not be loaded when the product starts. The modules themselves are plain and run as they are.
import { createRequire } from 'node:module'
import { Ajv } from 'ajv'
import standalone from 'ajv/dist/standalone/index.js'
import { build } from 'esbuild'

const schemaModule = /[\\/]src[\\/]core[\\/]schemas[\\/][a-z-]+\.ts$/
const requireHere = createRequire(import.meta.url)

/** For esbuild. */
export const compiledSchemas = {
  name: 'compiled-schemas',
  setup({ onLoad }) {
    onLoad({ filter: schemaModule }, async ({ path }) => ({
      contents: await compile(path),
      loader: 'js',
    }))
  },
}

/** For vitest, so that what is tested is what is shipped. */
export const compiledSchemasInTests = {
  name: 'compiled-schemas',
  enforce: 'pre',
  load: (id) => (schemaModule.test(id) ? compile(id) : undefined),
}

/** The text of a module with the same exports, but without ajv. */
async function compile(path) {
  const { exported, ajv } = await evaluate(path)
  const isValidator = ([, value]) => typeof value === 'function'
  const all = Object.entries(exported)
  const constants = all.filter((one) => !isValidator(one))
  const names = all.filter(isValidator).map(([name]) => name)
  // Validators are looked up by their ids, which they need not have: here by the names of their exports.
  const byName = { opts: ajv.opts, scope: ajv.scope, getSchema: (name) => exported[name] }
  const code = standalone.default(byName, Object.fromEntries(names.map((name) => [name, name])))
  return [
    withLatePatterns(withImports(code)),
    ...constants.map(([name, value]) => `export const ${name} = ${JSON.stringify(value)};`),
  ].join('\n')
}

/** Runs a module of schemas with an ajv that keeps the source of what it makes. */
async function evaluate(path) {
  const { outputFiles } = await build({
    entryPoints: [path],
    bundle: true,
    packages: 'external',
    format: 'cjs',
    platform: 'node',
    write: false,
    logLevel: 'warning',
  })
  let ajv
  class SourceKeepingAjv extends Ajv {
    constructor(options) {
      if (ajv) throw new Error(`${path} has two Ajv: only one can be compiled ahead of time`)
      super({ ...options, code: { ...options?.code, source: true, esm: true } })
      ajv = this
    }
  }
  const require = (name) => (name === 'ajv' ? { Ajv: SourceKeepingAjv } : requireHere(name))
  const module = { exports: {} }
  new Function('module', 'exports', 'require', outputFiles[0].text)(module, module.exports, require)
  return { exported: module.exports, ajv }
}

/**
 * Makes patterns when something is first held against them, and those with classes of Unicode only when it is not all
 * ASCII: making one takes V8 a millisecond.
 */
function withLatePatterns(code) {
  return code.replace(/const (pattern\d+) = new RegExp\(("(?:[^"\\]|\\.)*"), "u"\);/g, (_, name, source) => {
    const ascii = asciiPart(source)
    const test = `(${name}Made ??= new RegExp(${source}, "u")).test(text)`
    return [
      `let ${name}Made;`,
      ...(ascii === undefined ? [] : [`const ${name}Ascii = new RegExp(${ascii});`]),
      `const ${name} = { test: (text) => ${ascii === undefined ? '' : `${name}Ascii.test(text) || `}${test} };`,
    ].join('\n')
  })
}

/** What of a pattern's texts is ASCII, as a pattern; `undefined` when that is no help or cannot be told. */
function asciiPart(source) {
  // In what is negated, fewer letters would mean more texts.
  if (!source.includes('\\p{') || /\[\^|\(\?/.test(source)) return undefined
  const ascii = source
    .replaceAll('\\\\p{L}', 'A-Za-z')
    .replaceAll('\\\\p{N}', '0-9')
    .replaceAll('\\\\p{M}', '')
  return ascii.includes('\\p{') ? undefined : ascii
}

/** ajv's modules call `require` for its few helpers, also when they are ES modules. */
function withImports(code) {
  const imports = []
  const body = code.replace(/require\("(ajv\/dist\/runtime\/\w+)"\)\.default/g, (_, helper) => {
    const name = `helper${imports.length}`
    imports.push(`import ${name} from "${helper}.js";`)
    // Node and esbuild give the whole of a CommonJS module, vitest the default within it.
    return `(${name}.default ?? ${name})`
  })
  if (body.includes('require('))
    throw new Error('A compiled schema requires something else than a helper of ajv')
  return [...imports, body].join('\n')
}
