/** What the page has: the verifier of proofs, with the signatures of @noble. */
import { fromHex, toHex } from '../../src/base/index.ts'
import { verifyAnywhere } from '../../src/chain/light/anywhere.ts'
import { ed25519 } from '../../src/crypto/elsewhere.ts'

export { fromHex, toHex }

/** `anchor`: the genesis as bytes, or the id of the head's block as 64 hex digits. `now`: Unix ms. Throws for a file that is none. */
export function verify(anchor: Uint8Array | string, file: Uint8Array, now: number) {
  const by =
    typeof anchor === 'string'
      ? ({ kind: 'blockId', blockId: fromHex(anchor) } as const)
      : ({ kind: 'genesis', genesis: anchor } as const)
  return verifyAnywhere(ed25519, by, file, now)
}
