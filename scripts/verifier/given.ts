/** What a person hands to the page: files as the commands wrote them, and the id of a block. */
import { equalBytes, fromHex, latin1 } from '../../src/base/index.ts'
import { decodeGenesis, encodeGenesis, type Genesis, ledgerChainId } from '../../src/chain/blocks/genesis.ts'
import { verifyAnywhere } from '../../src/chain/light/anywhere.ts'
import { decodeProofFile, type ProofFile, type ProofVerdict } from '../../src/chain/light/proof-file.ts'
import { ed25519 } from '../../src/crypto/elsewhere.ts'

/** The genesis as the bytes of a chain or as the file of all, or the id of the newest block in the proof as 64 hex digits. */
export type Given = Uint8Array | string

export interface Checked {
  readonly verdict: ProofVerdict
  readonly file: ProofFile
  /** Undefined: a block was trusted, or the proof is of another chain. */
  readonly genesis: Genesis | undefined
}

/** `file`: its bytes, not their base64. `now`: Unix ms. Throws for what is no proof, no genesis or no id. */
export function verify(given: Given, file: Uint8Array, now: number): Checked {
  const proof = decodeProofFile(file)
  if (typeof given === 'string') {
    if (!/^[0-9a-fA-F]{64}$/.test(given)) throw new Error('the id of a block has 64 hex digits')
    const verdict = verifyAnywhere(ed25519, { kind: 'blockId', blockId: fromHex(given) }, file, now)
    return { verdict, file: proof, genesis: undefined }
  }
  const genesis = chainsIn(given).find((one) => equalBytes(ledgerChainId(one), proof.head.header.chainId))
  if (genesis === undefined)
    return { verdict: { kind: 'refused', reason: 'another chain' }, file: proof, genesis: undefined }
  const verdict = verifyAnywhere(ed25519, { kind: 'genesis', genesis: encodeGenesis(genesis) }, file, now)
  return { verdict, file: proof, genesis }
}

/** `domain proof` writes base64, and other programs may hand over the bytes themselves. */
export function bytesOfFile(bytes: Uint8Array): Uint8Array {
  const text = latin1(bytes).trim()
  if (!/^[A-Za-z0-9+/\s]+=*$/.test(text)) return bytes
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))
}

/** The file that all nodes have is JSON. A chain's id is the hash of all that is read here, so what is wrong in it is of another chain. */
function chainsIn(bytes: Uint8Array): readonly Genesis[] {
  if (bytes[0] !== 0x7b) return [decodeGenesis(bytes)]
  const { chains } = JSON.parse(new TextDecoder().decode(bytes)) as { readonly chains: readonly ChainInFile[] }
  return chains.map((one) => ({
    ringId: one.ring,
    name: one.name,
    time: Date.parse(one.time),
    validators: one.validators.map(({ id, key }) => ({ id: fromHex(id), publicKey: fromHex(key) })),
    heartbeatMs: one.heartbeatMs,
    intervalMs: one.intervalMs,
    rules: one.rules,
    application: fromHex(one.application),
  }))
}

interface ChainInFile {
  readonly ring: string
  readonly name: string
  readonly time: string
  readonly validators: readonly { readonly id: string; readonly key: string }[]
  readonly heartbeatMs: number
  readonly intervalMs: number
  readonly rules: number
  readonly application: string
}
