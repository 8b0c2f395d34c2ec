import { isBuiltin } from 'node:module'
import { basename } from 'node:path'
import { transform } from 'esbuild'

/** Packages that `require` can load, and that may be left out of a bundle although they are imported at once. */
const commonJsPackages = new Set(['undici'])

/**
 * Turns the files of a split build into CommonJS: on Node 20 the loader of ES modules takes a tenth of the time that
 * node needs to start, and more for every file. esbuild itself splits ES modules only.
 *
 * Files load each other with `require`, also where they were imported lazily. Packages that are imported lazily stay
 * imported, since they may be ES modules.
 *
 * @param result What esbuild has built in memory, with source maps.
 * @returns The files by their paths.
 * @throws Error when a file imports a package at once that may not be CommonJS.
 */
export async function asCommonJs({ outputFiles, metafile }) {
  for (const [path, { imports }] of Object.entries(metafile.outputs)) {
    for (const one of imports) {
      if (!one.external || one.kind !== 'import-statement') continue
      if (!isBuiltin(one.path) && !commonJsPackages.has(one.path))
        throw new Error(`${path} imports "${one.path}": bundle it, or import it lazily`)
    }
  }
  const maps = new Map(outputFiles.map(({ path, contents }) => [path, contents]))
  const files = await Promise.all(
    outputFiles
      .filter(({ path }) => path.endsWith('.js'))
      .map(({ path, text }) => convert(path, text, maps.get(`${path}.map`))),
  )
  return files.flat()
}

async function convert(path, text, map) {
  const embedded = `//# sourceMappingURL=data:application/json;base64,${Buffer.from(map).toString('base64')}`
  const source = inAscii(text)
    .replace(/\bimport\(("\.[^"]+")\)/g, 'Promise.resolve().then(() => require($1))')
    .replace(/^\/\/# sourceMappingURL=.*$/m, embedded)
  const usesUrl = text.includes('import.meta.url')
  const converted = await transform(source, {
    format: 'cjs',
    platform: 'node',
    target: 'node20.19',
    minifySyntax: true,
    minifyWhitespace: true,
    sourcefile: path,
    sourcemap: 'external',
    sourcesContent: false,
    logLevel: 'warning',
    ...(usesUrl && {
      banner: 'const moduleUrl = require("node:url").pathToFileURL(__filename).href;',
      define: { 'import.meta.url': 'moduleUrl' },
    }),
  })
  return [
    { path, contents: `${converted.code}//# sourceMappingURL=${basename(path)}.map\n` },
    { path: `${path}.map`, contents: converted.map },
  ]
}

/**
 * Writes what is not ASCII as escapes. esbuild has left it in patterns only, and one such character in a file makes V8
 * hold all of it in two bytes a character, and node decode it in a slower way.
 */
function inAscii(text) {
  return text.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
