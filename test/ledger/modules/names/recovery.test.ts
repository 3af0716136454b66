import { describe, expect, it } from 'vitest'
import { compareBytes } from '../../../../src/base/index.ts'
import { ResultCode } from '../../../../src/chain/index.ts'
import type { Signer } from '../../../../src/crypto/index.ts'
import {
  cancelPayload,
  defaultPolicy,
  freezePayload,
  type Guardians,
  guardiansCancelPayload,
  guardiansHash,
  lockPayload,
  NameCode,
  nameTransferPayload,
  type Payload,
  recoverPayload,
  releasePayload,
  renewPayload,
  restorePayload,
  rollOwnerPayload,
  setGuardiansPayload,
  signAsGuardians,
  updateByCdsPayload,
  updatePayload,
} from '../../../../src/ledger/index.ts'
import {
  freezeBytes,
  guardiansBytes,
  guardiansCancelBytes,
  recoverBytes,
  rollOwnerBytes,
} from '../../../../src/ledger/modules/names/statements.ts'
import { carrierOf, nameBlocks, ownerOf, settingsOf, text } from './blocks.ts'
import { evidence, next as nextKey } from './cds-evidence.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const [alice, thief, fresh] = [ownerOf('alice'), ownerOf('thief'), ownerOf('fresh')]
const by = carrierOf('one')
const friends = [1, 2, 3, 4, 5].map((one) => ownerOf(`guardian ${one}`))
const policy = { ...defaultPolicy, payee: carrierOf('registry').publicKey }
const DONE = ResultCode.DONE

function guardiansOf(signers: readonly Signer[], more: Partial<Guardians> = {}): Guardians {
  const keys = signers.map(({ publicKey }) => publicKey).sort(compareBytes)
  return { enough: 3, delayMs: 8 * DAY, keyWins: false, keys, ...more }
}

/** Alice has the name, with guardians 3 of 5. */
function guarded(more: Partial<Guardians> = {}, from: readonly Signer[] = friends) {
  const guardians = guardiansOf(from, more)
  const chain = nameBlocks({ policy, balances: [[by, 10_000_000]] })
  expect(chain.registerTerm(alice, { wishes: { guardians: guardiansHash(guardians) } })).toBe(DONE)
  chain.block([], HOUR)
  const place = () => ({ ...chain.place(), round: chain.record()!.life!.round })
  const say = (payload: Payload): number => chain.block([{ by, payload }])[0]!
  const sign = (signers: readonly Signer[], bytes: Uint8Array) => signAsGuardians(guardians, signers, bytes)
  return {
    ...chain,
    say,
    life: () => chain.record()!.life!,
    freeze(signer: Signer, forMs = policy.freezeMs) {
      const until = chain.now() + 60_000 + forMs
      return say(freezePayload(text('example'), until, sign([signer], freezeBytes(place(), until))))
    },
    recover: (signers: readonly Signer[], to: Signer) =>
      say(recoverPayload(text('example'), to.publicKey, sign(signers, recoverBytes(place(), to.publicKey)))),
    end: (signers: readonly Signer[]) =>
      say(guardiansCancelPayload(text('example'), sign(signers, guardiansCancelBytes(place())))),
    transfer: (from: Signer, to: Signer) => say(nameTransferPayload(from, chain.place(), to.publicKey)),
    update: (owner: Signer) => say(updatePayload(owner, chain.place(), settingsOf())),
    cancel: (owner: Signer) => say(cancelPayload(owner, chain.place())),
    lock: (owner: Signer, isLocked: boolean) => say(lockPayload(owner, chain.place(), isLocked)),
    sign,
  }
}

describe('a lost key', () => {
  it('is replaced by three of five guardians, after their delay and not before', () => {
    const chain = guarded()
    expect(chain.recover(friends.slice(0, 2), fresh)).toBe(NameCode.GUARDIANS)
    expect(chain.recover(friends.slice(1, 4), fresh)).toBe(DONE)
    chain.block([], 8 * DAY - 1)
    expect(chain.record()?.owner).toEqual(alice.publicKey)
    chain.block([], 1)
    expect(chain.record()).toMatchObject({ owner: fresh.publicKey, generation: 2, life: { pending: undefined } })
    expect(chain.update(alice)).toBe(ResultCode.SIGNATURE)
    expect(chain.update(fresh)).toBe(DONE)
    // They are its guardians still.
    expect(chain.freeze(friends[0]!)).toBe(DONE)
  })

  it('comes free with its name at the latest, whatever anybody but a payer does', () => {
    const chain = guarded()
    for (let day = 0; day < policy.termMs + policy.graceMs + policy.redemptionMs + policy.pendingMs; day += 13 * DAY)
      chain.freeze(friends[0]!)
    chain.block([], policy.termMs + policy.graceMs + policy.redemptionMs + policy.pendingMs)
    expect(chain.record()?.owner).toBeUndefined()
  })

  it('is not replaced by what a guardian signed for another name, chain, key or round', () => {
    const chain = guarded()
    const three = friends.slice(0, 3)
    const place = { ...chain.place(), round: 0 }
    const said = (bytes: Uint8Array) =>
      chain.say(recoverPayload(text('example'), fresh.publicKey, chain.sign(three, bytes)))
    expect(said(recoverBytes({ ...place, label: text('other') }, fresh.publicKey))).toBe(NameCode.GUARDIANS)
    expect(said(recoverBytes({ ...place, chainId: new Uint8Array(32) }, fresh.publicKey))).toBe(NameCode.GUARDIANS)
    expect(said(recoverBytes(place, thief.publicKey))).toBe(NameCode.GUARDIANS)
    const old = recoverBytes(place, fresh.publicKey)
    expect(said(old)).toBe(DONE)
    expect(chain.end(three)).toBe(DONE)
    expect(said(old)).toBe(NameCode.GUARDIANS)
  })

  it('is not replaced by guardians that its owner did not name, nor by one who signs twice', () => {
    const chain = guarded()
    const others = guardiansOf(friends, { enough: 1 })
    const bytes = recoverBytes({ ...chain.place(), round: 0 }, thief.publicKey)
    expect(
      chain.say(recoverPayload(text('example'), thief.publicKey, signAsGuardians(others, [friends[0]!], bytes))),
    ).toBe(NameCode.GUARDIANS)
    const [one] = chain.sign([friends[0]!], bytes).signatures
    const twice = { guardians: guardiansOf(friends), signatures: [one!, one!, one!] }
    expect(chain.say(recoverPayload(text('example'), thief.publicKey, twice))).toBe(ResultCode.MALFORMED)
  })
})

describe('a stolen key against guardians three of five', () => {
  it('gets nothing out of the name during the delay once one of them has frozen it', () => {
    const chain = guarded()
    expect(chain.transfer(alice, thief)).toBe(DONE)
    expect(chain.freeze(friends[4]!)).toBe(DONE)
    // The thief has alice's key: whatever he tries is refused, or waits.
    expect(chain.update(alice)).toBe(NameCode.FROZEN)
    expect(chain.transfer(alice, thief)).toBe(NameCode.FROZEN)
    expect(chain.lock(alice, true)).toBe(NameCode.FROZEN)
    expect(chain.say(releasePayload(alice, chain.place()))).toBe(NameCode.FROZEN)
    expect(chain.say(setGuardiansPayload(alice, chain.place(), undefined))).toBe(NameCode.FROZEN)
    expect(chain.say(rollOwnerPayload(alice, chain.place(), thief.publicKey))).toBe(NameCode.FROZEN)
    expect(chain.say(updateByCdsPayload(text('example'), evidence({ to: [nextKey] })))).toBe(NameCode.FROZEN)
    chain.block([], 3 * DAY)
    expect(chain.record()).toMatchObject({ owner: alice.publicKey, generation: 1 })
    expect(chain.recover(friends.slice(2), fresh)).toBe(DONE)
    expect(chain.cancel(alice)).toBe(NameCode.FROZEN)
    chain.block([], 8 * DAY)
    expect(chain.record()).toMatchObject({ owner: fresh.publicKey, generation: 2 })
    expect(chain.update(alice)).toBe(ResultCode.SIGNATURE)
  })

  it('cancels a recovery of a name that nobody has frozen, and not once one of them has', () => {
    const chain = guarded()
    expect(chain.recover(friends.slice(2), fresh)).toBe(DONE)
    expect(chain.cancel(alice)).toBe(DONE)
    expect(chain.recover(friends.slice(2), fresh)).toBe(DONE)
    expect(chain.freeze(friends[0]!)).toBe(DONE)
    expect(chain.cancel(alice)).toBe(NameCode.FROZEN)
    expect(chain.transfer(alice, thief)).toBe(NameCode.FROZEN)
    chain.block([], 8 * DAY)
    expect(chain.record()?.owner).toEqual(fresh.publicKey)
  })

  it('cancels always where the owner has said that his key goes before his guardians', () => {
    const chain = guarded({ keyWins: true })
    expect(chain.freeze(friends[0]!)).toBe(DONE)
    expect(chain.recover(friends.slice(2), fresh)).toBe(DONE)
    expect(chain.cancel(alice)).toBe(DONE)
  })

  it('does not make void what guardians sign one after the other: their rounds count their own acts', () => {
    const chain = guarded()
    const bytes = recoverBytes({ ...chain.place(), round: 0 }, fresh.publicKey)
    expect(chain.update(alice)).toBe(DONE)
    expect(chain.update(alice)).toBe(DONE)
    expect(chain.say(recoverPayload(text('example'), fresh.publicKey, chain.sign(friends.slice(0, 3), bytes)))).toBe(
      DONE,
    )
  })
})

describe('a hostile guardian', () => {
  it('freezes for two weeks of four, and cannot keep his owner from replacing him', () => {
    const chain = guarded()
    const without = guardiansHash(guardiansOf(friends.slice(1)))
    expect(chain.say(setGuardiansPayload(alice, chain.place(), without))).toBe(DONE)
    const begun = chain.now()
    const frozen: number[] = []
    for (let day = 0; day < 50; day++) {
      const code = chain.freeze(friends[0]!)
      if (code === DONE) frozen.push(day)
      chain.block([], DAY - 60_000)
      if (Buffer.from(chain.life().guardians!).equals(Buffer.from(without))) break
    }
    expect(frozen).toEqual([0, 28])
    expect(chain.now() - begun).toBeLessThan(policy.holdMs + policy.freezeMs + 2 * DAY)
    expect(chain.freeze(friends[0]!)).toBe(NameCode.GUARDIANS)
  })

  it('is overruled by three others, who end his freeze', () => {
    const chain = guarded()
    expect(chain.freeze(friends[0]!)).toBe(DONE)
    expect(chain.end(friends.slice(1, 4))).toBe(DONE)
    expect(chain.update(alice)).toBe(DONE)
  })

  it('freezes no longer than the chain lets him', () => {
    const chain = guarded()
    expect(chain.freeze(friends[0]!, policy.freezeMs + 1)).toBe(NameCode.NOT_NOW)
    expect(chain.freeze(friends[0]!, -1)).toBe(NameCode.NOT_NOW)
  })
})

describe('other keys', () => {
  it('count after a hold-down, or at once when enough guardians sign the same; the name does not change hands', () => {
    const chain = guarded()
    expect(chain.say(rollOwnerPayload(alice, chain.place(), fresh.publicKey))).toBe(DONE)
    expect(chain.cancel(alice)).toBe(DONE)
    expect(chain.say(rollOwnerPayload(alice, chain.place(), fresh.publicKey))).toBe(DONE)
    chain.block([], policy.holdMs)
    expect(chain.record()).toMatchObject({ owner: fresh.publicKey, generation: 1 })
    const proof = chain.sign(friends.slice(0, 3), rollOwnerBytes(chain.place(), alice.publicKey))
    expect(chain.say(rollOwnerPayload(fresh, chain.place(), alice.publicKey, proof))).toBe(DONE)
    expect(chain.record()).toMatchObject({ owner: alice.publicKey, generation: 1 })
  })

  it('of guardians count at once where there were none, and else after the hold-down or with the old ones', () => {
    const chain = guarded()
    const first = guardiansHash(guardiansOf(friends))
    const second = guardiansHash(guardiansOf(friends.slice(2)))
    const proof = chain.sign(friends.slice(2), guardiansBytes(chain.place(), undefined))
    expect(chain.say(setGuardiansPayload(alice, chain.place(), undefined, proof))).toBe(DONE)
    expect(chain.life().guardians).toBeUndefined()
    expect(chain.say(setGuardiansPayload(alice, chain.place(), first))).toBe(DONE)
    expect(chain.life().guardians).toEqual(first)
    expect(chain.say(setGuardiansPayload(alice, chain.place(), second))).toBe(DONE)
    expect(chain.life().guardians).toEqual(first)
    chain.block([], policy.holdMs)
    expect(chain.life().guardians).toEqual(second)
  })
})

describe('a lock', () => {
  it('keeps a name where it is, and takes two days to come off', () => {
    const chain = guarded()
    expect(chain.lock(alice, true)).toBe(DONE)
    expect(chain.transfer(alice, thief)).toBe(NameCode.LOCKED)
    expect(chain.say(releasePayload(alice, chain.place()))).toBe(NameCode.LOCKED)
    expect(chain.say(rollOwnerPayload(alice, chain.place(), thief.publicKey))).toBe(NameCode.LOCKED)
    expect(chain.update(alice)).toBe(DONE)
    expect(chain.lock(alice, false)).toBe(DONE)
    chain.block([], policy.transferMs - HOUR)
    expect(chain.transfer(alice, thief)).toBe(NameCode.LOCKED)
    chain.block([], HOUR)
    expect(chain.transfer(alice, thief)).toBe(DONE)
    expect(chain.transfer(alice, fresh)).toBe(NameCode.PENDING)
  })

  it('does not stand against time: a locked name runs out, and its owner restores it', () => {
    const chain = guarded()
    expect(chain.lock(alice, true)).toBe(DONE)
    chain.block([], policy.termMs + policy.graceMs)
    expect(chain.say(renewPayload(text('example'), 1, 1, 100))).toBe(NameCode.NOT_NOW)
    expect(chain.say(restorePayload(alice, chain.place(), 1, 110))).toBe(DONE)
  })
})
