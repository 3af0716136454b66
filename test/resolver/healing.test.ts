/** What the ring has agreed on takes the place of what this node alone was told, and never that of what is signed. */
import { describe, expect, it } from 'vitest'
import { parseName, Rcode, Type } from '../../src/dns/index.ts'
import { type Finding, type Outcome, observersOf } from '../../src/evidence/index.ts'
import { systemClock } from '../../src/io/index.ts'
import { heal } from '../../src/resolver/index.ts'
import { observe } from '../evidence/helpers.ts'
import { createStack, createWorld, demoSpec, signWorld, texts } from '../world/index.ts'

const signed = signWorld(demoSpec(), { '.': {}, 'com.': {}, 'org.': {}, 'example.com.': {} })
const clock = systemClock()
const never = new AbortController().signal
const quiet = { trace() {}, debug() {}, info() {}, warn() {}, error() {}, child: () => quiet } as never

function agreedOn(text: string, outcome: Outcome): Finding {
  const question = { name: parseName(text), type: Type.A, class: 1 }
  const certificate = {
    kind: 'agreed',
    contents: [],
    observations: [0, 1, 2].map((i) => observe(i, outcome, { question })),
  } as const
  const evidence = {
    security: 'indeterminate',
    provenance: 'agreed',
    certificate,
    observers: observersOf(certificate),
  } as const
  return { question, outcome, evidence, expires: Date.now() + 300_000 }
}

const address = (name: string, zone: string, rdata: readonly number[]): Outcome => ({
  kind: 'rrset',
  rrset: {
    name: parseName(name),
    type: Type.A,
    class: 1,
    ttl: 300,
    rdatas: [Uint8Array.from(rdata)],
    signatures: [],
  },
  apex: parseName(zone),
  proofs: [],
})
const denial = (zone: string): Outcome => ({
  kind: 'absent',
  rcode: 3,
  apex: parseName(zone),
  soa: undefined,
  proofs: [],
})

async function stack() {
  const world = await createWorld(signed.spec, { sockets: false })
  const made = createStack(world, { anchors: signed.anchorText })
  const deps = { cache: made.cache, recursor: made.recursor, clock, log: quiet }
  return {
    ...made,
    world,
    told: async (name: string) => texts((await made.ask({ name })).answers),
    heal: (finding: Finding) => heal(deps, finding, never),
  }
}

describe('an agreement', () => {
  it('takes the place of another answer that this node was told, also of one that would have lived longer', async () => {
    const { told, heal, world } = await stack()
    const own = await told('www.example.org')
    const asked = world.count()
    expect(await heal(agreedOn('www.example.org', address('www.example.org', 'example.org', [192, 0, 2, 7])))).toBe(
      true,
    )
    expect(await told('www.example.org')).toEqual(['A 192.0.2.7'])
    expect(own).not.toEqual(['A 192.0.2.7'])
    expect(world.count()).toBe(asked)
  })

  it('takes the place of a denial, and a denial that of an answer', async () => {
    const { ask, told, heal } = await stack()
    expect((await ask({ name: 'nothere.example.org' })).rcode).toBe(Rcode.NXDOMAIN)
    const found = address('nothere.example.org', 'example.org', [192, 0, 2, 9])
    expect(await heal(agreedOn('nothere.example.org', found))).toBe(true)
    expect(await told('nothere.example.org')).toEqual(['A 192.0.2.9'])
    await told('www.example.org')
    expect(await heal(agreedOn('www.example.org', denial('example.org')))).toBe(true)
    expect((await ask({ name: 'www.example.org' })).rcode).toBe(Rcode.NXDOMAIN)
  })

  it('changes nothing where this node was told the same, or has nothing', async () => {
    const { told, heal } = await stack()
    const other = agreedOn('www.example.org', address('www.example.org', 'example.org', [192, 0, 2, 7]))
    expect(await heal(other)).toBe(false)
    const [own] = await told('www.example.org')
    const same = own!.slice(2).split('.').map(Number)
    expect(await heal(agreedOn('www.example.org', address('www.example.org', 'example.org', same)))).toBe(false)
  })

  it('never takes the place of a signed answer, nor of a signed denial', async () => {
    const { ask, heal } = await stack()
    const before = await ask({ name: 'www.example.com' }, { ad: true })
    expect(await heal(agreedOn('www.example.com', address('www.example.com', 'example.com', [6, 6, 6, 6])))).toBe(false)
    expect(await heal(agreedOn('www.example.com', denial('example.com')))).toBe(false)
    const after = await ask({ name: 'www.example.com' }, { ad: true })
    expect([texts(after.answers), after.ad]).toEqual([texts(before.answers), true])
    await ask({ name: 'nothere.example.com' })
    const forged = address('nothere.example.com', 'example.com', [6, 6, 6, 6])
    expect(await heal(agreedOn('nothere.example.com', forged))).toBe(false)
    expect((await ask({ name: 'nothere.example.com' })).rcode).toBe(Rcode.NXDOMAIN)
  })

  it('is not believed where the zone is signed and it brings no signature', async () => {
    const { cache, ask, heal } = await stack()
    // What this node has is not validated yet, as after a question with CD.
    await ask({ name: 'www.example.com' })
    const question = agreedOn('www.example.com', denial('example.com')).question
    const entry = cache.get('main', question, clock.now())!
    cache.remove('main', question)
    cache.put('main', { ...entry, rank: 3, security: 'indeterminate' }, clock.now())
    expect(await heal(agreedOn('www.example.com', address('www.example.com', 'example.com', [6, 6, 6, 6])))).toBe(false)
    expect(texts((await ask({ name: 'www.example.com' })).answers)).toEqual(['A 192.0.2.81'])
  })
})
