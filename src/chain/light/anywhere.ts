/** The proof of a name checked by whoever has the file and something to trust: the same code in Node and, put together without it, in a browser. */
import { equalBytes } from '../../base/index.ts'
import type { SignatureScheme } from '../../crypto/index.ts'
import { blockIdOf } from '../blocks/blocks.ts'
import { decodeGenesis } from '../blocks/genesis.ts'
import { decodeProofFile, type ProofVerdict, verifyProofFile, verifyState } from './proof-file.ts'
import { isInHistory, lightRules, trustGenesis } from './trust.ts'

/** `genesis`: the bytes that the chain begins with, good for the trusting period after its time. `blockId`: of the head of the file, learnt elsewhere. */
export type ProofAnchor =
  | { readonly kind: 'genesis'; readonly genesis: Uint8Array }
  | { readonly kind: 'blockId'; readonly blockId: Uint8Array }

/** `now`: Unix ms. It says what was so at the verdict's time; whether it is so still is for the reader. Throws CHAIN_MALFORMED. */
export function verifyAnywhere(
  scheme: SignatureScheme,
  anchor: ProofAnchor,
  bytes: Uint8Array,
  now: number,
): ProofVerdict {
  const file = decodeProofFile(bytes)
  if (anchor.kind === 'genesis')
    return verifyProofFile(lightRules(scheme), trustGenesis(decodeGenesis(anchor.genesis)), file, now)
  const { header } = file.head
  if (!equalBytes(blockIdOf(header), anchor.blockId)) return { kind: 'refused', reason: 'another chain' }
  const { older } = file
  if (older !== undefined && !isInHistory(header, older.header, older.path))
    return { kind: 'refused', reason: 'history' }
  return verifyState(older?.header ?? header, file.claims, file.stateProof)
}
