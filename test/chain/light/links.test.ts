import { describe, expect, it } from 'vitest'
import { setRoot } from '../../../src/chain/blocks/set-root.ts'
import { trustCheckpoint } from '../../../src/chain/light/checkpoints.ts'
import { decodeHeaderFork, encodeHeaderFork, type HeaderFork } from '../../../src/chain/light/header-forks.ts'
import {
  applyHeaderFork,
  applyLink,
  applyNoteFork,
  applyRenewal,
  beginLinked,
  decodeLinked,
  encodeLinked,
  type LinkedRecord,
} from '../../../src/chain/light/link-state.ts'
import {
  type ChainLink,
  decodeLink,
  decodeNoteFork,
  encodeLink,
  encodeNoteFork,
  forkSigners,
  type Linked,
  linkVerdict,
  type NoteFork,
} from '../../../src/chain/light/links.ts'
import { cosignerKey } from '../../../src/chain/notes/checkpoint.ts'
import { emptyHistory, historyRoot } from '../../../src/chain/trees/history.ts'
import { DAY, GENESIS_TIME, simRules as rules, TestLedger } from './ledger.ts'

const FOUR = [0, 1, 2, 3]
const LIE = { stateRoot: new Uint8Array(32).fill(6) }

function nothingLinked(ledger: TestLedger): Linked {
  return {
    chainId: ledger.chainId,
    origin: ledger.origin,
    size: 0,
    root: historyRoot(emptyHistory),
    time: GENESIS_TIME,
    nextSetRoot: setRoot(ledger.genesis.validators),
  }
}

function linkOf(ledger: TestLedger, oldSize: number, size: number, count?: number): ChainLink {
  const lastSet = oldSize === 0 ? ledger.genesis.validators : ledger.setAt(oldSize + 1)
  return {
    origin: ledger.origin,
    oldSize,
    proof: ledger.consistency(oldSize, size),
    note: ledger.noteBytes(size, count),
    header: ledger.at(size).header,
    path: ledger.leafPath(size),
    lastSet,
    ownSet: setRoot(lastSet).join() === setRoot(ledger.setAt(size)).join() ? undefined : ledger.setAt(size),
  }
}

/** What is linked after a link that must hold. */
function linkedBy(ledger: TestLedger, before: Linked, link: ChainLink): Linked {
  const verdict = linkVerdict(rules, before, decodeLink(encodeLink(link)), ledger.head.header.time)
  if (verdict.kind !== 'linked') throw new Error(verdict.reason)
  return verdict.linked
}

describe('a link', () => {
  const ledger = new TestLedger(FOUR)
    .grow(30)
    .grow(1, { next: [0, 1, 2, 4] })
    .grow(30)
  const now = ledger.head.header.time
  const first = linkedBy(ledger, nothingLinked(ledger), linkOf(ledger, 0, 20))

  it('follows a chain from its genesis on, through a change of its set', () => {
    expect(first.size).toBe(20)
    const second = linkedBy(ledger, first, linkOf(ledger, 20, 50))
    expect(second.size).toBe(50)
    expect(second.nextSetRoot).toEqual(setRoot(ledger.setAt(51)))
  })

  it('links a forked chain in one of its forms only', () => {
    const fork = ledger.fork(15).grow(40, LIE)
    expect(linkVerdict(rules, first, linkOf(fork, 20, 40), now)).toEqual({ kind: 'refused', reason: 'unproven' })
    expect(
      linkVerdict(rules, first, { ...linkOf(fork, 20, 40), oldSize: 15, proof: fork.consistency(15, 40) }, now),
    ).toEqual({ kind: 'refused', reason: 'stale' })
  })

  it('is refused from another size, with another proof, header, set or time, and with too few cosigners', () => {
    const good = linkOf(ledger, 20, 50)
    const refused = (change: Partial<ChainLink>, held = first, at = now) => {
      const verdict = linkVerdict(rules, held, { ...good, ...change }, at)
      return verdict.kind === 'refused' ? verdict.reason : verdict.kind
    }
    expect(refused({})).toBe('linked')
    expect(refused({ origin: 'chordns/home/com' })).toBe('another log')
    expect(refused({ oldSize: 10 })).toBe('stale')
    expect(refused({ proof: ledger.consistency(20, 49) })).toBe('unproven')
    expect(refused({ header: ledger.at(49).header })).toBe('header')
    expect(refused({ path: ledger.leafPath(49) })).toBe('header')
    expect(refused({ lastSet: ledger.setAt(50) })).toBe('set')
    expect(refused({ ownSet: ledger.setAt(1) })).toBe('set')
    expect(refused({ note: ledger.noteBytes(50, 2) })).toBe('cosignatures')
    expect(refused({}, first, ledger.at(50).header.time - 10_001)).toBe('time')
    expect(refused({}, { ...first, time: ledger.at(50).header.time - 14 * DAY - 1 })).toBe('expired')
    expect(refused({}, { ...first, chainId: new Uint8Array(32) })).toBe('header')
  })

  it('is refused two weeks after the last one, though its header is dated just after that: keys of a set that is long gone are for sale', () => {
    const bought = linkOf(ledger, 20, 50)
    const late = first.time + 14 * DAY
    expect(linkVerdict(rules, first, bought, late).kind).toBe('linked')
    expect(linkVerdict(rules, first, bought, late + 1)).toEqual({ kind: 'refused', reason: 'expired' })
  })

  it('is refused when those who cosigned have too little in common with the set linked last', () => {
    const other = new TestLedger(FOUR)
      .grow(5)
      .grow(1, { next: [0, 1, 2, 4] })
      .grow(5)
      .grow(1, { next: [0, 1, 4, 5] })
      .grow(5)
    const held = linkedBy(other, nothingLinked(other), linkOf(other, 0, 4))
    const verdict = linkVerdict(rules, held, linkOf(other, 4, other.height), other.head.header.time)
    expect(verdict).toEqual({ kind: 'refused', reason: 'cosignatures' })
    // One between brings it over.
    const between = linkedBy(other, held, linkOf(other, 4, 9))
    expect(linkVerdict(rules, between, linkOf(other, 9, other.height, 4), other.head.header.time).kind).toBe('linked')
  })

  it('makes evidence of two notes that cannot both be true, of one size or of two', () => {
    const fork = ledger.fork(15).grow(40, LIE)
    const { origin } = ledger
    const set = ledger.setAt(20)
    const same: NoteFork = {
      origin,
      first: ledger.noteBytes(20),
      second: fork.noteBytes(20),
      split: undefined,
      validators: set,
    }
    const signersOf = (evidence: NoteFork) => forkSigners(rules, decodeNoteFork(encodeNoteFork(evidence)))
    expect(signersOf(same)).toHaveLength(3)
    const leafAt = (of: TestLedger, size: number) => ({
      leaf: of.at(16).certificate.blockId,
      path: of.path(16, size + 1),
    })
    const split = { index: 15, first: leafAt(ledger, 20), second: leafAt(fork, 30) }
    expect(
      signersOf({ origin, first: ledger.noteBytes(20), second: fork.noteBytes(30), split, validators: set }),
    ).toHaveLength(3)
    expect(
      signersOf({
        origin,
        first: ledger.noteBytes(20),
        second: ledger.noteBytes(20),
        split: undefined,
        validators: set,
      }),
    ).toBeUndefined()
    expect(
      signersOf({
        origin,
        first: ledger.noteBytes(20),
        second: ledger.noteBytes(30),
        split: { ...split, second: leafAt(ledger, 30) },
        validators: set,
      }),
    ).toBeUndefined()
    expect(
      signersOf({
        origin,
        first: ledger.noteBytes(20),
        second: fork.noteBytes(20, 2),
        split: undefined,
        validators: set,
      }),
    ).toBeUndefined()
  })
})

describe('a checkpoint to begin from', () => {
  const ledger = new TestLedger(FOUR).grow(30)
  const keys = ledger.setAt(20).map(cosignerKey)
  const policy = { chainId: ledger.chainId, origin: ledger.origin, keys, enough: 3 }
  const offer = {
    note: ledger.noteBytes(20),
    header: ledger.at(20).header,
    path: ledger.leafPath(20),
    next: ledger.setAt(21),
  }
  const now = offer.header.time + DAY

  it('is trusted when enough of the known keys cosigned it', () => {
    expect(trustCheckpoint(rules, policy, offer, now)).toMatchObject({ kind: 'trusted', trusted: { height: 20 } })
  })

  it('is refused when it is stale, of another log, of too few, or of another header or set', () => {
    const reason = (change: Partial<typeof offer>, by = policy, at = now) => {
      const verdict = trustCheckpoint(rules, by, { ...offer, ...change }, at)
      return verdict.kind === 'refused' ? verdict.reason : verdict.kind
    }
    expect(reason({}, policy, offer.header.time + 14 * DAY + 1)).toBe('stale')
    expect(reason({}, policy, offer.header.time - 10_001)).toBe('future')
    expect(reason({}, { ...policy, origin: 'chordns/home/com' })).toBe('another log')
    expect(reason({ note: ledger.noteBytes(20, 2) })).toBe('cosignatures')
    expect(reason({}, { ...policy, keys: [], enough: 0 })).toBe('cosignatures')
    expect(reason({ header: ledger.at(21).header })).toBe('header')
    expect(reason({ next: new TestLedger([5, 6, 7, 8]).setAt(1) })).toBe('header')
    expect(reason({ note: ledger.fork(10).grow(20, LIE).noteBytes(20) })).toBe('header')
  })
})

describe('what a ledger keeps of a linked chain', () => {
  const ledger = new TestLedger(FOUR).grow(60)
  const now = ledger.head.header.time
  const kept = (record: LinkedRecord) => decodeLinked(encodeLinked(record), record.origin)
  const linkedTo = (record: LinkedRecord, size: number, of = ledger) => {
    const outcome = applyLink(rules, record, encodeLink(linkOf(of, record.size, size)), of.at(size).header.time)
    if (outcome.kind !== 'linked') throw new Error(outcome.reason)
    return kept(outcome.record)
  }

  it('begins with the genesis, and follows link by link', () => {
    const first = linkedTo(kept(beginLinked(ledger.genesis)), 20)
    expect(first).toMatchObject({ size: 20, isForked: false, origin: ledger.origin })
    expect(linkedTo(first, 50).size).toBe(50)
    expect(() => decodeLinked(new Uint8Array(3), ledger.origin)).toThrow(
      expect.objectContaining({ code: 'CHAIN_MALFORMED' }),
    )
  })

  it('ends with two notes that cannot both be true, shown on the other chain', () => {
    const record = linkedTo(beginLinked(ledger.genesis), 20)
    const fork = ledger.fork(15).grow(40, LIE)
    const evidence: NoteFork = {
      origin: ledger.origin,
      first: ledger.noteBytes(20),
      second: fork.noteBytes(20),
      split: undefined,
      validators: ledger.setAt(20),
    }
    const forked = applyNoteFork(rules, record, encodeNoteFork(evidence), now)
    expect(forked).toMatchObject({ kind: 'forked', record: { isForked: true, size: 20 } })
    if (forked.kind !== 'forked') return
    expect(forked.signers).toHaveLength(3)
    const link = encodeLink(linkOf(ledger, 20, 50))
    expect(applyLink(rules, kept(forked.record), link, now)).toEqual({ kind: 'refused', reason: 'forked' })
  })

  it('takes no evidence of a set of somebody else, of another log, or of what is no fork', () => {
    const record = linkedTo(beginLinked(ledger.genesis), 20)
    const forged = new TestLedger([6, 7, 8, 9])
    forged.grow(20)
    const notes = { first: forged.noteBytes(20), second: forged.fork(10).grow(10, LIE).noteBytes(20) }
    const other = { origin: ledger.origin, ...notes, split: undefined, validators: forged.setAt(20) }
    expect(applyNoteFork(rules, record, encodeNoteFork(other), now)).toEqual({ kind: 'refused', reason: 'set' })
    const same = { ...other, first: ledger.noteBytes(20), second: ledger.noteBytes(20), validators: ledger.setAt(20) }
    expect(applyNoteFork(rules, record, encodeNoteFork(same), now)).toEqual({ kind: 'refused', reason: 'no fork' })
    expect(applyNoteFork(rules, { ...record, origin: 'other' }, encodeNoteFork(same), now)).toEqual({
      kind: 'refused',
      reason: 'another log',
    })
  })

  describe('begins anew where its term is over', () => {
    /** Nobody has linked it for two weeks; its set is another one now. */
    const long = new TestLedger(FOUR)
      .grow(30)
      .grow(1, { next: [0, 1, 2, 4] })
      .grow(5)
      .grow(1, { next: [0, 1, 4, 5] })
      .grow(5)
    const later = long.head.header.time + 15 * DAY
    long.block({ time: later })
    long.grow(14)
    const at = long.head.header.time
    const record = linkedTo(beginLinked(long.genesis), 20, long)
    const renewal = (size: number, change: Partial<ChainLink> = {}): ChainLink => ({
      ...linkOf(long, 20, size),
      lastSet: long.setAt(size),
      ownSet: undefined,
      ...change,
    })
    const said = (link: ChainLink, held = record, time = at) => {
      const outcome = applyRenewal(rules, held, encodeLink(link), time)
      return outcome.kind === 'refused' ? outcome.reason : outcome.record
    }

    it('at a checkpoint that goes on from it, whoever of the old set is left', () => {
      expect(applyLink(rules, record, encodeLink(linkOf(long, 20, 50)), at)).toMatchObject({ reason: 'expired' })
      const begun = said(renewal(50)) as LinkedRecord
      expect(begun).toMatchObject({ size: 50, time: long.at(50).header.time, isForked: false })
      expect(applyLink(rules, begun, encodeLink(linkOf(long, 50, 52)), at)).toMatchObject({ kind: 'linked' })
    })

    it('and not before, not at a checkpoint that is as old, of another branch, or cosigned by too few, and not once it was forked', () => {
      expect(said(renewal(50), record, record.time + 14 * DAY)).toBe('time')
      const young = { ...record, time: at - DAY }
      expect(said(renewal(50), { ...young, time: long.at(50).header.time - DAY })).toBe('in term')
      expect(said(renewal(40))).toBe('expired')
      const branch = long.fork(15)
      branch.grow(30, LIE).block({ time: later })
      const other = { ...linkOf(branch, 20, branch.height), lastSet: branch.setAt(branch.height), ownSet: undefined }
      expect(said(other)).toBe('unproven')
      expect(said(renewal(50, { note: long.noteBytes(50, 2) }))).toBe('cosignatures')
      expect(said(renewal(50, { lastSet: long.setAt(1) }))).toBe('set')
      expect(said(linkOf(long, 20, 50))).toBe('set')
      expect(said(renewal(50), { ...record, isForked: true })).toBe('forked')
    })
  })

  describe('ends with two headers that contradict each other', () => {
    const fork = ledger.fork(15).grow(40, LIE)
    const setOf = (size: number) => ledger.setAt(size)
    const record = linkedTo(beginLinked(ledger.genesis), 20)
    const conflictAt = (height: number, first = ledger, second = fork): HeaderFork['conflict'] => ({
      first: first.at(height),
      second: second.at(height),
      firstSet: first.setAt(height),
      secondSet: second.setAt(height),
      older: undefined,
    })
    const said = (change: Partial<HeaderFork>, held = record, time = now) => {
      const evidence = { origin: ledger.origin, conflict: conflictAt(30), lastSet: setOf(21), ...change }
      const payload = encodeHeaderFork(evidence)
      expect(decodeHeaderFork(payload)).toEqual(evidence)
      const outcome = applyHeaderFork(rules, held, payload, time)
      return outcome.kind === 'refused' ? outcome.reason : outcome
    }

    it('of one height, or of two, shown on the other chain', () => {
      expect(said({})).toMatchObject({ kind: 'forked', record: { isForked: true, size: 20 } })
      const older = { header: fork.at(30).header, path: fork.path(30, 40) }
      const two = { ...conflictAt(30), second: fork.at(40), older }
      const outcome = said({ conflict: two })
      expect(outcome).toMatchObject({ kind: 'forked' })
      if (typeof outcome !== 'string') expect(outcome.signers).toHaveLength(3)
    })

    it('and not when they are one, of another log or set, made up by strangers, or shown when the term is over', () => {
      expect(said({ conflict: conflictAt(10) })).toBe('no fork')
      expect(said({ origin: 'chordns/home/other' })).toBe('another log')
      const strangers = ledger.posed([6, 7, 8, 9]).grow(40)
      expect(said({ conflict: conflictAt(30, ledger, strangers) })).toBe('no fork')
      expect(said({ lastSet: strangers.setAt(1) })).toBe('set')
      expect(said({}, record, record.time + 14 * DAY + 1)).toBe('expired')
    })
  })
})
