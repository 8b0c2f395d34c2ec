// Makes the script and the style of the review page, in place of src/review-page/built.js.
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const folder = join(dirname(fileURLToPath(import.meta.url)), '..', 'src', 'review-page')
const module = /[\\/]review-page[\\/]built\.js$/

/**
 * For esbuild.
 *
 * @param metafiles Gets what the page was made of, for the list of licences.
 */
export function reviewPage(metafiles = []) {
  return {
    name: 'review-page',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: module }, () => ({ path: join(folder, 'built.js'), namespace: 'review-page' }))
      onLoad({ filter: module, namespace: 'review-page' }, async () => {
        const { contents, metafile } = await buildPage()
        metafiles.push(metafile)
        return { contents, loader: 'js' }
      })
    },
  }
}

/** For vitest, so that what is tested is what is shipped. */
export const reviewPageInTests = {
  name: 'review-page',
  enforce: 'pre',
  resolveId: (id) => (module.test(id) ? join(folder, 'built.js') : undefined),
  load: async (id) => (module.test(id) ? (await buildPage()).contents : undefined),
}

async function buildPage() {
  const { outputFiles, metafile } = await build({
    absWorkingDir: join(folder, '..', '..'),
    entryPoints: { script: join(folder, 'page.tsx'), style: join(folder, 'style.css') },
    tsconfig: join(folder, 'tsconfig.json'),
    outdir: 'page',
    bundle: true,
    minify: true,
    format: 'esm',
    target: ['chrome123', 'firefox120', 'safari17.5'],
    charset: 'utf8',
    metafile: true,
    write: false,
    logLevel: 'warning',
  })
  const textOf = (ending) => outputFiles.find(({ path }) => path.endsWith(ending)).text.trim()
  // Inside of HTML a script ends where its closing tag stands, even in a string, and a comment may hide that tag.
  const script = textOf('.js').replace(/<(?=\/script|!--)/gi, '\\x3c')
  return {
    contents: `export const assets = ${JSON.stringify({ script, style: textOf('.css') })}`,
    metafile,
  }
}
