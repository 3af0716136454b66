/** Requests to other replicas about chains: one at a time, or the messages of the engine, many of which are under way. */
import { type Clock, isChordnsError, type PeerId } from '../../base/index.ts'
import { Rates, type Send } from '../../chunks/index.ts'
import type { KnownChain } from '../disk/book.ts'
import { limits } from '../limits.ts'
import type { ChainDescriptor } from '../state/descriptor.ts'
import {
  type ChainsReply,
  type ChainsRequest,
  decodeChainsReply,
  encodeChainsRequest,
  type HeadProof,
} from './messages.ts'

/** Undefined: no reply that counts. The replica is gone or late, or makes no sense; the engine repeats itself, nobody waits. */
export type RequestChains = (to: PeerId, request: ChainsRequest, timeoutMs: number) => Promise<ChainsReply | undefined>

export function requestChains(send: Send, signal: AbortSignal): RequestChains {
  return async (to, request, timeoutMs) => {
    try {
      return decodeChainsReply(await send(to, encodeChainsRequest(request), { timeoutMs, signal }))
    } catch (error) {
      if (isChordnsError(error)) return undefined
      throw error
    }
  }
}

export interface PostDeps {
  readonly clock: Clock
  readonly request: RequestChains
  readonly signal: AbortSignal
}

export interface PostHooks {
  /** Another chain than ours, as a replica presents it. Owes nothing. */
  readonly onChain: (from: PeerId, descriptor: ChainDescriptor, proof: HeadProof | undefined) => void
  /** Owes what a replica needs to join the chain. */
  readonly present: (known: KnownChain) => {
    readonly descriptor: ChainDescriptor
    readonly proof: HeadProof | undefined
  }
}

/** Carries the engine's messages. What does not get through is lost, as on any network. */
export class Post {
  readonly #deps: PostDeps
  readonly #hooks: PostHooks
  readonly #inFlight = new Map<PeerId, number>()
  /** Who was told of a chain, lately. */
  readonly #told: Rates
  dropped = 0

  constructor(deps: PostDeps, hooks: PostHooks) {
    this.#deps = deps
    this.#hooks = hooks
    this.#told = new Rates(deps.clock, 1_000 / limits.TELL_AGAIN_MS, 1, limits.MAX_RATED)
  }

  /** True at most once in a while for each chain and replica: whether it is to be told of a chain now. */
  mayTell(known: KnownChain, to: PeerId): boolean {
    return this.#told.spend(`${known.id} ${to}`)
  }

  /** One message to one replica. Rejects with STORE_* when what it said of its chain cannot be kept. */
  async send(known: KnownChain, to: PeerId, bytes: Uint8Array): Promise<void> {
    const { request, signal } = this.#deps
    const flying = this.#inFlight.get(to) ?? 0
    if (flying >= limits.MAX_IN_FLIGHT || signal.aborted) {
      this.dropped++
      return
    }
    this.#inFlight.set(to, flying + 1)
    const reply = await request(to, { kind: 'message', chainId: known.chainId, bytes }, limits.SEND_TIMEOUT_MS)
    const left = (this.#inFlight.get(to) ?? 1) - 1
    if (left > 0) this.#inFlight.set(to, left)
    else this.#inFlight.delete(to)
    if (signal.aborted) return
    if (reply?.kind === 'chain') this.#hooks.onChain(to, reply.descriptor, reply.proof)
    else if (reply?.kind === 'unknown') await this.#tell(known, to)
  }

  /** A replica that was never told of the chain, or has forgotten it. */
  async #tell(known: KnownChain, to: PeerId): Promise<void> {
    const { request, signal } = this.#deps
    if (!this.mayTell(known, to)) return
    const reply = await request(to, { kind: 'open', ...this.#hooks.present(known) }, limits.SEND_TIMEOUT_MS)
    if (reply?.kind === 'chain' && !signal.aborted) this.#hooks.onChain(to, reply.descriptor, reply.proof)
  }
}
