import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareBytes } from '../../../../src/base/index.ts'
import {
  cancelPayload,
  freezePayload,
  guardianStatements,
  guardiansCancelPayload,
  guardiansHash,
  lockPayload,
  type NamePolicy,
  nameTransferPayload,
  phaseOf,
  recoverPayload,
  releasePayload,
  renewPayload,
  restorePayload,
  rollOwnerPayload,
  setGuardiansPayload,
  signAsGuardians,
  updatePayload,
} from '../../../../src/ledger/index.ts'
import { schedule, takeDue } from '../../../../src/ledger/modules/names/due.ts'
import { ESCROW } from '../../../../src/ledger/modules/names/escrow.ts'
import { handsCountKey } from '../../../../src/ledger/modules/names/hands.ts'
import { carrierOf, nameBlocks, ownerOf, type Said, settingsOf, text } from './blocks.ts'

const people = [0, 1, 2].map((one) => ownerOf(`person ${one}`))
const carriers = [0, 1, 2].map((one) => carrierOf(`carrier ${one}`))
const registry = carrierOf('registry')
const guardians = {
  enough: 2,
  delayMs: 30_000,
  keyWins: false,
  keys: people.map(({ publicKey }) => publicKey).sort(compareBytes),
}
/** A life of hours, so that any order of acts meets all of it. */
const policy: NamePolicy = {
  termMs: 7_200_000,
  mostTerms: 3,
  graceMs: 600_000,
  redemptionMs: 600_000,
  pendingMs: 60_000,
  premium: 1_000,
  halvingMs: 30_000,
  halvings: 10,
  restorePrice: 7,
  prices: [50, 40, 30, 20, 10],
  transferMs: 60_000,
  lockMs: 120_000,
  freezeMs: 60_000,
  guardMs: 30_000,
  holdMs: 90_000,
  useMs: 0,
  registrationsADay: 1_000,
  payee: registry.publicKey,
  kept: [],
}
const FUNDS = 3_000

const WORDS = [
  ...['commit', 'register', 'renew', 'restore', 'update', 'transfer', 'release', 'lock', 'unlock', 'cancel', 'roll'],
  ...['guardians', 'freeze', 'recover', 'end', 'wait'],
] as const
const act = fc.record({
  word: fc.constantFrom(...WORDS),
  who: fc.nat(2),
  other: fc.nat(2),
  by: fc.nat(2),
  after: fc.oneof(
    fc.integer({ min: 1, max: 90_000 }),
    fc.integer({ min: 1, max: 900_000 }),
    fc.integer({ min: 1, max: 4_000_000 }),
  ),
})
type Act = typeof act extends fc.Arbitrary<infer T> ? T : never

function world() {
  return nameBlocks({ policy, balances: carriers.map((one) => [one, FUNDS]) })
}

function said(chain: ReturnType<typeof world>, { word, who, other, by: carrier, after }: Act): readonly Said[] {
  const holder = people.find(({ publicKey }) => {
    const now = chain.record()?.owner
    return now !== undefined && compareBytes(now, publicKey) === 0
  })
  const [next, by] = [people[other]!, carriers[carrier]!]
  // Mostly by whoever has it: what others sign is refused at once.
  const owner = who > 0 && holder !== undefined && word !== 'commit' && word !== 'register' ? holder : people[who]!
  const salt = `${who}`
  if (word === 'wait') return []
  if (word === 'commit') return [chain.commit(owner, { by, salt })]
  const wishes = { terms: 1 + other, isMovable: carrier > 0, guardians: guardiansHash(guardians) }
  if (word === 'register') return [chain.revealTerm(owner, { by, salt, wishes, most: 2_000 })]
  const record = chain.record()
  if (record === undefined) return []
  const place = chain.place()
  const label = text('example')
  const guarded = { ...place, round: record.life?.round ?? 0 }
  const sign = (bytes: Uint8Array, count = 2) => signAsGuardians(guardians, people.slice(0, count), bytes)
  const until = chain.now() + after + 40_000
  const payloads = {
    renew: () => renewPayload(label, record.generation, 1 + other, 100),
    restore: () => restorePayload(owner, place, 1, 100),
    update: () => updatePayload(owner, place, settingsOf()),
    transfer: () => nameTransferPayload(owner, place, next.publicKey),
    release: () => releasePayload(owner, place),
    lock: () => lockPayload(owner, place, true),
    unlock: () => lockPayload(owner, place, false),
    cancel: () => cancelPayload(owner, place),
    roll: () => rollOwnerPayload(owner, place, next.publicKey),
    guardians: () => setGuardiansPayload(owner, place, guardiansHash(guardians)),
    freeze: () => freezePayload(label, until, sign(guardianStatements.freeze(guarded, until), 1)),
    recover: () => recoverPayload(label, next.publicKey, sign(guardianStatements.recover(guarded, next.publicKey))),
    end: () => guardiansCancelPayload(label, sign(guardianStatements.cancel(guarded))),
  }
  return [{ by, payload: payloads[word]() }]
}

describe('any order of acts on a name, at any time', () => {
  it('leaves one owner at every height, all value on accounts, and nothing due undone', () => {
    const met = new Map<string, number>()
    fc.assert(
      fc.property(fc.array(act, { minLength: 10, maxLength: 60 }), (acts) => {
        const chain = world()
        const wishes = { guardians: guardiansHash(guardians) }
        expect(chain.registerTerm(people[0]!, { by: carriers[0]!, salt: 'first', wishes })).toBe(0)
        chain.block([], 3_600_000)
        let before = chain.record()
        for (const one of acts) {
          const codes = chain.block(said(chain, one), one.after)
          if (codes[0] === 0) met.set(one.word, (met.get(one.word) ?? 0) + 1)
          const record = chain.record()
          const accounts = [...carriers, registry].map((of) => chain.balance(of))
          expect([...accounts, chain.balance(ESCROW)].reduce((a, b) => a + b)).toBe(FUNDS * carriers.length)
          expect(Math.min(...accounts)).toBeGreaterThanOrEqual(0)
          if (record === undefined) continue
          const { life, owner, generation, sequence } = record
          // Free and owned are the only two states, and time has left nothing to do.
          expect(owner === undefined).toBe(phaseOf(record, policy, chain.now()) === 'free')
          expect(life!.pending?.at ?? Number.POSITIVE_INFINITY).toBeGreaterThan(chain.now())
          expect(generation).toBeGreaterThanOrEqual(before?.generation ?? 0)
          expect(sequence).toBeGreaterThanOrEqual(before?.sequence ?? 0)
          // Another owner means another generation, unless his own key was rolled, which no hand-over shows.
          const isOther = before?.owner !== undefined && owner !== undefined && compareBytes(before.owner, owner) !== 0
          const isRolled = before?.life?.pending?.kind === 'roll'
          if (isOther && !isRolled) expect(generation).toBeGreaterThan(before!.generation)
          if (generation !== (before?.generation ?? 0)) expect(chain.state().get(handsCountKey)).toBeDefined()
          before = record
        }
      }),
      { numRuns: 150, seed: 14 },
    )
    // The acts that matter were not all refused.
    for (const word of ['register', 'renew', 'transfer', 'freeze', 'recover', 'roll', 'cancel'])
      expect([word, met.get(word) ?? 0]).not.toEqual([word, 0])
  })
})

describe('the heap of what is due', () => {
  it('gives names in the order of their times, each once, whatever was put in its place', () => {
    const put = fc.record({ label: fc.nat(12), at: fc.option(fc.integer({ min: 0, max: 50 }), { nil: undefined }) })
    fc.assert(
      fc.property(fc.array(put, { maxLength: 60 }), (puts) => {
        const map = new Map<string, Uint8Array>()
        const key = (of: Uint8Array) => Buffer.from(of).toString('hex')
        const own = {
          get: (of: Uint8Array) => map.get(key(of)),
          set: (of: Uint8Array, value: Uint8Array) => void map.set(key(of), value),
          delete: (of: Uint8Array) => void map.delete(key(of)),
        }
        const wanted = new Map<string, number>()
        for (const { label, at } of puts) {
          schedule(own, text(`n${label}`), at)
          if (at === undefined) wanted.delete(`n${label}`)
          else wanted.set(`n${label}`, at)
        }
        const early = takeDue(own, 25).map((label) => Buffer.from(label).toString())
        expect(new Set(early)).toEqual(new Set([...wanted].filter(([, at]) => at <= 25).map(([label]) => label)))
        expect(early.map((label) => wanted.get(label)!)).toEqual(
          early.map((label) => wanted.get(label)!).sort((a, b) => a - b),
        )
        takeDue(own, 50)
        expect(map.size).toBe(0)
      }),
      { numRuns: 300, seed: 14 },
    )
  })
})
