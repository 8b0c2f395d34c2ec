import { cpSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import { describe, expect, onTestFinished } from 'vitest'
import { parseLockfile } from '../../src/core/lockfile.js'
import type { TakeName } from '../../src/core/names.js'
import { createProject, type RunningCommand } from '../support/project.js'
import { card, openPage, openShot, seriousFaults, test } from './rig.js'
import { ep01, type Season, sharedSeason } from './season.js'

interface Served extends Season {
  url: string
  server: RunningCommand
}

const bought = sharedSeason()

/** A copy of a season that was bought once for all tests, and a server of its review. */
async function serveSeason(): Promise<Served> {
  const { project: original, flags } = bought()
  const project = createProject()
  cpSync(original.folder, project.folder, { recursive: true })
  const server = project.start(['review', '--serve', ...flags])
  const [url] = await server.sees(/http:\/\/127\.0\.0\.1:\d+\/[\w-]+\//)
  return { project, flags, server, url }
}

/** The journal has a decision first; the lockfile follows at once. */
const entry = ({ project }: Season, take: string, manifest = 'ep01') => {
  const file = `manifests/${manifest}.simulator.lock.yaml`
  return parseLockfile(project.read(file), file).get(take as TakeName)
}

describe('decisions on the served page', () => {
  test('a pick and an approval are in the lockfile, and on the page', async () => {
    const season = await serveSeason()
    const page = await openPage(season.url)
    const dialog = await openShot(page, 'fox')
    const second = dialog.locator('[data-take="fox@2"]')
    await second.getByRole('button', { name: 'Pick', exact: true }).click()
    await second.getByText('★ picked').waitFor()
    await expect.poll(() => entry(season, 'fox@2')).toMatchObject({ pick: true })
    await second.getByRole('button', { name: 'Approve' }).click()
    await second.getByText('✓ approved').waitFor()
    await expect.poll(() => entry(season, 'fox@2')).toMatchObject({ pick: true, approved: true })
    await second.getByRole('button', { name: 'Take back pick' }).click()
    await expect.poll(() => entry(season, 'fox@2')).not.toHaveProperty('pick')
    expect(await seriousFaults(page)).toEqual([])
  })

  test('a rejection has a note, and both can be taken back', async () => {
    const season = await serveSeason()
    const page = await openPage(season.url)
    const dialog = await openShot(page, 'fox-run')
    await dialog.getByRole('button', { name: 'Reject' }).click()
    await page.keyboard.type('尾巴不见了 <b>')
    expect(await seriousFaults(page)).toEqual([])
    await page.keyboard.press('Enter')
    await dialog.getByText('✕ rejected').waitFor()
    await expect
      .poll(() => entry(season, 'fox-run'))
      .toMatchObject({ approved: false, note: '尾巴不见了 <b>' })
    expect(await dialog.locator('p.note').textContent()).toBe('尾巴不见了 <b>')

    await dialog.getByRole('button', { name: 'Undecide' }).click()
    await expect.poll(() => entry(season, 'fox-run')).not.toHaveProperty('note')
    expect(entry(season, 'fox-run')).not.toHaveProperty('approved')
  })

  test('keys decide about the shot that has the focus', async () => {
    const season = await serveSeason()
    const page = await openPage(season.url)
    await card(page, 'owl').getByRole('button').focus()
    await page.keyboard.press('a')
    await card(page, 'owl').getByText('✓ approved').waitFor()
    await expect.poll(() => entry(season, 'owl')).toMatchObject({ approved: true })
    await page.keyboard.press('u')
    await expect.poll(() => entry(season, 'owl')).not.toHaveProperty('approved')
  })

  test('a promoted draft is made final by the next run', async () => {
    const season = await serveSeason()
    const page = await openPage(season.url)
    const dialog = await openShot(page, 'draft-me')
    await dialog.getByRole('button', { name: 'Promote' }).click()
    await expect.poll(() => entry(season, 'draft-me@draft', 'ep02')).toMatchObject({ approved: true })
    const run = await season.project.shotlock(['run', '--yes', 'manifests/ep02.yaml', ...season.flags])
    expect(run.status).toBe(0)
    const draft = entry(season, 'draft-me@draft', 'ep02')?.task
    expect(entry(season, 'draft-me', 'ep02')).toMatchObject({ status: 'succeeded', draft })
    // The page hears of it.
    await expect.poll(() => dialog.locator('[data-take="draft-me"]').textContent()).toMatch(/done/)
  })

  test('two more takes are written into the manifest, where all else stays as it was', async () => {
    const season = await serveSeason()
    const page = await openPage(season.url)
    const dialog = await openShot(page, 'owl')
    await dialog.getByRole('button', { name: 'Two more takes' }).click()
    await expect.poll(() => dialog.locator('[data-take]').count()).toBe(3)
    const owl = '  owl: { prompt: An owl turns its head, image: refs/owl.png, tags: [night] }'
    expect(season.project.read('manifests/ep01.yaml')).toBe(
      ep01.replace(owl, owl.replace('{', '{ takes: 3,')),
    )
  })

  test('a decision that cannot be kept is refused in words, and changes nothing', async () => {
    const season = await serveSeason()
    const page = await openPage(season.url, { allowsTrouble: true })
    const dialog = await openShot(page, 'fox')
    const before = season.project.read('manifests/ep01.simulator.lock.yaml')
    season.project.write('manifests/ep01.yaml', `${ep01}  broken: {`)
    await dialog.locator('[data-take="fox"]').getByRole('button', { name: 'Approve' }).click()
    await expect.poll(() => page.locator('.notice').textContent()).toMatch(/manifests\/ep01\.yaml:\d+:\d+ /)
    expect(season.project.read('manifests/ep01.simulator.lock.yaml')).toBe(before)
  })
})

describe('a run in another process', () => {
  test('shows on the page as it gets on, and a decision made meanwhile waits for its end', async () => {
    const season = await serveSeason()
    const page = await openPage(season.url)
    const edited = ep01
      .replace('A door opens, skip: true', 'sim:stuck a door opens')
      .replace('sim:moderate-output', 'in slow motion')
    season.project.write('manifests/ep01.yaml', edited)
    const start = (shot: string) =>
      season.project.start(['run', 'manifests/ep01.yaml', '--yes', '--shot', shot, ...season.flags])

    const run = start('later')
    await page.getByText('ep01: a run is working on it').waitFor()
    await card(page, 'later').getByText('live').first().waitFor()
    const owl = card(page, 'owl')
    await owl.getByRole('button').focus()
    await page.keyboard.press('a')
    await owl.getByText('waits for the run').waitFor()
    expect(entry(season, 'owl')).not.toHaveProperty('approved')
    run.process.kill('SIGINT')
    expect(await run.done).toMatchObject({ status: 4 })
    await owl.getByText('✓ approved').waitFor()
    await expect.poll(() => entry(season, 'owl')).toMatchObject({ approved: true })
    await page.getByText('a run is working on it').waitFor({ state: 'detached' })

    expect(await start('alley').done).toMatchObject({ status: 0 })
    await card(page, 'alley').locator('canvas').waitFor()
  })

  test('when the server ends, the page says so', async () => {
    const { url, server } = await serveSeason()
    const page = await openPage(url, { allowsTrouble: true })
    server.process.kill('SIGINT')
    expect(await server.done).toMatchObject({ status: 0 })
    await expect.poll(() => page.locator('.notice').textContent()).toMatch(/server/)
  })
})

describe('a page of somebody else', () => {
  /** A page at another address, which knows the server's, token and all. */
  async function foreignPage(html = ''): Promise<Page> {
    const server = createServer((_, response) => {
      response.setHeader('content-type', 'text/html')
      response.end(`<!doctype html><title>x</title>${html}`)
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    onTestFinished(() => void server.close())
    return await openPage(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, {
      allowsTrouble: true,
    })
  }

  test('cannot decide', async () => {
    const season = await serveSeason()
    const page = await foreignPage()
    const body = JSON.stringify({ do: 'judge', manifest: 'ep01', take: 'owl', approved: true })
    const sent = await page.evaluate(
      async ([url, decision]) => {
        const tries = [
          { headers: { 'content-type': 'application/json' } },
          // Such a request is sent without asking first.
          { headers: { 'content-type': 'text/plain' } },
          { headers: { 'content-type': 'text/plain' }, mode: 'no-cors' as const },
        ]
        const send = (more: RequestInit) =>
          fetch(`${url}decisions`, { method: 'POST', body: decision!, ...more }).then(
            ({ status, type }) => `${type} ${status}`,
            (error: Error) => error.name,
          )
        return await Promise.all(tries.map(send))
      },
      [season.url, body] as const,
    )
    expect(sent).toEqual(['TypeError', 'TypeError', 'TypeError'])
    expect(entry(season, 'owl')).not.toHaveProperty('approved')
  })

  test('cannot read the page or a film, nor show the page in a frame', async () => {
    const { url } = await serveSeason()
    const page = await foreignPage()
    const outcome = await page.evaluate(async (address) => {
      const reads = await Promise.all(
        ['', 'media/0', 'events'].map((path) => fetch(address + path).catch((error: Error) => error.name)),
      )
      const film = document.createElement('video')
      const loaded = new Promise((done) => {
        film.onerror = () => done('refused')
        film.onloadedmetadata = () => done('loaded')
      })
      film.src = `${address}media/0`
      return [...reads, await loaded]
    }, url)
    expect(outcome).toEqual(['TypeError', 'TypeError', 'TypeError', 'refused'])

    await page.evaluate((address) => {
      const frame = document.createElement('iframe')
      frame.src = address
      document.body.append(frame)
      return new Promise((done) => {
        frame.onload = done
      })
    }, url)
    const [, frame] = page.frames()
    expect(await frame!.evaluate(() => document.querySelectorAll('[data-shot]').length).catch(() => 0)).toBe(
      0,
    )
  })
})
