import { describe, expect, it } from 'vitest'
import { ResultCode, sortedValidators } from '../../../../src/chain/index.ts'
import { type CborValue, type Signer, sha256 } from '../../../../src/crypto/index.ts'
import {
  ACCOUNTS,
  ADMISSION,
  AUTHORITY,
  accounts,
  admission,
  authority,
  certifiersIn,
  certifierVotePayload,
  endorseIdentityPayload,
  IDENTITY,
  identity,
  identityStateKeys,
  type Payload,
  revokeIdentityPayload,
  signIdentity,
  vouchedFor,
  vouchedFromValues,
} from '../../../../src/ledger/index.ts'
import { chainId, scheme } from '../../../chain/one.ts'
import { genesisOf, signerOf } from '../admission-world.ts'
import { ledgerBlocks } from '../ledger-blocks.ts'

const DAY = 86_400_000
const ada: Signer = scheme.signer(sha256(Uint8Array.of(1, 2, 3)))

/** Four members, three of whom are enough to make certifiers of others. */
function world() {
  const { genesis, validators } = genesisOf(6, 1_000)
  const members = validators.map(({ account }) => account)
  const seated = validators.slice(0, 4)
  const keys = seated.map((_, i) => signerOf(`voting key ${i}`).publicKey)
  const nodes = seated.map(({ account, ringKey }, i) => [account.publicKey, 0, ringKey, keys[i]!])
  const set = sortedValidators(seated.map(({ ringKey }, i) => ({ id: sha256(ringKey), publicKey: keys[i]! })))
  const blocks = ledgerBlocks({
    modules: [accounts, admission, authority, identity],
    validators: set,
    genesis: new Map<number, CborValue>([
      [ACCOUNTS, null],
      [ADMISSION, genesis],
      [AUTHORITY, [1_000, 31, nodes]],
      [IDENTITY, null],
    ]),
  })
  const [firstCa, secondCa] = [members[4]!, members[5]!]
  return {
    ...blocks,
    members,
    firstCa,
    secondCa,
    certify(ca: Signer, { kind = 'add' as 'add' | 'remove', votes = 3 } = {}): readonly number[] {
      const subject = kind === 'add' ? { kind, account: ca.publicKey, name: 'A CA' } : { kind, account: ca.publicKey }
      return members.slice(0, votes).flatMap((by) => blocks.codes([by, certifierVotePayload(subject)]))
    },
    endorsement(ca: Signer, { name = 'Ada Ltd', days = 90, by = ca, signer = ada } = {}): readonly [Signer, Payload] {
      const until = blocks.now() + days * DAY
      const signature = signIdentity(signer, { chainId, certifier: ca.publicKey, name, until })
      return [by, endorseIdentityPayload(ada.publicKey, { name, until }, signature)]
    },
    names: (later = 0) => vouchedFor(blocks.state(), ada.publicKey, blocks.now() + later).map(({ name }) => name),
  }
}

describe('certifiers', () => {
  it('are made and unmade by more than half of the nodes, and take part in the ledger', () => {
    const { certify, firstCa, state, members, codes } = world()
    expect(certify(firstCa, { votes: 2 })).toEqual([0, 0])
    expect(certifiersIn(state())).toEqual([])
    expect(
      codes([members[2]!, certifierVotePayload({ kind: 'add', account: firstCa.publicKey, name: 'A CA' })]),
    ).toEqual([0])
    expect(certifiersIn(state())).toMatchObject([{ account: firstCa.publicKey, name: 'A CA' }])
    expect(certify(firstCa)).toEqual([ResultCode.TAKEN, ResultCode.TAKEN, ResultCode.TAKEN])
    expect(certify(ada)).toEqual([ResultCode.NOT_ALLOWED, ResultCode.NOT_ALLOWED, ResultCode.NOT_ALLOWED])
    certify(firstCa, { kind: 'remove' })
    expect(certifiersIn(state())).toEqual([])
  })

  it('have no vote in this by being some', () => {
    const { firstCa, codes, secondCa } = world()
    const subject = { kind: 'add', account: secondCa.publicKey, name: 'Another' } as const
    expect(codes([firstCa, certifierVotePayload(subject)])).toEqual([ResultCode.NOT_ALLOWED])
  })
})

describe('an identity', () => {
  it('is endorsed by several, each of whom takes back its own word (D51)', () => {
    const { certify, endorsement, firstCa, secondCa, codes, names } = world()
    certify(firstCa)
    certify(secondCa)
    expect(codes(endorsement(firstCa), endorsement(secondCa, { name: 'Ada Limited' }))).toEqual([0, 0])
    expect(names()).toEqual(['Ada Ltd', 'Ada Limited'])
    expect(codes([firstCa, revokeIdentityPayload(ada.publicKey)])).toEqual([0])
    expect(names()).toEqual(['Ada Limited'])
    expect(codes([firstCa, revokeIdentityPayload(ada.publicKey)])).toEqual([ResultCode.NOT_ALLOWED])
    expect(codes([secondCa, revokeIdentityPayload(ada.publicKey)])).toEqual([0])
    expect(names()).toEqual([])
  })

  it('is void with the term of its certifier, also when that comes back', () => {
    const { certify, endorsement, firstCa, codes, names } = world()
    certify(firstCa)
    codes(endorsement(firstCa))
    certify(firstCa, { kind: 'remove' })
    expect(names()).toEqual([])
    certify(firstCa)
    expect(names()).toEqual([])
    expect(codes(endorsement(firstCa))).toEqual([0])
    expect(names()).toEqual(['Ada Ltd'])
  })

  it('has an end', () => {
    const { certify, endorsement, firstCa, codes, names } = world()
    certify(firstCa)
    expect(codes(endorsement(firstCa, { days: 500 }))).toEqual([ResultCode.EXPIRED])
    expect(codes(endorsement(firstCa, { days: 1 }))).toEqual([0])
    expect([names(), names(DAY)]).toEqual([['Ada Ltd'], []])
  })

  it('is said by certifiers only, of who has asked for it', () => {
    const { certify, endorsement, firstCa, secondCa, codes } = world()
    certify(firstCa)
    expect(codes(endorsement(secondCa))).toEqual([ResultCode.NOT_ALLOWED])
    expect(codes(endorsement(firstCa, { signer: signerOf('mallory') }))).toEqual([ResultCode.SIGNATURE])
    expect(codes(endorsement(secondCa, { by: firstCa }))).toEqual([ResultCode.SIGNATURE])
  })

  it('is read out of two values of the state, which a proof has', () => {
    const { certify, endorsement, firstCa, codes, state, now } = world()
    certify(firstCa)
    codes(endorsement(firstCa))
    const values = identityStateKeys(ada.publicKey).map((key) => state().get(key))
    expect(vouchedFromValues(values, now())).toEqual(vouchedFor(state(), ada.publicKey, now()))
    expect(vouchedFromValues([undefined, values[1]], now())).toEqual([])
  })
})
