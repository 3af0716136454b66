/** How far a pull has come: counted, and logged now and then. */
import type { Clock, Log } from '../../base/index.ts'
import { limits } from '../limits.ts'

export interface PullStats {
  /** Runs of chunks of the round in work, and those of them that are done. */
  readonly runsWanted: number
  readonly runsDone: number
  /** Since the start. */
  readonly pulled: number
  readonly pulledBytes: number
  readonly pullsFailed: number
  /** Bytes of the requests and frames of the last repair, divided by the interval of repairs. */
  readonly repairBytesPerSecond: number
}

export const NO_PULLS: PullStats = {
  runsWanted: 0,
  runsDone: 0,
  pulled: 0,
  pulledBytes: 0,
  pullsFailed: 0,
  repairBytesPerSecond: 0,
}

export class PullProgress {
  readonly #clock: Clock
  readonly #log: Log
  readonly #counts = { ...NO_PULLS } as { -readonly [name in keyof PullStats]: number }
  #loggedAt = 0
  /** Of this round. */
  #entries = 0
  #bytes = 0

  constructor(clock: Clock, log: Log) {
    this.#clock = clock
    this.#log = log
  }

  begin(runs: number): void {
    this.#entries = 0
    this.#bytes = 0
    this.#loggedAt = this.#clock.monotonic()
    this.#counts.runsWanted = runs
    this.#counts.runsDone = 0
  }

  requested(body: Uint8Array): void {
    this.#bytes += body.length
  }

  frameCame(frame: Uint8Array): void {
    this.#counts.pulledBytes += frame.length
    this.#bytes += frame.length
  }

  entryTaken(): void {
    this.#counts.pulled++
    this.#entries++
  }

  runDone(): void {
    this.#counts.runsDone++
  }

  failed(): void {
    this.#counts.pullsFailed++
  }

  end(): void {
    this.#counts.repairBytesPerSecond = Math.round(this.#bytes / (limits.REPAIR_MS / 1000))
    const what = { entries: this.#entries, bytes: this.#bytes }
    if (this.#entries > 0) this.#log.info(what, 'pulled the entries of the chunks that are held here')
  }

  logNowAndThen(): void {
    const now = this.#clock.monotonic()
    if (now - this.#loggedAt < limits.PULL_LOG_MS) return
    this.#loggedAt = now
    const { runsDone, runsWanted, pulled, pulledBytes } = this.#counts
    this.#log.info({ runsDone, runsWanted, entries: pulled, bytes: pulledBytes }, 'pulling entries')
  }

  stats(): PullStats {
    return { ...this.#counts }
  }
}
