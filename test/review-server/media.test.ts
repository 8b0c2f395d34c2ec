import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { rangeOf, sendFile } from '../../src/review-server/media.js'
import { serve } from '../support/http-server.js'

describe('a range, as RFC 9110 has it,', () => {
  test.each([
    ['bytes=0-0', { first: 0, last: 0 }],
    ['bytes=0-499', { first: 0, last: 499 }],
    ['bytes=500-999', { first: 500, last: 999 }],
    ['bytes=9500-', { first: 9500, last: 9999 }],
    ['bytes=-500', { first: 9500, last: 9999 }],
    // More than there is: what there is.
    ['bytes=9500-20000', { first: 9500, last: 9999 }],
    ['bytes=-20000', { first: 0, last: 9999 }],
    [`bytes=0-${'9'.repeat(400)}`, { first: 0, last: 9999 }],
    // Names of units have no case.
    ['Bytes=0-1', { first: 0, last: 1 }],
  ])('%s is a stretch', (header, range) => {
    expect(rangeOf(header, 10_000)).toEqual(range)
  })

  test.each(['bytes=10000-', 'bytes=10000-10001', 'bytes=-0', `bytes=${'9'.repeat(400)}-`])(
    '%s cannot be had',
    (header) => {
      expect(rangeOf(header, 10_000)).toBe('impossible')
    },
  )

  test.each([
    undefined,
    '',
    'bytes=',
    'bytes=-',
    'bytes',
    'bytes=500-499',
    'bytes=a-b',
    'bytes=0-1,5-6',
    'bytes=--1',
    'bytes=0x0-0x1',
    'lines=0-1',
    ' bytes=0-1',
  ])('%j asks for nothing that is known, so that the whole is sent', (header) => {
    expect(rangeOf(header, 10_000)).toBeUndefined()
  })

  test.each([
    ['bytes=0-', 'impossible'],
    ['bytes=-0', 'impossible'],
    ['bytes=-1', undefined],
  ])('%s of nothing', (header, range) => {
    expect(rangeOf(header, 0)).toBe(range)
  })

  test('lies in the file whatever is asked for', () => {
    const part = fc.option(fc.nat(300), { nil: '' })
    fc.assert(
      fc.property(part, part, fc.nat(200), (from, to, size) => {
        const range = rangeOf(`bytes=${from}-${to}`, size)
        if (typeof range !== 'object') return
        expect(range.first).toBeGreaterThanOrEqual(0)
        expect(range.last).toBeGreaterThanOrEqual(range.first)
        expect(range.last).toBeLessThan(size)
      }),
    )
  })
})

describe('a file', () => {
  const film = Buffer.from('0123456789')
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'shotlock-media-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    writeFileSync(join(folder, 'film.mp4'), film)
  })

  async function ask(headers: Record<string, string> = {}, { method = 'GET', name = 'film.mp4' } = {}) {
    const { url } = await serve((request, response) => {
      void sendFile(join(folder, name), 'video/mp4', { request, response })
    })
    return await new Promise<{ status: number | undefined; body: string; headers: Record<string, unknown> }>(
      (resolve, reject) => {
        const sent = request(url, { method, headers }, async (response) => {
          let body = ''
          for await (const chunk of response.setEncoding('latin1')) body += chunk
          resolve({ status: response.statusCode, body, headers: response.headers })
        })
        sent.on('error', reject).end()
      },
    )
  }

  test('is sent whole with its type and length, and says that stretches can be had', async () => {
    expect(await ask()).toMatchObject({
      status: 200,
      body: '0123456789',
      headers: { 'content-type': 'video/mp4', 'content-length': '10', 'accept-ranges': 'bytes' },
    })
  })

  test.each([
    ['bytes=2-4', '234', 'bytes 2-4/10'],
    ['bytes=7-', '789', 'bytes 7-9/10'],
    ['bytes=-1', '9', 'bytes 9-9/10'],
    ['bytes=0-99', '0123456789', 'bytes 0-9/10'],
  ])('sends %s of itself', async (range, body, contentRange) => {
    expect(await ask({ range })).toMatchObject({
      status: 206,
      body,
      headers: { 'content-range': contentRange, 'content-length': String(body.length) },
    })
  })

  test('says how long it is to whoever asks for a stretch behind its end', async () => {
    expect(await ask({ range: 'bytes=10-' })).toMatchObject({
      status: 416,
      body: '',
      headers: { 'content-range': 'bytes */10' },
    })
  })

  test('is sent whole to whoever wants a stretch only of a version that it does not know', async () => {
    expect(await ask({ range: 'bytes=2-4', 'if-range': '"abc"' })).toMatchObject({ status: 200 })
  })

  test('is not sent for HEAD, for which there are no stretches', async () => {
    for (const headers of [{}, { range: 'bytes=2-4' }, { range: 'bytes=99-' }] as Record<string, string>[])
      expect(await ask(headers, { method: 'HEAD' })).toMatchObject({
        status: 200,
        body: '',
        headers: { 'content-length': '10' },
      })
  })

  test('that is empty is sent as such', async () => {
    writeFileSync(join(folder, 'empty.mp4'), '')
    const name = 'empty.mp4'
    expect(await ask({}, { name })).toMatchObject({ status: 200, headers: { 'content-length': '0' } })
    expect(await ask({ range: 'bytes=-5' }, { name })).toMatchObject({ status: 200 })
    expect(await ask({ range: 'bytes=0-' }, { name })).toMatchObject({ status: 416 })
  })

  test('that is not there, or is a folder, is not found', async () => {
    mkdirSync(join(folder, 'folder.mp4'))
    for (const name of ['none.mp4', 'folder.mp4'])
      expect(await ask({}, { name })).toMatchObject({ status: 404 })
  })

  test('whose reader goes away in the middle is let go', async () => {
    writeFileSync(join(folder, 'film.mp4'), Buffer.alloc(16 * 1024 * 1024))
    await new Promise<void>((resolve, reject) => {
      const serving = serve((request, response) => {
        sendFile(join(folder, 'film.mp4'), 'video/mp4', { request, response }).then(resolve, reject)
      })
      void serving.then(({ url }) =>
        request(url, (response) => response.once('data', () => response.destroy())).end(),
      )
    })
  })
})
