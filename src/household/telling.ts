/** What this node found, told to the others: gathered for a moment, encoded once. */
import type { Cancel, Clock, PeerId, Work } from '../base/index.ts'
import { type CacheEntry, Rank } from '../cache/index.ts'
import { holdsPrivateAddress, questionKey } from '../chunks/index.ts'
import { agedDelegation, type Delegation, type Name, type Question } from '../dns/index.ts'
import { delegationQuestion } from '../evidence/index.ts'
import { limits } from './limits.ts'
import type { Outbox } from './outbox.ts'
import { encodeMessage, encodeRow, type MessageVersion, type ToldRow } from './rows.ts'
import { isShared } from './taking.ts'

export interface TellerDeps {
  readonly clock: Clock
  readonly work: Pick<Work, 'whenFree'>
  readonly outbox: Outbox
  readonly mayShare: (question: Question) => boolean
  /** Those who are told; empty where there is nobody, or there are too many. */
  readonly others: () => readonly PeerId[]
  /** The version of messages that a member understands. */
  readonly versionOf: (peer: PeerId) => MessageVersion
}

export interface Teller {
  /** An entry that this node has put into its cache. */
  answer(entry: CacheEntry): void
  /** A delegation likewise. `parent`: the zone whose referral it was. */
  delegation(delegation: Delegation, parent: Name | undefined): void
  /** Sends what is gathered, now. Resolves when nobody is waited for any more. */
  flush(): Promise<void>
  /** Rows that were sent to somebody. */
  rowsTold(): number
}

/** What is to be told. What is left of it is counted when it is sent. */
type Found =
  | { readonly kind: 'answer'; readonly entry: CacheEntry }
  | {
      readonly kind: 'delegation'
      readonly delegation: Delegation
      readonly parent: Name | undefined
      /** Monotonic ms. */
      readonly since: number
    }

export function createTeller({ clock, work, outbox, mayShare, others, versionOf }: TellerDeps): Teller {
  const waiting = new Map<string, Found>()
  const told = new ToldLately(clock)
  /** Until it has flushed. `at`: monotonic ms. */
  let timer: { readonly at: number; readonly cancel: Cancel } | undefined
  /** When the others were told last. Monotonic ms. */
  let flushedAt = Number.NEGATIVE_INFINITY
  let rowsTold = 0

  function gather(key: string, found: Found): void {
    const members = others().length
    if (members === 0 || told.has(key, found)) return
    waiting.delete(key)
    waiting.set(key, found)
    if (waiting.size > limits.MAX_WAITING) waiting.delete(waiting.keys().next().value!)
    const gatherMs = limits.GATHER_MS_PER_MEMBER * members
    const now = clock.monotonic()
    // With an answer somebody's question ends: the cuts that led to it are here, and nothing more is to come.
    flushBy(found.kind === 'answer' ? Math.max(now + limits.ANSWERED_MS, flushedAt + gatherMs) : now + gatherMs)
  }

  function flushBy(at: number): void {
    if (timer !== undefined && timer.at <= at) return
    timer?.cancel()
    const cancel = clock.after(at - clock.monotonic(), () => void work.whenFree('tell', () => void flush()))
    timer = { at, cancel }
  }

  async function flush(): Promise<void> {
    timer?.cancel()
    timer = undefined
    flushedAt = clock.monotonic()
    const rows: ToldRow[] = []
    for (const [key, found] of waiting) {
      told.add(key, found)
      const row = rowOf(found, clock)
      if (row !== undefined) rows.push(row)
    }
    waiting.clear()
    const peers = others()
    if (peers.length === 0) return
    rowsTold += rows.length
    await Promise.all([...groupedBy(peers, versionOf)].map(([version, some]) => send(rows, version, some)))
  }

  /** Encoded once for all who understand the same. */
  async function send(rows: readonly ToldRow[], version: MessageVersion, peers: readonly PeerId[]): Promise<void> {
    const encoded = rows.map((row) => encodeRow(row, version)).filter((bytes) => bytes !== undefined)
    const messages = [...messagesOf(encoded, version)]
    await Promise.all(messages.flatMap((message) => peers.map((peer) => outbox.send(peer, message))))
  }

  return {
    answer(entry) {
      const { question, outcome, security, provenance, side } = entry
      const key = questionKey(question)
      // It was gathered before it was validated.
      if (security === 'bogus') waiting.delete(key)
      if (side !== 'own' || provenance !== 'solo' || security === 'bogus') return
      if (isShared(question, mayShare) && !holdsPrivateAddress(outcome)) gather(key, { kind: 'answer', entry })
    },
    delegation(delegation, parent) {
      const question = delegationQuestion(delegation.zone)
      if (!mayShare(question)) return
      gather(questionKey(question), { kind: 'delegation', delegation, parent, since: clock.monotonic() })
    },
    flush,
    rowsTold: () => rowsTold,
  }
}

/** Undefined when it is over before anybody can use it. */
function rowOf(found: Found, clock: Clock): ToldRow | undefined {
  if (found.kind === 'delegation') {
    const { delegation, parent, since } = found
    const aged = agedDelegation(delegation, (clock.monotonic() - since) / 1000)
    return aged.ttl < limits.MIN_SECONDS ? undefined : { kind: 'delegation', delegation: aged, parent }
  }
  return answerRow(found.entry, clock.now())
}

/** The row of an entry that may be shared; undefined when too little is left of it. */
export function answerRow({ question, outcome, rank, expires }: CacheEntry, now: number): ToldRow | undefined {
  const seconds = Math.min(limits.MAX_SECONDS, Math.floor(expires - now) / 1000)
  if (seconds < limits.MIN_SECONDS) return undefined
  return { kind: 'answer', question, outcome, rank: Math.min(rank, Rank.AUTHORITATIVE) as Rank, seconds }
}

/** What was told a moment ago: a verdict on it says nothing new to those who validate for themselves. */
class ToldLately {
  readonly #told = new Map<string, { readonly at: number; readonly mark: string }>()
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  has(key: string, found: Found): boolean {
    const before = this.#told.get(key)
    return (
      before !== undefined && before.mark === markOf(found) && this.#clock.monotonic() - before.at < limits.RECENT_MS
    )
  }

  add(key: string, found: Found): void {
    this.#told.delete(key)
    this.#told.set(key, { at: this.#clock.monotonic(), mark: markOf(found) })
    if (this.#told.size > limits.MAX_RECENT) this.#told.delete(this.#told.keys().next().value!)
  }
}

/** The same for what is the same fetch: an entry keeps its date with its verdict; a referral may come again with what it lacked. */
function markOf(found: Found): string {
  if (found.kind === 'answer') return String(found.entry.stored)
  const { nameServers, addresses, ds, proofs } = found.delegation
  return `${nameServers.length}/${addresses.size}/${ds?.rdatas.length ?? 0}/${proofs.length}`
}

function groupedBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>()
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item])
  return groups
}

/** Rows in messages that fit into a frame. */
export function* messagesOf(rows: readonly Uint8Array[], version: MessageVersion): Generator<Uint8Array> {
  let batch: Uint8Array[] = []
  let bytes = 0
  for (const row of rows) {
    if (batch.length >= limits.MAX_ROWS || (batch.length > 0 && bytes + row.length + 3 > limits.MESSAGE_BYTES)) {
      yield encodeMessage(batch, version)
      batch = []
      bytes = 0
    }
    batch.push(row)
    bytes += row.length + 3
  }
  if (batch.length > 0) yield encodeMessage(batch, version)
}
