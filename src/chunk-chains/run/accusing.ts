/**
 * A replica that has signed two different things for one place of a chain has no honest way to have done so: its sign guard outlives
 * crashes. The proof of it goes to all members, each of whom checks it and votes the signer out of the ring, which costs it its seats.
 */
import { type Log, latin1, type PeerId } from '../../base/index.ts'
import { type ChainEquivocation, verifyEquivocation } from '../../chain/index.ts'
import { peerIdFromPublicKey, type SignatureScheme, sha256 } from '../../crypto/index.ts'
import { limits } from '../limits.ts'
import type { RequestChains } from './requests.ts'

export interface AccusingDeps {
  readonly log: Log
  readonly scheme: SignatureScheme
  readonly request: RequestChains
}

export interface AccusingHooks {
  /** Returns the other members. */
  readonly members: () => readonly PeerId[]
  /** The holder of this key is proven to have signed twice. Called once for each key. */
  readonly onEquivocator: (publicKey: Uint8Array) => void
}

export class Accusing {
  readonly #deps: AccusingDeps
  readonly #hooks: AccusingHooks
  readonly #accused = new Set<string>()

  constructor(deps: AccusingDeps, hooks: AccusingHooks) {
    this.#deps = deps
    this.#hooks = hooks
  }

  /** Evidence of this node's own, or of a peer. False when it proves nothing. */
  take(evidence: ChainEquivocation): boolean {
    // What can be answered ends no membership, and its proposer is found in a whole set only.
    if (evidence.kind === 'lock') return false
    const publicKey = evidence.first.signer
    const key = latin1(publicKey)
    if (this.#accused.has(key)) return true
    const signer = [{ id: sha256(publicKey), publicKey }]
    if (!verifyEquivocation(this.#deps.scheme, evidence, evidence.chainId, signer)) return false
    if (this.#accused.size >= limits.MAX_ACCUSED) return true
    this.#accused.add(key)
    this.#deps.log.warn({ peer: peerIdFromPublicKey(publicKey) }, 'a member has signed two different things in a chain')
    this.#hooks.onEquivocator(publicKey)
    this.#tell(evidence)
    return true
  }

  /** In a large ring to some, who tell others: whoever hears of it for the first time tells it on. */
  #tell(evidence: ChainEquivocation): void {
    const members = [...this.#hooks.members()]
    const start = members.length > limits.MAX_TOLD ? (evidence.first.signature[0]! * 7_919) % members.length : 0
    const chosen = [...members.slice(start), ...members.slice(0, start)].slice(0, limits.MAX_TOLD)
    for (const peer of chosen) void this.#deps.request(peer, { kind: 'evidence', evidence }, limits.SEND_TIMEOUT_MS)
  }
}
