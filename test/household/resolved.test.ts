/** Whole resolvers that are one household, in front of one world: what one resolved, the others have. */
import { describe, expect, it } from 'vitest'
import { ALWAYS_FREE, type Work } from '../../src/base/index.ts'
import { Rank } from '../../src/cache/index.ts'
import { nameToText, parentName, parseName, parseZone, Type } from '../../src/dns/index.ts'
import { delegationQuestion } from '../../src/evidence/index.ts'
import { limits } from '../../src/household/limits.ts'
import { encodeMessage, encodeRow, type ToldRow } from '../../src/household/rows.ts'
import type { ResolveStep } from '../../src/resolver/types.ts'
import type { Stack } from '../attacks/stack.ts'
import type { Behaviour } from '../world/index.ts'
import { type Scenario, type ScenarioSpec, scenario, told } from '../world/scenario.ts'
import { addressOf, type Boxes, delegationOf, makeBoxes, peerOf, question } from './boxes.ts'

const ZONES: ScenarioSpec['zones'] = {
  'com.': { signed: true },
  'signed.com.': { signed: true, text: 'www A 192.0.2.1\nmail A 192.0.2.2\nalias CNAME www.plain.com.' },
  'plain.com.': 'www A 192.0.2.11\nmail A 192.0.2.12',
  'evil.com.': 'www A 192.0.2.66',
}
const SIGNED = 'NOERROR AD: A 192.0.2.1'
const PLAIN = 'NOERROR: A 192.0.2.11'

interface Home {
  readonly s: Scenario
  readonly boxes: Boxes
  readonly stacks: readonly Stack[]
  ask(box: number, name: string, type?: string): Promise<string>
  /** The queries that this question cost: "ns1.com www.example.com. A". */
  cost(box: number, name: string, type?: string): Promise<string[]>
  /** Until what was found is told. */
  tell(): Promise<void>
  lie(to: number, ...rows: ToldRow[]): void
}

async function home(
  count: number,
  spec: Partial<ScenarioSpec> = {},
  work: Pick<Work, 'whenFree'> = ALWAYS_FREE,
): Promise<Home> {
  const s = await scenario({ zones: ZONES, ...spec })
  const boxes = makeBoxes(count, { clock: s.clock, work })
  const stacks = boxes.all.map(({ watched, household }, i) =>
    s.fresh(
      i + 1,
      {},
      {
        cache: watched,
        toldBy: (asked) => household.sourceOf(asked),
        takeTold: () => household.takeWaiting(),
      },
    ),
  )
  const ask: Home['ask'] = async (box, name, type = 'A') => told(await stacks[box]!.ask(name, type, { ad: true }))
  return {
    s,
    boxes,
    stacks,
    ask,
    async cost(box, name, type) {
      s.world.clearLog()
      await ask(box, name, type)
      return s.asked()
    },
    tell: () => boxes.wait(2 * limits.GATHER_MS_PER_MEMBER + 50),
    lie: (to, ...rows) =>
      void boxes.all[to]!.household.handle(peerOf(to === 0 ? 1 : 0), encodeMessage(rows.map((row) => encodeRow(row)!))),
  }
}

function answer(
  name: string,
  rdata: readonly number[],
  change: Partial<Extract<ToldRow, { kind: 'answer' }>> = {},
): ToldRow {
  const asked = change.question ?? question(name)
  return {
    kind: 'answer',
    question: asked,
    outcome: { ...addressOf(asked, rdata), apex: parentName(asked.name) },
    rank: Rank.AUTHORITATIVE,
    seconds: 300,
    ...change,
  }
}

describe('a household of whole resolvers', () => {
  it.each(['www.signed.com', 'www.plain.com', 'missing.signed.com', 'missing.plain.com', 'alias.signed.com'])(
    'answers %s on every box when one has resolved it, without a query',
    async (name) => {
      const { ask, cost, tell, s } = await home(3)
      const first = await ask(0, name)
      await tell()
      for (const box of [1, 2]) {
        expect(await cost(box, name)).toEqual([])
        expect(await ask(box, name)).toBe(first)
      }
      expect(s.stack.faults).toEqual([])
    },
  )

  it('has the cuts and keys on the way, so that another name of the zone costs one query', async () => {
    const { ask, cost, tell } = await home(3)
    expect(await ask(0, 'www.signed.com')).toBe(SIGNED)
    expect(await ask(0, 'www.plain.com')).toBe(PLAIN)
    await tell()
    expect(await cost(1, 'mail.signed.com')).toEqual(['ns1.signed.com mail.signed.com. A'])
    expect(await cost(1, 'mail.plain.com')).toEqual(['ns1.plain.com mail.plain.com. A'])
    expect(await ask(1, 'mail.signed.com')).toBe('NOERROR AD: A 192.0.2.2')
    await tell()
    expect(await cost(2, 'mail.signed.com')).toEqual([])
  })

  it('says of its others’ finds whose they are, also after they were validated', async () => {
    const { stacks, ask, tell } = await home(2)
    await ask(0, 'www.signed.com')
    await tell()
    const steps = async (box: number) => {
      const seen: ResolveStep[] = []
      await stacks[box]!.clock.run(
        stacks[box]!.resolver.resolve({
          question: question('www.signed.com'),
          recursionDesired: true,
          checkingDisabled: false,
          dnssecOk: false,
          authenticData: true,
          client: 'test',
          signal: new AbortController().signal,
          onStep: (step) => seen.push(step),
        }),
      )
      return seen.flatMap((step) => ('detail' in step ? [step.detail] : []))
    }
    for (let i = 0; i < 2; i++) expect(await steps(1)).toContain('told by box0')
    expect(await steps(0)).not.toContain('told by box1')
  })

  it('tells once: nobody tells again what he was told, whatever he makes of it', async () => {
    const { ask, tell, boxes } = await home(3)
    await ask(0, 'www.signed.com')
    await tell()
    const before = boxes.sent.length
    for (const box of [1, 2]) await ask(box, 'www.signed.com')
    await tell()
    await boxes.wait(5_000)
    expect(boxes.sent.length - before).toBe(0)
  })

  it('asks nobody for what it was told but had no time to take', async () => {
    const never: Pick<Work, 'whenFree'> = { whenFree: () => () => {} }
    const { lie, cost, boxes } = await home(2, {}, never)
    // As a box that always has a stub waiting: what it was told would be taken a second late.
    await cost(0, 'mail.plain.com')
    lie(0, answer('www.plain.com', [192, 0, 2, 11]))
    expect(boxes.seen(boxes.all[0]!, 'www.plain.com')).toBeUndefined()
    expect(await cost(0, 'www.plain.com')).toEqual([])
    // It is what the others know, as if it had been taken in time.
    expect(boxes.all[0]!.household.sourceOf(question('www.plain.com'))).toBe(peerOf(1))
  })

  it('never keeps a told answer longer than the box that fetched it', async () => {
    const { ask, tell, boxes, s } = await home(3)
    await ask(0, 'www.plain.com')
    await s.wait(60)
    await tell()
    await ask(1, 'www.plain.com')
    const [own, ...others] = boxes.all.map((box) => boxes.seen(box, 'www.plain.com')!.expires)
    for (const expires of others) expect(expires).toBeLessThanOrEqual(own!)
  })
})

describe('a member that lies', () => {
  it('is believed for unsigned names', async () => {
    const { ask, lie } = await home(2)
    lie(0, answer('www.plain.com', [203, 0, 113, 66]))
    // Nothing is known of the zone yet: its parent is asked whether it is signed.
    expect(await ask(0, 'www.plain.com')).toBe('NOERROR: A 203.0.113.66')
  })

  it('cannot set AD, nor change a signed answer: it is fetched', async () => {
    const { ask, lie, boxes, tell } = await home(3)
    lie(0, answer('www.signed.com', [203, 0, 113, 66]))
    expect(await ask(0, 'www.signed.com')).toBe(SIGNED)
    // What the honest one makes of it is told as it is.
    await tell()
    expect(await ask(2, 'www.signed.com')).toBe(SIGNED)
    expect(boxes.seen(boxes.all[0]!, 'www.signed.com')?.security).toBe('secure')
  })

  it('cannot hide behind a zone that does not exist', async () => {
    const { ask, lie } = await home(2)
    const asked = question('www.signed.com')
    lie(0, answer('www.signed.com', [], { outcome: addressOf(asked, [203, 0, 113, 66]) }))
    expect(await ask(0, 'www.signed.com')).toBe(SIGNED)
  })

  it('cannot deny a signed name', async () => {
    const { ask, lie } = await home(2)
    const outcome = { kind: 'absent', rcode: 3, apex: parseName('signed.com'), soa: undefined, proofs: [] } as const
    lie(0, answer('www.signed.com', [], { outcome }))
    expect(await ask(0, 'www.signed.com')).toBe(SIGNED)
  })

  it.each(['DNSKEY', 'DS'])('cannot spoil a signed zone with a false %s set', async (type) => {
    const { ask, lie } = await home(2)
    const asked = question('signed.com', type)
    const rdata =
      type === 'DS' ? [0, 1, 13, 2, ...Array<number>(32).fill(7)] : [1, 1, 3, 13, ...Array<number>(64).fill(7)]
    lie(
      0,
      answer('', [], {
        question: asked,
        outcome: { ...addressOf(asked, rdata), apex: parseName(type === 'DS' ? 'com' : 'signed.com') },
      }),
    )
    expect(await ask(0, 'www.signed.com')).toBe(SIGNED)
  })

  it.each([
    ['without DS', undefined],
    ['with a false DS set', [0, 1, 13, 2, ...Array<number>(32).fill(7)]],
  ])('cannot make a signed zone unsigned by a delegation %s', async (_, rdata) => {
    const { ask, lie, s } = await home(2)
    const ds = rdata && {
      name: parseName('signed.com'),
      type: 43,
      class: 1,
      ttl: 300,
      rdatas: [Uint8Array.from(rdata)],
      signatures: [],
    }
    const server = s.world.servers.get('ns1.signed.com')!
    const delegation = delegationOf('signed.com', {
      ds,
      addresses: new Map([[parseName('ns.signed.com').key, server.addresses]]),
    })
    lie(0, { kind: 'delegation', delegation, parent: parseName('com') })
    expect(await ask(0, 'www.signed.com')).toBe(SIGNED)
  })

  it.each(['com', 'signed.com'])(
    'cannot keep the servers of %s away for long by a delegation to nowhere',
    async (zone) => {
      const { ask, lie } = await home(2)
      lie(0, { kind: 'delegation', delegation: delegationOf(zone), parent: parseName(zone === 'com' ? '.' : 'com') })
      expect(await ask(0, 'www.signed.com')).toBe(SIGNED)
    },
  )

  it.each(['com', 'signed.com'])(
    'cannot keep a signed name away for long by a delegation of %s to servers of its own, which answer all with lies',
    async (zone) => {
      const { ask, lie, s } = await home(2, { servers: { 'ns1.evil.com': { tamper: liesOf(zone) } } })
      const server = s.world.servers.get('ns1.evil.com')!
      const delegation = delegationOf(zone, { addresses: new Map([[parseName(`ns.${zone}`).key, server.addresses]]) })
      lie(0, { kind: 'delegation', delegation, parent: parseName(zone === 'com' ? '.' : 'com') })
      expect(['SERVFAIL', SIGNED]).toContain(await ask(0, 'www.signed.com'))
      await s.wait(120)
      expect(await ask(0, 'www.signed.com')).toBe(SIGNED)
    },
  )

  it('is named', async () => {
    const { lie, boxes } = await home(2)
    lie(0, answer('www.plain.com', [203, 0, 113, 66]))
    expect(boxes.all[0]!.household.sourceOf(question('www.plain.com'))).toBe('box1')
    expect(boxes.all[0]!.household.sourceOf(delegationQuestion(parseName('plain.com')))).toBeUndefined()
  })
})

/** Every address is the liar's, and nothing else is there. */
function liesOf(zone: string): NonNullable<Behaviour['tamper']> {
  const records = (text: string) => parseZone(text, { origin: parseName('.'), defaultTtl: 300 })
  return (reply) => {
    const [asked] = reply.questions
    const isAddress = asked!.type === Type.A
    const answers = isAddress ? records(`${nameToText(asked!.name)} A 203.0.113.66`) : []
    const authorities = isAddress ? [] : records(`${zone}. SOA ns.${zone}. h. 1 2 3 4 60`)
    return [{ reply: { ...reply, rcode: 0, aa: true, answers, authorities, additionals: [] } }]
  }
}
