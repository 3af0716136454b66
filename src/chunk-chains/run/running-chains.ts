/** The chains that are open, and what becomes of their blocks: opened when needed, closed when idle, pruned when long past. */
import { type Cancel, type ChunkId, isChordnsError, type PeerId, toHex } from '../../base/index.ts'
import {
  type CertifiedBlock,
  dropChain,
  isRetired,
  retireVotes,
  storedBlocks,
  storedRecord,
} from '../../chain/index.ts'
import type { SignatureScheme } from '../../crypto/index.ts'
import type { Question } from '../../dns/index.ts'
import type { ChainBook, KnownChain } from '../disk/book.ts'
import { type OpenChain, openChain } from '../disk/open.ts'
import type { RecordedRow, RecordTable } from '../disk/recorded.ts'
import type { Seals } from '../disk/seals.ts'
import type { ChunkChainStores } from '../disk/stores.ts'
import { limits } from '../limits.ts'
import { type ChunkState, recordedIn, type StateRecord, totalsOf } from '../state/state.ts'
import { decodeTransaction } from '../state/transactions.ts'
import type { Groups } from './groups.ts'
import type { ChunkChainsModules } from './types.ts'

export interface RunningChainsParts {
  readonly modules: ChunkChainsModules
  readonly scheme: SignatureScheme
  readonly places: ChunkChainStores
  readonly book: ChainBook
  readonly recorded: RecordTable
  readonly seals: Seals
  readonly groups: Groups
  readonly send: (known: KnownChain, to: PeerId, bytes: Uint8Array) => void
  readonly onRecorded: (chunk: ChunkId, question: Question, record: StateRecord) => void
}

export interface RunningChains {
  open(id: string): OpenChain | undefined
  /** The chain, opened if it is not; undefined when it cannot be now. `asked`: by a peer, who does not wake what stalled just now. */
  wake(known: KnownChain, asked?: boolean): OpenChain | undefined
  close(id: string): void
  isStalled(id: string): boolean
  /** The ring changed: who votes may be another now. */
  changed(): void
  prune(): void
  stop(): void
  readonly counts: { decided: number; caughtUp: number; evidence: number; pruned: number }
  readonly size: number
}

export function createRunningChains(parts: RunningChainsParts): RunningChains {
  const { book, recorded, seals, groups, places } = parts
  const { clock, log, votes } = parts.modules
  const opened = new Map<string, OpenChain>()
  /** When what stalled may be woken by others again, monotonic ms. */
  const resting = new Map<string, number>()
  /** After the disk failed: nobody wakes it before, monotonic ms. */
  const failed = new Map<string, number>()
  const counts = { decided: 0, caughtUp: 0, evidence: 0, pruned: 0 }
  let tending: Cancel | undefined
  let pruning: Cancel | undefined
  let stopped = false
  let toldAt = Number.NEGATIVE_INFINITY

  function modeOf(known: KnownChain): 'vote' | 'follow' {
    const isCurrent =
      groups.of(known.descriptor.chunk)?.key === known.group && book.current(known.group, clock.now()) === known
    try {
      return isCurrent && !seals.isSealed(known.chainId) && !isRetired(known.chainId, votes) ? 'vote' : 'follow'
    } catch (error) {
      // Who cannot say whether it may sign does not.
      if (isChordnsError(error)) return 'follow'
      throw error
    }
  }

  function wake(known: KnownChain, asked = false): OpenChain | undefined {
    const before = opened.get(known.id)
    if (before !== undefined || stopped) return before
    if (known.broken !== undefined || book.bytes > limits.MAX_TOTAL_BYTES) return undefined
    if ((failed.get(known.id) ?? 0) > clock.monotonic()) return undefined
    if (asked && (resting.get(known.id) ?? 0) > clock.monotonic()) return undefined
    if (opened.size >= limits.MAX_OPEN && !makeRoom()) return undefined
    let hasFailed = false
    try {
      const open = openChain({
        known,
        chunkBits: parts.modules.options.chunkBits,
        signer: parts.modules.signer,
        scheme: parts.scheme,
        clock,
        log,
        blocks: places.blocks,
        votes,
        mode: modeOf(known),
        send: (to, bytes) => parts.send(known, to, bytes),
        onDecided: (decided, state, caughtUp) => decide(known, decided, state, caughtUp),
        onEvidence: (evidence) => {
          counts.evidence++
          log.warn({ chunk: known.descriptor.chunk, kind: evidence.kind }, 'a replica signed two different things')
        },
        onFailure: (code, reason) => {
          hasFailed = true
          fail(known, code, reason)
        },
      })
      if (hasFailed) return undefined
      opened.set(known.id, open)
      resting.delete(known.id)
      if (open.chain.status().height > known.totals.height) takeUp(known, open.chain.state())
      tending ??= clock.after(limits.TEND_MS, tend)
      return open
    } catch (error) {
      if (!isChordnsError(error)) throw error
      fail(known, error.code, error.message)
      return undefined
    }
  }

  function fail(known: KnownChain, code: string, reason: string): void {
    close(known.id)
    if (code.startsWith('STORE_')) failed.set(known.id, clock.monotonic() + limits.FAILED_REST_MS)
    else known.broken = reason
    log.error(
      { chain: known.id, chunk: known.descriptor.chunk, code, reason },
      'a chunk chain cannot go on here: its entries are served as before; see `chordns chain verify`',
    )
  }

  /** The one that was of no use for longest. */
  function makeRoom(): boolean {
    const idle = [...opened.values()].filter(isIdle).sort((a, b) => a.touched - b.touched)[0]
    if (idle !== undefined) close(idle.known.id)
    return idle !== undefined
  }

  function close(id: string): void {
    opened.get(id)?.close()
    opened.delete(id)
  }

  function rest(id: string): void {
    resting.set(id, clock.monotonic() + limits.STALL_REST_MS)
    if (resting.size > limits.MAX_KNOWN) resting.delete(resting.keys().next().value!)
  }

  function tend(): void {
    tending = undefined
    const now = clock.monotonic()
    for (const open of [...opened.values()]) {
      if (isIdle(open)) {
        if (now - open.touched >= limits.IDLE_CLOSE_MS) close(open.known.id)
      } else if (now - open.advanced >= limits.STALL_CLOSE_MS) {
        close(open.known.id)
        rest(open.known.id)
        log.debug({ chunk: open.known.descriptor.chunk }, 'a chunk chain finds no quorum: it rests')
      }
    }
    if (opened.size > 0 && !stopped) tending = clock.after(limits.TEND_MS, tend)
  }

  /** A block is on disk: what follows from it is written beside it, and can be made again from it. */
  function decide(known: KnownChain, decided: CertifiedBlock, state: ChunkState, caughtUp: boolean): void {
    counts.decided++
    if (caughtUp) counts.caughtUp++
    resting.delete(known.id)
    write(known, [decided], state)
    book.advance(known, totalsOf(state), decided.block.id)
    if (caughtUp) tellCatchUp(known)
  }

  function tellCatchUp(known: KnownChain): void {
    const target = opened.get(known.id)?.chain.status().target ?? 0
    const { height } = known.totals
    if (target <= height + 1 || clock.monotonic() - toldAt < limits.TELL_PROGRESS_MS) return
    toldAt = clock.monotonic()
    log.info({ chunk: known.descriptor.chunk, height, target }, 'catching up with a chunk chain')
  }

  /** Blocks that a former run stored just before its end. */
  function takeUp(known: KnownChain, state: ChunkState): void {
    let last: CertifiedBlock | undefined
    for (const { decided } of storedBlocks(known.chainId, places.blocks, known.totals.height + 1)) {
      if (decided === undefined) break
      write(known, [decided], state)
      last = decided
    }
    if (last !== undefined) book.advance(known, totalsOf(state), last.block.id)
  }

  function write(known: KnownChain, blocks: readonly CertifiedBlock[], state: ChunkState): void {
    const rows: { question: Question; row: RecordedRow | undefined }[] = []
    for (const { block } of blocks)
      for (const raw of block.transactions) {
        const { question } = decodeTransaction(raw)
        const record = recordedIn(state, question)
        const before = recorded.get(question)
        if (record === undefined) {
          if (before !== undefined && toHex(before.chainId) === known.id) rows.push({ question, row: undefined })
          continue
        }
        parts.onRecorded(known.descriptor.chunk, question, record)
        if (before !== undefined && before.seen > record.seen) continue
        const { height, class: kind, digest, seen, expires } = record
        rows.push({
          question,
          row: { chainId: known.chainId, height, class: kind, digest, time: block.header.time, seen, expires },
        })
      }
    recorded.write(rows)
  }

  /** History that is old enough goes, the oldest first; and younger history, too, when there is too much of it. */
  function prune(): void {
    pruning?.()
    pruning = undefined
    if (stopped) return
    const now = clock.now()
    const isPast = (known: KnownChain) => {
      const group = groups.of(known.descriptor.chunk)
      return group?.key !== known.group || book.current(known.group, now) !== known
    }
    const past = book
      .all()
      .filter((known) => isPast(known) && !opened.has(known.id))
      .sort((a, b) => a.totals.last - b.totals.last)
    const horizon = now - parts.modules.options.historyHours * 3_600_000
    let slice = limits.PRUNE_SLICE
    for (const known of past) {
      const isOld = known.totals.last < horizon && known.totals.height > 0
      if (!isOld && book.bytes <= limits.MAX_TOTAL_BYTES * 0.9 && book.size < limits.MAX_KNOWN * 0.9) continue
      if (slice-- === 0) break
      drop(known)
    }
    if (slice < limits.PRUNE_SLICE) sweepRows()
    pruning = clock.after(slice <= 0 ? limits.TEND_MS : limits.PRUNE_MS, prune)
  }

  function sweepRows(): void {
    try {
      recorded.sweep((chainId) => book.get(toHex(chainId)) !== undefined)
    } catch (error) {
      if (!isChordnsError(error)) throw error
      log.warn({ code: error.code }, 'rows of chains that are gone cannot be deleted')
    }
  }

  function drop(known: KnownChain): void {
    try {
      // A chain without a block could be begun again under the same name: what was signed in it must stay known.
      const hasVoted = storedRecord(known.chainId, votes) !== undefined
      if (hasVoted && known.totals.height === 0) return
      if (hasVoted) retireVotes(known.chainId, votes)
      dropChain(known.chainId, places.blocks)
      seals.remove(known.chainId)
      book.remove(known)
      counts.pruned++
    } catch (error) {
      if (!isChordnsError(error)) throw error
      log.warn({ chain: known.id, code: error.code }, 'the history of a chunk chain cannot be pruned')
    }
  }

  return {
    open: (id) => opened.get(id),
    wake,
    close,
    isStalled: (id) => (resting.get(id) ?? 0) > clock.monotonic(),
    changed() {
      for (const open of [...opened.values()]) if (open.mode !== modeOf(open.known)) close(open.known.id)
    },
    prune,
    stop() {
      stopped = true
      tending?.()
      pruning?.()
      for (const id of [...opened.keys()]) close(id)
    },
    counts,
    get size() {
      return opened.size
    },
  }
}

function isIdle({ chain }: OpenChain): boolean {
  const { waiting, step, height, target } = chain.status()
  return waiting === 0 && step === 'idle' && target <= height
}
