/** Whom a follower requests things of: members that run a chain. What they say is checked; who said what does not hold comes last for a while. */
import { type Clock, isChordnsError, type PeerId, type Random, type RequestOptions } from '../../base/index.ts'
import { limits } from '../limits.ts'
import { decodeFollowReply, encodeFollowRequest, type FollowReply, type FollowRequest } from './messages.ts'

/** The port: who runs a chain, and how to reach them. */
export interface ChainMembers {
  /** In any order; more than a few are of use, since one of them may lie. */
  of(chainId: Uint8Array): readonly PeerId[]
  /** The body of a request of this room, and of its reply. Rejects when there is none in time. */
  request(peer: PeerId, body: Uint8Array, options: RequestOptions): Promise<Uint8Array>
}

export interface MemberBookDeps {
  readonly clock: Pick<Clock, 'monotonic'>
  readonly random: Pick<Random, 'below'>
  readonly members: ChainMembers
}

export class MemberBook {
  readonly #deps: MemberBookDeps
  /** Until when, by the monotonic clock. */
  readonly #distrusted = new Map<PeerId, number>()

  constructor(deps: MemberBookDeps) {
    this.#deps = deps
  }

  hasAny(chainId: Uint8Array): boolean {
    return this.#deps.members.of(chainId).length > 0
  }

  /** All of the chain, by chance, those last whose word did not hold lately: nobody else may be left. */
  ordered(chainId: Uint8Array): PeerId[] {
    const { members, random, clock } = this.#deps
    const left = [...members.of(chainId)]
    const drawn: PeerId[] = []
    while (left.length > 0) drawn.push(...left.splice(random.below(left.length), 1))
    const now = clock.monotonic()
    const isLate = (peer: PeerId) => (this.#distrusted.get(peer) ?? 0) > now
    return [...drawn.filter((peer) => !isLate(peer)), ...drawn.filter(isLate)]
  }

  distrust(peer: PeerId): void {
    this.#distrusted.delete(peer)
    this.#distrusted.set(peer, this.#deps.clock.monotonic() + limits.DISTRUST_MS)
    if (this.#distrusted.size > limits.MAX_DISTRUSTED) this.#distrusted.delete(this.#distrusted.keys().next().value!)
  }

  /** Undefined: no reply, or one that cannot be read. */
  async request(
    peer: PeerId,
    request: FollowRequest,
    {
      signal,
      timeoutMs = limits.FOLLOW_TIMEOUT_MS,
    }: { readonly signal?: AbortSignal | undefined; readonly timeoutMs?: number } = {},
  ): Promise<FollowReply | undefined> {
    try {
      const options: RequestOptions = signal === undefined ? { timeoutMs } : { timeoutMs, signal }
      return decodeFollowReply(await this.#deps.members.request(peer, encodeFollowRequest(request), options))
    } catch (error) {
      if (!isChordnsError(error)) throw error
      if (error.code === 'CHAIN_MALFORMED') this.distrust(peer)
      return undefined
    }
  }
}
