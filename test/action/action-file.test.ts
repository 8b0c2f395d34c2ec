import { existsSync, readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { actionFile } from './composite.js'

const { steps } = actionFile.runs

describe('action.yml', () => {
  test('is a composite action', () => {
    expect(actionFile.runs.using).toBe('composite')
  })

  test('puts no expression into the text of a command, where it would be code', () => {
    for (const { name, run } of steps) expect(run ?? '', name).not.toContain('${{')
  })

  test('gives a bash to every command, and puts the script in its place, for signals', () => {
    for (const { run, shell } of steps) {
      if (run === undefined) continue
      expect(shell).toBe('bash')
      expect(run).toMatch(/^exec node "\$GITHUB_ACTION_PATH\/action\/[\w-]+\.mjs"$/)
    }
  })

  test('calls scripts that are there', () => {
    const called = steps.flatMap(({ run }) => /action\/[\w-]+\.mjs/.exec(run ?? '') ?? []).map(String)
    expect(called.length).toBeGreaterThan(5)
    for (const path of called) expect(existsSync(path), path).toBe(true)
  })

  test('names a version of every other action', () => {
    const used = steps.flatMap(({ uses }) => uses ?? [])
    expect(used.length).toBeGreaterThan(0)
    for (const one of used) expect(one).toMatch(/^actions\/[\w/-]+@v\d+$/)
  })

  test('describes and uses each input', () => {
    const text = JSON.stringify(steps)
    for (const [name, { description }] of Object.entries(actionFile.inputs)) {
      expect(description, name).not.toBe('')
      expect(text, name).toContain(`inputs.${name}`)
    }
    for (const [, name] of text.matchAll(/inputs\.([\w-]+)/g))
      expect(Object.keys(actionFile.inputs)).toContain(name)
  })

  test('gives the token to the step that comments, and to no other', () => {
    const holders = steps.filter((step) => JSON.stringify(step).includes('inputs.github-token'))
    expect(holders.map(({ id }) => id)).toEqual(['comment'])
  })

  test('has scripts that need nothing but node', async () => {
    const { readFileSync } = await import('node:fs')
    for (const file of readdirSync('action')) {
      const text = readFileSync(`action/${file}`, 'utf8')
      for (const [, from] of text.matchAll(/from '([^']+)'/g)) expect(from).toMatch(/^(node:|\.\/)/)
    }
  })
})
