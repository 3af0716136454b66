/** Who has which key, by the word of certifiers: files of those who ask for it, and what the status API says. */
import { ChordnsError, fromHex, jsonFields, toHex } from '../../base/index.ts'
import type { Signer } from '../../crypto/index.ts'
import {
  endorseIdentityPayload,
  identityStateKeys,
  type Payload,
  readProven,
  signIdentity,
  vouchedFor,
} from '../../ledger/index.ts'
import type { IdentityView, ProofFileView } from '../../observe/index.ts'
import type { LedgerSide } from './side.ts'

const FORMAT = 'chordns/identity-request/1'

/** All in hex but the name and the time. */
export interface IdentityAsked {
  readonly chainId: string
  readonly certifier: string
  readonly name: string
  /** Unix ms. */
  readonly until: number
}

export function identityRequestText(owner: Signer, { chainId, certifier, name, until }: IdentityAsked): string {
  const signature = signIdentity(owner, { chainId: fromHex(chainId), certifier: fromHex(certifier), name, until })
  const file = { format: FORMAT, key: toHex(owner.publicKey), name, until, certifier, signature: toHex(signature) }
  return `${JSON.stringify(file, undefined, 2)}\n`
}

/** Throws USAGE. */
export function identityEndorsement(file: string, text: string): { readonly payload: Payload; readonly name: string } {
  const json = jsonFields(text)
  const { format, key, name, until, signature } = json
  const isHex = (value: unknown, bytes: number): value is string =>
    typeof value === 'string' && value.length === 2 * bytes && /^[0-9a-f]+$/.test(value)
  const isOne = format === FORMAT && isHex(key, 32) && isHex(signature, 64) && typeof name === 'string'
  if (!isOne || !Number.isSafeInteger(until))
    throw new ChordnsError('USAGE', `${file} is no file of chordns ledger identity ask`, {})
  return { payload: endorseIdentityPayload(fromHex(key), { name, until: Number(until) }, fromHex(signature)), name }
}

/** By the newest header of Root that this node has. */
export async function identitiesOf(side: LedgerSide, key: Uint8Array, signal: AbortSignal): Promise<IdentityView> {
  const now = side.clock.now()
  const { value } = await readProven(side.follower, rootOf(side), (state) => vouchedFor(state, key, now), { signal })
  return {
    vouched: value.map(({ certifier, name, until }) => ({
      certifier: certifier.name,
      account: toHex(certifier.account),
      name,
      until: new Date(until).toISOString(),
    })),
  }
}

/** A file with what Root has of a key, for verifiers without a node. */
export async function identityProof(side: LedgerSide, key: Uint8Array, signal: AbortSignal): Promise<ProofFileView> {
  const chainId = rootOf(side)
  await side.follower.look(chainId)
  const file = await side.follower.proofFile(chainId, [...identityStateKeys(key)], { signal })
  if (file === undefined)
    throw new ChordnsError('LEDGER_UNPROVEN', 'the ledger root proves nothing now: try again', {
      reason: 'unreachable',
    })
  return { chain: 'root', file: Buffer.from(file).toString('base64') }
}

function rootOf({ ledgers }: LedgerSide): Uint8Array {
  const root = ledgers.genesisOf('root')
  if (root === undefined) throw new ChordnsError('USAGE', 'this node follows no Root chain', {})
  return root.chainId
}
