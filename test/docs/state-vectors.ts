/** The vectors of "State map" in docs/protocol.md: three names in a map, and what is proven of it. */
import { toHex } from '../../src/base/index.ts'
import { emptyStateMap, encodePieceRequest, proveKeys, stateRoot, stateSet, stateView } from '../../src/chain/index.ts'
import { encodePiece } from '../../src/chain/state/pieces.ts'
import { proveRange } from '../../src/chain/trees/proofs/prove.ts'
import { isWithin } from '../../src/chain/trees/proofs/verify.ts'
import { stateEntries } from '../../src/chain/trees/state-map.ts'
import { sha256 } from '../../src/crypto/index.ts'

const text = (value: string) => new TextEncoder().encode(value)

/** Name -> hex. */
export function stateVectors(): Readonly<Record<string, string>> {
  let map = emptyStateMap
  for (const [index, name] of ['a', 'b', 'c'].entries())
    map = stateSet(map, text(`${name}.example`), Uint8Array.of(index + 1))
  const view = stateView(map)
  const range = { from: new Uint8Array(32).with(0, 0x20), to: new Uint8Array(32).with(0, 0xc0) }
  const entries = stateEntries(map).filter(({ key }) => isWithin(range, sha256(key)))
  return {
    'state root of three names': toHex(stateRoot(map)),
    'proof of one name': toHex(proveKeys(view, [text('b.example')])),
    'proof of one name, and that two others are free': toHex(
      proveKeys(
        view,
        ['b', 'd', 'e'].map((name) => text(`${name}.example`)),
      ),
    ),
    'piece request': toHex(encodePieceRequest({ height: 7, ...range })),
    piece: toHex(encodePiece({ ...range, entries, proof: proveRange(view, range) })),
  }
}
