import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { equalBytes } from '../../../src/base/index.ts'
import { setRoot } from '../../../src/chain/blocks/set-root.ts'
import {
  conflictVerdict,
  decodeConflict,
  encodeConflict,
  type HeaderConflict,
} from '../../../src/chain/light/conflicts.ts'
import { isFresh, isInHistory, type LightRules, type Trusted, trustGenesis } from '../../../src/chain/light/trust.ts'
import { type LightOffer, type LightVerdict, trust, verifyHeader } from '../../../src/chain/light/verify.ts'
import { LightWalk, type WalkNeed } from '../../../src/chain/light/walk.ts'
import { DAY, GENESIS_TIME, MINUTE, simRules as rules, TestLedger } from './ledger.ts'

const FOUR = [0, 1, 2, 3]

/** What is trusted at a height of an honest chain. */
function trustedAt(ledger: TestLedger, height: number): Trusted {
  return trust(ledger.at(height), ledger.setAt(height + 1))
}

/** All lists that the chain has are at hand. */
function setsOf(...ledgers: readonly TestLedger[]) {
  return (root: Uint8Array) => {
    for (const ledger of ledgers)
      for (let height = 1; height <= ledger.height + 2; height++)
        if (equalBytes(setRoot(ledger.setAt(height)), root)) return ledger.setAt(height)
    return undefined
  }
}

function check(
  from: Trusted,
  offer: LightOffer,
  ledger: TestLedger,
  now = offer.header.time,
  by: LightRules = rules,
): LightVerdict {
  return verifyHeader(by, from, offer, setsOf(ledger), now)
}

/** Walks to the newest header of a chain as one who can be told anything of it. */
function walk(
  from: Trusted,
  ledger: TestLedger,
  now = ledger.head.header.time,
): { need: WalkNeed; asked: number; trusted: Trusted } {
  const light = new LightWalk(rules, from, ledger.head)
  const known = setsOf(ledger)
  for (let asked = 0; ; asked++) {
    const need = light.next(now)
    if (need.kind === 'header') expect(light.addHeader(ledger.at(need.height))).toBe(true)
    else if (need.kind === 'set') {
      const set = known(need.root)
      if (set === undefined) return { need, asked, trusted: light.trusted }
      expect(light.addSet(set, need.root)).toBe(true)
    } else if (need.kind === 'path') light.addPath(ledger.path(need.of, need.within))
    else return { need, asked, trusted: light.trusted }
  }
}

describe('a light client', () => {
  it('follows headers one by one from the genesis, through sets that change', () => {
    const ledger = new TestLedger(FOUR)
      .grow(3)
      .grow(1, { next: [0, 1, 2, 4] })
      .grow(3)
      .grow(1, { next: [1, 2, 4, 5] })
      .grow(4)
    let trusted = trustGenesis(ledger.genesis)
    for (let height = 1; height <= ledger.height; height++) {
      const verdict = check(trusted, ledger.at(height), ledger)
      expect(verdict).toMatchObject({ kind: 'trusted', linked: true })
      if (verdict.kind === 'trusted') trusted = verdict.trusted
    }
    expect(trusted.height).toBe(ledger.height)
  })

  it('skips as far as a quorum of the known set still signs, and asks for a header between where it does not', () => {
    const ledger = new TestLedger(FOUR).grow(50)
    expect(check(trustGenesis(ledger.genesis), ledger.head, ledger)).toMatchObject({ kind: 'trusted', linked: true })
    for (const next of [
      [0, 1, 2, 4],
      [0, 1, 4, 5],
      [0, 4, 5, 6],
    ])
      ledger.grow(1, { next }).grow(20)
    expect(check(trustedAt(ledger, 50), ledger.head, ledger)).toEqual({ kind: 'need-between' })
    const { need, asked } = walk(trustedAt(ledger, 1), ledger)
    expect(need).toMatchObject({ kind: 'arrived', trusted: { height: ledger.height } })
    expect(asked).toBeLessThan(60)
  })

  it('may be told to skip by a third', () => {
    const ledger = new TestLedger(FOUR)
      .grow(5)
      .grow(1, { next: [0, 1, 2, 4] })
      .grow(5)
      .grow(1, { next: [0, 1, 4, 5] })
      .grow(5)
    const offer = ledger.certify(ledger.head.header, ledger.setAt(ledger.height), [0, 1, 4])
    expect(check(trustedAt(ledger, 1), offer, ledger)).toEqual({ kind: 'need-between' })
    expect(check(trustedAt(ledger, 1), offer, ledger, offer.header.time, { ...rules, overlap: 'third' })).toMatchObject(
      { kind: 'trusted' },
    )
  })

  it('arrives from anywhere in chains whose sets change at random', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(9), fc.nat(3)), { minLength: 1, maxLength: 20 }),
        fc.nat(),
        (changes, at) => {
          const ledger = new TestLedger(FOUR)
          const people = [...FOUR]
          for (const [newcomer, place] of changes) {
            if (!people.includes(newcomer)) people[place] = newcomer
            ledger.grow(1, { next: people }).grow(1 + (newcomer % 3))
          }
          ledger.grow(3)
          const from = 1 + (at % ledger.height)
          const { need } = walk(trustedAt(ledger, from), ledger)
          expect(need).toMatchObject({ kind: 'arrived', trusted: { height: ledger.height } })
        },
      ),
      { numRuns: 30 },
    )
  })

  it('takes no header of another chain, earlier, lower, or from the future', () => {
    const ledger = new TestLedger(FOUR).grow(6)
    const other = new TestLedger(FOUR, { name: 'com' }).grow(6)
    const from = trustedAt(ledger, 3)
    expect(check(from, other.at(6), other)).toEqual({ kind: 'refused', reason: 'another chain' })
    expect(check(from, ledger.at(2), ledger)).toEqual({ kind: 'refused', reason: 'lower' })
    expect(check(from, ledger.at(4), ledger, ledger.at(4).header.time - 10_001)).toEqual({
      kind: 'refused',
      reason: 'future',
    })
    const early = ledger.fork(5)
    early.block({ time: from.time })
    expect(check(from, early.head, early, ledger.head.header.time)).toEqual({ kind: 'refused', reason: 'earlier' })
  })

  it('takes no certificate of too few, of another header, or with a changed signature', () => {
    const ledger = new TestLedger(FOUR).grow(6)
    const from = trustedAt(ledger, 5)
    const { header, certificate } = ledger.at(6)
    const refused = { kind: 'refused', reason: 'certificate' }
    const few = ledger.certify(header, ledger.setAt(6), [0, 1])
    expect(check(from, few, ledger)).toEqual(refused)
    expect(check(from, { header, certificate: { ...ledger.at(5).certificate, height: 6 } }, ledger)).toEqual(refused)
    expect(check(from, { header: { ...header, stateRoot: new Uint8Array(32).fill(1) }, certificate }, ledger)).toEqual(
      refused,
    )
    const [first, ...rest] = certificate.signatures
    const forged = { ...certificate, signatures: [{ ...first!, signature: new Uint8Array(64) }, ...rest] }
    expect(check(from, { header, certificate: forged }, ledger)).toEqual(refused)
  })

  it('shows an older header by its path, and no header of another chain', () => {
    const ledger = new TestLedger(FOUR).grow(40)
    const newer = ledger.at(40).header
    expect(isInHistory(newer, ledger.at(7).header, ledger.path(7, 40))).toBe(true)
    expect(isInHistory(newer, ledger.at(8).header, ledger.path(7, 40))).toBe(false)
    const fork = ledger.fork(6).grow(34, { stateRoot: new Uint8Array(32).fill(1) })
    expect(isInHistory(newer, fork.at(7).header, fork.path(7, 40))).toBe(false)
  })
})

describe('attacks on a light client', () => {
  it('removed validators cannot rewrite what came after them for one who slept', () => {
    const ledger = TestLedger.withTwoRemoved()
    const slept = trustedAt(ledger, 10)
    const lie = ledger
      .fork(10)
      .grow(1, { next: [2, 3, 4, 5] })
      .grow(1, { next: [2, 3] })
      .grow(10, { stateRoot: new Uint8Array(32).fill(6) })
    const signed = lie.certify(lie.head.header, lie.setAt(lie.height), [2, 3])
    expect(check(slept, signed, lie)).toEqual({ kind: 'need-between' })
    const { need } = walk(slept, lieSignedBy(lie, 10, [2, 3]))
    expect(need).toMatchObject({ kind: 'refused' })
    // With the honest chain at hand the way is found.
    expect(walk(slept, ledger).need).toMatchObject({ kind: 'arrived' })
  })

  it('removed validators, all of them, have no power beyond the trusting period', () => {
    const ledger = new TestLedger(FOUR).grow(10)
    const old = trustedAt(ledger, 10)
    const lie = ledger.fork(10).grow(5, { stateRoot: new Uint8Array(32).fill(6) })
    const later = old.time + 14 * DAY
    const late = ledger.fork(14)
    late.block({ time: later })
    expect(check(old, late.head, late, later)).toMatchObject({ kind: 'trusted' })
    expect(check(old, late.head, late, later + 1)).toEqual({ kind: 'refused', reason: 'expired' })
    expect(check(old, lie.head, lie, later + 1)).toEqual({ kind: 'refused', reason: 'expired' })
  })

  it('a forged set does not pass for the one that was named, nor is its list taken', () => {
    const ledger = new TestLedger(FOUR).grow(5)
    const from = trustedAt(ledger, 5)
    const forged = ledger.posed([6, 7, 8, 9])
    for (let height = 1; height <= 6; height++) forged.block()
    expect(check(from, forged.at(6), forged)).toEqual({ kind: 'refused', reason: 'set' })
    const walkTo = new LightWalk(rules, from, ledger.grow(1).head)
    expect(walkTo.addSet(forged.setAt(1), setRoot(ledger.setAt(1)))).toBe(false)
  })

  it('nobody cries fork with a set that was made up', () => {
    const ledger = new TestLedger(FOUR).grow(5)
    const forged = ledger.posed([6, 7, 8, 9])
    forged.grow(5)
    expect(check(trustedAt(ledger, 5), forged.at(5), forged)).toEqual({ kind: 'refused', reason: 'set' })
  })

  it('a withheld head shows by its age', () => {
    const ledger = new TestLedger(FOUR).grow(5)
    const head = trustedAt(ledger, 5)
    expect(isFresh(rules, head, head.time + 3 * MINUTE)).toBe(true)
    expect(isFresh(rules, head, head.time + 3 * MINUTE + 1)).toBe(false)
    expect(isFresh(rules, head, head.time - 10_001)).toBe(false)
  })

  it('a fork by a whole set is found by the next header of either side, and is evidence against who signed both', () => {
    const ledger = new TestLedger(FOUR).grow(10)
    const fork = ledger.fork(9).grow(3, { stateRoot: new Uint8Array(32).fill(6) })
    const mine = trustedAt(ledger, 10)
    // Of the same height, the next one, and one further on.
    expect(check(mine, fork.at(10), fork, mine.time + MINUTE)).toEqual({ kind: 'conflict' })
    expect(check(mine, fork.at(11), fork)).toEqual({ kind: 'conflict' })
    expect(walk(mine, fork).need).toMatchObject({ kind: 'conflict', trusted: { height: 10 } })

    const same: HeaderConflict = {
      first: ledger.at(10),
      second: fork.at(10),
      firstSet: ledger.setAt(10),
      secondSet: fork.setAt(10),
      older: undefined,
    }
    const verdict = conflictVerdict(rules, ledger.chainId, decodeConflict(encodeConflict(same)))
    expect(verdict?.kind).toBe('equivocation')
    expect(verdict?.signers).toHaveLength(3)
    const further: HeaderConflict = {
      ...same,
      second: fork.at(12),
      secondSet: fork.setAt(12),
      older: { header: fork.at(10).header, path: fork.path(10, 12) },
    }
    expect(conflictVerdict(rules, ledger.chainId, decodeConflict(encodeConflict(further)))?.kind).toBe('fork')
  })

  it('nothing passes for a conflict that is none', () => {
    const ledger = new TestLedger(FOUR).grow(12)
    const fork = ledger.fork(9).grow(3, { stateRoot: new Uint8Array(32).fill(6), signers: [2, 3] })
    const sets = { firstSet: ledger.setAt(10), secondSet: ledger.setAt(10), older: undefined }
    const verdict = (conflict: HeaderConflict) => conflictVerdict(rules, ledger.chainId, conflict)
    expect(verdict({ first: ledger.at(10), second: ledger.at(10), ...sets })).toBeUndefined()
    expect(verdict({ first: ledger.at(10), second: ledger.at(11), ...sets })).toBeUndefined()
    expect(verdict({ first: ledger.at(10), second: fork.at(10), ...sets })).toBeUndefined()
    const older = { header: ledger.at(10).header, path: ledger.path(10, 12) }
    expect(verdict({ first: ledger.at(10), second: ledger.at(12), ...sets, older })).toBeUndefined()
  })

  it('a server of headers that lies about heights or paths is left', () => {
    const ledger = new TestLedger(FOUR)
      .grow(50)
      .grow(1, { next: [0, 1, 2, 4] })
      .grow(5)
      .grow(1, { next: [0, 1, 4, 5] })
      .grow(20)
    const light = new LightWalk(rules, trustedAt(ledger, 1), ledger.head)
    light.addSet(ledger.setAt(ledger.height))
    const need = light.next(ledger.head.header.time)
    expect(need).toMatchObject({ kind: 'header' })
    expect(light.addHeader(ledger.at(50))).toBe(false)
    const direct = new LightWalk(rules, trustedAt(ledger, 10), ledger.at(40))
    expect(direct.next(ledger.head.header.time)).toEqual({ kind: 'path', of: 10, within: 40 })
    direct.addPath(ledger.path(11, 40))
    expect(direct.next(ledger.head.header.time)).toMatchObject({ kind: 'conflict' })
  })

  it('costs a bounded number of checks, whatever it is told', () => {
    const ledger = new TestLedger(FOUR).grow(12)
    const target = { ...ledger.head, header: { ...ledger.head.header, height: 2 ** 40 } }
    const light = new LightWalk(rules, trustedAt(ledger, 1), target)
    let need = light.next(GENESIS_TIME + DAY)
    for (let asked = 0; need.kind === 'header' && asked < 100; asked++) {
      light.addHeader({ ...ledger.head, header: { ...ledger.head.header, height: need.height } })
      need = light.next(GENESIS_TIME + DAY)
    }
    expect(need).toMatchObject({ kind: 'refused' })
  })
})

/** The chain of the liars from a height on, as only they sign it. */
function lieSignedBy(lie: TestLedger, from: number, people: readonly number[]): TestLedger {
  for (let height = from + 1; height <= lie.height; height++)
    lie.certified[height - 1] = lie.certify(lie.at(height).header, lie.setAt(height), people)
  return lie
}
