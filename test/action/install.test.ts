import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'

/** Stands for npm: writes down what it was asked and what keys it saw, and makes the binary. */
const npm = `#!/bin/sh
echo "$@" > "$FAKE/asked"
echo "$SHOTLOCK_API_KEY$GITHUB_TOKEN" > "$FAKE/seen"
folder=dist; [ "$1" = install ] && folder=node_modules/shotlock/dist
mkdir -p "$folder" && echo > "$folder/bin.js"
`

/** Runs the script in a bare checkout of the action. */
function install(version: string) {
  const root = mkdtempSync(join(tmpdir(), 'shotlock-install-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  const [fake, checkout] = [join(root, 'fake'), join(root, 'checkout')]
  for (const folder of [fake, checkout]) mkdirSync(folder)
  cpSync('action', join(checkout, 'action'), { recursive: true })
  writeFileSync(join(fake, 'npm'), npm, { mode: 0o755 })
  const { status } = spawnSync(process.execPath, [join(checkout, 'action', 'install.mjs')], {
    cwd: root,
    env: {
      PATH: `${fake}${delimiter}${process.env.PATH}`,
      ...{ FAKE: fake, RUNNER_TEMP: root, GITHUB_OUTPUT: join(root, 'output'), INPUT_VERSION: version },
      ...{ SHOTLOCK_API_KEY: 'sk-a-key', GITHUB_TOKEN: 'a-token' },
    },
  })
  const read = (path: string) => execFileSync('cat', [join(root, path)], { encoding: 'utf8' }).trim()
  return {
    root,
    status,
    asked: () => read('fake/asked'),
    seen: () => read('fake/seen'),
    output: () => read('output'),
  }
}

test('a bare checkout of the action is built by npm, which sees no key and no token', () => {
  const { root, status, asked, seen, output } = install('')
  expect(status).toBe(0)
  expect(asked()).toMatch(/^ci .*--include=dev/)
  expect(seen()).toBe('')
  expect(output()).toContain(join(root, 'checkout/dist/bin.js'))
})

test('a version comes from npm', () => {
  const { root, asked, output } = install('0.1.0')
  expect(asked()).toMatch(/^install .*shotlock@0\.1\.0$/)
  expect(output()).toContain(join(root, 'shotlock-package/node_modules/shotlock/dist/bin.js'))
})

test('what is no version is refused', () => {
  expect(install('0.1.0 --registry=http://x').status).toBe(2)
})

test('the package brings what a bare checkout is built with', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'))
  expect(scripts.prepare).toBe('npm run build')
})
