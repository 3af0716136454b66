import { describe, expect, it } from 'vitest'
import { equalBytes, toHex } from '../../../src/base/index.ts'
import { makeBlock, ZERO_HASH } from '../../../src/chain/blocks/blocks.ts'
import { decodeEvidence } from '../../../src/chain/blocks/evidence.ts'
import { setRoot } from '../../../src/chain/blocks/set-root.ts'
import { voteBytes } from '../../../src/chain/blocks/signing.ts'
import {
  type Application,
  type Applied,
  type Block,
  type BlockContent,
  type BlockHeader,
  type CertifiedBlock,
  type Chain,
  type ChainEquivocation,
  type ChainMessage,
  type ChainOptions,
  createChain,
  encodeResult,
  encodeResume,
  HistoryLog,
  historyRoot,
  ledgerChainOptions,
  merkleRoot,
  resumeBytes,
  type StateMap,
  stateRoot,
  type trust,
  type Vote,
  verifyEquivocation,
  verifyHeader,
} from '../../../src/chain/index.ts'
import { lightRules } from '../../../src/chain/light/trust.ts'
import type { LedgerFields } from '../../../src/chain/types.ts'
import { decodeCanonical } from '../../../src/crypto/index.ts'
import { virtualClock } from '../../../src/sim/index.ts'
import { mapApplication, transaction } from '../../sim/chain/application.ts'
import { SimDisk } from '../../sim/chain/disk.ts'
import { chainId, NOW, One, people, scheme } from '../one.ts'

type Wrap = (application: Application<StateMap>) => Application<StateMap>

/** Ledger nodes whose messages take 5 ms. `spares`: who is no validator at the start; `twist`: what becomes of a message on its way. */
function ledger({
  n = 4,
  spares = 0,
  options = {},
  wrap = (application) => application,
  twist = (_, message) => [message],
}: {
  n?: number
  spares?: number
  options?: Partial<ChainOptions>
  wrap?: Wrap
  twist?: (from: number, message: ChainMessage, to: number) => readonly ChainMessage[]
} = {}) {
  const everybody = people(n + spares)
  const { validators, signers } = everybody
  const clock = virtualClock({ settle: async () => {} })
  const names = validators.map(({ id }) => toHex(id))
  const disks = validators.map(() => new SimDisk())
  const decided: CertifiedBlock[][] = validators.map(() => [])
  const evidence: string[] = []
  const chains: Chain<StateMap>[] = []
  const start = clock.now()
  const open = (index: number) => {
    chains[index] = createChain(
      {
        chainId,
        validators: validators.slice(0, n),
        signer: signers[index]!,
        scheme,
        application: wrap(mapApplication(validators)),
        stores: { blocks: disks[index]!.open({ touch() {} }) },
        clock,
        log: { debug() {}, info() {}, warn() {}, error() {} },
      },
      {
        send(to, message) {
          const at = names.indexOf(to)
          for (const one of twist(index, message, at)) clock.after(5, () => chains[at]?.receive(names[index]!, one))
        },
        onDecided: (block) => decided[index]!.push(block),
        onEvidence: ({ kind, first }) =>
          evidence.push(`${kind} ${validators.findIndex((one) => equalBytes(one.publicKey, first.signer))}`),
      },
      { ...ledgerChainOptions, genesisTime: start - 60_000, snapshotEvery: 0, ...options },
    )
    chains[index]!.start()
  }
  for (let index = 0; index < n + spares; index++) open(index)
  return { validators, signers, clock, chains, decided, disks, evidence, open, start }
}

describe('a ledger chain', () => {
  it('decides headers that a light client follows, with results, history and sets committed', () => {
    const { clock, chains, decided, validators } = ledger()
    for (let key = 0; key < 5; key++) {
      chains[key % 4]!.submit(transaction(key))
      clock.advance(2_000)
    }
    const blocks = decided[0]!
    expect(blocks.length).toBeGreaterThanOrEqual(5)
    expect(decided[3]!.map(({ block }) => toHex(block.id))).toEqual(blocks.map(({ block }) => toHex(block.id)))
    const log = new HistoryLog()
    let trusted = { chainId, height: 0, time: 0, header: undefined, validators } as ReturnType<typeof trust>
    const rules = { ...lightRules(scheme), trustingPeriodMs: Number.POSITIVE_INFINITY }
    for (const { block, certificate } of blocks) {
      const { header } = block
      expect(toHex(header.ledger!.historyRoot)).toBe(toHex(historyRoot(log.edge)))
      expect(toHex(header.validatorsHash)).toBe(toHex(setRoot(validators)))
      expect(certificate.scheme).toBe(1)
      const results = block.transactions.map(() => encodeResult({ code: 0, fee: 0, detail: new Uint8Array() }))
      expect(toHex(header.ledger!.resultsRoot)).toBe(toHex(merkleRoot(results)))
      const verdict = verifyHeader(rules, trusted, { header, certificate }, () => validators, clock.now())
      expect(verdict).toMatchObject({ kind: 'trusted', linked: true })
      if (verdict.kind === 'trusted') trusted = verdict.trusted
      log.append(block.id)
    }
  })

  it('has an empty block once a minute and no other one, and no two within a second', () => {
    const { clock, decided, start } = ledger({ options: { genesisTime: 0 } })
    clock.advance(5 * 60_000)
    const times = decided[0]!.map(({ block }) => block.header.time)
    expect(times.length).toBeGreaterThanOrEqual(5)
    expect(times[0]! - start).toBeLessThan(2_000)
    for (let i = 1; i < times.length; i++) expect(times[i]! - times[i - 1]!).toBeGreaterThanOrEqual(60_000)

    const busy = ledger()
    for (let key = 0; key < 40; key++) {
      busy.chains[0]!.submit(transaction(key))
      busy.clock.advance(100)
    }
    const often = busy.decided[0]!.map(({ block }) => block.header.time)
    expect(often.length).toBeGreaterThanOrEqual(3)
    for (let i = 1; i < often.length; i++) expect(often[i]! - often[i - 1]!).toBeGreaterThanOrEqual(1_000)
  })

  it.each([
    [1_999, 0, true],
    [2_001, 0, false],
    [-2_000, 0, true],
    [-2_001, 0, false],
    // A slow network may need longer in later rounds; nobody may be further ahead.
    [-2_400, 1, true],
    [2_001, 1, false],
  ])('votes for a block %i ms from the own clock in round %i: %s', (offset, round, isTaken) => {
    const one = ledgerOne()
    one.now = NOW
    if (round === 1) one.votes('precommit', [1, 2, 3], undefined, 1)
    one.propose(ledgerBlock(one, { time: NOW + offset }), round)
    expect(one.said).toContain(`prevote ${round} ${isTaken ? 'block' : 'nil'}`)
  })

  it.each<[string, Partial<BlockHeader>, Partial<LedgerFields>]>([
    ['without a transaction before the heartbeat', { time: NOW }, {}],
    ['that names another history', {}, { historyRoot: ZERO_HASH }],
    ['that names other results', {}, { resultsRoot: ZERO_HASH }],
    ['that names another set after the next', {}, { afterValidatorsRoot: ZERO_HASH }],
    ['of other rules', {}, { rules: 2 }],
    ['that announces rules by itself', {}, { nextRules: { rules: 2, height: 9 } }],
  ])('does not vote for a block %s', (what, overrides, fields) => {
    const one = ledgerOne(what.startsWith('without') ? NOW - 59_000 : NOW - 60_000)
    const transactions = what.startsWith('without') ? [] : [transaction(1)]
    one.propose(ledgerBlock(one, overrides, fields, transactions))
    expect(one.said).toContain('prevote 0 nil')
    const good = ledgerOne()
    good.propose(ledgerBlock(good))
    expect(good.said).toContain('prevote 0 block')
  })

  it('refuses headers and certificates of the other schema', () => {
    const one = ledgerOne()
    one.propose(one.block(1))
    expect(one.said).toContain('prevote 0 nil')
    const other = ledgerOne()
    const block = ledgerBlock(other)
    const list = other.certificate('precommit', [1, 2, 3], block.id)
    other.tell(1, { type: 'blocks', blocks: [{ block, certificate: list }] })
    expect(other.height).toBe(1)
    other.tell(1, { type: 'blocks', blocks: [{ block, certificate: { scheme: 1, ...list } }] })
    expect(other.height).toBe(2)
  })

  it('changes only a part of its set in one block', () => {
    const { chains, clock, validators } = ledger({ n: 4, spares: 3 })
    chains[0]!.submit(transaction(1, [0, 1, 4, 5]))
    clock.advance(5_000)
    expect(chains[0]!.status().validators).toEqual(validators.slice(0, 4))
    const after = ledger({ n: 4, spares: 3 })
    for (const [key, seats] of [
      [0, 1, 2, 4],
      [0, 1, 4, 5],
      [0, 4, 5, 6],
    ].entries()) {
      after.chains[0]!.submit(transaction(key, seats))
      after.clock.advance(5_000)
    }
    after.clock.advance(130_000)
    expect(after.chains[6]!.status().validators.map(({ id }) => toHex(id))).toEqual(
      [0, 4, 5, 6].map((seat) => toHex(after.validators[seat]!.id)),
    )
  })

  it('marks a bad transaction, and commits to its mark', () => {
    const marks: Wrap = (application) => ({
      ...application,
      apply: (state, block): Applied<StateMap> | undefined => {
        const applied = application.apply(state, block)
        return (
          applied && {
            ...applied,
            results: block.transactions.map(() => ({ code: 6, fee: 2, detail: Uint8Array.of(1) })),
          }
        )
      },
    })
    const { chains, clock, decided } = ledger({ wrap: marks })
    chains[0]!.submit(transaction(1))
    clock.advance(3_000)
    const { block } = decided[2]![0]!
    const results = [encodeResult({ code: 6, fee: 2, detail: Uint8Array.of(1) })]
    expect(toHex(block.header.ledger!.resultsRoot)).toBe(toHex(merkleRoot(results)))
  })

  it('stops before rules that this release does not know, and goes on under those that it knows', () => {
    const voted =
      (knows: readonly number[]): Wrap =>
      (application) => ({
        ...application,
        knowsRules: (rules) => knows.includes(rules),
        apply: (state, block) => {
          const applied = application.apply(state, block)
          return applied && block.height === 1 ? { ...applied, nextRules: { rules: 2, height: 3 } } : applied
        },
      })
    const run = (knows: readonly number[]) => {
      const world = ledger({ wrap: voted(knows) })
      for (let key = 0; key < 5; key++) {
        world.chains[0]!.submit(transaction(key))
        world.clock.advance(3_000)
      }
      return world
    }
    const old = run([1])
    expect(old.chains[0]!.status()).toMatchObject({
      height: 2,
      halted: expect.stringMatching(/rules 2.*height 3.*newer release/),
    })
    const ready = run([1, 2])
    expect(ready.chains[0]!.status().halted).toBeUndefined()
    const rules = ready.decided[0]!.map(({ block }) => block.header.ledger!)
    expect(rules.slice(0, 4).map((fields) => fields.rules)).toEqual([1, 1, 2, 2])
    expect(rules.slice(0, 3).map((fields) => fields.nextRules?.height)).toEqual([3, 3, undefined])
  })

  it('shows the application how blocks were decided, and by whom', () => {
    const seen: BlockContent[] = []
    const watching: Wrap = (application) => ({
      ...application,
      apply: (state, block) => {
        seen.push(block)
        return application.apply(state, block)
      },
    })
    const { chains, clock, validators } = ledger({ wrap: watching })
    for (let key = 0; key < 2; key++) {
      chains[0]!.submit(transaction(key))
      clock.advance(3_000)
    }
    const second = seen.findLast(({ height }) => height === 2)!.consensus!
    expect(second.last?.round).toBe(0)
    expect(second.last!.signers.length).toBeGreaterThanOrEqual(3)
    expect(second).toMatchObject({ validators, rules: 1, evidence: [] })
    expect(seen.findLast(({ height }) => height === 1)!.consensus!.last).toBeUndefined()
  })

  it('puts evidence of two votes into a block, which everybody checks, once', () => {
    const seen: string[] = []
    const watching: Wrap = (application) => ({
      ...application,
      apply: (state, block) => {
        for (const { accused } of block.consensus?.evidence ?? []) seen.push(toHex(accused))
        return application.apply(state, block)
      },
    })
    const { validators, signers } = people(4)
    const world = ledger({
      wrap: watching,
      // Number 3 tells number 0 of another prevote as well.
      twist: (from, message, to) => {
        if (from !== 3 || to !== 0 || message.type !== 'votes') return [message]
        const lies = message.votes
          .filter(({ kind, blockId }) => kind === 'prevote' && blockId !== undefined)
          .map((vote): Vote => {
            const lie = { ...vote, blockId: new Uint8Array(32).fill(9) }
            return { ...lie, signature: signers[3]!.sign(voteBytes(chainId, lie)) }
          })
        return lies.length === 0 ? [message] : [message, { type: 'votes', votes: lies }]
      },
    })
    world.chains[1]!.submit(transaction(1))
    world.clock.advance(3_000)
    for (let key = 2; key < 8; key++) {
      world.chains[1]!.submit(transaction(key))
      world.clock.advance(3_000)
    }
    expect(world.evidence).toContain('votes 3')
    const items = world.decided[2]!.flatMap(({ block }) => (block.evidence ?? []).map(decodeEvidence))
    expect(items.length).toBeGreaterThanOrEqual(1)
    expect(toHex(items[0]!.place.id)).toBe(toHex(validators[3]!.id))
    const faults = items.map(({ accusation }) => `${accusation.first.height}/${accusation.first.round}`)
    expect(new Set(faults).size).toBe(faults.length)
    expect(seen).toContain(toHex(validators[3]!.id))
    expect(world.chains[2]!.status().halted).toBeUndefined()
  })

  it('accuses who prevotes against its own precommit without cause, and nobody who has a cause', () => {
    const run = (validRound: number) => {
      const one = ledgerOne()
      const first = ledgerBlock(one)
      const second = ledgerBlock(one, { time: NOW + 1 })
      one.propose(first)
      one.tell(2, { type: 'votes', votes: [one.vote(2, 'precommit', first.id)] })
      const proof =
        validRound < 0 ? undefined : { scheme: 1 as const, ...one.certificate('prevote', [0, 2, 3], second.id, 0) }
      one.votes('precommit', [1, 3], undefined, 1)
      one.propose(second, 1, validRound, proof)
      one.votes('prevote', [2], second.id, 1)
      return one.effects.filter((effect) => effect.kind === 'evidence')
    }
    const [found, ...rest] = run(-1)
    expect(found?.kind === 'evidence' && found.evidence.kind).toBe('lock')
    expect(rest).toEqual([])
    const one = ledgerOne()
    if (found?.kind !== 'evidence') throw new Error('nothing found')
    expect(verifyEquivocation(scheme, found.evidence, chainId, one.validators)).toBe(true)
    // The claim counts as its round's proposer's only: anybody could make another one.
    const { claim } = one.proposal(ledgerBlock(one, { time: NOW + 1 }), 1, -1, undefined, 3)
    expect(verifyEquivocation(scheme, { ...found.evidence, claim } as ChainEquivocation, chainId, one.validators)).toBe(
      false,
    )
    expect(run(0)).toEqual([])
  })

  it('stays halted over restarts once a quorum decided what is not valid here, until a quorum of its set says to go on', () => {
    // Number 0 alone finds the third block wrong, until it is mended.
    let isBroken = true
    let made = 0
    const odd: Wrap = (application) => {
      const isOdd = made++ === 0
      return {
        ...application,
        apply: (state, block) =>
          isOdd && isBroken && block.height === 3 ? undefined : application.apply(state, block),
      }
    }
    const { chains, clock, open, signers } = ledger({ wrap: odd })
    const submitAll = (from: number) => {
      for (let key = from; key < from + 4; key++) {
        chains[1]!.submit(transaction(key))
        clock.advance(3_000)
      }
    }
    submitAll(0)
    const halted = { height: 2, halted: expect.stringMatching(/height 3 is not valid here/) }
    expect(chains[0]!.status()).toMatchObject(halted)
    // The others go on, one turn in four late.
    clock.advance(20_000)
    expect(chains[1]!.status().height).toBeGreaterThanOrEqual(4)
    isBroken = false
    chains[0]!.stop()
    open(0)
    submitAll(10)
    expect(chains[0]!.status()).toMatchObject(halted)

    const { headId, height } = chains[0]!.status()
    const statement = (by: readonly number[], head = headId) => {
      const signatures = by.map((index) => ({
        index,
        signature: signers[index]!.sign(resumeBytes({ chainId, height, headId: head })),
      }))
      return encodeResume({ chainId, height, headId: head, signatures })
    }
    expect(chains[0]!.resume(statement([0, 1]))).toBe(false)
    expect(chains[0]!.resume(statement([0, 1, 2], new Uint8Array(32)))).toBe(false)
    expect(chains[1]!.resume(statement([0, 1, 2]))).toBe(false)
    expect(chains[0]!.resume(statement([0, 1, 3]))).toBe(true)
    clock.advance(70_000)
    expect(chains[0]!.status()).toMatchObject({ height: chains[1]!.status().height, halted: undefined })
    chains[0]!.stop()
    open(0)
    expect(chains[0]!.status().halted).toBeUndefined()
  })

  it('offers what pays most first, each account by its nonces, few of one account, and nothing that has expired', () => {
    // Key 1204: account 12, nonce 0, fee 4.
    const paying =
      (expiresOf: (key: number) => number): Wrap =>
      (application) => ({
        ...application,
        ticket(bytes) {
          const [key] = decodeCanonical(bytes, { maxBytes: 1_000 }) as readonly number[]
          const [account, nonce, fee] = [Math.floor(key! / 100_000), Math.floor(key! / 1_000) % 100, key! % 1_000]
          return nonce === 99 ? undefined : { account: String(account), nonce, fee, expires: expiresOf(key!) }
        },
      })
    const keyOf = (account: number, nonce: number, fee: number) => account * 100_000 + nonce * 1_000 + fee
    const { chains, clock, decided } = ledger({ wrap: paying(() => Number.MAX_SAFE_INTEGER) })
    const keys = [keyOf(1, 1, 900), keyOf(1, 0, 5), keyOf(2, 0, 7), keyOf(3, 0, 6), keyOf(2, 1, 1), keyOf(4, 99, 1)]
    for (const key of keys) chains[1]!.submit(transaction(key))
    clock.advance(3_000)
    const chosen = decided[0]![0]!.block.transactions.map(
      (bytes) => (decodeCanonical(bytes, { maxBytes: 1_000 }) as number[])[0],
    )
    expect(chosen).toEqual([keyOf(2, 0, 7), keyOf(3, 0, 6), keyOf(1, 0, 5), keyOf(1, 1, 900), keyOf(2, 1, 1)])

    const many = ledger({ wrap: paying((key) => (key >= keyOf(9, 0, 0) ? 1 : Number.MAX_SAFE_INTEGER)) })
    many.chains.forEach((chain, index) => {
      if (index > 0) chain.stop()
    })
    for (let nonce = 0; nonce < 90; nonce++) many.chains[0]!.submit(transaction(keyOf(1, nonce, 1)))
    many.chains[0]!.submit(transaction(keyOf(2, 0, 1)))
    many.chains[0]!.submit(transaction(keyOf(9, 0, 1)))
    expect(many.chains[0]!.status().waiting).toBe(65)
  })

  it('takes a snapshot up with its history, and goes on', () => {
    const options = { snapshotEvery: 4, keepBlocks: 0 }
    const { chains, clock, open } = ledger({ options })
    chains[3]!.stop()
    for (let key = 0; key < 10; key++) {
      chains[0]!.submit(transaction(key))
      clock.advance(3_000)
    }
    expect(chains[0]!.status().height).toBeGreaterThanOrEqual(8)
    open(3)
    clock.advance(30_000)
    expect(chains[3]!.status().stats.snapshots).toBe(1)
    chains[0]!.submit(transaction(99))
    clock.advance(5_000)
    expect(chains[3]!.status().height).toBe(chains[0]!.status().height)
    // And once more from its own disk.
    chains[3]!.stop()
    open(3)
    clock.advance(5_000)
    expect(chains[3]!.status()).toMatchObject({ height: chains[0]!.status().height, halted: undefined })
  })
})

function ledgerOne(genesisTime = NOW - 60_000): One {
  return new One(4, 0, { options: { ...ledgerChainOptions, genesisTime } })
}

/** A block of height 1 by the proposer of round 0, valid unless something is put over it. */
function ledgerBlock(
  one: One,
  overrides: Partial<BlockHeader> = {},
  fields: Partial<LedgerFields> = {},
  transactions: readonly Uint8Array[] = [transaction(1)],
): Block {
  const { application } = one.context
  const { validators } = one
  const proposer = validators[1]!.id
  const content = { height: 1, time: NOW, proposer, extension: new Uint8Array(), transactions }
  const set = setRoot(validators)
  const results = transactions.map(() => encodeResult({ code: 0, fee: 0, detail: new Uint8Array() }))
  return makeBlock(
    {
      chainId,
      height: 1,
      time: NOW,
      proposer,
      previousId: ZERO_HASH,
      stateRoot: stateRoot(application.apply(application.initial(), content)!.state),
      validatorsHash: set,
      nextValidatorsHash: set,
      extension: new Uint8Array(),
      ...overrides,
      ledger: {
        afterValidatorsRoot: set,
        resultsRoot: merkleRoot(results),
        historyRoot: merkleRoot([]),
        rules: 1,
        nextRules: undefined,
        ...fields,
      },
    },
    transactions,
    undefined,
  )
}
