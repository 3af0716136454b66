/** Teller the others what this node found: gathered for a moment, encoded once, sent to each. */
import { type Cancel, ChordnsError, type Clock, type PeerId, type RequestOptions } from '../base/index.ts'
import { type CacheEntry, Rank } from '../cache/index.ts'
import { holdsPrivateAddress, questionKey } from '../chunks/index.ts'
import type { Delegation, Name, Question } from '../dns/index.ts'
import { delegationQuestion } from '../evidence/index.ts'
import { limits } from './limits.ts'
import { encodeMessage, encodeRow, type ToldRow } from './rows.ts'
import { isShared } from './taking.ts'

export type SendTold = (peer: PeerId, body: Uint8Array, options: RequestOptions) => Promise<Uint8Array>

export interface TellerDeps {
  readonly clock: Clock
  readonly mayShare: (question: Question) => boolean
  /** Those who are told; empty where there is nobody, or there are too many. */
  readonly others: () => readonly PeerId[]
  readonly send: SendTold
  readonly stopping: AbortSignal
}

export interface TellerStats {
  readonly rowsTold: number
  readonly messagesSent: number
  readonly messagesLost: number
}

export interface Teller {
  /** An entry that this node has put into its cache. */
  answer(entry: CacheEntry): void
  /** A delegation likewise. `parent`: the zone whose referral it was. */
  delegation(delegation: Delegation, parent: Name | undefined): void
  /** Sends what is gathered, now. */
  flush(): void
  stats(): TellerStats
}

export function createTeller(deps: TellerDeps): Teller {
  const { clock, mayShare, stopping } = deps
  const waiting = new Map<string, ToldRow>()
  const recent = new Map<string, number>()
  const inFlight = new Map<PeerId, number>()
  const counts = { rowsTold: 0, messagesSent: 0, messagesLost: 0 }
  let timer: Cancel | undefined

  function gather(key: string, row: ToldRow): void {
    if (stopping.aborted || deps.others().length === 0 || isRecent(key)) return
    waiting.delete(key)
    waiting.set(key, row)
    if (waiting.size > limits.MAX_WAITING) waiting.delete(waiting.keys().next().value!)
    timer ??= clock.after(limits.GATHER_MS, flush)
  }

  function isRecent(key: string): boolean {
    const told = recent.get(key)
    return told !== undefined && clock.monotonic() - told < limits.RECENT_MS
  }

  function answer(entry: CacheEntry): void {
    const { question, outcome, security, provenance, side, rank } = entry
    if (side !== 'own' || provenance !== 'solo' || security === 'bogus') return
    const seconds = Math.min(limits.MAX_SECONDS, (entry.expires - clock.now()) / 1000)
    if (seconds < limits.MIN_SECONDS || !isShared(question, mayShare) || holdsPrivateAddress(outcome)) return
    const row = {
      kind: 'answer',
      question,
      outcome,
      rank: Math.min(rank, Rank.AUTHORITATIVE) as Rank,
      seconds,
    } as const
    gather(questionKey(question), row)
  }

  function delegation(delegation: Delegation, parent: Name | undefined): void {
    const question = delegationQuestion(delegation.zone)
    if (mayShare(question)) gather(questionKey(question), { kind: 'delegation', delegation, parent })
  }

  function flush(): void {
    timer?.()
    timer = undefined
    const now = clock.monotonic()
    const rows = [...waiting].flatMap(([key, row]) => {
      recent.delete(key)
      recent.set(key, now)
      return encodeRow(row) ?? []
    })
    waiting.clear()
    for (const key of recent.keys()) {
      if (recent.size <= limits.MAX_RECENT) break
      recent.delete(key)
    }
    for (const message of messagesOf(rows)) for (const peer of deps.others()) void sendTo(peer, message)
    counts.rowsTold += rows.length
  }

  async function sendTo(peer: PeerId, message: Uint8Array): Promise<void> {
    const open = inFlight.get(peer) ?? 0
    if (open >= limits.MAX_IN_FLIGHT) {
      counts.messagesLost++
      return
    }
    inFlight.set(peer, open + 1)
    counts.messagesSent++
    try {
      await deps.send(peer, message, { timeoutMs: limits.SEND_TIMEOUT_MS, signal: stopping })
    } catch (error) {
      // Whoever misses it fetches for itself.
      if (!(error instanceof ChordnsError)) throw error
      counts.messagesLost++
    } finally {
      const left = (inFlight.get(peer) ?? 1) - 1
      if (left === 0) inFlight.delete(peer)
      else inFlight.set(peer, left)
    }
  }

  return {
    answer,
    delegation,
    flush,
    stats: () => ({ ...counts }),
  }
}

/** Rows in messages that fit into a frame. */
export function* messagesOf(rows: readonly Uint8Array[]): Generator<Uint8Array> {
  let batch: Uint8Array[] = []
  let bytes = 0
  for (const row of rows) {
    if (batch.length >= limits.MAX_ROWS || (batch.length > 0 && bytes + row.length + 3 > limits.MESSAGE_BYTES)) {
      yield encodeMessage(batch)
      batch = []
      bytes = 0
    }
    batch.push(row)
    bytes += row.length + 3
  }
  if (batch.length > 0) yield encodeMessage(batch)
}
