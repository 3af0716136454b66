/**
 * Entries on their way to other replicas, one by one, as certificates. The receiver checks each against its own view of the set,
 * so a push is an offer, never a claim; it carries the certificate as it is, so that it never stretches a TTL. What did not arrive
 * is owed, and offered again at each repair for as long as it is certified and the peer is a replica of its chunk.
 */
import { type Cancel, type Clock, type Log, type PeerId, type Random, sleep, type Work } from '../../base/index.ts'
import type { ChunkEntry } from '../entries/entry.ts'
import type { EntryStore } from '../entries/entry-store.ts'
import { limits } from '../limits.ts'
import type { Placement } from '../seats/placement.ts'
import type { Seats } from '../seats/seats.ts'
import type { ReplicaAnswer } from '../wire/messages.ts'
import type { SendRequest } from '../wire/request.ts'
import { Debts } from './debts.ts'

export interface PushesDeps {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly request: SendRequest
  readonly work: Pick<Work, 'whenFree'>
  readonly store: EntryStore
  readonly placement: Pick<Placement, 'seatsOfChunk'>
}

export interface PushesHooks {
  /** Returns whether the entry's signers are a majority of these seats. */
  readonly isCurrent: (entry: ChunkEntry, seats: Seats) => boolean
}

export interface Pushes {
  /** Brings what a round of this node agreed on to the other replicas; if this node is one too, it owes it to those who miss it. */
  spread(entry: ChunkEntry, seats: Seats): void
  /** Lets members that asked for it know what was agreed: once, and if they miss it they ask again. */
  inform(entry: ChunkEntry, askers: readonly PeerId[]): void
  /** Offers entries to one peer, one after another. */
  push(peer: PeerId, entries: readonly ChunkEntry[]): void
  /** Another replica did not take this entry in: it is offered again. */
  owe(peer: PeerId, entry: ChunkEntry): void
  /** Entries that are owed, over all peers. */
  owed(): number
  stop(): Promise<void>
}

export function createPushes(deps: PushesDeps, { isCurrent }: PushesHooks): Pushes {
  const { clock } = deps
  const pushing = new Map<PeerId, Promise<void>>()
  const debts = new Debts()
  const stopping = new AbortController()
  let repairing: Cancel | undefined

  /** One series of pushes a peer; what changes meanwhile waits for it. */
  function push(peer: PeerId, entries: readonly ChunkEntry[]): void {
    for (const entry of entries.slice(limits.MAX_HANDOVER_RECORDS)) owe(peer, entry)
    const now = entries.slice(0, limits.MAX_HANDOVER_RECORDS)
    const series = (pushing.get(peer) ?? Promise.resolve()).then(() => offer(deps, peer, now, owe, stopping.signal))
    const done = series.finally(() => {
      if (pushing.get(peer) === done) pushing.delete(peer)
    })
    pushing.set(peer, done)
  }

  function owe(peer: PeerId, { question }: ChunkEntry): void {
    if (stopping.signal.aborted || !debts.add(peer, question)) return
    // Replicas that lost the same peer do not all come back to it in the same moment.
    const jitter = deps.random.below(limits.REPAIR_JITTER_MS)
    repairing ??= clock.after(limits.REPAIR_MS - jitter, repairSoon)
  }

  function repairSoon(): void {
    deps.work.whenFree('repair', repair)
  }

  function repair(): void {
    repairing = undefined
    for (const peer of debts.peers()) {
      if (pushing.has(peer)) continue
      const entries = [...payable(peer, debts, deps, isCurrent)]
      if (entries.length > 0) push(peer, entries)
    }
    if (debts.size > 0 && !stopping.signal.aborted) repairing ??= clock.after(limits.REPAIR_MS, repairSoon)
  }

  async function bringTo(peer: PeerId, entry: ChunkEntry, seats: Seats): Promise<void> {
    const answer = await bring(deps.request, peer, entry, stopping.signal)
    if (isMissed(answer) && seats.mine) owe(peer, entry)
  }

  function spread(entry: ChunkEntry, seats: Seats): void {
    for (const { peer } of seats.others) inBackground(bringTo(peer, entry, seats))
  }

  function inform(entry: ChunkEntry, askers: readonly PeerId[]): void {
    for (const peer of askers) inBackground(bring(deps.request, peer, entry, stopping.signal))
  }

  function inBackground(bringing: Promise<unknown>): void {
    bringing.catch((error: unknown) => {
      if (!stopping.signal.aborted) deps.log.warn({ reason: String(error) }, 'a certificate could not be brought')
    })
  }

  return {
    spread,
    inform,
    push,
    owe,
    owed: () => debts.size,
    async stop() {
      stopping.abort()
      repairing?.()
      await Promise.allSettled(pushing.values())
    },
  }
}

/** What may still be offered of what is owed to a peer; the rest is forgotten. */
function* payable(
  peer: PeerId,
  debts: Debts,
  { clock, store, placement }: PushesDeps,
  isCurrent: PushesHooks['isCurrent'],
): Generator<ChunkEntry> {
  let count = 0
  for (const question of debts.settle(peer)) {
    const entry = store.get(question, clock.now())
    if (entry === undefined) continue
    const seats = placement.seatsOfChunk(entry.chunk)
    if (!seats.others.some((member) => member.peer === peer) || !isCurrent(entry, seats)) continue
    yield entry
    if (++count === limits.MAX_HANDOVER_RECORDS) return
  }
}

/** Offers entries to one peer, a few at a time. `owe` hears of those that it did not take. */
async function offer(
  { clock, log, request }: PushesDeps,
  peer: PeerId,
  entries: readonly ChunkEntry[],
  owe: (peer: PeerId, entry: ChunkEntry) => void,
  signal: AbortSignal,
): Promise<void> {
  const queue = entries.values()
  let sent = 0
  let silent = false
  const worker = async (): Promise<void> => {
    for (const entry of queue) {
      if (signal.aborted || entry.expires <= clock.now()) continue
      // The peer did not answer: the rest is offered later.
      if (silent) {
        owe(peer, entry)
        continue
      }
      const answer = await bring(request, peer, entry, signal)
      if (answer.kind === 'failed') silent = true
      if (isMissed(answer)) owe(peer, entry)
      else sent++
      await sleep(clock, limits.HANDOVER_PAUSE_MS, signal)
    }
  }
  const results = await Promise.allSettled(Array.from({ length: limits.HANDOVER_IN_FLIGHT }, worker))
  const failed = results.find((result) => result.status === 'rejected')
  if (failed !== undefined && !signal.aborted)
    log.warn({ peer, reason: String(failed.reason) }, 'handing over to a new replica failed')
  else log.debug({ peer, sent, of: entries.length }, 'handed entries over to a new replica')
}

/** One certificate to one replica. Rejects only with ABORTED. */
export function bring(
  request: SendRequest,
  peer: PeerId,
  { question, certificate, outcome }: Pick<ChunkEntry, 'question' | 'certificate' | 'outcome'>,
  signal: AbortSignal,
): Promise<ReplicaAnswer> {
  const options = { timeoutMs: limits.CERTIFY_TIMEOUT_MS, signal }
  return request(peer, { kind: 'certify', question, certificate, outcome }, options)
}

/** It did not arrive, or the peer had no time for it. */
function isMissed(answer: ReplicaAnswer): boolean {
  return answer.kind === 'failed' || (answer.kind === 'reply' && answer.reply.kind === 'busy')
}
