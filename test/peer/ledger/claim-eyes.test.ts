import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseName, Type } from '../../../src/dns/index.ts'
import { type ClaimEyesDeps, claimEyes } from '../../../src/peer/ledger/claim-eyes.ts'

const zone = parseName('shop.example.')
const signal = new AbortController().signal

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
    const deps = { recursor: { resolve }, clock: { monotonic: () => 0 }, site: { port, mayVisit: () => true }, ...more }
    return claimEyes(deps as unknown as ClaimEyesDeps)
  }

  it('reads the page at the well-known path of the domain', async () => {
    body = `${'ab'.repeat(64)}\n`
    expect(await eyes().page(zone, signal)).toBe(body)
    expect(asked).toEqual(['shop.example /.well-known/chordns-claim'])
  })

  it('takes no long page, no error, and goes nowhere else', async () => {
    body = 'x'.repeat(300)
    expect(await eyes().page(zone, signal)).toBeUndefined()
    body = 'ab'
    status = 302
    expect(await eyes().page(zone, signal)).toBeUndefined()
    status = 200
  })

  it('does not look into its own network, nor where DNSSEC says no', async () => {
    asked.length = 0
    expect(await eyes({ site: undefined } as never).page(zone, signal)).toBeUndefined()
    expect(await eyes({}, 'bogus').page(zone, signal)).toBeUndefined()
    expect(asked).toEqual([])
  })
})
