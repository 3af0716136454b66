/**
 * Payloads on their way to an outlet. Whoever has one hands it over and goes on: what is more than may wait is dropped and counted, and a reader that hangs, dies or never
 * comes costs this one queue and nothing else.
 */
import { type Cancel, type Clock, errorText, type Log } from '../../base/index.ts'
import { limits as roomLimits } from '../limits.ts'
import { dataFrames } from './frame-streams.ts'
import type { Outlet } from './outlet.ts'

export interface WriterLimits {
  readonly MAX_DNSTAP_WAITING: number
  readonly MAX_DNSTAP_WRITE: number
  readonly DNSTAP_COMPANY_MS: number
  readonly DNSTAP_RETRY_MS: number
  readonly MAX_DNSTAP_RETRY_MS: number
}

/** Since the start of the writer, but for the first two. */
export interface DnstapStats {
  /** 1: somebody reads, or the file is open. */
  readonly connected: number
  readonly waitingBytes: number
  /** Messages that the system has taken. */
  readonly sent: number
  /** Messages that nobody gets: there was no room, or they were on the way when the reader went. */
  readonly dropped: number
  readonly connects: number
}

/** What a frame costs beside its octets. */
const FRAME_BYTES = 64

export class DnstapWriter {
  readonly #outlet: Outlet
  readonly #clock: Clock
  readonly #log: Log
  readonly #limits: WriterLimits
  readonly #ended: Promise<void>
  #queue: Uint8Array[] = []
  #waitingBytes = 0
  #sent = 0
  #dropped = 0
  #connects = 0
  #isConnected = false
  #isGone = false
  #isEnding = false
  /** Ends what the loop waits for. */
  #wake: () => void = () => {}

  constructor(outlet: Outlet, { clock, log }: { readonly clock: Clock; readonly log: Log }, bounds?: WriterLimits) {
    this.#outlet = outlet
    this.#clock = clock
    this.#log = log
    this.#limits = bounds ?? roomLimits
    this.#ended = this.#run()
  }

  /** Takes it over, or drops it. */
  offer(payload: Uint8Array): void {
    const bytes = payload.length + FRAME_BYTES
    if (this.#isEnding || this.#waitingBytes + bytes > this.#limits.MAX_DNSTAP_WAITING) {
      this.#dropped++
      return
    }
    this.#queue.push(payload)
    this.#waitingBytes += bytes
    if (this.#isConnected && this.#queue.length === 1) this.#wake()
  }

  /** What never became a payload is lost, too. */
  countDropped(): void {
    this.#dropped++
  }

  stats(): DnstapStats {
    return {
      connected: this.#isConnected ? 1 : 0,
      waitingBytes: this.#waitingBytes,
      sent: this.#sent,
      dropped: this.#dropped,
      connects: this.#connects,
    }
  }

  /** Writes what waits and says that it was all, for at most `drainMs`. */
  async close(drainMs: number): Promise<void> {
    this.#isEnding = true
    this.#wake()
    let cancel: Cancel = () => {}
    const late = new Promise<void>((resolve) => {
      cancel = this.#clock.after(drainMs, () => {
        this.#outlet.destroy()
        resolve()
      })
    })
    await Promise.race([this.#ended, late])
    cancel()
    this.#forget(this.#queue.splice(0))
  }

  async #run(): Promise<void> {
    let failures = 0
    let told: string | undefined
    while (!this.#isEnding) {
      try {
        this.#isGone = false
        await this.#outlet.open(() => {
          this.#isGone = true
          this.#wake()
        })
        this.#isConnected = true
        this.#connects++
        if (told !== undefined) this.#log.info({}, 'dnstap messages are read again')
        told = undefined
        await this.#feed(() => {
          failures = 0
        })
      } catch (error) {
        const why = errorText(error)
        if (why !== told)
          this.#log.warn({ reason: why }, 'dnstap messages are not read: they wait, and then are dropped')
        told = why
      }
      this.#isConnected = false
      this.#outlet.destroy()
      if (this.#isEnding) break
      const { DNSTAP_RETRY_MS, MAX_DNSTAP_RETRY_MS } = this.#limits
      await this.#pause(Math.min(MAX_DNSTAP_RETRY_MS, DNSTAP_RETRY_MS * 2 ** Math.min(failures++, 16)))
    }
  }

  /** Until the end, or rejects when nobody reads. */
  async #feed(onSent: () => void): Promise<void> {
    for (;;) {
      if (this.#isGone) throw new Error('the reader has gone')
      if (this.#queue.length === 0) {
        if (this.#isEnding) return this.#outlet.finish()
        await this.#sleep()
        // The first of many: they leave together.
        if (this.#queue.length > 0 && !this.#isEnding) await this.#pause(this.#limits.DNSTAP_COMPANY_MS)
        continue
      }
      const payloads = this.#take()
      try {
        await this.#outlet.write(dataFrames(payloads))
      } catch (error) {
        this.#dropped += payloads.length
        throw error
      }
      this.#sent += payloads.length
      onSent()
    }
  }

  /** As much as is written at once. */
  #take(): Uint8Array[] {
    let bytes = 0
    let count = 0
    while (count < this.#queue.length && (count === 0 || bytes < this.#limits.MAX_DNSTAP_WRITE))
      bytes += this.#queue[count++]!.length
    const payloads = this.#queue.splice(0, count)
    for (const { length } of payloads) this.#waitingBytes -= length + FRAME_BYTES
    return payloads
  }

  #forget(payloads: readonly Uint8Array[]): void {
    this.#dropped += payloads.length
    for (const { length } of payloads) this.#waitingBytes -= length + FRAME_BYTES
  }

  #sleep(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  /** Ms; shorter when the writer is to end. */
  async #pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.after(ms, resolve)
      this.#wake = () => {
        if (!this.#isEnding) return
        cancel()
        resolve()
      }
    })
    this.#wake = () => {}
  }
}
