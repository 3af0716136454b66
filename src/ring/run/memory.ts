/**
 * What a node remembers of its ring between two runs: whom it knew, how many there were, and its own incarnation. The rows are
 * signed, and verified again before they count; they are how a node comes back when no bootstrap address answers.
 */

import type { Log, RingId, Store, StoreWrite } from '../../base/index.ts'
import {
  type Cancel,
  type Clock,
  compareBytes,
  concatBytes,
  errorText,
  fromHex,
  isChordnsError,
} from '../../base/index.ts'
import { encodeCanonical } from '../../crypto/index.ts'
import { limits } from '../limits.ts'
import { entryFromValue, entryToValue } from '../members/member.ts'
import { malformed, readCbor, readNatural, readRow } from '../members/reading.ts'
import type { MemberEntry, PersistedRing, Ring } from '../types.ts'

export interface RingMemoryModules {
  /** Its keys are this memory's alone. */
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  readonly ringId: string
}

export interface RingMemory {
  /** Undefined for a node that was never in this ring. */
  readonly persisted: PersistedRing | undefined
  /** Of large tables a part, spread over the ring: each row costs a signature check, and the rest comes from others anyway. */
  readonly known: readonly MemberEntry[]
  /** For `RingHooks.persist`. */
  persist(state: PersistedRing): void
  /** Writes rows as they change, a little later. */
  follow(ring: Pick<Ring, 'self' | 'members' | 'onChange'>): void
  /** Writes what is left to write. */
  stop(): void
  stats(): { readonly members: number }
}

const VERSION = 1
/** Keys: the state, and the rows by id. */
const STATE = Uint8Array.of(0)
const ROWS = Uint8Array.of(1)
const ROWS_END = Uint8Array.of(2)

export function createRingMemory({ store, clock, log, ringId }: RingMemoryModules): RingMemory {
  /** What is written of each member: incarnation and status say whether a row is another one. */
  const written = new Map<RingId, string>()
  let state: PersistedRing | undefined
  let followed: Pick<Ring, 'self' | 'members' | 'onChange'> | undefined
  let unsubscribe: Cancel | undefined
  let pending: Cancel | undefined
  let refresh: Cancel | undefined
  let failing = false
  let stopped = false

  const persisted = readState()
  const known = readRows()

  function readState(): PersistedRing | undefined {
    const bytes = store.get(STATE)
    const before = bytes === undefined ? undefined : attempt(() => decodeState(bytes, ringId))
    if (before === undefined) {
      forgetAll()
      return undefined
    }
    // Empty seats stay for a day; a node that was away for longer counts anew.
    const recent = before.at > clock.now() - limits.COUNT_WINDOW_MS
    state = { largest: recent ? before.largest : 1, incarnation: before.incarnation }
    return state
  }

  function readRows(): readonly MemberEntry[] {
    const rows: MemberEntry[] = []
    for (const [key, value] of store.range(ROWS, ROWS_END)) {
      const entry = attempt(() => entryFromValue(readCbor(value, limits.MAX_MESSAGE_BYTES, 'row')))
      if (entry === undefined || compareBytes(key, keyOf(entry.id)) !== 0) continue
      written.set(entry.id, markOf(entry))
      rows.push(entry)
    }
    const step = Math.max(1, Math.ceil(rows.length / limits.MAX_REMEMBERED))
    return rows.filter((_, i) => i % step === 0)
  }

  /** Another ring: its members are nobody's business here. */
  function forgetAll(): void {
    write([...store.range(new Uint8Array())].map(([key]) => ({ kind: 'delete', key })))
  }

  function write(writes: readonly StoreWrite[], durable = false): void {
    try {
      store.batch(writes, { durable })
      failing = false
    } catch (error) {
      if (!isChordnsError(error)) throw error
      if (!failing)
        log.error({ code: error.code, error: errorText(error) }, 'the members of the ring cannot be written to disk')
      failing = true
    }
  }

  function writeState(durable = false): void {
    if (state === undefined) return
    const value = encodeCanonical([VERSION, ringId, state.largest, state.incarnation, Math.floor(clock.now())])
    write([{ kind: 'put', key: STATE, value }], durable)
  }

  function writeRows(): void {
    pending = undefined
    if (followed === undefined) return
    const self = followed.self.id
    const writes: StoreWrite[] = []
    const present = new Set<RingId>()
    for (const entry of followed.members()) {
      if (entry.id === self) continue
      present.add(entry.id)
      if (written.get(entry.id) === markOf(entry)) continue
      written.set(entry.id, markOf(entry))
      writes.push({ kind: 'put', key: keyOf(entry.id), value: encodeCanonical(entryToValue(entry)) })
    }
    for (const id of written.keys()) {
      if (present.has(id)) continue
      written.delete(id)
      writes.push({ kind: 'delete', key: keyOf(id) })
    }
    if (writes.length > 0) write(writes)
  }

  function soon(): void {
    if (!stopped) pending ??= clock.after(limits.REMEMBER_AFTER_MS, writeRows)
  }

  /** So that one can tell how long the node was away. */
  function refreshState(): void {
    refresh = clock.after(limits.REMEMBER_STATE_MS, () => {
      writeState()
      refreshState()
    })
  }

  return {
    persisted,
    known,
    persist(next) {
      state = next
      // The count is what a majority is counted against: the loss of power must not make it smaller. It changes seldom.
      if (!stopped) writeState(true)
    },
    follow(ring) {
      followed = ring
      unsubscribe = ring.onChange(soon)
      refreshState()
      soon()
    },
    stop() {
      if (stopped) return
      stopped = true
      unsubscribe?.()
      pending?.()
      refresh?.()
      writeRows()
      writeState()
    },
    stats: () => ({ members: written.size }),
  }
}

function keyOf(id: RingId): Uint8Array {
  return concatBytes(ROWS, fromHex(id))
}

function markOf({ incarnation, status }: MemberEntry): string {
  return `${incarnation} ${status}`
}

/** Throws RING_MALFORMED for the state of another version or of another ring, too. */
function decodeState(bytes: Uint8Array, ringId: string) {
  const [version, ring, largest, incarnation, at] = readRow(
    readCbor(bytes, limits.MAX_MESSAGE_BYTES, 'state'),
    5,
    'state',
  )
  if (version !== VERSION || ring !== ringId) throw malformed('state of another ring')
  return {
    largest: readNatural(largest, 'count'),
    incarnation: readNatural(incarnation, 'incarnation'),
    at: readNatural(at, 'time'),
  }
}

/** Undefined for what cannot be read: it is as good as nothing. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (isChordnsError(error)) return undefined
    throw error
  }
}
