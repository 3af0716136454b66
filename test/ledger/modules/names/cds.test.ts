import { describe, expect, it } from 'vitest'
import { ResultCode } from '../../../../src/chain/index.ts'
import { Type } from '../../../../src/dns/index.ts'
import {
  NameCode,
  nameTransferPayload,
  releasePayload,
  updateByCdsPayload,
  updatePayload,
} from '../../../../src/ledger/index.ts'
import { namesBy } from '../../../../src/ledger/modules/names/names.ts'
import { nameRules } from '../../../../src/ledger/modules/names/operations.ts'
import { signRRset } from '../../../dnssec/signer.ts'
import { dsFor, KSK, makeSigningKey, type SigningKey, ZSK } from '../../../dnssec/signing-keys.ts'
import { carrierOf, nameBlocks, ownerOf, START, settingsOf, text, zone, zoneKey } from './blocks.ts'
import { ecdsa, evidence, next, rrset, type Signing } from './cds-evidence.ts'

const alice = ownerOf('alice')
const by = carrierOf('anybody')
const NOW = START / 1_000
const carry = (signing: Signing) => ({ by, payload: updateByCdsPayload(text('example'), evidence(signing)) })

function registered(options: Parameters<typeof nameBlocks>[0] = {}) {
  const chain = nameBlocks(options)
  chain.register(alice)
  return chain
}

describe('a CDS set', () => {
  it('changes the keys when an anchored key signed it, with no owner’s signature', () => {
    const chain = registered()
    const before = chain.record()!
    expect(chain.block([carry({ to: [next] })])).toEqual([ResultCode.DONE])
    expect(chain.record()).toEqual({
      ...before,
      settings: { ...before.settings, ds: [dsFor(zone, next)] },
      newestCds: NOW - 3_600,
    })
  })

  it('may name two keys, and keys of another algorithm', () => {
    const chain = registered()
    expect(chain.block([carry({ to: [zoneKey, ecdsa] })])).toEqual([ResultCode.DONE])
    expect(chain.record()?.settings?.ds).toHaveLength(2)
    expect(chain.block([carry({ to: [ecdsa], cdsBy: ecdsa, inception: NOW - 10 })])).toEqual([ResultCode.DONE])
  })

  it('is refused when it was signed by a key that is not anchored, though it is in the zone', () => {
    const chain = registered()
    expect(chain.block([carry({ to: [next], cdsBy: next })])).toEqual([NameCode.CDS_UNPROVEN])
    expect(chain.block([carry({ to: [next], keysBy: [next] })])).toEqual([NameCode.CDS_UNPROVEN])
    const zsk = makeSigningKey(15, ZSK)
    expect(chain.block([carry({ to: [next], keys: [zoneKey, next, zsk], cdsBy: zsk })])).toEqual([
      NameCode.CDS_UNPROVEN,
    ])
  })

  it('is refused outside the time of its signatures, by the time of the block', () => {
    const chain = registered()
    expect(chain.block([carry({ to: [next], expiration: NOW + 60 })])).toEqual([NameCode.CDS_UNPROVEN])
    expect(chain.block([carry({ to: [next], inception: NOW + 3_600 })])).toEqual([NameCode.CDS_UNPROVEN])
    expect(chain.block([carry({ to: [next] })], 15 * 86_400_000)).toEqual([NameCode.CDS_UNPROVEN])
  })

  it('is refused when its keys do not sign the zone, when it changes nothing, and when it deletes', () => {
    const chain = registered()
    expect(chain.block([carry({ to: [makeSigningKey(15, KSK)] })])).toEqual([NameCode.CDS_OF_NO_USE])
    expect(chain.block([carry({ to: [next], keysBy: [zoneKey] })])).toEqual([NameCode.CDS_OF_NO_USE])
    expect(chain.block([carry({ to: [zoneKey] })])).toEqual([NameCode.CDS_OF_NO_USE])
    const deleting = evidence({ to: [] })
    const cds = rrset(Type.CDS, [Uint8Array.of(0, 0, 0, 0, 0)])
    const signature = signRRset(cds, zoneKey, { signer: zone, inception: NOW - 3_600, expiration: NOW + 86_400 })
    const payload = updateByCdsPayload(text('example'), { ...deleting, cds: cds.rdatas, cdsSignatures: [signature] })
    expect(chain.block([{ by, payload }])).toEqual([NameCode.CDS_OF_NO_USE])
    expect(chain.record()?.newestCds).toBe(0)
  })

  it('is refused when the owner has switched it off, and of a name that nobody has', () => {
    const chain = nameBlocks()
    expect(chain.block([carry({ to: [next] })])).toEqual([NameCode.NOT_REGISTERED])
    chain.register(alice, 'example', settingsOf(zoneKey, { updateByCds: false }))
    expect(chain.block([carry({ to: [next] })])).toEqual([NameCode.CDS_OFF])
  })

  it('leaves statements valid that the owner signed in advance', () => {
    const chain = registered()
    const payload = updatePayload(alice, chain.place(), settingsOf(ecdsa))
    chain.block([carry({ to: [next] })])
    expect(chain.block([{ by, payload }])).toEqual([ResultCode.DONE])
  })

  it('does not undo what the owner set after it was signed', () => {
    const chain = registered()
    const old = carry({ to: [next], inception: NOW - 4 * 3_600 })
    const set = (key: SigningKey) =>
      chain.block([{ by, payload: updatePayload(alice, chain.place(), settingsOf(key)) }])
    set(ecdsa)
    set(zoneKey)
    expect(chain.block([old])).toEqual([NameCode.CDS_OLD])
  })

  it('does not count for the next owner when it was signed before, though the key is the same', () => {
    const chain = registered()
    chain.block([{ by, payload: releasePayload(alice, chain.place()) }])
    chain.register(ownerOf('bob'))
    expect(chain.block([carry({ to: [next], inception: NOW - 4 * 3_600 })])).toEqual([NameCode.CDS_OLD])
    expect(chain.block([carry({ to: [next], inception: NOW - 60 })])).toEqual([ResultCode.DONE])
  })

  it('does not count for whom the name was handed to with the keys that it had', () => {
    const chain = registered()
    const bob = ownerOf('bob')
    const old = carry({ to: [next], inception: NOW - 4 * 3_600 })
    chain.block(
      [{ by, payload: nameTransferPayload(alice, chain.place(), bob.publicKey, settingsOf(zoneKey)) }],
      3_700_000,
    )
    expect(chain.record()?.owner).toEqual(bob.publicKey)
    expect(chain.block([old])).toEqual([NameCode.CDS_OLD])
  })
})

/** Rolled from the first key to the second and back; then the first set is shown again. */
function replay(rules = nameRules): number {
  const chain = registered({ module: namesBy(rules) })
  const first = carry({ to: [next], inception: NOW - 3_600 })
  const codes = chain.block([first])
  codes.push(...chain.block([carry({ to: [zoneKey], cdsBy: next, inception: NOW - 1_800 })]))
  expect(codes).toEqual([0, 0])
  return chain.block([first])[0]!
}

describe('an old CDS set', () => {
  it('is not taken twice, though the key that signed it is anchored again', () => {
    expect(replay()).toBe(NameCode.CDS_OLD)
  })

  it('shows a planted bug: the time of the last one is not looked at', () => {
    expect(replay({ ...nameRules, isNewer: () => true })).toBe(ResultCode.DONE)
  })
})
