import { describe, expect, it } from 'vitest'
import type { PeerId } from '../../../../src/base/index.ts'
import type { LiveVote } from '../../../../src/chunks/index.ts'
import { limits } from '../../../../src/chunks/limits.ts'
import { roundStep } from '../../../../src/chunks/rounds/machine/round.ts'
import {
  IDLE,
  type RoundContext,
  type RoundEvent,
  type RoundState,
} from '../../../../src/chunks/rounds/machine/round-state.ts'
import { ed25519, peerIdFromPublicKey } from '../../../../src/crypto/index.ts'
import { commitTo, type Outcome, roundNonce } from '../../../../src/evidence/index.ts'
import { absence, CHUNK, NOW, observe, presence, question, RING, signerOf } from '../../../evidence/helpers.ts'

const peers: PeerId[] = [0, 1, 2, 3, 4].map((i) => peerIdFromPublicKey(signerOf(i).publicKey))
const low = new Uint8Array(16).fill(1)
const mid = new Uint8Array(16).fill(5)
const high = new Uint8Array(16).fill(9)

function demand(members: number, asks: number) {
  return { members, peers: new Set(peers.slice(0, members)), asks, spanMs: 0, lastMs: 0 }
}

/** This node is replica `place` of five. */
function context(place = 0, change: Partial<RoundContext> = {}): RoundContext {
  return {
    before: peers.slice(0, place),
    others: peers.filter((_, i) => i !== place),
    n: 5,
    ringSize: 100,
    fetched: 0,
    hasFetched: false,
    demand: demand(2, 2),
    admitAfter: 1,
    renewal: false,
    roundTimeoutMs: 5_000,
    certificate: {
      ringId: RING,
      chunk: CHUNK,
      question: question(),
      replicas: [0, 1, 2, 3, 4].map((i) => signerOf(i).publicKey),
      n: 5,
      scheme: ed25519,
    },
    ...change,
  }
}

function vote(i: number, outcome: Outcome = presence(), ttl = 300, attempt = 1): LiveVote {
  return { observation: observe(i, outcome, { ttl, nonce: roundNonce(mid, attempt) }), outcome }
}

/** Runs events one after another; each is [event, ms after NOW]. */
function run(events: readonly (readonly [RoundEvent, number])[], seen = context(), start: RoundState = IDLE) {
  let state = start
  let effects: ReturnType<typeof roundStep>['effects'] = []
  for (const [event, at] of events) ({ state, effects } = roundStep(state, event, seen, NOW + at))
  return { state, effects, kinds: effects.map((effect) => effect.kind) }
}

const wanted = [{ kind: 'wanted', nonce: mid, how: 'known' }, 0] as const
const observed = [{ kind: 'observed', vote: vote(0) }, 20] as const
const voted = (i: number, at: number, what: LiveVote = vote(i)) =>
  [{ kind: 'voted', from: peers[i]!, vote: what }, at] as const
/** Those who commit, all at once; the others abstain. */
const commit = (who: readonly number[], at: number) =>
  [1, 2, 3, 4].map((i): readonly [RoundEvent, number] =>
    who.includes(i)
      ? [{ kind: 'committed', from: peers[i]!, commitment: commitTo(vote(i).observation, NOW, signerOf(i)) }, at]
      : [{ kind: 'silent', from: peers[i]! }, at],
  )
const all = [1, 2, 3, 4]
const silent = (i: number, at: number) => [{ kind: 'silent', from: peers[i]! }, at] as const
const tick = (at: number) => [{ kind: 'tick' }, at] as const

describe('a round', () => {
  it('observes first, has all commit, then has those reveal who committed, and ends when they have', () => {
    expect(run([wanted]).effects[0]).toMatchObject({ kind: 'observe', how: 'known', attempt: 1 })
    expect(run([wanted, observed]).effects[0]).toMatchObject({ kind: 'open', peers: peers.slice(1), nonce: mid })
    const opened = run([wanted, observed, ...commit([1, 3, 4], 30)])
    expect(opened.effects[0]).toMatchObject({ kind: 'reveal', peers: [1, 3, 4].map((i) => peers[i]), attempt: 1 })
    expect(opened.effects[0]).toMatchObject({ commitments: [{}, {}, {}] })
    const { state, effects } = run([
      wanted,
      observed,
      ...commit([1, 3, 4], 30),
      voted(1, 40),
      silent(4, 41),
      voted(3, 42),
    ])
    expect(state).toBe(IDLE)
    expect(effects).toMatchObject([{ kind: 'agreed', certificate: { kind: 'agreed', observations: [{}, {}, {}] } }])
  })

  it('shows nothing before more than half have committed, and then waits a little for the rest', () => {
    const two = run([wanted, observed, ...commit(all, 30).slice(0, 1)])
    expect(two.effects).toEqual([])
    const three = run([wanted, observed, ...commit(all, 30).slice(0, 2)])
    expect(three.effects).toEqual([{ kind: 'wake', at: NOW + 30 + limits.GRACE_MS }])
    expect(run([tick(30 + limits.GRACE_MS)], context(), three.state).effects[0]).toMatchObject({ kind: 'reveal' })
    expect(run([tick(20 + limits.COMMIT_MS)], context(), two.state).effects[0]).toEqual({
      kind: 'gave-up',
      reason: 'no-majority',
    })
  })

  it('hears nobody who comes after the commitments are shown', () => {
    const late = run([wanted, observed, ...commit([1, 2], 30)])
    expect(run([voted(3, 40)], context(), late.state).state).toBe(late.state)
    expect(run([commit([3], 40)[2]!], context(), late.state).state).toBe(late.state)
  })

  it('waits a grace after an agreement, so that the fastest few do not set the expiry', () => {
    const fast = [
      wanted,
      observed,
      ...commit(all, 25),
      voted(1, 30, vote(1, presence(), 31)),
      voted(2, 31, vote(2, presence(), 31)),
    ] as const
    const { state, effects } = run(fast)
    expect(state.phase).toBe('revealing')
    expect(effects).toEqual([{ kind: 'wake', at: NOW + 31 + limits.GRACE_MS }])
    const whole = run([...fast, voted(3, 40), voted(4, 41)])
    expect(whole.effects).toMatchObject([{ kind: 'agreed', outcome: { rrset: { ttl: 300 } } }])
    const end = run([...fast, tick(31 + limits.GRACE_MS)])
    expect(end.effects).toMatchObject([{ kind: 'agreed', certificate: { observations: [{}, {}, {}] } }])
  })

  it('takes a withheld reveal for an abstention, and rests when too few are left; longer after each failure', () => {
    const first = run([wanted, observed, ...commit([1, 2], 30), voted(1, 40), tick(30 + limits.REVEAL_MS)])
    const ended = 30 + limits.REVEAL_MS
    expect(first.effects).toEqual([
      { kind: 'gave-up', reason: 'no-majority' },
      { kind: 'wake', at: NOW + ended + 30_000 },
    ])
    expect(run([[{ kind: 'wanted', nonce: low, how: 'known' }, 10_000]], context(), first.state).effects).toEqual([])
    const again = [
      [{ kind: 'wanted', nonce: mid, how: 'known' }, 40_000],
      [{ kind: 'observed', vote: vote(0) }, 40_010],
      tick(46_000),
    ] as const
    expect(run(again, context(), first.state).effects[1]).toEqual({ kind: 'wake', at: NOW + 46_000 + 60_000 })
  })

  it('is held at the end of a rest in which somebody asked: once; else it is wanted again while that pays', () => {
    const resting = run([wanted, observed, ...commit([1, 2], 30), voted(1, 40), tick(30 + limits.REVEAL_MS)]).state
    const end = 30 + limits.REVEAL_MS + limits.BACKOFF_MS
    const asked = (at: number) => [{ kind: 'wanted', nonce: low, how: 'known' }, at] as const
    const unasked = run([tick(end)], context(), resting)
    expect(unasked).toMatchObject({ state: { phase: 'idle' }, effects: [{ kind: 'want-again' }] })
    const spent = { ...resting, isOwed: false } as typeof resting
    expect(run([tick(end)], context(), spent)).toMatchObject({ state: { phase: 'idle' }, effects: [] })
    const again = run([asked(5_000), asked(10_000), tick(end)], context(), resting)
    expect(again).toMatchObject({
      state: { phase: 'observing', memory: { failures: 1 } },
      effects: [{ kind: 'observe' }, {}],
    })
    // A later replica waits for its turn; demand that does not pay opens none.
    expect(run([asked(5_000), tick(end)], context(2), resting).state).toMatchObject({ phase: 'waiting' })
    const few = context(0, { admitAfter: 3 })
    expect(run([tick(end)], few, resting)).toMatchObject({ state: { phase: 'idle' }, effects: [] })
    expect(run([asked(5_000), tick(end)], few, resting)).toMatchObject({ state: { phase: 'idle' }, effects: [] })
  })

  it('counts a replica once, and only one that was asked', () => {
    const { state } = run([
      wanted,
      observed,
      ...commit(all, 25),
      voted(1, 30),
      voted(1, 31),
      [{ kind: 'voted', from: 'stranger' as PeerId, vote: vote(2) }, 32],
    ])
    expect(state.phase === 'revealing' && state.votes).toHaveLength(2)
  })

  it('keeps liars out of the certificate, and tells who they are', () => {
    const lie = (i: number) => vote(i, presence([66]))
    const events = [
      wanted,
      observed,
      ...commit(all, 25),
      voted(1, 30, lie(1)),
      voted(2, 31, lie(2)),
      voted(3, 32),
    ] as const
    const { effects } = run([...events, voted(4, 33)])
    expect(effects).toMatchObject([
      {
        kind: 'agreed',
        outcome: { rrset: { rdatas: [Uint8Array.of(198, 51, 100, 1)] } },
        dissenters: [signerOf(1).publicKey, signerOf(2).publicKey],
      },
    ])
  })

  it('its opener may be the odd one out: what travels is what the majority saw', () => {
    const mine: readonly [RoundEvent, number] = [{ kind: 'observed', vote: vote(0, presence([66])) }, 20]
    const { effects } = run([wanted, mine, ...commit([1, 2, 3], 25), voted(1, 30), voted(2, 31), voted(3, 32)])
    expect(effects).toMatchObject([
      { kind: 'agreed', outcome: { rrset: { rdatas: [Uint8Array.of(198, 51, 100, 1)] } } },
    ])
  })

  it('does not ask n others when it does not pay, or could not be seen', () => {
    // It would for an answer that is held for as long as most are; this one is not.
    const few = context(0, { admitAfter: 'auto', demand: { ...demand(2, 4), spanMs: 200_000 } })
    expect(run([wanted], few).state.phase).not.toBe('idle')
    expect(run([wanted, [{ kind: 'observed', vote: vote(0, absence()) }, 20]], few).effects).toEqual([
      { kind: 'gave-up', reason: 'does-not-pay' },
    ])
    expect(run([wanted, [{ kind: 'observed', vote: undefined }, 20]]).effects[0]).toEqual({
      kind: 'gave-up',
      reason: 'no-observation',
    })
    expect(run([wanted, [{ kind: 'put-off' }, 20]]).state.phase).toBe('idle')
    expect(run([wanted, tick(5_000)]).effects[0]).toEqual({ kind: 'gave-up', reason: 'no-observation' })
  })

  it('is not opened for what nobody wants enough, save to renew', () => {
    const nobody = { demand: demand(1, 1), admitAfter: 'auto' as const }
    expect(run([wanted], context(0, nobody)).state).toEqual(IDLE)
    expect(run([wanted], context(0, { ...nobody, renewal: true })).kinds).toEqual(['observe', 'wake'])
  })
})

describe('a node without CPU to spare', () => {
  const full = { mustQueue: true }
  const free = (at: number) => [{ kind: 'free' }, at] as const
  const busy = (i: number, at: number) => [{ kind: 'busy', from: peers[i]! }, at] as const

  it('opens no round until it has some, whichever way its turn came', () => {
    const queue = [{ kind: 'queue' }]
    expect(run([wanted], context(0, full)).effects).toEqual(queue)
    expect(run([wanted, free(9_000)], context(0, full)).effects[0]).toMatchObject({ kind: 'observe', attempt: 1 })
    const third = context(2, full)
    expect(run([wanted, tick(2_000), [{ kind: 'probed', discouraged: false }, 2_010]], third).effects).toEqual(queue)
    expect(run([wanted, tick(2_000), tick(3_000)], third).effects).toEqual(queue)
  })

  it('lets another replica open meanwhile, whatever the nonces, and forgets it when it is settled', () => {
    const yielded = run([wanted, [{ kind: 'rival', from: peers[1]!, nonce: high }, 10]], context(0, full))
    expect(yielded.state).toMatchObject({ phase: 'yielded', to: peers[1] })
    expect(run([free(20)], context(0), yielded.state).state).toBe(yielded.state)
    const settled = run([wanted, [{ kind: 'settled' }, 10], free(20)], context(0, full))
    expect(settled.state).toEqual(IDLE)
  })

  it('gives up what has waited for too long, and what nobody wants any more', () => {
    expect(run([wanted, [{ kind: 'not-free' }, 60_000]], context(0, full)).effects).toEqual([
      { kind: 'gave-up', reason: 'busy' },
    ])
    const queued = run([wanted], context(0, full))
    expect(run([free(20)], context(0, { demand: demand(0, 0) }), queued.state).state.phase).toBe('idle')
  })

  it('finishes what it began: a further round of a series does not wait', () => {
    const committing = run([wanted, observed, ...commit(all, 30)])
    const conflict = [voted(1, 40, vote(1, absence())), voted(2, 41), voted(3, 42), voted(4, 43)]
    expect(run(conflict, context(0, full), committing.state).effects[0]).toMatchObject({ kind: 'observe', how: 'tcp' })
  })

  it('of others: the round fails, is tried again soon, and more often than one that fails for another reason', () => {
    const failed = run([wanted, observed, commit([1], 30)[0]!, busy(2, 31), busy(3, 32), silent(4, 33)])
    expect(failed.effects[0]).toEqual({ kind: 'gave-up', reason: 'busy' })
    expect(failed.state).toMatchObject({ phase: 'resting', until: NOW + 33 + limits.BUSY_REST_MS, isOwed: true })
    expect(run([tick(33 + limits.BUSY_REST_MS)], context(), failed.state).kinds).toContain('want-again')
    let { state } = failed
    let at = 33
    let rounds = 0
    while (state.phase === 'resting' && state.isOwed && rounds < 20) {
      at = state.until - NOW
      rounds++
      const again = run([tick(at), [{ kind: 'wanted', nonce: mid, how: 'known' }, at]], context(), state)
      const opened = run([[{ kind: 'observed', vote: vote(0) }, at + 20]], context(), again.state)
      ;({ state } = run(
        [1, 2, 3, 4].map((i) => busy(i, at + 30)),
        context(),
        opened.state,
      ))
    }
    expect(rounds).toBe(limits.MAX_UNASKED_OF_BUSY)
  })

  it('of others changes nothing where enough take part', () => {
    const revealing = run([wanted, observed, ...commit([1, 2], 30).slice(0, 2), busy(3, 31), busy(4, 32)])
    expect(revealing.effects[0]).toMatchObject({ kind: 'reveal', peers: [peers[1], peers[2]] })
  })

  it('of others is no excuse for a round that would have failed without it', () => {
    const failed = run([wanted, observed, silent(1, 30), silent(2, 31), silent(3, 32), busy(4, 33)])
    expect(failed.effects[0]).toEqual({ kind: 'gave-up', reason: 'no-majority' })
  })
})

describe('whose turn it is', () => {
  it('the next waits a second a place, then hears what those before it saw', () => {
    const third = context(2)
    expect(run([wanted], third).effects).toEqual([{ kind: 'wake', at: NOW + 2_000 }])
    expect(run([wanted, tick(1_999)], third).effects).toEqual([])
    expect(run([wanted, tick(2_000)], third).effects[0]).toEqual({
      kind: 'probe',
      peers: peers.slice(0, 2),
    })
  })

  it('observes itself, and not when one of them says that it does not pay, save for what many ask for', () => {
    const one = { demand: demand(1, 1) }
    const probe = (discouraged: boolean, change = {}) =>
      run([wanted, tick(1_000), [{ kind: 'probed', discouraged }, 1_010]], context(1, { ...one, ...change })).state
        .phase
    expect(probe(false)).toBe('observing')
    expect(probe(true)).toBe('idle')
    // Nor what this node has fetched for its own client: a peer whose network lies to it would silence a name for all.
    expect(probe(true, { hasFetched: true })).toBe('observing')
    // One peer's hint does not silence a name that many ask for.
    expect(probe(true, { demand: demand(1, 10) })).toBe('observing')
    expect(run([wanted, tick(1_000), tick(2_000)], context(1, one)).state.phase).toBe('observing')
  })

  it('of two openers the lower nonce wins', () => {
    const rival = (nonce: Uint8Array) => [{ kind: 'rival', from: peers[1]!, nonce }, 25] as const
    expect(run([wanted, rival(low)]).state).toMatchObject({ phase: 'yielded', to: peers[1] })
    expect(run([wanted, observed, rival(low)]).state.phase).toBe('yielded')
    expect(run([wanted, observed, rival(high)]).state.phase).toBe('committing')
    expect(run([wanted, rival(high)], context(1)).state.phase).toBe('yielded')
  })

  it('one that opened and did not deliver is not waited for again', () => {
    const rival = (at: number) => [{ kind: 'rival', from: peers[0]!, nonce: low }, at] as const
    const after = run([rival(0), tick(10_000)], context(1))
    expect(after.effects[0]).toEqual({ kind: 'gave-up', reason: 'not-delivered' })
    expect(after.state).toMatchObject({ phase: 'resting', memory: { distrusted: [peers[0]] } })
    const later = run(
      [[{ kind: 'wanted', nonce: high, how: 'known' }, 40_001], rival(40_002), tick(41_001)],
      context(1),
      after.state,
    )
    expect(later.kinds).toEqual(['observe', 'wake'])
    expect(run([rival(41_200)], context(1), later.state).state.phase).toBe('observing')
  })

  it('one that delivered is forgotten', () => {
    expect(
      run(
        [
          [{ kind: 'rival', from: peers[0]!, nonce: low }, 0],
          [{ kind: 'settled' }, 50],
        ],
        context(1),
      ).state,
    ).toBe(IDLE)
  })
})

describe('an event that comes in another phase than it belongs to', () => {
  const open = [wanted, observed] as const
  const of = (kind: 'committed' | 'hidden' | 'voted' | 'silent', i = 1): RoundEvent =>
    ({
      kind,
      from: peers[i]!,
      commitment: commitTo(vote(i).observation, NOW, signerOf(i)),
      vote: vote(i),
    }) as RoundEvent

  it.each<[string, readonly (readonly [RoundEvent, number])[], RoundEvent, string, string[]]>([
    ['a probe that ended', [], { kind: 'probed', discouraged: true }, 'idle', ['probing']],
    ['an own fetch that ended', [...open], { kind: 'observed', vote: vote(0) }, 'committing', ['observing']],
    ['an own fetch that was put off', [...open], { kind: 'put-off' }, 'committing', ['observing']],
    ['a commitment', [wanted], of('committed'), 'observing', ['committing']],
    ['a private address', [], of('hidden'), 'idle', ['committing']],
    ['a vote', [...open], of('voted'), 'committing', ['revealing']],
    ['an abstention', [wanted], of('silent'), 'observing', ['committing', 'revealing']],
  ])('changes nothing, and is named with the phase that was expected: %s', (_, before, event, phase, expected) => {
    const { state } = run(before)
    const after = roundStep(state, event, context(), NOW + 50)
    expect(after.state).toBe(state)
    expect(after.effects).toEqual([{ kind: 'ignored', event: event.kind, phase, expected }])
  })

  it('is not counted twice: a peer that has committed or revealed is not waited for any more', () => {
    const committing = run([...open, ...commit(all, 30).slice(0, 1), commit(all, 31)[0]!])
    expect(committing.effects).toEqual([
      { kind: 'ignored', event: 'committed', phase: 'committing', expected: ['committing'] },
    ])
    expect(committing.state).toMatchObject({ committed: [peers[1]] })
    const revealing = run([...open, ...commit(all, 30), voted(1, 40), voted(1, 41)])
    expect(revealing.effects).toEqual([
      { kind: 'ignored', event: 'voted', phase: 'revealing', expected: ['revealing'] },
    ])
  })
})

/** The numbers are the letters of the example: 0 is A. C sees absence where the others see an address; E is down. */
describe('the round of five replicas that round.ts tells', () => {
  const seen = (i: number, attempt: number) => vote(i, i === 2 ? absence() : presence(), 300, attempt)
  const commits = (i: number, attempt: number, at: number) =>
    [
      { kind: 'committed', from: peers[i]!, commitment: commitTo(seen(i, attempt).observation, NOW, signerOf(i)) },
      at,
    ] as const
  const first = [
    wanted,
    [{ kind: 'observed', vote: seen(0, 1) }, 40],
    commits(1, 1, 90),
    commits(2, 1, 95),
    commits(3, 1, 99),
    tick(395),
    voted(1, 400, seen(1, 1)),
    voted(2, 405, seen(2, 1)),
    voted(3, 410, seen(3, 1)),
  ] as const

  it('goes through the phases at the times that it says', () => {
    const phases = first.map((_, i) => run(first.slice(0, i + 1)).state.phase)
    expect(phases).toEqual([
      'observing',
      'committing',
      'committing',
      'committing',
      'committing',
      'revealing',
      'revealing',
      'revealing',
      'observing',
    ])
    expect(run(first.slice(0, 4)).effects).toEqual([{ kind: 'wake', at: NOW + 395 }])
    expect(run(first.slice(0, 6)).effects[0]).toMatchObject({ kind: 'reveal', peers: peers.slice(1, 4) })
    expect(run(first).effects[0]).toMatchObject({ kind: 'observe', how: 'tcp', attempt: 2 })
  })

  it('ends with a certificate of A, B and D after the round over TCP, in which C has dissented again', () => {
    const { state, effects } = run([
      ...first,
      [{ kind: 'observed', vote: seen(0, 2) }, 500],
      commits(1, 2, 550),
      commits(2, 2, 555),
      commits(3, 2, 560),
      tick(855),
      voted(1, 870, seen(1, 2)),
      voted(2, 880, seen(2, 2)),
      voted(3, 900, seen(3, 2)),
    ])
    expect(state).toBe(IDLE)
    const signers = [0, 1, 3].map((i) => ({ observer: signerOf(i).publicKey }))
    expect(effects).toMatchObject([
      { kind: 'agreed', certificate: { observations: signers }, dissenters: [signerOf(2).publicKey] },
    ])
  })

  it('is followed by the others as it says: B waits, yields, and is settled', () => {
    const asB = context(1)
    const rival = [{ kind: 'rival', from: peers[0]!, nonce: low }, 45] as const
    expect(run([wanted], asB).state.phase).toBe('waiting')
    expect(run([wanted, rival], asB).state).toMatchObject({ phase: 'yielded', to: peers[0] })
    expect(run([wanted, rival, [{ kind: 'settled' }, 905]], asB).state).toBe(IDLE)
  })
})
