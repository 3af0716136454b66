import { describe, expect, it } from 'vitest'
import { type Block, verifyEquivocation } from '../../../src/chain/index.ts'
import { limits } from '../../../src/chain/limits.ts'
import { decodeRecord, encodeRecord } from '../../../src/chain/machine/guard.ts'
import { transaction } from '../../sim/chain/application.ts'
import { chainId, One, scheme } from '../one.ts'

// Of four validators, number (height + round) mod 4 proposes: number 1 in round 0 of height 1, number 2 in round 1.
const ME = 0

describe('a round', () => {
  it('R1: prevotes a valid new proposal of the proposer', () => {
    const one = new One(4, ME)
    one.propose(one.block(1))
    expect(one.said).toEqual(['prevote 0 block'])
  })

  it.each([
    ['another state root', { stateRoot: new Uint8Array(32) }],
    ['another chain', { chainId: new Uint8Array(32) }],
    ['another previous block', { previousId: new Uint8Array(32).fill(1) }],
    ['a time that is not later', { time: 1 }],
    ['a time far ahead', { time: 1_800_000_060_000 }],
    ['another validator set', { validatorsHash: new Uint8Array(32) }],
    ['another next set', { nextValidatorsHash: new Uint8Array(32) }],
    ['a proposer that is no validator', { proposer: new Uint8Array(32) }],
  ])('R1: prevotes nil on a block with %s', (_, overrides) => {
    const one = new One(4, ME)
    one.propose(one.block(1, undefined, overrides))
    expect(one.said).toEqual(['prevote 0 nil'])
  })

  it('R1: hears nobody but the proposer of the round', () => {
    const one = new One(4, ME)
    one.tell(2, { type: 'proposal', proposal: one.proposal(one.block(1), 0, -1, undefined, 2) })
    expect(one.said).toEqual([])
    expect(one.state.step).toBe('idle')
  })

  it('R1: locked, it prevotes nil on another new block', () => {
    const one = lockedOne()
    one.propose(one.block(2), 1)
    expect(one.said).toContain('prevote 1 nil')
  })

  it('R1: locked, it prevotes its own block when it is proposed as new', () => {
    const one = lockedOne()
    one.propose(one.block(1), 1)
    expect(one.said).toContain('prevote 1 block')
  })

  it('R2: a later quorum of prevotes opens the lock', () => {
    const one = lockedOne()
    const other = one.block(2)
    one.votes('precommit', [1, 2], undefined, 1)
    one.timeout('propose')
    one.votes('prevote', [1, 2], undefined, 1)
    one.timeout('precommit')
    expect(one.state.round).toBe(2)
    one.propose(other, 2, 1, one.certificate('prevote', [1, 2, 3], other.id, 1))
    expect(one.said).toContain('prevote 2 block')
  })

  it.each([
    ['of the lock is later', 0, [1, 2, 3], 0],
    ['has too few votes', 1, [1, 2], 1],
    ['is of another round', 1, [1, 2, 3], 0],
  ])('R2: nothing opens the lock when the quorum %s', (_, validRound, from, round) => {
    const one = lockedOne(1)
    const other = one.block(2)
    one.votes('precommit', [1, 2, 3], undefined, 1)
    one.timeout('precommit')
    one.propose(other, 2, validRound, one.certificate('prevote', from, other.id, round))
    expect(one.said).not.toContain('prevote 2 block')
  })

  it('R3: waits for the rest once a quorum has prevoted anything', () => {
    const one = new One(4, ME)
    one.propose(one.block(1))
    one.votes('prevote', [1], undefined)
    expect(one.timers).not.toContain('prevote 0')
    one.votes('prevote', [2], undefined)
    expect(one.timers).toContain('prevote 0')
    one.timeout('prevote')
    expect(one.said).toEqual(['prevote 0 block', 'precommit 0 nil'])
  })

  it('R4: a quorum of prevotes locks and precommits', () => {
    const one = new One(4, ME)
    const block = one.block(1)
    one.propose(block)
    one.votes('prevote', [1, 2], block.id)
    expect(one.said).toEqual(['prevote 0 block', 'precommit 0 block'])
    expect(one.state.locked).toEqual({ round: 0, block })
  })

  it('R4: after the precommit only the valid block changes', () => {
    const one = new One(4, ME)
    const block = one.block(1)
    one.propose(block)
    one.votes('prevote', [1, 2], undefined)
    one.timeout('prevote')
    one.votes('prevote', [1, 2], block.id)
    expect(one.said).toEqual(['prevote 0 block', 'precommit 0 nil'])
    expect(one.state.locked).toBeUndefined()
    expect(one.state.valid?.block.id).toEqual(block.id)
  })

  it('R5: a quorum of nil precommits nil at once', () => {
    const one = new One(4, ME)
    one.propose(one.block(1))
    one.votes('prevote', [1, 2, 3], undefined)
    expect(one.said).toEqual(['prevote 0 block', 'precommit 0 nil'])
  })

  it('R6 and T3: goes to the next round when a quorum precommitted and nothing was decided', () => {
    const one = new One(4, ME)
    one.propose(one.block(1))
    one.votes('precommit', [1, 2, 3], undefined)
    expect(one.timers).toContain('precommit 0')
    one.timeout('precommit')
    expect(one.state.round).toBe(1)
  })

  it('R7: decides on a quorum of precommits of an earlier round', () => {
    const one = new One(4, ME)
    const block = one.block(1)
    one.propose(block)
    one.votes('precommit', [1, 2], block.id)
    one.votes('prevote', [1, 2], undefined, 1)
    expect(one.state.round).toBe(1)
    one.votes('precommit', [3], block.id, 0)
    expect(one.height).toBe(2)
  })

  it('R8: follows f + 1 into a later round, and never a single one', () => {
    const one = new One(4, ME)
    one.propose(one.block(1))
    one.votes('prevote', [1], undefined, 3)
    expect(one.state.round).toBe(0)
    one.votes('prevote', [2], undefined, 2)
    expect(one.state.round).toBe(2)
  })

  it('R8: one vote of a far round takes one of three ahead by a bounded step, once', () => {
    const one = new One(3, 0)
    // Of three all are a quorum, so that f is 0.
    one.votes('prevote', [1, 2], undefined)
    const far = one.vote(2, 'prevote', undefined, limits.MAX_ROUND)
    one.tell(2, { type: 'votes', votes: [far] })
    expect(one.state.round).toBe(limits.MAX_SKIP)
    for (let i = 0; i < 600; i++) {
      one.now += 100
      one.timeout('tick')
      one.votes('prevote', [1], undefined, limits.MAX_SKIP)
    }
    expect(one.state.round).toBe(limits.MAX_SKIP)
    // Said again and again, it goes on by a step each time-out at most.
    const before = one.effects.filter(({ kind }) => kind === 'persistVote').length
    for (let i = 0; i < 1_000; i++) {
      one.now += 1
      one.tell(2, { type: 'votes', votes: [one.vote(2, 'prevote', undefined, limits.MAX_ROUND - i)] })
    }
    const { deltaMs } = one.context.options
    const steps = Math.ceil(1_000 / deltaMs)
    expect(one.state.round).toBeLessThanOrEqual(limits.MAX_SKIP * (1 + steps))
    expect(one.effects.filter(({ kind }) => kind === 'persistVote').length - before).toBeLessThanOrEqual(steps)
  })

  it('T1 to T3: time-outs have an end, and so have rounds', () => {
    const one = new One(3, 0)
    one.votes('prevote', [1, 2], undefined)
    one.state.round = limits.MAX_ROUND
    one.votes('prevote', [1, 2], undefined, limits.MAX_ROUND)
    one.timeout('propose')
    one.votes('precommit', [1, 2], undefined, limits.MAX_ROUND)
    one.timeout('prevote')
    one.timeout('precommit')
    expect(one.state.round).toBe(limits.MAX_ROUND)
    const waits = one.effects.flatMap((effect) => (effect.kind === 'timer' ? [effect.afterMs] : []))
    expect(Math.max(...waits)).toBe(limits.MAX_TIMEOUT_MS)
    // What it has signed there can be read again.
    expect(decodeRecord(encodeRecord(one.state.record!)).round).toBeLessThanOrEqual(limits.MAX_ROUND)
  })

  it('R8: f + 1 are enough even when they are too far ahead to count', () => {
    const one = new One(4, ME)
    one.propose(one.block(1))
    one.votes('prevote', [1], undefined, 900_000)
    expect([...one.state.log.rounds.keys()]).toEqual([0])
    one.votes('prevote', [2], undefined, 500)
    // By bounded steps, as long as they go on saying so; never further than f + 1 of them are.
    expect(one.state.round).toBe(limits.MAX_SKIP)
    for (let i = 0; i < 40; i++) {
      one.now += 200
      one.votes('prevote', [1], undefined, 900_000)
      one.votes('prevote', [2], undefined, 500)
    }
    expect(one.state.round).toBe(500)
  })

  it('T1: prevotes nil when no proposal comes, T2: precommits nil when no quorum does', () => {
    const one = new One(4, ME)
    one.votes('prevote', [2, 3], undefined)
    one.timeout('propose')
    expect(one.said).toEqual(['prevote 0 nil', 'precommit 0 nil'])
  })

  it('a timer of an earlier round or height changes nothing', () => {
    const one = new One(4, ME)
    one.votes('precommit', [2, 3, 1], undefined)
    one.timeout('precommit')
    const before = one.said.length
    one.timeout('propose', 0)
    one.timeout('precommit', 0)
    one.timeout('propose', 1, 7)
    expect(one.said.length).toBe(before)
    expect(one.state.round).toBe(1)
  })

  it('C1: decides on a certificate for a block that it has, however few votes it saw', () => {
    const one = new One(4, ME)
    const block = one.block(1)
    one.propose(block)
    one.tell(3, { type: 'commit', certificate: one.certificate('precommit', [1, 2, 3], block.id, 5) })
    expect(one.height).toBe(2)
  })

  it.each([
    ['too few signatures', [1, 2], 'precommit' as const],
    ['one signature thrice', [1, 1, 1], 'precommit' as const],
    ['prevotes', [1, 2, 3], 'prevote' as const],
  ])('C1: refuses a certificate with %s', (_, from, kind) => {
    const one = new One(4, ME)
    const block = one.block(1)
    one.propose(block)
    const certificate = one.certificate(kind, from, block.id)
    one.tell(3, { type: 'commit', certificate })
    one.tell(3, { type: 'blocks', blocks: [{ block, certificate }] })
    expect(one.height).toBe(1)
  })

  it('C1: checks a signature once, whether it comes as a vote or in a certificate', () => {
    const one = new One(4, ME)
    const checked: Uint8Array[] = []
    const { verify } = one.context.scheme
    Object.assign(one.context, {
      scheme: {
        verify: (key: Uint8Array, message: Uint8Array, signature: Uint8Array) => {
          checked.push(signature)
          return verify(key, message, signature)
        },
      },
    })
    const block = one.block(1)
    one.propose(block)
    one.votes('precommit', [1], block.id)
    const certificate = one.certificate('precommit', [1, 2, 3], block.id)
    checked.length = 0
    one.tell(3, { type: 'commit', certificate })
    expect(one.height).toBe(2)
    expect(checked).toEqual(certificate.signatures.slice(1).map(({ signature }) => signature))
  })

  it.each([
    ['another signature in its place', (one: One, block: Block) => one.vote(1, 'precommit', block.id, 7).signature],
    ['its prevote', (one: One, block: Block) => one.vote(1, 'prevote', block.id).signature],
    ['its vote for nothing', (one: One) => one.vote(1, 'precommit', undefined).signature],
  ])('C1: a validator whose vote it has counts in a certificate with that vote only, not with %s', (_, forged) => {
    const one = new One(4, ME)
    const block = one.block(1)
    one.propose(block)
    one.votes('prevote', [1], block.id)
    one.votes('precommit', [1], block.id)
    one.votes('precommit', [1], undefined)
    const certificate = one.certificate('precommit', [1, 2, 3], block.id)
    const [, ...others] = certificate.signatures
    const signatures = [{ index: 1, signature: forged(one, block) }, ...others]
    one.tell(3, { type: 'commit', certificate: { ...certificate, signatures } })
    expect(one.height).toBe(1)
  })

  it('C1: takes block and certificate together', () => {
    const one = new One(4, ME)
    const block = one.block(1)
    const certificate = one.certificate('precommit', [0, 1, 3], block.id)
    one.tell(3, { type: 'blocks', blocks: [{ block, certificate }] })
    expect(one.height).toBe(2)
    expect(one.state.stats.caughtUp).toBe(1)
  })

  it('tells everybody what was decided, and only once that is on disk', () => {
    const one = new One(4, ME)
    const block = one.block(1)
    one.propose(block)
    one.autoPersist = false
    one.effects = []
    one.votes('precommit', [1, 2, 3], block.id)
    expect(sent(one, 'commit')).toBe(false)
    const persist = one.effects.find(({ kind }) => kind === 'persistBlock')
    one.event({ kind: 'persisted', token: (persist as { token: number }).token })
    expect(sent(one, 'commit')).toBe(true)
  })

  it('proposes what waits, in its turn', () => {
    const one = new One(4, 1)
    one.event({ kind: 'submit', transaction: transaction(5) })
    expect(sent(one, 'proposal')).toBe(false)
    one.timeout('start')
    expect(sent(one, 'proposal')).toBe(true)
  })

  it('does not propose what the application made too large', () => {
    const one = new One(4, 1)
    for (let key = 0; key < 30; key++) one.event({ kind: 'submit', transaction: transaction(key) })
    const { application } = one.context
    Object.assign(one.context, {
      application: {
        ...application,
        build: () => ({ extension: new Uint8Array(5_000), transactions: [transaction(1)] }),
      },
    })
    const effects = one.timeout('start')
    expect(effects.map(({ kind }) => kind)).toContain('warn')
    expect(sent(one, 'proposal')).toBe(false)
  })

  it('makes no empty block, unless asked', () => {
    const quiet = new One(4, 1)
    quiet.timeout('start')
    expect(sent(quiet, 'proposal')).toBe(false)
    const beating = new One(4, 1, { options: { heartbeatMs: 1_000 } })
    beating.timeout('start')
    expect(sent(beating, 'proposal')).toBe(true)
  })

  it('proposes the valid block again, with the prevotes that made it so', () => {
    const one = new One(4, 2)
    const block = one.block(1)
    one.propose(block)
    one.votes('prevote', [0, 1], block.id)
    one.votes('precommit', [0, 1], undefined)
    one.timeout('precommit')
    const proposal = one.effects.flatMap((effect) =>
      effect.kind === 'send' && effect.message.type === 'proposal' ? [effect.message.proposal] : [],
    )[0]
    expect(proposal?.claim).toMatchObject({ round: 1, validRound: 0, blockId: block.id })
    expect(proposal?.proof?.signatures.map(({ index }) => index)).toEqual([0, 1, 2])
  })

  it('halts when a quorum decided what is not valid here', () => {
    const one = new One(4, ME)
    const block = one.block(1, undefined, { stateRoot: new Uint8Array(32) })
    one.tell(3, { type: 'blocks', blocks: [{ block, certificate: one.certificate('precommit', [1, 2, 3], block.id) }] })
    expect(one.state.halted).toBeDefined()
    one.propose(one.block(2))
    expect(one.said).toEqual([])
  })

  it('does not wake for the vote of one stranger', () => {
    const one = new One(4, ME)
    one.votes('prevote', [3], undefined)
    expect(one.state.step).toBe('idle')
    one.votes('prevote', [2], undefined)
    expect(one.state.step).toBe('propose')
  })
})

describe('evidence', () => {
  it('shows who voted twice, and anybody can check it', () => {
    const one = new One(4, ME)
    const effects = [...one.votes('prevote', [3], one.block(1).id), ...one.votes('prevote', [3], undefined)]
    const found = effects.flatMap((effect) => (effect.kind === 'evidence' ? [effect.evidence] : []))
    expect(found).toHaveLength(1)
    expect(found[0]!.first.signer).toEqual(one.validators[3]!.publicKey)
    expect(verifyEquivocation(scheme, found[0]!, chainId, one.validators)).toBe(true)
  })

  it('shows who proposed twice', () => {
    const one = new One(4, ME)
    const effects = [...one.propose(one.block(1)), ...one.propose(one.block(2))]
    const found = effects.flatMap((effect) => (effect.kind === 'evidence' ? [effect.evidence] : []))
    expect(found.map(({ kind }) => kind)).toEqual(['proposals'])
    expect(verifyEquivocation(scheme, found[0]!, chainId, one.validators)).toBe(true)
  })

  it('is found in a certificate, too', () => {
    const one = new One(4, ME)
    const block = one.block(1)
    one.propose(block)
    one.votes('precommit', [1], undefined)
    const effects = one.tell(2, { type: 'commit', certificate: one.certificate('precommit', [1, 2, 3], block.id) })
    expect(effects.some(({ kind }) => kind === 'evidence')).toBe(true)
  })

  it('against an honest validator cannot be made of what it signed', () => {
    const one = new One(4, ME)
    const id = one.block(1).id
    const [a, b] = [one.vote(3, 'prevote', id), one.vote(3, 'precommit', undefined)]
    const check = (first: typeof a, second: typeof a) =>
      verifyEquivocation(scheme, { kind: 'votes', chainId, first, second }, chainId, one.validators)
    expect(check(a, b)).toBe(false)
    expect(check(a, a)).toBe(false)
    expect(check(a, one.vote(3, 'prevote', undefined, 1))).toBe(false)
    expect(check(a, one.vote(2, 'prevote', undefined))).toBe(false)
    expect(check(a, { ...a, blockId: undefined })).toBe(false)
    expect(check(a, one.vote(3, 'prevote', undefined))).toBe(true)
  })
})

describe('bounds', () => {
  it('an equivocator fills at most two places a round', () => {
    const one = new One(4, ME)
    for (let i = 0; i < 50; i++) one.votes('prevote', [3], one.block(i).id)
    expect(one.state.log.round(0).votes.prevote.of(3)).toHaveLength(2)
  })

  it('votes of far heights are not kept', () => {
    const one = new One(4, ME)
    for (let i = 0; i < 50; i++) one.votes('prevote', [3], undefined, i, 2)
    for (let i = 0; i < 50; i++) one.votes('prevote', [3], undefined, 0, 1_000 + i)
    expect(one.state.peers.get('peer 3')!.early.length).toBeLessThanOrEqual(12)
  })

  it('what was early is heard when its height comes', () => {
    const one = new One(4, ME)
    one.votes('prevote', [2, 3], undefined, 0, 2)
    const block = one.block(1)
    one.tell(3, { type: 'blocks', blocks: [{ block, certificate: one.certificate('precommit', [1, 2, 3], block.id) }] })
    expect(one.height).toBe(2)
    expect(one.state.log.voices).toBe(2)
  })

  it('a peer that floods bad signatures is no longer checked', () => {
    const one = new One(4, ME)
    for (let i = 0; i < 3_000; i++) {
      const vote = { ...one.vote(2, 'prevote', one.block(1).id), signature: new Uint8Array(64) }
      one.tell(3, { type: 'votes', votes: [vote] })
    }
    one.votes('prevote', [2], undefined)
    expect(one.state.log.voices).toBe(1)
    one.tell(3, { type: 'votes', votes: [one.vote(1, 'prevote', undefined)] })
    expect(one.state.log.voices).toBe(1)
  })
})

/** Locked on block 1 in round 0 (or in `round`), now in the round after. */
function lockedOne(round = 0): One {
  const one = new One(4, ME)
  const block = one.block(1)
  if (round === 1) {
    one.votes('precommit', [1, 2, 3], undefined)
    one.timeout('precommit')
  }
  one.propose(block, round)
  one.votes('prevote', [1, 2], block.id, round)
  expect(one.state.locked?.round).toBe(round)
  if (round === 0) {
    one.votes('precommit', [1, 2], undefined, 0)
    one.timeout('precommit')
  }
  return one
}

function sent(one: One, type: string): boolean {
  return one.effects.some((effect) => effect.kind === 'send' && effect.message.type === type)
}
