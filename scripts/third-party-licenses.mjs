import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

/**
 * The licences of all packages that a build has bundled in, as one text.
 *
 * @param metafile That of esbuild.
 * @param root What its paths start from.
 * @throws Error when a bundled package comes without a licence.
 */
export function thirdPartyLicenses({ outputs }, root) {
  const folders = new Set()
  for (const { inputs } of Object.values(outputs)) {
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      const [folder] = /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path) ?? []
      if (folder !== undefined && bytesInOutput > 0) folders.add(resolve(root, folder))
    }
  }
  const packages = [...folders].map(readPackage).sort((a, b) => (a.title < b.title ? -1 : 1))
  return [
    'shotlock contains parts of these packages, under their own licences.\n',
    ...packages.map(({ title, text }) => `${'-'.repeat(80)}\n${title}\n\n${text.trim()}\n`),
  ].join('\n')
}

function readPackage(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const file = readdirSync(folder).find((one) => /^licen[cs]e(\.(md|txt))?$/i.test(one))
  if (!file) throw new Error(`Cannot bundle "${name}": it comes without a licence; leave it external`)
  return { title: `${name} ${version} (${license})`, text: readFileSync(join(folder, file), 'utf8') }
}
