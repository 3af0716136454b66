/** What a person may hand to the verifier, and what it must say, wherever it runs. */
import { toHex } from '../../src/base/index.ts'
import { encodeProofFile, type ProofFile } from '../../src/chain/light/proof-file.ts'
import { proveKeys } from '../../src/chain/trees/proofs/prove.ts'
import { emptyStateMap, stateGet, stateRoot, stateSet, stateView } from '../../src/chain/trees/state-map.ts'
import { ed25519Signer, sha256 } from '../../src/crypto/index.ts'
import { parseName } from '../../src/dns/index.ts'
import { encodeRecord, genesisText, nameStateKey } from '../../src/ledger/index.ts'
import { DAY, MINUTE, TestLedger } from '../chain/light/ledger.ts'

export interface ProofVector {
  readonly what: string
  /** A genesis file, or the id of a block. */
  readonly given: Uint8Array | string
  readonly file: Uint8Array
  readonly wanted: string
  /** Unix ms. */
  readonly now: number
  readonly says: { readonly kind: string; readonly headline: string; readonly advice: RegExp }
}

const bytesOf = (value: string) => new TextEncoder().encode(value)
const keyOf = (label: string) => nameStateKey(bytesOf(label))
export const OWNER = ed25519Signer(sha256(bytesOf('an owner'))).publicKey

const record = encodeRecord({
  owner: OWNER,
  settings: {
    updateByCds: true,
    ds: [Uint8Array.of(0x30, 0x39, 15, 2, ...sha256(bytesOf('a zone key')))],
    servers: [{ name: parseName('ns1.shop.example.'), addresses: [Uint8Array.of(192, 0, 2, 1)] }],
  },
  generation: 1,
  sequence: 0,
  registered: 1_800_000_120_000,
  commit: 1,
  committed: 1_800_000_000_000,
  newestCds: 0,
  expires: 0,
})

const state = stateSet(emptyStateMap, keyOf('shop'), record)
const ledgerNamed = (name: string) =>
  new TestLedger([0, 1, 2, 3], { name, makeKey: ed25519Signer }).grow(5, { stateRoot: stateRoot(state) })
const ledger = ledgerNamed('example')

function proofOf(label: string, more: Partial<ProofFile> = {}): Uint8Array {
  const keys = [keyOf(label)]
  return encodeProofFile({
    head: ledger.head,
    claims: keys.map((key) => ({ key, value: stateGet(state, key) })),
    stateProof: proveKeys(stateView(state), keys),
    older: undefined,
    validators: ledger.setAt(5),
    trail: [],
    ...more,
  })
}

/** As `domain proof` writes it. */
const asText = (bytes: Uint8Array) => bytesOf(`${Buffer.from(bytes).toString('base64')}\n`)

/** With one bit changed in the first place where those bytes stand. */
function changed(bytes: Uint8Array, place: Uint8Array): Uint8Array {
  const copy = Buffer.from(bytes)
  const at = copy.indexOf(place)
  if (at < 0) throw new Error('the proof has no such bytes')
  copy[at]! ^= 1
  return new Uint8Array(copy)
}

export function proofVectors(): readonly ProofVector[] {
  const genesis = bytesOf(genesisText([ledgerNamed('root').genesis, ledger.genesis]))
  const now = ledger.head.header.time + 10_000
  const shop = proofOf('shop')
  const good = { given: genesis, file: asText(shop), wanted: 'shop.example', now }
  const proven = { kind: 'proven', headline: 'shop.example is registered', advice: /what the ledger says now/ }
  const refused = (advice: RegExp) => ({ kind: 'refused', headline: 'This file proves nothing', advice })
  const { signature } = ledger.head.certificate.signatures[0]!
  return [
    { what: 'a good proof, with the genesis file of all chains', ...good, says: proven },
    { what: 'a good proof of whatever it is about', ...good, wanted: ' ', says: proven },
    {
      what: 'a good proof as bytes, for one who knows the block',
      ...good,
      given: toHex(ledger.head.certificate.blockId),
      file: shop,
      says: { ...proven, headline: 'shop is registered' },
    },
    {
      what: 'a name that is not registered',
      ...good,
      file: asText(proofOf('none')),
      wanted: 'None.Example.',
      says: { ...proven, headline: 'none.example is not registered' },
    },
    {
      what: 'a changed byte of the record',
      ...good,
      file: asText(changed(shop, bytesOf('ns1'))),
      says: refused(/something in it was changed/),
    },
    {
      what: 'a changed byte of a signature',
      ...good,
      file: asText(changed(shop, signature)),
      says: refused(/a signature is wrong/),
    },
    {
      what: 'another name',
      ...good,
      wanted: 'bank.example',
      says: refused(/nothing of bank\.example, but of shop\.example/),
    },
    {
      what: 'another ledger',
      ...good,
      given: bytesOf(genesisText([ledgerNamed('root').genesis])),
      says: refused(/another ledger/),
    },
    {
      what: 'another block',
      ...good,
      given: toHex(ledger.at(4).certificate.blockId),
      says: refused(/another ledger/),
    },
    {
      what: 'a header that is hours old',
      ...good,
      now: now + 180 * MINUTE,
      says: { kind: 'old', headline: 'shop.example is registered', advice: /was so 3 hours ago/ },
    },
    {
      what: 'a genesis that is too old to be trusted',
      ...good,
      now: now + 15 * DAY,
      says: refused(/more than 14 days old/),
    },
    { what: 'a header of tomorrow', ...good, now: now - DAY, says: refused(/Is that clock right/) },
    { what: 'a file that is no proof', ...good, file: bytesOf('{}'), says: refused(/malformed/) },
  ]
}
