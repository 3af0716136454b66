/** Those from whom a follower hears of newer headers: two, asked once a minute to keep its place. Who was silent is replaced. */
import type { PeerId } from '../../base/index.ts'
import { limits } from '../limits.ts'
import type { MemberBook } from './members.ts'

export class NewsUpstreams {
  readonly #members: MemberBook
  readonly #chainId: Uint8Array
  /** And since when they have a place for us, Unix ms. */
  readonly #peers = new Map<PeerId, number>()
  /** Whom others named. */
  #candidates: PeerId[] = []

  constructor(members: MemberBook, chainId: Uint8Array) {
    this.#members = members
    this.#chainId = chainId
  }

  has(peer: PeerId): boolean {
    return this.#peers.has(peer)
  }

  /** A header of that time was found, of which those who had a place for us then did not tell. */
  disappointed(headerTime: number): void {
    for (const [peer, since] of this.#peers) if (since < headerTime) this.#peers.delete(peer)
    this.#candidates = []
  }

  /** Keeps the places that there are, and looks for more. Never rejects. */
  async renew(now: number): Promise<void> {
    for (const [peer, since] of [...this.#peers]) await this.#ask(peer, since)
    const tried = new Set(this.#peers.keys())
    for (let tries = 0; tries < limits.NEWS_TRIES && this.#peers.size < limits.UPSTREAMS; tries++) {
      const next = [...this.#candidates, ...this.#members.ordered(this.#chainId)].find((peer) => !tried.has(peer))
      if (next === undefined) return
      tried.add(next)
      await this.#ask(next, now)
    }
  }

  async #ask(peer: PeerId, since: number): Promise<void> {
    this.#peers.delete(peer)
    this.#candidates = this.#candidates.filter((one) => one !== peer)
    const reply = await this.#members.request(peer, { kind: 'listen', chainId: this.#chainId })
    if (reply?.kind === 'ack') this.#peers.set(peer, since)
    else if (reply?.kind === 'others')
      this.#candidates = [...new Set([...reply.peers, ...this.#candidates])].slice(0, limits.MAX_CANDIDATES)
  }
}
