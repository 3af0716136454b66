/** History that is old enough goes, the oldest first; and younger history, too, when there is too much of it. */
import { type Cancel, type Clock, isChordnsError, type Log, toHex } from '../../base/index.ts'
import { dropChain, retireVotes, storedRecord } from '../../chain/index.ts'
import type { KnownChain } from '../disk/book.ts'
import type { ChainsDisk } from '../disk/disk.ts'
import { limits } from '../limits.ts'
import type { Groups } from './groups.ts'

export interface PruningDeps {
  readonly disk: ChainsDisk
  readonly groups: Groups
  readonly clock: Clock
  readonly log: Log
  readonly historyHours: number
}

export class Pruning {
  readonly #deps: PruningDeps
  readonly #isOpen: (id: string) => boolean
  #timer: Cancel | undefined
  #stopped = false
  /** Blocks may be there that nothing names: of an earlier run, or since the disk failed. */
  #mayHaveStrays = true
  pruned = 0

  /** `isOpen`: owes whether the chain is open now; an open one is never pruned. */
  constructor(deps: PruningDeps, isOpen: (id: string) => boolean) {
    this.#deps = deps
    this.#isOpen = isOpen
  }

  /** Now, and from then on again and again. */
  prune(): void {
    this.#timer?.()
    this.#timer = undefined
    if (this.#stopped) return
    const { disk, clock, historyHours } = this.#deps
    const horizon = clock.now() - historyHours * 3_600_000
    let left = limits.PRUNE_SLICE
    for (const known of this.#past()) {
      const isOld = known.totals.last < horizon && known.totals.height > 0
      const isCrowded = disk.book.bytes > limits.MAX_TOTAL_BYTES * 0.9 || disk.book.size >= limits.MAX_KNOWN * 0.9
      if (!isOld && !isCrowded) continue
      if (left-- === 0) break
      this.#drop(known)
    }
    if (this.#mayHaveStrays) left -= this.#sweepStrays(Math.max(0, left))
    if (left < limits.PRUNE_SLICE) this.#sweepRows()
    const restMs = this.#mayHaveStrays ? limits.PRUNE_AGAIN_MS : limits.PRUNE_MS
    this.#timer = clock.after(left <= 0 ? limits.TEND_MS : restMs, () => this.prune())
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.()
  }

  /** Chains that another has taken the place of, oldest first. */
  #past(): KnownChain[] {
    const { disk, groups, clock } = this.#deps
    const now = clock.now()
    const isPast = (known: KnownChain) =>
      groups.of(known.descriptor.chunk)?.key !== known.group || disk.book.current(known.group, now) !== known
    return disk.book
      .all()
      .filter((known) => isPast(known) && !this.#isOpen(known.id))
      .sort((a, b) => a.totals.last - b.totals.last)
  }

  #sweepRows(): void {
    const { disk, log } = this.#deps
    try {
      disk.recorded.sweep((chainId) => disk.book.get(toHex(chainId)) !== undefined)
    } catch (error) {
      if (!isChordnsError(error)) throw error
      log.warn({ code: error.code }, 'rows of chains that are gone cannot be deleted')
    }
  }

  /** Returns how many it dropped, `most` or fewer. */
  #sweepStrays(most: number): number {
    const { disk, log } = this.#deps
    const strays: string[] = []
    try {
      for (const chainId of disk.book.strays()) {
        if (strays.length >= most) return strays.length
        dropChain(chainId, disk.blocks)
        strays.push(toHex(chainId))
      }
      this.#mayHaveStrays = false
    } catch (error) {
      if (!isChordnsError(error)) throw error
      log.warn({ code: error.code }, 'blocks that nothing names cannot be deleted')
    }
    if (strays.length > 0)
      log.info({ chains: strays }, 'blocks that nothing names are deleted: the disk failed when they came or went')
    return strays.length
  }

  #drop(known: KnownChain): void {
    const { disk, log } = this.#deps
    try {
      // A chain without a block could be begun again under the same name: what was signed in it must stay known.
      const hasVoted = storedRecord(known.chainId, disk.votes) !== undefined
      if (hasVoted && known.totals.height === 0) return
      if (hasVoted) retireVotes(known.chainId, disk.votes)
      disk.book.remove(known)
      this.pruned++
      this.#mayHaveStrays = true
      dropChain(known.chainId, disk.blocks)
    } catch (error) {
      if (!isChordnsError(error)) throw error
      log.warn({ chain: known.id, code: error.code }, 'the history of a chunk chain cannot be pruned')
    }
  }
}
