/**
 * When the replicas of a chunk change, its entries go along: each replica pushes what it holds to those that are new (where new
 * replicas pull, only if nobody stays whom they could pull from). Entries whose signers are no majority of the new set are
 * observed again, if anybody still asks for them.
 */
import {
  type Cancel,
  type ChunkId,
  type Clock,
  errorText,
  type Log,
  type PeerId,
  type RingId,
  sleep,
} from '../../base/index.ts'
import type { Question } from '../../dns/index.ts'
import type { ChunkEntry } from '../entries/entry.ts'
import type { EntryStore } from '../entries/entry-store.ts'
import { limits } from '../limits.ts'
import type { Placement } from '../seats/placement.ts'
import type { Seats } from '../seats/seats.ts'
import type { Pushes } from './pushes.ts'

export interface HandoverDeps {
  readonly clock: Clock
  readonly log: Log
  readonly store: EntryStore
  readonly placement: Pick<Placement, 'seatsOfChunk'>
  readonly pushes: Pushes
  readonly self: RingId
  /** New replicas pull from those who stay: one pushes only where nobody stays. */
  readonly pulled: boolean
}

export interface HandoverHooks {
  /** Returns whether the entry's signers are a majority of these seats. */
  readonly isCurrent: (entry: ChunkEntry, seats: Seats) => boolean
  /** The signers no longer suffice: observe again, if anybody still asks for it. */
  readonly renew: (question: Question) => void
}

export interface Handover {
  /** The set of a chunk is remembered with its first entry. */
  remember(chunk: ChunkId, seats: Seats): void
  /** The ring changed. */
  changed(): void
  stop(): Promise<void>
}

export function createHandover(deps: HandoverDeps, { isCurrent, renew }: HandoverHooks): Handover {
  const { clock, store } = deps
  const replicas = new Map<ChunkId, ReadonlySet<RingId>>()
  const stopping = new AbortController()
  let pending: Cancel | undefined
  let comparing: Promise<void> | undefined

  function begin(): void {
    // If the ring changes during a comparison, the next comparison follows that one.
    pending = comparing === undefined ? undefined : clock.after(limits.HANDOVER_DELAY_MS, begin)
    comparing ??= compare()
      .catch((error: unknown) => {
        if (!stopping.signal.aborted) deps.log.error({ error: errorText(error) }, 'entries could not be compared')
      })
      .finally(() => {
        comparing = undefined
      })
  }

  /** A little at a time: questions have their turn in between. */
  async function compare(): Promise<void> {
    const offers = new Map<PeerId, ChunkEntry[]>()
    const now = clock.now()
    let done = 0
    const turn = async () => {
      if (++done % limits.HANDOVER_SLICE === 0) await sleep(clock, 0, stopping.signal)
    }
    for (const chunk of replicas.keys()) if (store.summariesOf(chunk, now).length === 0) replicas.delete(chunk)
    for (const chunk of store.chunks()) {
      const seats = deps.placement.seatsOfChunk(chunk)
      const before = replicas.get(chunk)
      replicas.set(chunk, idsOf(seats))
      await turn()
      if (before !== undefined && isSame(before, seats)) continue
      const to = receivers(before, seats)
      for (const entry of store.ofChunk(chunk, now)) {
        await turn()
        if (isCurrent(entry, seats)) for (const { peer } of to) add(offers, peer, entry)
        else if (seats.mine) renew(entry.question)
      }
    }
    for (const [peer, entries] of offers) deps.pushes.push(peer, entries)
  }

  /** Whom this node pushes the entries of a chunk to. `before`: the replicas before the change; undefined: not known. */
  function receivers(before: ReadonlySet<RingId> | undefined, seats: Seats): Seats['others'] {
    const fresh = seats.others.filter((member) => before !== undefined && !before.has(member.id))
    if (!deps.pulled) return fresh
    const isNewHere = seats.mine && before?.has(deps.self) !== true
    const somebodyStays = seats.members.length > fresh.length + (isNewHere ? 1 : 0)
    return somebodyStays ? [] : fresh
  }

  return {
    remember(chunk, seats) {
      if (!replicas.has(chunk)) replicas.set(chunk, idsOf(seats))
    },
    changed() {
      if (pending === undefined && !stopping.signal.aborted) pending = clock.after(limits.HANDOVER_DELAY_MS, begin)
    },
    async stop() {
      stopping.abort()
      pending?.()
      await Promise.allSettled([comparing])
    },
  }
}

function isSame(before: ReadonlySet<RingId>, { members, others }: Seats): boolean {
  return before.size === members.length && others.every((member) => before.has(member.id))
}

function idsOf(seats: Seats): ReadonlySet<RingId> {
  return new Set(seats.members.map((member) => member.id))
}

function add<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}
