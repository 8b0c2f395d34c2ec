import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { redact } from '../../src/core/redact.js'

describe('redacting', () => {
  test.each([
    ['GET https://a.example/v.mp4?X-Tos-Signature=s3cret failed', 'GET https://a.example/v.mp4?*** failed'],
    ['"https://a.example/?a=1","x"', '"https://a.example/?***","x"'],
    ['HTTPS://A.example/v?k=1#f', 'HTTPS://A.example/v?***'],
    ['authorization: Bearer sk-abc.DEF_1~+/=', 'authorization: Bearer ***'],
    ['bearer   abcd', 'bearer ***'],
    ['nothing to hide', 'nothing to hide'],
    ['https://a.example/v.mp4', 'https://a.example/v.mp4'],
    ['why? because', 'why? because'],
    ['https://me:s3cret@a.example/hook?k=1', 'https://***@a.example/hook?***'],
    ['write to a@b.example, or https://a.example/@me', 'write to a@b.example, or https://a.example/@me'],
  ])('%s', (text, clean) => {
    expect(redact(text)).toBe(clean)
  })

  test('takes out a given secret wherever it stands, and each time', () => {
    expect(redact('key=s3cret/s3cret', ['s3cret'])).toBe('key=***/***')
  })

  test('takes out a longer secret whole when a shorter one begins it', () => {
    expect(redact('abcd-efgh', ['abcd', 'abcd-efgh'])).not.toContain('efgh')
  })

  test('leaves alone what is too short to be a secret', () => {
    expect(redact('a fox', ['a', ''])).toBe('a fox')
  })

  const secrets = fc.stringMatching(/^[A-Za-z0-9_-]{8,40}$/)

  test('no key survives', () => {
    fc.assert(
      fc.property(fc.string(), secrets, fc.string(), (before, key, after) => {
        expect(redact(`${before}${key}${after}`, [key])).not.toContain(key)
      }),
    )
  })

  test('no bearer token survives', () => {
    fc.assert(
      fc.property(fc.string(), secrets, (before, key) => {
        expect(redact(`${before} Bearer ${key}`)).not.toContain(key)
      }),
    )
  })

  test('no query of a URL survives', () => {
    fc.assert(
      fc.property(fc.webUrl(), secrets, fc.constantFrom('', ' ', '"', ')', '\n'), (url, signature, after) => {
        const clean = redact(`cannot fetch ${url}?sig=${signature}&x=${signature}${after}`)
        expect(clean).not.toContain(signature)
        expect(clean).toContain(url)
      }),
    )
  })
})
