/**
 * Which boxes are told what, and when two documents are compared: an edit goes to all others at once; whoever comes, comes back, or
 * did not answer is compared with; and one after the other every minute.
 */
import {
  type Cancel,
  ChordnsError,
  type Clock,
  equalBytes,
  errorText,
  isChordnsError,
  type Log,
  type PeerId,
  type RequestOptions,
} from '../base/index.ts'
import type { Ring } from '../ring/index.ts'
import { isSameChange, type SignedChange } from './change.ts'
import type { SettingsDocument } from './document.ts'
import { limits } from './limits.ts'
import { differing } from './parts.ts'
import { comparison, decodeSettingsMessage, pulling, readParts, tellings } from './wire.ts'

export type SettingsRing = Pick<Ring, 'self' | 'ringId' | 'members' | 'memberByPeer' | 'isSuspect' | 'onChange'>

export interface SharingDeps {
  readonly ring: SettingsRing
  readonly document: SettingsDocument
  readonly clock: Clock
  readonly log: Log
}

export interface SharingHooks {
  readonly send: (peer: PeerId, body: Uint8Array, options: RequestOptions) => Promise<Uint8Array>
  readonly bulk: (peer: PeerId, body: Uint8Array, options: RequestOptions) => AsyncIterable<Uint8Array>
  /** Whether a peer understands these messages: what it did not say is not sent to it. */
  readonly knows: (peer: PeerId) => boolean
  /** Owes that they are verified, and put into the document. */
  readonly take: (changes: readonly SignedChange[], from: PeerId) => void
}

export class Sharing {
  readonly #deps: SharingDeps
  readonly #hooks: SharingHooks
  readonly #stop = new AbortController()
  /** Those that were there at the last look. */
  #there = new Set<PeerId>()
  /** Comparisons that run or wait, by peer. */
  readonly #comparing = new Map<PeerId, { again: boolean }>()
  readonly #waiting = new Map<PeerId, Cancel>()
  readonly #tries = new Map<PeerId, number>()
  #unsubscribe: Cancel | undefined
  #timer: Cancel | undefined
  #turn = 0
  readonly counts = { messagesSent: 0, messagesLost: 0, compared: 0, differed: 0 }

  constructor(deps: SharingDeps, hooks: SharingHooks) {
    this.#deps = deps
    this.#hooks = hooks
  }

  start(): void {
    this.#unsubscribe = this.#deps.ring.onChange(() => this.look())
    this.look()
    this.#tick()
  }

  stop(): void {
    this.#stop.abort()
    this.#unsubscribe?.()
    this.#timer?.()
    for (const cancel of this.#waiting.values()) cancel()
    this.#waiting.clear()
  }

  /** Compares with those who are there and were not before. */
  look(): void {
    if (this.#stop.signal.aborted) return
    const others = this.#others()
    const there = new Set(others)
    for (const peer of others) if (!this.#there.has(peer)) this.#compareSoon(peer, 0)
    for (const [peer, cancel] of this.#waiting) {
      if (there.has(peer)) continue
      cancel()
      this.#waiting.delete(peer)
      this.#tries.delete(peer)
    }
    this.#there = there
  }

  /** Tells all others; who does not get it is compared with later. */
  tell(changes: readonly SignedChange[]): void {
    const messages = [...tellings(changes)]
    for (const peer of this.#others().slice(0, limits.MAX_TOLD)) this.#tellOne(peer, messages)
  }

  #others(): PeerId[] {
    const { ring } = this.#deps
    return ring
      .members()
      .flatMap(({ id, peer }) => (id === ring.self.id || ring.isSuspect(id) || !this.#hooks.knows(peer) ? [] : [peer]))
  }

  #tellOne(peer: PeerId, messages: readonly Uint8Array[]): void {
    this.#work(peer, async () => {
      let root: Uint8Array | undefined
      for (const message of messages) root = await this.#send(peer, message)
      // It has more than this box, or less: a comparison finds out.
      if (root !== undefined && !equalBytes(root, this.#deps.document.root())) this.#compareSoon(peer, 0)
    })
  }

  #compareSoon(peer: PeerId, afterMs: number): void {
    const running = this.#comparing.get(peer)
    if (running !== undefined) {
      running.again = true
      return
    }
    this.#waiting.get(peer)?.()
    this.#waiting.set(
      peer,
      this.#deps.clock.after(afterMs, () => {
        this.#waiting.delete(peer)
        const state = { again: false }
        this.#comparing.set(peer, state)
        this.#work(
          peer,
          () => this.#compare(peer),
          () => {
            this.#comparing.delete(peer)
            if (state.again && !this.#waiting.has(peer)) this.#compareSoon(peer, 0)
          },
        )
      }),
    )
  }

  /** Pulls what the other one has, then tells it what it lacks. */
  async #compare(peer: PeerId): Promise<void> {
    const { document } = this.#deps
    this.counts.compared++
    const theirs = readParts(await this.#send(peer, comparison(document.root())))
    if (theirs !== undefined) {
      const parts = new Set(differing(document.parts(), theirs))
      if (parts.size > 0) {
        this.counts.differed++
        const have = await this.#pull(peer, parts)
        const lacks = document.inParts(parts).filter((change) => !isSameChange(have.get(change.key), change))
        for (const message of tellings(lacks)) await this.#send(peer, message)
      }
    }
    this.#tries.delete(peer)
  }

  async #pull(peer: PeerId, parts: ReadonlySet<number>): Promise<ReadonlyMap<string, SignedChange>> {
    const held = new Map<string, SignedChange>()
    const options = { timeoutMs: limits.PULL_TIMEOUT_MS, signal: this.#stop.signal }
    let changes = 0
    for await (const frame of this.#hooks.bulk(peer, pulling(parts), options)) {
      const message = decodeSettingsMessage(frame)
      if (message.kind !== 'tell')
        throw new ChordnsError('SETTINGS_MALFORMED', 'not what was asked for', { what: message.kind })
      changes += message.changes.length
      if (changes > limits.MAX_CHANGES)
        throw new ChordnsError('SETTINGS_MALFORMED', 'a member goes on sending settings', { what: 'too many' })
      for (const change of message.changes) held.set(change.key, change)
      this.#hooks.take(message.changes, peer)
    }
    return held
  }

  async #send(peer: PeerId, message: Uint8Array): Promise<Uint8Array> {
    this.counts.messagesSent++
    try {
      return await this.#hooks.send(peer, message, {
        timeoutMs: limits.REQUEST_TIMEOUT_MS,
        signal: this.#stop.signal,
      })
    } catch (error) {
      this.counts.messagesLost++
      throw error
    }
  }

  /** What fails is compared again later, as long as the peer is there. */
  #work(peer: PeerId, work: () => Promise<void>, done = () => {}): void {
    const { log } = this.#deps
    work().then(done, (error: unknown) => {
      done()
      if (this.#stop.signal.aborted || isChordnsError(error, 'ABORTED')) return
      if (error instanceof ChordnsError) log.debug({ peer, code: error.code }, 'a box did not take or give settings')
      else log.warn({ peer, reason: errorText(error) }, 'comparing settings failed unexpectedly')
      const tries = this.#tries.get(peer) ?? 0
      this.#tries.set(peer, tries + 1)
      if (this.#there.has(peer))
        this.#compareSoon(peer, Math.min(limits.MAX_AGAIN_MS, limits.AGAIN_MS * 2 ** Math.min(tries, 10)))
    })
  }

  /** One after the other. */
  #tick(): void {
    this.#timer = this.#deps.clock.after(limits.COMPARE_EVERY_MS, () => {
      const others = this.#others()
      if (others.length > 0) this.#compareSoon(others[this.#turn++ % others.length]!, 0)
      this.#tick()
    })
  }
}
