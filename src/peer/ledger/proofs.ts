/** A file with a proof of anything that stands on a ledger, checked without a node. */
import { ChordnsError, toHex } from '../../base/index.ts'
import {
  decodeProofFile,
  lightRules,
  type ProofVerdict,
  refusalText,
  trustGenesis,
  verifyProofFile,
} from '../../chain/index.ts'
import { decideAhead, ed25519, verifyEd25519Elsewhere } from '../../crypto/index.ts'
import { parseGenesisText } from '../../ledger/index.ts'

export interface CheckedProof {
  readonly chain: string
  readonly height: number
  /** Unix ms. */
  readonly time: number
  /** Hex; null: it is proven that nothing is there. */
  readonly claims: readonly { readonly key: string; readonly value: string | null }[]
}

/** Of a file in base64, for one who trusts the genesis file: which chain it is of, and what it proves. Throws CHAIN_MALFORMED, LEDGER_GENESIS, USAGE. */
export async function checkProof(
  proof: string,
  genesisText: string,
  now: number,
): Promise<{ readonly chain: string; readonly verdict: ProofVerdict }> {
  const file = decodeProofFile(new Uint8Array(Buffer.from(proof.trim(), 'base64')))
  const chainId = toHex(file.head.header.chainId)
  const found = parseGenesisText(genesisText).find((one) => toHex(one.chainId) === chainId)
  if (found === undefined) throw new ChordnsError('USAGE', 'the proof is of another ledger than the genesis file', {})
  const { genesis } = found
  const trusted = trustGenesis(genesis)
  const verdict = await decideAhead(ed25519, verifyEd25519Elsewhere, (scheme) =>
    verifyProofFile(lightRules(scheme), trusted, file, now),
  )
  return { chain: genesis.name, verdict }
}

/** Throws PROOF_REFUSED, and as `checkProof` does. */
export async function verifyLedgerProof(proof: string, genesisText: string, now: number): Promise<CheckedProof> {
  const { chain, verdict } = await checkProof(proof, genesisText, now)
  if (verdict.kind === 'refused')
    throw new ChordnsError('PROOF_REFUSED', `it proves nothing: ${refusalText(verdict.reason)}`, {
      reason: verdict.reason,
    })
  const claims = verdict.claims.map(({ key, value }) => ({
    key: toHex(key),
    value: value === undefined ? null : toHex(value),
  }))
  return { chain, height: verdict.height, time: verdict.time, claims }
}
