import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isChordnsError, toHex } from '../../../src/base/index.ts'
import {
  blockFromValue,
  blockIdOf,
  blockToValue,
  decodeHeader,
  encodeHeader,
  makeBlock,
} from '../../../src/chain/blocks/blocks.ts'
import { certificateFromValue, certificateToValue } from '../../../src/chain/blocks/certificates.ts'
import { decodeGenesis, encodeGenesis, type Genesis, ledgerChainId } from '../../../src/chain/blocks/genesis.ts'
import {
  changesBetween,
  entriesFromValue,
  entriesToValue,
  holdsVotingKey,
  isSetPlace,
  mostChanges,
  setPlace,
  setRoot,
  votingKeyBytes,
} from '../../../src/chain/blocks/set-root.ts'
import {
  decodeResult,
  decodeTransaction,
  encodeResult,
  encodeTransaction,
  isAlive,
  isSignedTransaction,
  signTransaction,
  transactionId,
} from '../../../src/chain/blocks/transactions.ts'
import type { BlockCertificate, BlockHeader } from '../../../src/chain/index.ts'
import { merkleLeafHash, merkleProof, merkleRoot, verifyMerkleProof } from '../../../src/chain/trees/merkle.ts'
import { decodeCanonical, ed25519, ed25519Signer, encodeCanonical, sha256 } from '../../../src/crypto/index.ts'
import { chainId, NOW, people } from '../one.ts'

const hash = (n: number) => sha256(Uint8Array.of(n))
const { validators } = people(7)
const roundTrip = <T>(
  value: Parameters<typeof encodeCanonical>[0],
  read: (value: ReturnType<typeof decodeCanonical>) => T,
): T => read(decodeCanonical(encodeCanonical(value), { maxBytes: 100_000 }))

const ledgerHeader: BlockHeader = {
  chainId,
  height: 9,
  time: NOW,
  proposer: hash(1),
  previousId: hash(2),
  transactionsRoot: hash(3),
  stateRoot: hash(4),
  validatorsHash: hash(5),
  nextValidatorsHash: hash(6),
  lastCertificateHash: hash(7),
  extension: Uint8Array.of(1),
  ledger: {
    afterValidatorsRoot: hash(8),
    resultsRoot: hash(9),
    historyRoot: hash(10),
    evidenceRoot: hash(11),
    rules: 3,
    nextRules: { rules: 4, height: 1_000 },
  },
}

describe('a header of schema 2', () => {
  it('comes back as it was, and its id is its leaf hash in the history', () => {
    expect(decodeHeader(encodeHeader(ledgerHeader))).toEqual(ledgerHeader)
    const settled = { ...ledgerHeader, ledger: { ...ledgerHeader.ledger!, nextRules: undefined } }
    expect(decodeHeader(encodeHeader(settled))).toEqual(settled)
    expect(toHex(blockIdOf(ledgerHeader))).toBe(toHex(merkleLeafHash(encodeHeader(ledgerHeader))))
  })

  it('has an id that commits to every field', () => {
    const ledger = ledgerHeader.ledger!
    const others: BlockHeader[] = [
      { ...ledgerHeader, height: 10 },
      { ...ledgerHeader, extension: new Uint8Array() },
      ...(['afterValidatorsRoot', 'resultsRoot', 'historyRoot', 'evidenceRoot'] as const).map((field) => ({
        ...ledgerHeader,
        ledger: { ...ledger, [field]: hash(99) },
      })),
      { ...ledgerHeader, ledger: { ...ledger, rules: 4 } },
      { ...ledgerHeader, ledger: { ...ledger, nextRules: undefined } },
    ]
    const ids = new Set([ledgerHeader, ...others].map((header) => toHex(blockIdOf(header))))
    expect(ids.size).toBe(others.length + 1)
  })

  it('is refused with fields more or less, with a long extension, and says so when its schema is unknown', () => {
    const fields = decodeCanonical(encodeHeader(ledgerHeader), { maxBytes: 10_000 }) as Map<number, never>
    const changed = (change: (map: Map<number, unknown>) => void) => {
      const map = new Map<number, unknown>(fields)
      change(map)
      return encodeCanonical(map as Map<number, never>)
    }
    expect(() => decodeHeader(changed((map) => map.set(18, 0)))).toThrow(/other fields/)
    expect(() => decodeHeader(changed((map) => map.delete(14)))).toThrow(/other fields/)
    expect(() => decodeHeader(changed((map) => map.delete(0)))).toThrow(/other fields/)
    expect(() => decodeHeader(changed((map) => map.set(0, 3)))).toThrow(/schema 3.*newer release/)
    expect(() => decodeHeader(changed((map) => map.set(11, new Uint8Array(257))))).toThrow(/extension/)
  })

  it('stands in a block with its evidence', () => {
    const { ledger, ...rest } = ledgerHeader
    const block = makeBlock({ ...rest, ledger: ledger! }, [Uint8Array.of(1)], undefined, [Uint8Array.of(2, 2)])
    expect(roundTrip(blockToValue(block), blockFromValue)).toEqual(block)
    expect(toHex(block.header.ledger!.evidenceRoot)).toBe(toHex(merkleRoot([Uint8Array.of(2, 2)])))
    expect(() => roundTrip(blockToValue({ ...block, evidence: [] }), blockFromValue)).toThrow(/belong together/)
    const { evidence: _, ...without } = block
    expect(() => roundTrip((blockToValue(without) as never[]).slice(0, 3), blockFromValue)).toThrow(/other parts/)
  })
})

describe('a certificate with a bitmap', () => {
  const certificateOf = (indices: readonly number[]): BlockCertificate => ({
    scheme: 1,
    height: 9,
    round: 2,
    blockId: hash(1),
    signatures: indices.map((index) => ({ index, signature: new Uint8Array(64).fill(index + 1) })),
  })

  it('comes back as it was, for any signers', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(99), { maxLength: 100 }), (indices) => {
        const certificate = certificateOf(indices.sort((a, b) => a - b))
        expect(roundTrip(certificateToValue(certificate), certificateFromValue)).toEqual(certificate)
      }),
    )
  })

  it('has one form only', () => {
    const row = certificateToValue(certificateOf([0, 9])) as never[]
    const changed = (at: number, value: unknown) => roundTrip(row.with(at, value as never), certificateFromValue)
    expect(() => changed(4, Uint8Array.of(1, 2, 0))).toThrow(/zeros at its end/)
    expect(() => changed(4, Uint8Array.of(1, 3))).toThrow(/signatures/)
    expect(() => changed(4, Uint8Array.of(...new Array(12).fill(0), 32))).toThrow(/nobody/)
    expect(() => changed(0, 2)).toThrow(/unknown scheme/)
  })
})

describe('the root of a set', () => {
  it('shows each member at its place, and nobody else, and no other size', () => {
    for (let n = 1; n <= 7; n++) {
      const set = people(n).validators
      for (const { publicKey } of set) {
        const place = setPlace(set, publicKey)!
        expect(isSetPlace(setRoot(set), publicKey, place)).toBe(true)
        expect(isSetPlace(setRoot(set), hash(99), place)).toBe(false)
        expect(isSetPlace(setRoot(set), publicKey, { ...place, size: n + 1 })).toBe(false)
        expect(isSetPlace(setRoot(set), publicKey, { ...place, id: hash(98) })).toBe(false)
        if (n > 1) expect(isSetPlace(setRoot(set), publicKey, { ...place, index: (place.index + 1) % n })).toBe(false)
      }
      expect(setPlace(set, hash(99))).toBeUndefined()
    }
  })

  it('is of ids and keys in their order', () => {
    expect(roundTrip(entriesToValue(validators), entriesFromValue)).toEqual(validators)
    expect(() => roundTrip(entriesToValue([...validators].reverse()), entriesFromValue)).toThrow(/no validator set/)
    const rekeyed = validators.map((one, i) => (i === 2 ? { ...one, publicKey: hash(50) } : one))
    expect(toHex(setRoot(rekeyed))).not.toBe(toHex(setRoot(validators)))
  })

  it('counts what changes from one set to the next', () => {
    expect(changesBetween(validators, validators)).toBe(0)
    expect(changesBetween(validators, validators.slice(1))).toBe(1)
    expect(changesBetween(validators.slice(2), validators)).toBe(2)
    expect(
      changesBetween(
        validators,
        validators.map((one, i) => (i < 3 ? { ...one, publicKey: hash(200 + i) } : one)),
      ),
    ).toBe(3)
    expect([1, 4, 7, 31, 100].map(mostChanges)).toEqual([1, 1, 2, 10, 33])
  })

  it('takes a voting key only from who holds it', () => {
    const [ring, voting] = [ed25519Signer(hash(1)), ed25519Signer(hash(2))]
    const validator = { id: sha256(ring.publicKey), publicKey: voting.publicKey }
    const signature = voting.sign(votingKeyBytes(chainId, validator))
    expect(holdsVotingKey(ed25519, chainId, validator, signature)).toBe(true)
    expect(holdsVotingKey(ed25519, hash(3), validator, signature)).toBe(false)
    expect(holdsVotingKey(ed25519, chainId, { ...validator, id: hash(4) }, signature)).toBe(false)
    expect(holdsVotingKey(ed25519, chainId, { ...validator, publicKey: ring.publicKey }, signature)).toBe(false)
  })
})

describe('a transaction', () => {
  const signer = ed25519Signer(hash(7))
  const content = { nonce: 4, fee: 10, expires: NOW + 60_000, payload: Uint8Array.of(1, 2, 3) }
  const bytes = signTransaction(signer, chainId, content)

  it('is signed by its account, for one chain', () => {
    const transaction = decodeTransaction(bytes)
    expect(transaction).toMatchObject({ ...content, account: signer.publicKey })
    expect(encodeTransaction(transaction)).toEqual(bytes)
    expect(isSignedTransaction(ed25519, chainId, transaction)).toBe(true)
    expect(isSignedTransaction(ed25519, hash(1), transaction)).toBe(false)
    for (const change of [
      { nonce: 5 },
      { fee: 11 },
      { expires: NOW },
      { payload: new Uint8Array() },
      { account: hash(2) },
    ])
      expect(isSignedTransaction(ed25519, chainId, { ...transaction, ...change })).toBe(false)
  })

  it('lives until it expires, and is not signed for longer than a day', () => {
    const alive = (time: number) => isAlive({ ...content, account: signer.publicKey }, time)
    expect(alive(content.expires)).toBe(true)
    expect(alive(content.expires + 1)).toBe(false)
    expect(alive(content.expires - 24 * 3_600_000)).toBe(true)
    expect(alive(content.expires - 24 * 3_600_000 - 1)).toBe(false)
  })

  it('is refused when it is damaged, or of another version, with one code', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const damaged = bytes.slice()
        damaged[at % bytes.length]! ^= flip
        try {
          const transaction = decodeTransaction(damaged)
          expect(isSignedTransaction(ed25519, chainId, transaction)).toBe(false)
        } catch (error) {
          if (!isChordnsError(error, 'CHAIN_MALFORMED')) throw error
        }
      }),
    )
  })

  it('has a result at its own place', () => {
    const results = [
      { code: 0, fee: 10, detail: new Uint8Array() },
      { code: 3, fee: 1, detail: Uint8Array.of(9) },
    ].map(encodeResult)
    expect(results.map(decodeResult)[1]).toEqual({ code: 3, fee: 1, detail: Uint8Array.of(9) })
    expect(verifyMerkleProof(merkleRoot(results), results[1]!, 1, 2, merkleProof(results, 1))).toBe(true)
    expect(toHex(transactionId(bytes))).toBe(toHex(merkleLeafHash(bytes)))
    expect(() => decodeResult(encodeResult({ code: 0, fee: 0, detail: new Uint8Array(65) }))).toThrow(/detail/)
  })
})

describe('a genesis', () => {
  const genesis: Genesis = {
    ringId: 'home',
    name: 'root',
    time: NOW,
    validators,
    heartbeatMs: 60_000,
    intervalMs: 1_000,
    rules: 1,
    application: Uint8Array.of(1, 2),
  }

  it('comes back as it was, and any change of it is another chain', () => {
    expect(decodeGenesis(encodeGenesis(genesis))).toEqual(genesis)
    const others = [
      { name: 'com' },
      { ringId: 'other' },
      { time: 0 },
      { validators: validators.slice(1) },
      { rules: 2 },
    ]
    const ids = [{}, ...others].map((change) => toHex(ledgerChainId({ ...genesis, ...change })))
    expect(new Set(ids).size).toBe(ids.length)
  })
})
