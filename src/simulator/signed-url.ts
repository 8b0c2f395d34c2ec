import { createHmac, timingSafeEqual } from 'node:crypto'

/** Guards nothing of worth: it is fixed so that URLs stay good when the simulator restarts. */
const signingKey = 'simulator'
const credential = 'SIMULATOR/tos/request'

/** A file's address, signed the way the service's storage signs. Source: reference section 12. */
export function signUrl(origin: string, path: string, options: { nowMs: number; lifetimeS: number }): string {
  const date = new Date(options.nowMs).toISOString().replace(/[-:]|\.\d+/g, '')
  const query = new URLSearchParams({
    'X-Tos-Algorithm': 'TOS4-HMAC-SHA256',
    'X-Tos-Credential': credential,
    'X-Tos-Date': date,
    'X-Tos-Expires': String(options.lifetimeS),
    'X-Tos-SignedHeaders': 'host',
    'X-Tos-Signature': signatureOf(path, date, String(options.lifetimeS)),
  })
  return `${origin}${path}?${query}`
}

/** What is wrong with a signed URL; `undefined` when nothing is. */
export function signatureFault(url: URL, nowMs: number): 'missing' | 'forged' | 'expired' | undefined {
  const date = url.searchParams.get('X-Tos-Date')
  const expires = url.searchParams.get('X-Tos-Expires')
  const signature = url.searchParams.get('X-Tos-Signature')
  if (!date || !expires || !signature) return 'missing'

  const wanted = Buffer.from(signatureOf(url.pathname, date, expires))
  const given = Buffer.from(signature)
  if (wanted.length !== given.length || !timingSafeEqual(wanted, given)) return 'forged'

  const signedAtMs = Date.parse(
    date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'),
  )
  return nowMs > signedAtMs + Number(expires) * 1000 ? 'expired' : undefined
}

function signatureOf(path: string, date: string, expires: string): string {
  return createHmac('sha256', signingKey).update(`${path}\n${date}\n${expires}`).digest('hex')
}
