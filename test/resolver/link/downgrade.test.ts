/** A vote never takes the place of a signature: lying replicas below and above secure delegations. */
import { describe, expect, it } from 'vitest'
import { asPeerId } from '../../../src/base/index.ts'
import type { Chunks, RingRead } from '../../../src/chunks/index.ts'
import { nameToText, parseName, Rcode, type RRset, Type } from '../../../src/dns/index.ts'
import type { Outcome } from '../../../src/evidence/index.ts'
import { createStack, createWorld, demoSpec, signWorld, texts } from '../../world/index.ts'

const signed = signWorld(demoSpec(), { '.': {}, 'com.': {}, 'org.': {}, 'example.com.': {} })

/** More than half of the replicas, all of one mind: the ring accepts what they say. */
function ringThatSays(lie: (name: string) => Outcome): Chunks & { reads: number } {
  const ring = {
    reads: 0,
    start() {},
    stop: async () => {},
    tell() {},
    agreed: async () => false,
    observedAnew() {},
    handle: async () => new Uint8Array(),
    entry: () => undefined,
    view: () => {
      throw new Error('not asked for')
    },
    expects: () => 'unknown' as const,
    hedgeMs: () => 5_000,
    stats: () => {
      throw new Error('not asked for')
    },
    held: () => [],
    async *supply() {},
    summariesOf: () => [],
    entryOf: () => undefined,
    onAgreed: () => () => {},
    recorded() {},
    handOver: async () => ({ alone: 0, taken: 0 }),
    read: async (question: Parameters<Chunks['read']>[0]): Promise<RingRead> => {
      ring.reads++
      const outcome = lie(nameToText(question.name))
      return {
        kind: 'accepted',
        replies: [],
        links: [],
        finding: {
          question,
          outcome,
          evidence: { security: 'indeterminate', provenance: 'agreed', observers: ['a', 'b', 'c'].map(asPeerId) },
          expires: Date.now() + 300_000,
        },
      }
    },
  }
  return ring
}

const address = (name: string, last: number): RRset => ({
  name: parseName(name),
  type: Type.A,
  class: 1,
  ttl: 300,
  rdatas: [Uint8Array.of(203, 0, 113, last)],
  signatures: [],
})
const forged = (name: string): Outcome => ({
  kind: 'rrset',
  rrset: address(name, 66),
  apex: parseName('example.com'),
  proofs: [],
})
const denied = (): Outcome => ({ kind: 'absent', rcode: 3, apex: parseName('example.com'), soa: undefined, proofs: [] })

async function stackWith(lie: (name: string) => Outcome) {
  const world = await createWorld(signed.spec, { sockets: false })
  const chunks = ringThatSays(lie)
  return { ...createStack(world, { anchors: signed.anchorText, chunks }), chunks }
}

describe('a ring that lies with one voice', () => {
  it('cannot take the signature from a signed name', async () => {
    const { ask, chunks } = await stackWith(forged)
    const reply = await ask({ name: 'www.example.com' }, { ad: true })
    expect(chunks.reads).toBe(1)
    expect(texts(reply.answers)).toEqual(['A 192.0.2.81'])
    expect(reply.ad).toBe(true)
  })

  it('cannot deny a signed name', async () => {
    const { ask } = await stackWith(denied)
    const reply = await ask({ name: 'www.example.com' }, { ad: true })
    expect([reply.rcode, reply.ad]).toEqual([Rcode.NOERROR, true])
  })

  it('cannot make up a name in a signed zone', async () => {
    const { ask } = await stackWith(forged)
    expect((await ask({ name: 'evil.example.com' }, { ad: true })).rcode).toBe(Rcode.NXDOMAIN)
  })

  it('cannot say that a zone below a signed one is unsigned', async () => {
    const apex = parseName('com')
    const { ask } = await stackWith((name) => ({ kind: 'rrset', rrset: address(name, 66), apex, proofs: [] }))
    expect(texts((await ask({ name: 'www.example.com' })).answers)).toEqual(['A 192.0.2.81'])
  })

  it('is believed below a proven insecure delegation, without AD: that is what agreement is for', async () => {
    const { ask } = await stackWith((name) => ({ ...forged(name), apex: parseName('example.org') }) as Outcome)
    const reply = await ask({ name: 'www.example.org' }, { ad: true })
    expect(texts(reply.answers)).toEqual(['A 203.0.113.66'])
    expect(reply.ad).toBe(false)
  })
})
