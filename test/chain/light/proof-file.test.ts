import { performance } from 'node:perf_hooks'
import { describe, expect, it } from 'vitest'
import {
  decodeProofFile,
  decodeWarmProof,
  encodeProofFile,
  encodeWarmProof,
  type ProofFile,
  verifyProofFile,
  verifyWarmProof,
} from '../../../src/chain/light/proof-file.ts'
import { lightRules, trustGenesis } from '../../../src/chain/light/trust.ts'
import { trust } from '../../../src/chain/light/verify.ts'
import { proveKeys, type TreeView } from '../../../src/chain/trees/proofs/prove.ts'
import { emptyStateMap, stateRoot, stateSet, stateView } from '../../../src/chain/trees/state-map.ts'
import { ed25519, ed25519Signer, sha256 } from '../../../src/crypto/index.ts'
import { GENESIS_TIME, simRules as rules, TestLedger } from './ledger.ts'

const FOUR = [0, 1, 2, 3]
const text = (value: string) => new TextEncoder().encode(value)
const key = text('name/example.com')
const value = text('owner and keys')

let map = stateSet(emptyStateMap, key, value)
for (let i = 0; i < 50; i++) map = stateSet(map, text(`name/${i}`), text(`${i}`))
const root = stateRoot(map)

const ledger = new TestLedger(FOUR)
  .grow(5)
  .grow(1, { next: [0, 1, 2, 4] })
  .grow(10, { stateRoot: root })
  .grow(1, { next: [0, 1, 4, 5], stateRoot: root })
  .grow(10)
const now = ledger.head.header.time

function fileOf(height: number, change: Partial<ProofFile> = {}): ProofFile {
  return {
    head: ledger.at(height),
    claims: [{ key, value }],
    stateProof: proveKeys(stateView(map), [key]),
    older: undefined,
    validators: undefined,
    trail: [],
    ...change,
  }
}

const step = (height: number) => ({ certified: ledger.at(height), validators: ledger.setAt(height) })
const genesis = trustGenesis(ledger.genesis)

describe('a proof file', () => {
  it('proves a name to one who has the genesis only, along the way that it brings', () => {
    const file = fileOf(12, { trail: [step(7), step(8)], validators: ledger.setAt(12) })
    expect(verifyProofFile(rules, genesis, decodeProofFile(encodeProofFile(file)), now)).toMatchObject({
      kind: 'proven',
      height: 12,
    })
  })

  it('proves a name that is not there, and several at once', () => {
    const absent = text('name/nobody')
    const claims = [
      { key, value },
      { key: absent, value: undefined },
    ]
    const file = fileOf(12, {
      claims,
      stateProof: proveKeys(stateView(map), [key, absent]),
      validators: ledger.setAt(12),
    })
    const trusted = trust(ledger.at(10), ledger.setAt(11))
    expect(verifyProofFile(rules, trusted, decodeProofFile(encodeProofFile(file)), now)).toMatchObject({
      kind: 'proven',
    })
    expect(verifyProofFile(rules, trusted, { ...file, claims: [{ key, value: undefined }] }, now)).toEqual({
      kind: 'refused',
      reason: 'state',
    })
  })

  it('proves an older state by the history of a newer head', () => {
    const older = { header: ledger.at(12).header, path: ledger.path(12, 27) }
    const trusted = trust(ledger.at(26), ledger.setAt(27))
    const verdict = verifyProofFile(rules, trusted, fileOf(27, { older }), now)
    expect(verdict).toMatchObject({ kind: 'proven', height: 12, time: ledger.at(12).header.time })
    const wrong = { ...older, path: ledger.path(13, 27) }
    expect(verifyProofFile(rules, trusted, fileOf(27, { older: wrong }), now)).toEqual({
      kind: 'refused',
      reason: 'history',
    })
  })

  it('is refused without a way, without a set, with a head of removed validators, and when it is too old', () => {
    const verdict = (file: ProofFile, at = now, from = genesis) => {
      const result = verifyProofFile(rules, from, file, at)
      return result.kind === 'refused' ? result.reason : result.kind
    }
    expect(verdict(fileOf(27, { validators: ledger.setAt(27) }))).toBe('too few known signers')
    expect(verdict(fileOf(12))).toBe('set unknown')
    const forged = fileOf(12, {
      head: ledger.certify(ledger.at(12).header, ledger.setAt(12), [0, 3]),
      trail: [step(7)],
      validators: ledger.setAt(12),
    })
    expect(verdict(forged)).toBe('too few known signers')
    expect(verdict(fileOf(12, { trail: [step(7)], validators: ledger.setAt(12) }), now + 15 * 24 * 3_600_000)).toBe(
      'expired',
    )
  })

  it('that is damaged anywhere proves nothing, or is refused by its form', () => {
    const bytes = encodeProofFile(fileOf(12))
    const trusted = trust(ledger.at(10), ledger.setAt(11))
    for (let at = 0; at < bytes.length; at += 3) {
      const damaged = bytes.with(at, bytes[at]! ^ 4)
      let kind = 'malformed'
      try {
        kind = verifyProofFile(rules, trusted, decodeProofFile(damaged), now).kind
      } catch (error) {
        expect(error).toMatchObject({ code: 'CHAIN_MALFORMED' })
      }
      expect(kind).not.toBe('proven')
    }
  })
})

describe('the size of a proof, with real keys', () => {
  const rulesOf = lightRules(ed25519)
  const record = new Uint8Array(524)

  /** A way of that many branches, as a million entries make it (log2 n + 1.33), without the million. */
  function deepState(depth: number): { root: Uint8Array; proof: Uint8Array } {
    const path = sha256(key)
    const leaf = {
      kind: 'leaf',
      path,
      valueHash: sha256(record),
      hash: sha256(Uint8Array.of(0), path, sha256(record)),
    } as const
    const branch = (level: number): TreeView => {
      if (level === depth) return leaf
      const sibling = sha256(Uint8Array.of(9, level))
      const below = branch(level + 1)!
      const isRight = ((path[level >> 3]! >> (7 - (level & 7))) & 1) === 1
      const other = { kind: 'leaf', path: sibling, valueHash: sibling, hash: sibling } as const
      const sides = isRight ? ([other, below] as const) : ([below, other] as const)
      return { kind: 'branch', hash: sha256(Uint8Array.of(1), sides[0].hash, sides[1].hash), sides: () => sides }
    }
    const top = branch(0)!
    return { root: top.hash, proof: proveKeys(top, [key]) }
  }

  it.each([
    [31, 4_096],
    [100, 8_192],
  ])('stays in its bounds at %i validators', (n, most) => {
    const state = deepState(22)
    const people = Array.from({ length: n }, (_, i) => i)
    const real = new TestLedger(people, { makeKey: ed25519Signer }).grow(3, { stateRoot: state.root })
    const file: ProofFile = {
      head: real.head,
      claims: [{ key, value: record }],
      stateProof: state.proof,
      older: undefined,
      validators: undefined,
      trail: [],
    }
    const cold = encodeProofFile(file)
    const warm = encodeWarmProof({ height: 3, value: record, stateProof: state.proof })
    expect(cold.length).toBeLessThanOrEqual(most)
    expect(warm.length).toBeLessThanOrEqual(1_331)
    expect(verifyWarmProof(real.head.header, key, decodeWarmProof(warm))).toBe(true)
    const trusted = trust(real.at(2), real.setAt(3))
    const times: number[] = []
    for (let i = 0; i < 20; i++) {
      const start = performance.now()
      expect(verifyProofFile(rulesOf, trusted, decodeProofFile(cold), GENESIS_TIME + 300_000).kind).toBe('proven')
      times.push(performance.now() - start)
    }
    times.sort((a, b) => a - b)
    console.info(
      `n = ${n}: cold ${cold.length} bytes, warm ${warm.length}, verified in ${times[10]!.toFixed(2)} ms (median)`,
    )
  })
})
