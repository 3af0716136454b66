/** Claims on the chain of a TLD with seven validators: who claims, what each validator says, and signed sets from a root of the test. */
import { sortedValidators } from '../../../../src/chain/index.ts'
import { type CborValue, type Signer, sha256 } from '../../../../src/crypto/index.ts'
import { Class, parseName, ROOT, type RRset, Type } from '../../../../src/dns/index.ts'
import {
  ACCOUNTS,
  ADMISSION,
  AUTHORITY,
  accountOf,
  accounts,
  admission,
  authority,
  CLAIM_ESCROW,
  CLAIMS,
  type ClaimMethod,
  type ClaimRules,
  claimOf,
  claimRulesToValue,
  claims,
  claimText,
  claimTextName,
  commitPayload,
  defaultPolicy,
  NAMES,
  type NamePolicy,
  type NameSettings,
  nameRecordOf,
  names,
  observePayload,
  openClaimPayload,
  type Payload,
  type ProvenSet,
  policyToValue,
  proveClaimPayload,
  registerTermPayload,
} from '../../../../src/ledger/index.ts'
import { chainId, scheme } from '../../../chain/one.ts'
import { type SignatureOptions, signRRset } from '../../../dnssec/signer.ts'
import { dsFor, KSK, makeSigningKey, type SigningKey } from '../../../dnssec/signing-keys.ts'
import { genesisOf, signerOf } from '../admission-world.ts'
import { ledgerBlocks, START } from '../ledger-blocks.ts'

export const N = 7
export const WINDOW = 3_600_000
export const BOND = 100
export const PRICE = 10
export const payee = sha256(Uint8Array.of(77))
export const text = (value: string) => new TextEncoder().encode(value)
export const label = text('example')
export const zone = parseName('example.p2p.')
export const ownerOf = (name: string): Signer => scheme.signer(sha256(text(`owner ${name}`)))

export const rootKey = makeSigningKey(8, KSK)
export const tldKey = makeSigningKey(13, KSK)
export const zoneKey = makeSigningKey(15, KSK)

export const settings: NameSettings = {
  updateByCds: true,
  ds: [dsFor(zone, zoneKey)],
  servers: [{ name: parseName('ns.example.p2p.'), addresses: [Uint8Array.of(192, 0, 2, 1)] }],
}

export interface ClaimWorldOptions {
  readonly rules?: Partial<ClaimRules>
  readonly policy?: Partial<NamePolicy>
}

export type ClaimWorld = ReturnType<typeof claimWorld>

export function claimWorld({ rules = {}, policy = {} }: ClaimWorldOptions = {}) {
  const { genesis, validators } = genesisOf(N + 1, 1_000)
  const seated = validators.slice(0, N)
  const keys = seated.map((_, i) => signerOf(`voting key ${i}`))
  const set = sortedValidators(seated.map(({ ringKey }, i) => ({ id: sha256(ringKey), publicKey: keys[i]!.publicKey })))
  const members = validators.map(({ account }) => account)
  const claimant = members[N]!
  const said: ClaimRules = { windowMs: WINDOW, bond: BOND, payee, anchors: [dsFor(ROOT, rootKey)], ...rules }
  const blocks = ledgerBlocks({
    modules: [accounts, admission, authority, names, claims],
    chainName: 'p2p',
    validators: set,
    genesis: new Map<number, CborValue>([
      [ACCOUNTS, members.map(({ publicKey }) => [publicKey, 1_000])],
      [ADMISSION, genesis],
      [
        AUTHORITY,
        [1_000, 31, seated.map(({ account, ringKey }, i) => [account.publicKey, 0, ringKey, keys[i]!.publicKey])],
      ],
      [NAMES, policyToValue({ ...defaultPolicy, payee, ...policy })],
      [CLAIMS, claimRulesToValue(said)],
    ]),
  })
  const world = {
    ...blocks,
    members,
    claimant,
    record: () => nameRecordOf(blocks.state(), label),
    balance: (of: Uint8Array) => accountOf(blocks.state(), of).balance,
    escrow: () => world.balance(CLAIM_ESCROW),
    place: () => ({ chainId, label, generation: world.record()?.generation ?? 0 }),
    claim: (owner: Signer) => claimOf(blocks.state(), label, owner.publicKey),
    opening: (owner: Signer, { method = 'txt' as ClaimMethod, most = 1_000, by = claimant } = {}) =>
      [by, openClaimPayload(owner, { place: world.place(), settings, method, most })] as const,
    proof: (owner: Signer, sets: readonly ProvenSet[], { most = 1_000, by = claimant } = {}) =>
      [by, proveClaimPayload(owner, { place: world.place(), settings, most, sets })] as const,
    observation: (validator: number, isSeen: boolean, claim = 1): readonly [Signer, Payload] => [
      members[validator]!,
      observePayload(claim, isSeen),
    ],
    /** As anybody registers it, without a claim. */
    register(owner: Signer): readonly number[] {
      const registration = { chainId, label, owner: owner.publicKey, salt: sha256(text('salt')) }
      const wishes = { terms: 1, isMovable: true, guardians: undefined }
      blocks.block([[claimant, commitPayload(registration)]])
      blocks.block()
      return blocks.codes([claimant, registerTermPayload(owner, registration, { settings, wishes, most: 1_000 })])
    },
  }
  return world
}

const SECONDS = START / 1_000

export interface ProofOptions {
  readonly owner?: Signer
  /** TXT, RDATA, in the place of the owner's. */
  readonly texts?: readonly Uint8Array[]
  /** Of all signatures. */
  readonly inception?: number
  readonly expiration?: number
  /** Signs the text. */
  readonly textBy?: SigningKey
  readonly ds?: Uint8Array
}

export const txt = (value: string) => Uint8Array.of(value.length, ...text(value))

/** What a signed root, a signed TLD and a signed domain have, down to its text. */
export function signedSets({
  owner = ownerOf('ada'),
  texts = [txt(claimText(owner.publicKey))],
  inception = SECONDS - 86_400,
  expiration = SECONDS + 14 * 86_400,
  textBy = zoneKey,
  ds = dsFor(zone, zoneKey),
}: ProofOptions = {}): ProvenSet[] {
  const tld = parseName('p2p.')
  const validity = { inception, expiration }
  return [
    set(ROOT, Type.DNSKEY, [rootKey.rdata], rootKey, { ...validity, signer: ROOT }),
    set(tld, Type.DS, [dsFor(tld, tldKey)], rootKey, { ...validity, signer: ROOT }),
    set(tld, Type.DNSKEY, [tldKey.rdata], tldKey, { ...validity, signer: tld }),
    set(zone, Type.DS, [ds], tldKey, { ...validity, signer: tld }),
    set(zone, Type.DNSKEY, [zoneKey.rdata], zoneKey, { ...validity, signer: zone }),
    set(claimTextName(zone), Type.TXT, texts, textBy, { ...validity, signer: zone }),
  ]
}

export function set(
  name: RRset['name'],
  type: number,
  records: readonly Uint8Array[],
  by: SigningKey,
  validity: SignatureOptions,
): ProvenSet {
  const rrset = { name, type, class: Class.IN, ttl: 3_600, rdatas: records, signatures: [] }
  return { name, type, records, signature: signRRset(rrset, by, validity) }
}
