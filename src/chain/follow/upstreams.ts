/** Those from whom a follower hears of newer headers: two. Who tells of them keeps the place; who was silent is asked anew, and who did not tell is replaced. */
import type { PeerId } from '../../base/index.ts'
import { limits } from '../limits.ts'
import type { MemberBook } from './members.ts'

export class NewsUpstreams {
  readonly #members: MemberBook
  readonly #chainId: Uint8Array
  /** Since when they have a place for us, and when they last said so or told of a header, Unix ms. */
  readonly #peers = new Map<PeerId, { readonly since: number; readonly heard: number }>()
  /** Whom others named. */
  #candidates: PeerId[] = []

  constructor(members: MemberBook, chainId: Uint8Array) {
    this.#members = members
    this.#chainId = chainId
  }

  has(peer: PeerId): boolean {
    return this.#peers.has(peer)
  }

  /** It told of a header, whatever that is worth: so it has a place for us. */
  heard(peer: PeerId, now: number): void {
    const place = this.#peers.get(peer)
    if (place !== undefined) this.#peers.set(peer, { ...place, heard: now })
  }

  /** A header of that time was found, of which those who had a place for us then did not tell. */
  disappointed(headerTime: number): void {
    for (const [peer, { since }] of this.#peers) if (since < headerTime) this.#peers.delete(peer)
    this.#candidates = []
  }

  /** Keeps the places that there are, and looks for more. Never rejects. */
  async renew(now: number): Promise<void> {
    // A clock that was set back must not make anybody wait.
    for (const [peer, { since, heard }] of [...this.#peers])
      if (Math.abs(now - heard) > limits.NEWS_SILENCE_MS) await this.#ask(peer, since, now)
    const tried = new Set(this.#peers.keys())
    for (let tries = 0; tries < limits.NEWS_TRIES && this.#peers.size < limits.UPSTREAMS; tries++) {
      const next = [...this.#candidates, ...this.#members.ordered(this.#chainId)].find((peer) => !tried.has(peer))
      if (next === undefined) return
      tried.add(next)
      await this.#ask(next, now, now)
    }
  }

  async #ask(peer: PeerId, since: number, now: number): Promise<void> {
    this.#peers.delete(peer)
    this.#candidates = this.#candidates.filter((one) => one !== peer)
    const reply = await this.#members.request(peer, { kind: 'listen', chainId: this.#chainId })
    if (reply?.kind === 'ack') this.#peers.set(peer, { since, heard: now })
    else if (reply?.kind === 'others')
      this.#candidates = [...new Set([...reply.peers, ...this.#candidates])].slice(0, limits.MAX_CANDIDATES)
  }
}
