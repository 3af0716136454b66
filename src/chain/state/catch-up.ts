/**
 * Gets the state of a certified header from several sources at once, one piece at a time from each. A source whose piece does not hold is
 * asked no more; one that is slow, busy or away is asked again after a while. What is on disk already is not fetched again.
 */
import {
  ChordnsError,
  type Clock,
  equalBytes,
  errorText,
  isChordnsError,
  type Log,
  sleep,
  toHex,
  withTimeout,
} from '../../base/index.ts'
import { limits } from '../limits.ts'
import type { RemoteState } from './methods.ts'
import type { PieceRequest } from './pieces.ts'
import type { Gap } from './rows.ts'

export interface PieceSource {
  /** For the log. */
  readonly name: string
  /** The bytes of a piece, as `StateMethods.piece` made them there. Rejects when the source has no such state. */
  fetch(request: PieceRequest, signal: AbortSignal): Promise<Uint8Array>
}

export interface StateCatchUpDeps {
  readonly state: Pick<RemoteState, 'begin' | 'take'>
  readonly sources: readonly PieceSource[]
  readonly clock: Clock
  readonly log: Log
}

/** The state of which header: its height, and the root that the header names. */
export interface CatchUpTarget {
  readonly height: number
  readonly root: Uint8Array
}

export interface CatchUpReport {
  /** Pieces taken of each source. */
  readonly pieces: ReadonlyMap<string, number>
  /** Sources that sent a piece that does not hold, and why. */
  readonly refused: ReadonlyMap<string, string>
}

/** Rejects with CHAIN_NO_SOURCE when no source is left, with ABORTED, and as the store does. */
export async function catchUp(
  deps: StateCatchUpDeps,
  target: CatchUpTarget,
  signal: AbortSignal,
): Promise<CatchUpReport> {
  const gaps = await deps.state.begin(target.height, target.root)
  const run = new CatchUp(deps, target, gaps, signal)
  await Promise.all(deps.sources.map((source) => run.serve(source)))
  return run.report()
}

class CatchUp {
  readonly #deps: StateCatchUpDeps
  readonly #target: CatchUpTarget
  readonly #signal: AbortSignal
  /** Ends what is on its way when all is there, or the store fails. */
  readonly #ended = new AbortController()
  /** How many sources were asked for the gap that begins here. */
  readonly #asked = new Map<string, number>()
  readonly #pieces = new Map<string, number>()
  readonly #refused = new Map<string, string>()
  #gaps: readonly Gap[]
  #waiting: (() => void)[] = []
  #failure: unknown

  constructor(deps: StateCatchUpDeps, target: CatchUpTarget, gaps: readonly Gap[], signal: AbortSignal) {
    this.#deps = deps
    this.#target = target
    this.#gaps = gaps
    this.#signal = AbortSignal.any([signal, this.#ended.signal])
  }

  /** Asks one source for piece after piece. Never rejects. */
  async serve(source: PieceSource): Promise<void> {
    let failures = 0
    while (failures < limits.PIECE_FAILURES && !this.#signal.aborted) {
      const gap = await this.#claimGap()
      if (gap === undefined) return
      const outcome = await this.#piece(source, gap)
      this.#asked.set(toHex(gap.from), this.#askers(gap) - 1)
      this.#wake()
      if (outcome === 'refused') return
      failures = outcome === 'taken' ? 0 : failures + 1
      if (failures > 0) await this.#pause(failures)
    }
  }

  /** Whoever is asked for more than it gives in a second refuses at once, and a network may be away for a minute: neither ends the work. */
  async #pause(failures: number): Promise<void> {
    const ms = Math.min(limits.PIECE_PAUSE_MS * 2 ** (failures - 1), limits.PIECE_LONGEST_PAUSE_MS)
    await sleep(this.#deps.clock, ms, this.#signal).catch(() => {})
  }

  report(): CatchUpReport {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#gaps.length > 0) {
      if (this.#signal.aborted) throw new ChordnsError('ABORTED', 'the work was given up', {})
      const { height } = this.#target
      const text = `no source is left for the state of height ${height}`
      throw new ChordnsError('CHAIN_NO_SOURCE', text, { height, refused: Object.fromEntries(this.#refused) })
    }
    return { pieces: this.#pieces, refused: this.#refused }
  }

  /**
   * A gap that nobody was asked for, else one that only one source was asked for, which may be slow or lie. Undefined when nothing is
   * missing, or all is over.
   */
  async #claimGap(): Promise<Gap | undefined> {
    for (;;) {
      if (this.#signal.aborted) return undefined
      const free = (askers: number) => this.#gaps.find((gap) => this.#askers(gap) === askers)
      const gap = free(0) ?? free(1)
      if (gap !== undefined) this.#asked.set(toHex(gap.from), this.#askers(gap) + 1)
      if (gap !== undefined || this.#gaps.length === 0) return gap
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  #askers({ from }: Gap): number {
    return this.#asked.get(toHex(from)) ?? 0
  }

  async #piece(source: PieceSource, gap: Gap): Promise<'taken' | 'refused' | 'failed'> {
    const { clock, log } = this.#deps
    const { name } = source
    let bytes: Uint8Array
    try {
      const late = () => new ChordnsError('PEER_TIMEOUT', `${name} sends no piece`, { name })
      const coming = source.fetch({ height: this.#target.height, ...gap }, this.#signal)
      bytes = await withTimeout(clock, coming, limits.PIECE_TIMEOUT_MS, late, this.#signal)
    } catch (error) {
      if (!this.#signal.aborted)
        log.warn({ source: name, error: errorText(error) }, 'a source sends no piece of the state')
      return 'failed'
    }
    // Another source was faster.
    if (!this.#gaps.some(({ from }) => equalBytes(from, gap.from))) return 'taken'
    try {
      const taken = await this.#deps.state.take(this.#target.height, gap.from, bytes)
      this.#gaps = taken.gaps
      if (taken.isNew) this.#pieces.set(name, (this.#pieces.get(name) ?? 0) + 1)
      if (this.#gaps.length === 0) this.#end()
      return 'taken'
    } catch (error) {
      if (isChordnsError(error, 'CHAIN_PIECE_REFUSED')) {
        log.warn(
          { source: name, error: error.message },
          'a source sent a piece that does not hold: it is asked no more',
        )
        this.#refused.set(name, error.message)
        return 'refused'
      }
      this.#failure ??= error
      this.#end()
      return 'failed'
    }
  }

  #end(): void {
    this.#ended.abort()
    this.#wake()
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake()
  }
}
