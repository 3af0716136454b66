/**
 * When the keepers of a chunk change, the entries go with it: each keeper pushes what it holds to those who are new. The
 * receiver checks every certificate against its own view of the set, so a push is an offer, never a claim; it carries the
 * certificate as it is, so that it never stretches a TTL. What did not arrive is owed, and offered again at each repair for as
 * long as it is certified and the peer keeps the chunk.
 */
import {
  type Cancel,
  type ChunkId,
  type Clock,
  errorText,
  type Log,
  type PeerId,
  type Random,
  type RingId,
  sleep,
} from '../../base/index.ts'
import type { Question } from '../../dns/index.ts'
import { questionKey } from '../entries/bounded-map.ts'
import type { EntryStore } from '../entries/entry-store.ts'
import { limits } from '../limits.ts'
import type { Seats } from '../seats/seats.ts'
import type { ChunkEntry } from '../types.ts'
import type { Ask } from '../wire/request.ts'

export interface HandoverModules {
  /** New keepers pull from those who stay: only where nobody stays does one push. */
  readonly pulled: boolean
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly ask: Ask
  readonly store: EntryStore
  readonly self: RingId
  readonly seatsOfChunk: (chunk: ChunkId) => Seats
  /** Whether the entry's signers are still a majority of the set as it is now. */
  readonly stillCertified: (entry: ChunkEntry, seats: Seats) => boolean
  /** The signers no longer suffice: look again, if anybody still asks for it. */
  readonly renew: (question: Question) => void
}

export interface Handover {
  /** The set of a chunk is remembered with its first entry. */
  remember(chunk: ChunkId, seats: Seats): void
  /** Another replica did not take this entry: it is offered again. */
  owe(peer: PeerId, entry: ChunkEntry): void
  /** Entries that are owed, over all peers. */
  owed(): number
  /** The ring changed. */
  changed(): void
  stop(): Promise<void>
}

export function createHandover(modules: HandoverModules): Handover {
  const { clock, store } = modules
  const keepers = new Map<ChunkId, ReadonlySet<RingId>>()
  const pushing = new Map<PeerId, Promise<void>>()
  const debts = new Map<PeerId, Map<string, Question>>()
  let owed = 0
  const stopping = new AbortController()
  let pending: Cancel | undefined
  let comparing: Promise<void> | undefined
  let repairing: Cancel | undefined

  /** A little at a time: questions have their turn in between. */
  async function compare(): Promise<void> {
    const offers = new Map<PeerId, ChunkEntry[]>()
    const now = clock.now()
    let looked = 0
    for (const chunk of keepers.keys()) if (store.notesOf(chunk, now).length === 0) keepers.delete(chunk)
    for (const chunk of store.chunks()) {
      const seats = modules.seatsOfChunk(chunk)
      const before = keepers.get(chunk)
      keepers.set(chunk, idsOf(seats))
      const fresh = seats.others.filter((member) => before !== undefined && !before.has(member.id))
      const same = before !== undefined && before.size === seats.members.length && fresh.length === 0
      if (++looked % limits.HANDOVER_SLICE === 0) await sleep(clock, 0, stopping.signal)
      if (same) continue
      const stays = seats.members.length > fresh.length + (seats.mine && before?.has(modules.self) !== true ? 1 : 0)
      const to = modules.pulled && stays ? [] : fresh
      for (const entry of store.ofChunk(chunk, now)) {
        if (++looked % limits.HANDOVER_SLICE === 0) await sleep(clock, 0, stopping.signal)
        if (!modules.stillCertified(entry, seats)) {
          if (seats.mine) modules.renew(entry.question)
          continue
        }
        for (const { peer } of to) add(offers, peer, entry)
      }
    }
    for (const [peer, entries] of offers) {
      push(peer, entries.slice(0, limits.MAX_HANDOVER_RECORDS))
      for (const entry of entries.slice(limits.MAX_HANDOVER_RECORDS)) owe(peer, entry)
    }
  }

  function begin(): void {
    // A change while one compares is compared when that is done.
    pending = comparing === undefined ? undefined : clock.after(limits.HANDOVER_DELAY_MS, begin)
    comparing ??= compare()
      .catch((error: unknown) => {
        if (!stopping.signal.aborted) modules.log.error({ error: errorText(error) }, 'entries could not be compared')
      })
      .finally(() => {
        comparing = undefined
      })
  }

  function owe(peer: PeerId, { question }: ChunkEntry): void {
    if (stopping.signal.aborted || owed >= limits.MAX_OWED_RECORDS) return
    const key = questionKey(question)
    const ofPeer = debts.get(peer) ?? new Map<string, Question>()
    if (!ofPeer.has(key)) owed++
    ofPeer.set(key, question)
    debts.set(peer, ofPeer)
    // Keepers that lost the same peer do not all come back to it in the same moment.
    const jitter = modules.random.below(limits.REPAIR_JITTER_MS)
    repairing ??= clock.after(limits.REPAIR_MS - jitter, repair)
  }

  function repair(): void {
    repairing = undefined
    const now = clock.now()
    for (const [peer, ofPeer] of debts) {
      if (pushing.has(peer)) continue
      const entries: ChunkEntry[] = []
      for (const [key, question] of ofPeer) {
        if (entries.length === limits.MAX_HANDOVER_RECORDS) break
        ofPeer.delete(key)
        owed--
        const entry = store.get(question, now)
        if (entry === undefined) continue
        const seats = modules.seatsOfChunk(entry.chunk)
        if (seats.others.some((member) => member.peer === peer) && modules.stillCertified(entry, seats))
          entries.push(entry)
      }
      if (ofPeer.size === 0) debts.delete(peer)
      if (entries.length > 0) push(peer, entries)
    }
    if (debts.size > 0 && !stopping.signal.aborted) repairing ??= clock.after(limits.REPAIR_MS, repair)
  }

  /** One series of pushes a peer; what changes meanwhile waits for it. */
  function push(peer: PeerId, entries: readonly ChunkEntry[]): void {
    const run = (pushing.get(peer) ?? Promise.resolve()).then(() => offer(peer, entries))
    const done = run.finally(() => {
      if (pushing.get(peer) === done) pushing.delete(peer)
    })
    pushing.set(peer, done)
  }

  async function offer(peer: PeerId, entries: readonly ChunkEntry[]): Promise<void> {
    const queue = entries.values()
    let sent = 0
    let silent = false
    const worker = async (): Promise<void> => {
      for (const entry of queue) {
        const { question, certificate, outcome, expires } = entry
        if (stopping.signal.aborted || expires <= clock.now()) continue
        // One that does not answer is not pushed at any more now.
        if (silent) {
          owe(peer, entry)
          continue
        }
        const options = { timeoutMs: limits.CERTIFY_TIMEOUT_MS, signal: stopping.signal }
        const event = await modules.ask(peer, { kind: 'certify', question, certificate, outcome }, options)
        if (event.kind === 'failed') silent = true
        if (event.kind === 'failed' || (event.kind === 'reply' && event.reply.kind === 'busy')) owe(peer, entry)
        else sent++
        await sleep(clock, limits.HANDOVER_PAUSE_MS, stopping.signal)
      }
    }
    const workers = Array.from({ length: limits.HANDOVER_IN_FLIGHT }, worker)
    const results = await Promise.allSettled(workers)
    const failed = results.find((result) => result.status === 'rejected')
    if (failed !== undefined && !stopping.signal.aborted)
      modules.log.warn({ peer, reason: String(failed.reason) }, 'handing over to a new replica failed')
    else modules.log.debug({ peer, sent, of: entries.length }, 'handed entries over to a new replica')
  }

  return {
    remember(chunk, seats) {
      if (!keepers.has(chunk)) keepers.set(chunk, idsOf(seats))
    },
    owe,
    owed: () => owed,
    changed() {
      if (pending === undefined && !stopping.signal.aborted) pending = clock.after(limits.HANDOVER_DELAY_MS, begin)
    },
    async stop() {
      stopping.abort()
      pending?.()
      repairing?.()
      await Promise.allSettled([...pushing.values(), comparing])
    },
  }
}

function idsOf(seats: Seats): ReadonlySet<RingId> {
  return new Set(seats.members.map((member) => member.id))
}

function add<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}
