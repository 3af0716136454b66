import { createServer } from 'node:http'
import { createServer as createTlsServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseName, Type } from '../../../src/dns/index.ts'
import { CLAIM_PATH } from '../../../src/ledger/index.ts'
import { type ClaimEyesDeps, claimEyes } from '../../../src/peer/ledger/claim-eyes.ts'
import { newPrivateKey, selfSigned } from '../../../src/peer/tls/self-signed.ts'

const zone = parseName('shop.example.')
const signal = new AbortController().signal
const key = newPrivateKey()
const certificateFor = (name: string) => selfSigned({ name, addresses: [] }, key, Date.now())
const CERTIFICATE = { key, cert: certificateFor('shop.example') }
/** Nobody listens there. */
const NOBODY = 9
let secure: Server | undefined
const tlsPort = () => (secure === undefined ? NOBODY : (secure.address() as AddressInfo).port)

/** A site by HTTPS beside the plain one. */
async function withTls(cert: string, page: string | undefined, run: () => Promise<void>): Promise<void> {
  const server = createTlsServer({ key, cert }, (_, reply) => {
    reply.writeHead(page === undefined ? 404 : 200)
    reply.end(page)
  })
  await new Promise<void>((go) => server.listen(0, '127.0.0.1', go))
  secure = server
  try {
    await run()
  } finally {
    secure = undefined
    server.closeAllConnections()
    server.close()
  }
}

describe('how a validator sees the site of a claimed domain', () => {
  let body = ''
  let status = 200
  const asked: string[] = []
  const server = createServer((request, reply) => {
    asked.push(`${request.headers.host} ${request.url}`)
    reply.writeHead(status, { location: 'http://192.0.2.1/' })
    reply.end(body)
  })
  beforeAll(() => new Promise<void>((go) => server.listen(0, '127.0.0.1', go)))
  afterAll(() => server.close())

  const eyes = (more: Partial<ClaimEyesDeps> = {}, security = 'insecure') => {
    const resolve = async ({ question }: { question: { type: number } }) => {
      const rrset = {
        name: zone,
        type: Type.A,
        class: 1,
        ttl: 5,
        rdatas: [Uint8Array.of(127, 0, 0, 1)],
        signatures: [],
      }
      const outcome = question.type === Type.A ? { kind: 'rrset', rrset } : { kind: 'absent' }
      return { outcome, evidence: { security } }
    }
    const { port } = server.address() as AddressInfo
    const deps = {
      recursor: { resolve },
      clock: { monotonic: () => 0 },
      site: { port, tlsPort: tlsPort(), mayVisit: () => true, authorities: CERTIFICATE.cert },
      ...more,
    }
    return claimEyes(deps as unknown as ClaimEyesDeps)
  }

  it('reads the page at the well-known path of the domain', async () => {
    body = `${'ab'.repeat(64)}\n`
    expect(await eyes().page(zone, CLAIM_PATH, signal)).toBe(body)
    expect(asked).toEqual(['shop.example /.well-known/chordns-claim'])
  })

  it('takes no long page, no error, and goes nowhere else', async () => {
    body = 'x'.repeat(300)
    expect(await eyes().page(zone, CLAIM_PATH, signal)).toBeUndefined()
    body = 'ab'
    status = 302
    expect(await eyes().page(zone, CLAIM_PATH, signal)).toBeUndefined()
    status = 200
  })

  it('does not look into its own network, nor where DNSSEC says no', async () => {
    asked.length = 0
    expect(await eyes({ site: undefined } as never).page(zone, CLAIM_PATH, signal)).toBeUndefined()
    expect(await eyes({}, 'bogus').page(zone, CLAIM_PATH, signal)).toBeUndefined()
    expect(asked).toEqual([])
  })

  it('goes by HTTPS where the certificate is one for the domain, and does not ask without it then', async () => {
    body = 'plain'
    asked.length = 0
    await withTls(CERTIFICATE.cert, 'secure', async () => {
      expect(await eyes().page(zone, `${CLAIM_PATH}/ab`, signal)).toBe('secure')
    })
    await withTls(CERTIFICATE.cert, undefined, async () => {
      expect(await eyes().page(zone, CLAIM_PATH, signal)).toBeUndefined()
    })
    expect(asked).toEqual([])
  })

  it('goes by plain HTTP where nobody answers for TLS, or with a certificate of another name or of nobody', async () => {
    body = 'plain'
    expect(await eyes().page(zone, CLAIM_PATH, signal)).toBe('plain')
    // The second one is not among those that count here.
    for (const cert of [certificateFor('other.example'), certificateFor('shop.example')])
      await withTls(cert, 'secure', async () => {
        expect(await eyes().page(zone, CLAIM_PATH, signal)).toBe('plain')
      })
  })
})
