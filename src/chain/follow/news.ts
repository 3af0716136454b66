/**
 * News of newer headers: whoever has one tells those who listen to it at once, and they tell others. What is told is a header like any other: it is
 * checked, and nobody is believed. Who takes it keeps the place by that. Places are few and each is told one thing at a time, so that a member spends no more on it however many listen.
 */
import { type Clock, isChordnsError, type PeerId, type RequestOptions, toHex } from '../../base/index.ts'
import { limits } from '../limits.ts'
import { historyPath } from '../trees/history.ts'
import type { CertifiedHeader } from '../types.ts'
import { decodeFollowReply, encodeFollowRequest } from './messages.ts'
import type { HeaderSource } from './sources.ts'

/** A header, for those whose newest one has the height `of`. */
export interface HeaderNews {
  readonly certified: CertifiedHeader
  /** Of the header of height `of` in its history; undefined when that is the genesis. */
  readonly path: readonly Uint8Array[] | undefined
  readonly of: number
}

export interface NewsDeskDeps {
  readonly clock: Pick<Clock, 'monotonic'>
  /** The body of a request of this room. Rejects when nobody answers in time. */
  readonly send: (peer: PeerId, body: Uint8Array, options: RequestOptions) => Promise<Uint8Array>
}

interface Place {
  until: number
  isBusy: boolean
}

interface Desk {
  readonly places: Map<PeerId, Place>
  height: number
}

export class NewsDesk {
  readonly #deps: NewsDeskDeps
  readonly #desks = new Map<string, Desk>()

  constructor(deps: NewsDeskDeps) {
    this.#deps = deps
  }

  /** Gives a place, or keeps one. Without a free one: some who listen here, and may have one. */
  listen(chainId: Uint8Array, peer: PeerId): 'placed' | readonly PeerId[] {
    const { places } = this.#of(chainId)
    const now = this.#deps.clock.monotonic()
    for (const [other, { until }] of places) if (until <= now) places.delete(other)
    const known = places.get(peer)
    if (known === undefined && places.size >= limits.NEWS_PLACES) return someOf(places, peer, now)
    places.set(peer, { isBusy: known?.isBusy ?? false, until: now + limits.NEWS_PLACE_MS })
    return 'placed'
  }

  /** Tells all who listen, once for each height. */
  publish(chainId: Uint8Array, news: HeaderNews): void {
    const desk = this.#of(chainId)
    const { height } = news.certified.header
    if (height <= desk.height) return
    desk.height = height
    const body = encodeFollowRequest({ kind: 'news', chainId, ...news })
    const now = this.#deps.clock.monotonic()
    // Who has not taken the last one yet is left out: it looks for itself, or hears of it elsewhere.
    for (const [peer, place] of desk.places)
      if (place.until > now && !place.isBusy) void this.#tell(desk, peer, place, body)
  }

  async #tell({ places }: Desk, peer: PeerId, place: Place, body: Uint8Array): Promise<void> {
    place.isBusy = true
    try {
      const reply = await this.#deps.send(peer, body, { timeoutMs: limits.FOLLOW_TIMEOUT_MS })
      const { kind } = decodeFollowReply(reply)
      if (kind === 'ack') place.until = this.#deps.clock.monotonic() + limits.NEWS_PLACE_MS
      else if (kind === 'none') places.delete(peer)
    } catch (error) {
      if (!isChordnsError(error)) throw error
      places.delete(peer)
    } finally {
      place.isBusy = false
    }
  }

  #of(chainId: Uint8Array): Desk {
    const id = toHex(chainId)
    const known = this.#desks.get(id)
    if (known !== undefined) return known
    const desk: Desk = { places: new Map(), height: 0 }
    this.#desks.set(id, desk)
    return desk
  }
}

/** Not always the same ones. */
function someOf(places: ReadonlyMap<PeerId, Place>, asker: PeerId, now: number): readonly PeerId[] {
  const all = [...places.keys()].filter((peer) => peer !== asker)
  const from = all.length === 0 ? 0 : Math.floor(now) % all.length
  return [...all.slice(from), ...all.slice(0, from)].slice(0, limits.MAX_REDIRECT)
}

/** The newest header of a chain that runs here, for those who have the one before. Undefined: there is none. */
export function newestNews({ certified, hashes, height }: HeaderSource): HeaderNews | undefined {
  const newest = height()
  const found = certified(newest)
  const path = newest > 1 ? historyPath(hashes, newest - 2, newest - 1) : undefined
  return found && { certified: found, path, of: newest - 1 }
}
