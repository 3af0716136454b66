import { describe, expect, it } from 'vitest'
import { sha256 } from '../../../src/crypto/index.ts'
import { saltFrom } from '../../../src/ledger/index.ts'
import { drawForNewKey, newBeacon } from '../../../src/ledger/modules/admission/beacon.ts'
import { drawn } from '../../../src/ledger/modules/admission/statements.ts'
import { chainId } from '../../chain/one.ts'
import { effort } from '../../setup/effort.ts'

const KEYS = effort(50_000, 1_000_000)
const text = (value: string) => sha256(new TextEncoder().encode(value))
const hidden = text('the secret of one honest validator')
const known = text('draw 4')

/** First four bytes of an id as a part of the ring. */
function placeOf(draw: Uint8Array, key: Uint8Array): number {
  return Buffer.from(sha256(key, saltFrom(draw, 0, key))).readUInt32BE() / 2 ** 32
}

describe('a place on an endorsed ring', () => {
  it('is not found by trying many keys before the draw: the best of them is anywhere after it', {
    timeout: 120_000,
  }, () => {
    // What can be computed when the key has to be registered: any draw that is made already, here the last one.
    let best = { key: new Uint8Array(32), place: 1 }
    const key = Buffer.from(text('keys of somebody with time'))
    for (let i = 0; i < KEYS; i++) {
      key.writeUInt32BE(i)
      const place = placeOf(known, key)
      if (place < best.place) best = { key: new Uint8Array(key), place }
    }
    expect(best.place).toBeLessThan(10 / KEYS)
    // His own secrets are known to him; one that is not makes the draw.
    const others = [text('a'), text('b'), text('c')].map((id) => [id, text('his')] as const)
    const places = Array.from({ length: 64 }, (_, i) =>
      placeOf(drawn(chainId, 5, known, [...others, [text('d'), sha256(hidden, Uint8Array.of(i))]]), best.key),
    )
    const mean = places.reduce((sum, one) => sum + one, 0) / places.length
    expect(mean).toBeGreaterThan(0.35)
    expect(mean).toBeLessThan(0.65)
    expect(places.filter((one) => one < 0.01).length).toBeLessThan(5)
  })

  it('comes of a draw whose secrets are not shown yet, whenever a key is registered', () => {
    const empty = newBeacon(100)
    const row = { validator: text('v'), value: text('commitment') }
    expect(drawForNewKey(empty)).toBe(1)
    expect(drawForNewKey({ ...empty, draw: 7, commitments: [row] })).toBe(8)
    expect(drawForNewKey({ ...empty, draw: 7, commitments: [row], secrets: [row] })).toBe(8)
  })
})
