/** What a member makes of rows and accusations that others send: believed with proof, refused without, told on once. */
import { beforeEach, describe, expect, it } from 'vitest'
import type { PeerId, RingId } from '../../../src/base/index.ts'
import { type CborValue, encodeCanonical } from '../../../src/crypto/index.ts'
import { limits } from '../../../src/ring/limits.ts'
import { initialState, statusOf, step } from '../../../src/ring/machine/machine.ts'
import type { RingContext, RingEffect, RingEvent, RingState } from '../../../src/ring/machine/state.ts'
import { condemn, signAccusation } from '../../../src/ring/members/accusations.ts'
import { signEntry } from '../../../src/ring/members/member.ts'
import type { MemberEntry } from '../../../src/ring/types.ts'
import { decodeReply } from '../../../src/ring/wire/decode.ts'
import { encodeMessage } from '../../../src/ring/wire/encode.ts'
import type { RingReply, RingRequest } from '../../../src/ring/wire/messages.ts'
import { contextOf, keyOf, OPTIONS, scheme } from '../world.ts'

const START = 1_700_000_000_000

/** One member, and a hand that feeds it. */
class Bench {
  now = START
  readonly context: RingContext
  state: RingState

  constructor(name = 'self', overrides: Partial<RingContext> = {}) {
    this.context = contextOf(name, overrides)
    this.state = initialState(this.context, this.now)
    this.feed({ kind: 'start', known: [] })
    this.feed({ kind: 'contacts-done', tried: 0 })
  }

  feed(event: RingEvent): readonly RingEffect[] {
    const result = step(this.context, this.state, event, this.now)
    this.state = result.state
    return result.effects
  }

  request(request: RingRequest, from = row('sender').peer): RingReply {
    const [reply] = this.feed({ kind: 'request', from, request }).filter((effect) => effect.kind === 'respond')
    return reply!.reply
  }

  push(...entries: MemberEntry[]): void {
    this.request({ type: 'push', entries, accusations: [] })
  }

  /** Everything that it sends when its queue is flushed. */
  told(): { peer: PeerId; request: RingRequest }[] {
    return this.feed({ kind: 'timer', timer: 'flush' })
      .filter((effect) => effect.kind === 'send')
      .map(({ peer, request }) => ({ peer, request }))
  }

  get members(): RingId[] {
    return statusOf(this.context, this.state).members.map(({ id }) => id)
  }

  get refused(): number {
    return this.state.stats.refused
  }
}

function row(
  name: string,
  over: { status?: 'alive' | 'left'; incarnation?: number; salt?: Uint8Array; ring?: string } = {},
): MemberEntry {
  return signEntry(over.ring ?? 'test', scheme.signer(keyOf(name)), {
    salt: over.salt ?? new Uint8Array(),
    addresses: [`/memory/${name}`],
    status: over.status ?? 'alive',
    incarnation: over.incarnation ?? START,
  })
}

const accuse = (name: string, entry: MemberEntry) => signAccusation('test', scheme.signer(keyOf(name)), entry)

let bench: Bench
beforeEach(() => {
  bench = new Bench()
})

describe('a row from outside', () => {
  it('becomes a member, is told on once, and may be dialled', () => {
    const entry = row('a')
    const effects = bench.feed({
      kind: 'request',
      from: entry.peer,
      request: { type: 'push', entries: [entry], accusations: [] },
    })
    expect(bench.members).toContain(entry.id)
    expect(effects).toContainEqual({ kind: 'learn', peer: entry.peer, addresses: entry.addresses })
    expect(effects).toContainEqual({ kind: 'changed' })
    bench.push(row('b'), row('c'))
    expect(
      bench.told().some(({ request }) => request.type === 'push' && request.entries.some(({ id }) => id === entry.id)),
    ).toBe(true)
    bench.push(entry)
    expect(bench.told()).toEqual([])
  })

  it('is not told back to who told it', () => {
    const entry = row('a')
    const from = row('b')
    bench.push(from)
    bench.told()
    bench.feed({ kind: 'request', from: from.peer, request: { type: 'push', entries: [entry], accusations: [] } })
    expect(bench.told().filter(({ peer }) => peer === from.peer)).toEqual([])
  })

  it.each<[string, MemberEntry]>([
    ['is forged', { ...row('a'), addresses: ['/memory/attacker'] }],
    ['is of another ring', row('a', { ring: 'other' })],
    ['is more than a day ahead of the clock', row('a', { incarnation: START + limits.MAX_INCARNATION_AHEAD_MS + 1 })],
    ['was not renewed for three days', row('a', { incarnation: START - limits.LAPSE_MS })],
    ['has a salt where keys have one id', row('a', { salt: Uint8Array.of(1) })],
  ])('is refused when it %s', (_, entry) => {
    bench.push(entry)
    expect(bench.members).toEqual([bench.state.self.id])
    expect(bench.refused).toBe(1)
    expect(bench.told()).toEqual([])
  })

  it('cannot be replayed against a newer one: who left stays away', () => {
    const old = row('a')
    bench.push(old)
    bench.push(row('a', { status: 'left', incarnation: START + 1 }))
    bench.push(old)
    expect(bench.members).not.toContain(old.id)
    bench.push(row('a', { incarnation: START + 2 }))
    expect(bench.members).toContain(old.id)
  })

  it('lapses when its member renews it no more, and its tombstone lapses too', () => {
    bench.push(row('a'), row('b'))
    bench.push(row('b', { status: 'left', incarnation: START + 1 }))
    bench.now += limits.LAPSE_MS + 2
    bench.feed({ kind: 'timer', timer: 'audit' })
    expect(bench.members).toEqual([bench.state.self.id])
    expect(bench.state.table.size).toBe(1)
    // And a replay of what lapsed raises nobody.
    bench.push(row('a'))
    expect(bench.members).toEqual([bench.state.self.id])
  })

  it('about ourselves from an earlier life is beaten by a newer one', () => {
    const before = bench.state.self
    bench.push(row('self', { incarnation: START + 50, status: 'left' }))
    expect(bench.state.self.incarnation).toBeGreaterThan(START + 50)
    expect(bench.state.self.status).toBe('alive')
    expect(bench.state.self.id).toBe(before.id)
  })
})

describe('accusations', () => {
  const victim = row('victim')
  const names = ['w0', 'w1', 'w2', 'w3']

  beforeEach(() => {
    bench.push(victim, ...names.map((name) => row(name)))
  })

  const send = (...accusations: ReturnType<typeof accuse>[]) =>
    bench.request({ type: 'push', entries: [], accusations })

  it('of more than half of all others in a small ring make a member dead', () => {
    // Five others: self, w0 to w3.
    send(accuse('w0', victim), accuse('w1', victim))
    expect(bench.members).toContain(victim.id)
    send(accuse('w2', victim))
    expect(bench.members).not.toContain(victim.id)
    expect(bench.state.table.get(victim.id)?.status).toBe('dead')
  })

  it('of one witness twice, of strangers, of the victim, or forged, count for nothing', () => {
    send(accuse('w0', victim), accuse('w0', victim), accuse('w1', victim))
    send(accuse('x1', victim), accuse('x2', victim), accuse('x3', victim), accuse('victim', victim))
    send({ ...accuse('w2', victim), signature: new Uint8Array(64) })
    expect(bench.members).toContain(victim.id)
    expect(bench.refused).toBe(1)
  })

  it('of an older incarnation are void', () => {
    send(accuse('w0', victim), accuse('w1', victim))
    const newer = row('victim', { incarnation: START + 1 })
    bench.push(newer)
    send(accuse('w2', victim), accuse('w3', victim))
    send(accuse('w2', newer), accuse('w3', newer))
    expect(bench.members).toContain(victim.id)
    send(accuse('w0', newer))
    expect(bench.members).not.toContain(victim.id)
  })

  it('are refuted by a newer alive', () => {
    send(...names.map((name) => accuse(name, victim)))
    expect(bench.members).not.toContain(victim.id)
    bench.push(victim)
    expect(bench.members).not.toContain(victim.id)
    bench.push(row('victim', { incarnation: START + 1 }))
    expect(bench.members).toContain(victim.id)
  })

  it('of others than the eight nearest do not count in a large ring', () => {
    const many = Array.from({ length: 40 }, (_, i) => `m${i}`)
    bench.push(...many.map((name) => row(name)))
    const nearest = new Set(bench.state.table.nearest(victim.id).map(({ id }) => id))
    const far = many.filter((name) => !nearest.has(row(name).id)).slice(0, 15)
    send(...far.map((name) => accuse(name, victim)))
    expect(bench.members).toContain(victim.id)
  })

  it('keep the seat of the dead in n, and a leave does not', () => {
    expect(statusOf(bench.context, bench.state)).toMatchObject({ largest: 6, n: 3 })
    send(...names.map((name) => accuse(name, victim)))
    expect(statusOf(bench.context, bench.state).largest).toBe(6)
    bench.push(row('w0', { status: 'left', incarnation: START + 1 }))
    expect(statusOf(bench.context, bench.state).largest).toBe(5)
  })

  it('against ourselves are answered with a newer life, but not as often as somebody likes to accuse', () => {
    const first = bench.state.self
    send(accuse('w0', first))
    const second = bench.state.self
    expect(second.incarnation).toBeGreaterThan(first.incarnation)
    for (let i = 0; i < 20; i++) send(accuse('w0', bench.state.self))
    expect(bench.state.self).toEqual(second)
    bench.now += limits.MIN_REFUTE_GAP_MS
    send(accuse('w1', bench.state.self))
    expect(bench.state.self.incarnation).toBeGreaterThan(second.incarnation)
  })

  it('are made by this node when a neighbour is silent for the grace time, and not before', () => {
    bench.feed({ kind: 'report', id: victim.id, outcome: 'failed' })
    bench.feed({ kind: 'report', id: victim.id, outcome: 'failed' })
    bench.now += OPTIONS.graceMs! - 1
    bench.feed({ kind: 'timer', timer: 'stabilise' })
    const accusing = () =>
      bench.told().filter(({ request }) => request.type === 'push' && request.accusations.length > 0)
    expect(accusing()).toEqual([])
    bench.now += 1
    bench.feed({ kind: 'timer', timer: 'stabilise' })
    const sent = accusing()
    // To the other witnesses, and to the accused, who may refute.
    expect(sent.map(({ peer }) => peer).sort()).toEqual(
      [victim, ...names.map((name) => row(name))].map(({ peer }) => peer).sort(),
    )
    expect(bench.members).toContain(victim.id)
  })

  it('are not made against a member that still speaks to us', () => {
    bench.feed({ kind: 'report', id: victim.id, outcome: 'failed' })
    bench.feed({ kind: 'report', id: victim.id, outcome: 'failed' })
    bench.now += OPTIONS.graceMs! - 1
    bench.request({ type: 'ping' }, victim.peer)
    bench.now += 1
    bench.feed({ kind: 'timer', timer: 'stabilise' })
    expect(bench.state.accusations.size).toBe(0)
    expect(bench.state.detector.isSuspect(victim.id)).toBe(true)
  })
})

describe('a death notice from outside', () => {
  const victim = row('victim')
  const notice = (names: string[], of = victim) =>
    condemn(
      of,
      names.map((name) => accuse(name, of)),
    )

  beforeEach(() => {
    bench.push(victim, ...['w0', 'w1', 'w2', 'w3'].map((name) => row(name)))
  })

  it('counts with the signatures of the witnesses that our own table names', () => {
    bench.push(notice(['w0', 'w1']))
    expect(bench.members).toContain(victim.id)
    bench.push(notice(['w0', 'w1', 'x0', 'x1', 'x2']))
    expect(bench.members).toContain(victim.id)
    bench.push(notice(['w0', 'w1', 'w2']))
    expect(bench.members).not.toContain(victim.id)
  })

  it('counts also when a witness has left since', () => {
    bench.push(row('w0', { status: 'left', incarnation: START + 1 }))
    bench.push(notice(['w0', 'w1', 'w2']))
    expect(bench.members).not.toContain(victim.id)
  })

  it('about somebody unknown is not kept', () => {
    bench.push(notice(['w0', 'w1', 'w2'], row('unknown')))
    expect(bench.state.table.get(row('unknown').id)).toBeUndefined()
  })

  it('keeps the address, so that a member that comes back is found', () => {
    bench.push(notice(['w0', 'w1', 'w2']))
    expect(bench.state.table.get(victim.id)?.addresses).toEqual(victim.addresses)
    bench.feed({ kind: 'timer', timer: 'audit' })
    expect([...bench.state.pending.values()]).toContainEqual({ peer: victim.peer, purpose: { kind: 'ping' } })
  })

  it('about ourselves is refuted only when a member stands behind it', () => {
    const { self } = bench.state
    bench.push(notice(['x0'], self))
    expect(bench.state.self).toEqual(self)
    bench.push(notice(['w0'], self))
    expect(bench.state.self.incarnation).toBeGreaterThan(self.incarnation)
  })
})

describe('a table read in pages', () => {
  it('comes whole, in order, and in frames', () => {
    const all = Array.from({ length: 700 }, (_, i) => row(`m${i}`))
    for (let i = 0; i < all.length; i += 100) bench.push(...all.slice(i, i + 100))
    const got: RingId[] = []
    let after: RingId | undefined
    let pages = 0
    do {
      const reply = bench.request({ type: 'ask-page', entry: row('joiner'), after }, row('joiner').peer)
      const bytes = encodeMessage(reply)
      expect(bytes.length).toBeLessThan(65_536)
      const page = decodeReply(bytes)
      if (page.type !== 'page') throw new Error(page.type)
      got.push(...page.entries.map(({ id }) => id))
      after = page.next
      pages += 1
    } while (after !== undefined && pages < 50)
    expect(got).toEqual(bench.members)
    expect(pages).toBeGreaterThan(2)
    // Who only reads is no member.
    expect(bench.members).not.toContain(row('joiner').id)
  })

  it('is not given by who is no member itself', () => {
    const context = contextOf('seeker')
    const state = initialState(context, START)
    step(context, state, { kind: 'start', known: [] }, START)
    const request: RingRequest = { type: 'ask-page', entry: row('joiner'), after: undefined }
    const { effects } = step(context, state, { kind: 'request', from: row('joiner').peer, request }, START)
    expect(effects).toContainEqual({
      kind: 'respond',
      reply: { type: 'page', member: false, self: state.self, entries: [], next: undefined },
    })
  })
})

describe('an exchange', () => {
  /** Begun on an audit, and failed at once, so that the next one may begin. */
  function begunOnAudit(): boolean {
    // Whose turn it is to be the partner goes by it; sometimes that is this node itself.
    bench.state.turn += 1
    const sent = bench
      .feed({ kind: 'timer', timer: 'audit' })
      .find((effect) => effect.kind === 'send' && effect.request.type === 'reconcile')
    if (sent?.kind !== 'send') return false
    bench.feed({ kind: 'failed', token: sent.token, alive: false })
    return true
  }

  it('is begun on each audit of a small ring, and in a large one after a pause that grows with it', () => {
    bench.push(row('a'))
    const small = Array.from({ length: 20 }, begunOnAudit)
    expect(small.filter((begun) => begun).length).toBeGreaterThan(3)
    const members = limits.GOSSIP_ALL + 100
    bench.push(...Array.from({ length: members }, (_, i) => row(`m${i}`)))
    bench.now += 10 * members
    expect(begunOnAudit()).toBe(true)
    const pauseMs = limits.EXCHANGE_PAUSE_PER_MEMBER_MS * members
    bench.now += pauseMs / 2
    expect(begunOnAudit()).toBe(false)
    bench.now += pauseMs
    expect(begunOnAudit()).toBe(true)
  })

  it.each([
    ['by ranges', false],
    ['by buckets, with a member of the release before, which does not know ranges', true],
  ])('makes two tables equal that differ in both directions, in a bounded number of messages: %s', (_, isOld) => {
    const other = new Bench('other')
    bench.push(other.state.self)
    other.push(bench.state.self)
    const rows = Array.from({ length: 300 }, (_, i) => row(`m${i}`))
    const half = (from: number, to: number) => rows.slice(from, to)
    for (let i = 0; i < 200; i += 100) bench.push(...half(i, i + 100))
    for (let i = 100; i < 300; i += 100) other.push(...half(i, i + 100))
    bench.push(row('m150', { status: 'left', incarnation: START + 1 }))
    other.push(row('m160', { incarnation: START + 5 }))

    let waiting = bench.feed({ kind: 'compare', peer: other.state.self.peer })
    let messages = 0
    while (messages < 40) {
      const sends = waiting.filter((effect) => effect.kind === 'send' && effect.peer === other.state.self.peer)
      if (sends.length === 0) break
      waiting = sends.flatMap((effect) => {
        if (effect.kind !== 'send') return []
        messages += 1
        if (isOld && effect.request.type === 'reconcile')
          return bench.feed({ kind: 'failed', token: effect.token, alive: true })
        const reply = other.request(effect.request, bench.state.self.peer)
        expect(encodeMessage(reply).length).toBeLessThan(65_536)
        return bench.feed({ kind: 'reply', token: effect.token, reply, elapsedMs: 1 })
      })
    }
    expect(bench.members).toEqual(other.members)
    expect(bench.state.table.summary()).toEqual(other.state.table.summary())
    expect(bench.members).not.toContain(row('m150').id)
    expect(other.state.table.get(row('m160').id)?.incarnation).toBe(START + 5)
    expect(messages).toBeLessThan(20)
  })

  it('keeps its reply in one frame when everything is wanted and everything is lacking', () => {
    const rows = Array.from({ length: 400 }, (_, i) => row(`m${i}`))
    for (let i = 0; i < rows.length; i += 100) bench.push(...rows.slice(i, i + 100))
    const pairs = Array.from({ length: limits.MAX_PAIRS }, (_, i) => ({ id: row(`x${i}`).id, incarnation: START }))
    const buckets = Array.from({ length: 256 }, (_, i) => i)
    const reply = bench.request({ type: 'compare', buckets, pairs })
    expect(encodeMessage(reply).length).toBeLessThan(limits.MAX_MESSAGE_BYTES)
    expect(reply.type === 'compared' && reply.wanted.length).toBe(limits.MAX_PAIRS)
  })
})

describe('what a peer sends', () => {
  it('is looked at only as far as its allowance goes, which comes back with time', () => {
    const forged = Array.from({ length: limits.MAX_ENTRIES }, (_, i) => ({ ...row(`f${i}`), addresses: ['/memory/x'] }))
    const counted: RingContext = {
      ...bench.context,
      scheme: {
        verify: (...parts) => {
          checks += 1
          return scheme.verify(...parts)
        },
      },
    }
    let checks = 0
    const flood = (from: PeerId) => {
      const request: RingRequest = { type: 'push', entries: forged, accusations: [] }
      step(counted, bench.state, { kind: 'request', from, request }, bench.now)
    }
    for (let i = 0; i < 20; i++) flood(row('flooder').peer)
    expect(checks).toBe(limits.CHECKS_BURST)
    flood(row('other').peer)
    expect(checks).toBe(limits.CHECKS_BURST + limits.MAX_ENTRIES)
    bench.now += 1_000
    for (let i = 0; i < 20; i++) flood(row('flooder').peer)
    expect(checks).toBe(limits.CHECKS_BURST + limits.MAX_ENTRIES + limits.CHECKS_PER_SECOND)
  })

  it('is limited by the bytes of a message, before anything is verified', () => {
    const value: CborValue = new Map<number, CborValue>([
      [0, 1],
      [1, 1],
      [2, new Uint8Array(limits.MAX_MESSAGE_BYTES)],
    ])
    expect(() => decodeReply(encodeCanonical(value))).toThrowError(expect.objectContaining({ code: 'RING_MALFORMED' }))
  })

  it('as notify counts only for the peer that says it', () => {
    const [a, b] = [row('a'), row('b')]
    bench.request({ type: 'notify', entry: a }, b.peer)
    expect(bench.state.pointers.predecessor).toBeUndefined()
    bench.request({ type: 'notify', entry: a }, a.peer)
    expect(bench.state.pointers.predecessor).toBe(a.id)
  })
})
