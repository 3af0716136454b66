/** That this release makes of old blocks, files and proofs what the release made of them that recorded them. docs/ledger-modules.md says how to record more. */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../../src/base/index.ts'
import { verifyStateProof } from '../../../src/chain/index.ts'
import { sha256 } from '../../../src/crypto/index.ts'
import { ledgerModules } from '../../../src/ledger/index.ts'
import { fromText, kindsOf, type Recorded, replay } from './chain.ts'
import { reopened, type StoredChain } from './stored.ts'

const packed = readFileSync(new URL('chains.json.gz', import.meta.url))
const { chains, stored } = fromText<{ chains: readonly Recorded[]; stored: StoredChain }>(gunzipSync(packed).toString())

describe('chains that an earlier release recorded', () => {
  it('end in the same states, block by block, with the same results', () => {
    for (const chain of chains) expect(replay(chain).difference).toBeUndefined()
  })

  it('have every kind of transaction of then, and most outcomes of each', () => {
    const recorded = new Set(chains.flatMap(({ blocks }) => blocks.flatMap(({ content }) => kindsOf(content))))
    const missing = ledgerModules.flatMap(({ kinds }) => kinds.filter((kind) => !recorded.has(kind)))
    expect(recorded.size).toBeGreaterThanOrEqual(45)
    expect(packed.length).toBeLessThan(300_000)
    // What came since: docs/ledger-modules.md, "Chains of earlier releases", says how to record more.
    if (missing.length > 0) console.info(`no recorded chain has the kinds ${missing.join(', ')}`)
  })

  it('are proven by the proofs of then', () => {
    for (const { blocks, proven } of chains) {
      const root = fromHex(blocks.at(-1)!.root)
      const claims = proven!.claims.map(([key, value]) => ({ key, value: value ?? undefined }))
      expect(verifyStateProof(sha256, root, claims, proven!.proof)).toBe(true)
      const [first, ...rest] = claims
      const wrong = [{ ...first!, value: Uint8Array.of(1, 2, 3) }, ...rest]
      expect(verifyStateProof(sha256, root, wrong, proven!.proof)).toBe(false)
    }
  })

  it('are replayed from the rows that were written then, headers and certificates included', () => {
    const { height, stateRoot, headId } = reopened(stored).status()
    expect({ height, root: toHex(stateRoot), headId: toHex(headId) }).toEqual({
      height: stored.height,
      root: stored.root,
      headId: stored.headId,
    })
    expect(height).toBeGreaterThan(5)
  })
})
