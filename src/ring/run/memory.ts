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
  latin1,
} from '../../base/index.ts'
import { encodeCanonical } from '../../crypto/index.ts'
import { limits } from '../limits.ts'
import { voteFromValue, voteToValue } from '../members/expulsions.ts'
import { invitationFromValue, invitationToValue, statementFromValue, statementToValue } from '../members/invitations.ts'
import { entryFromValue, entryToValue } from '../members/member.ts'
import { malformed, readCbor, readHash, readList, readNatural, readRow } from '../members/reading.ts'
import type {
  MemberEntry,
  PersistedRing,
  RememberedInvitations,
  RememberedVotes,
  Ring,
  RingInvitations,
} from '../types.ts'
import { INVITATIONS, ROWS, ROWS_END, STATE, VOTES } from './stored.ts'

export interface RingMemoryDeps {
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
  readonly votes: RememberedVotes
  readonly invitations: RememberedInvitations
  /** For `RingHooks.persist`; bound. */
  readonly persist: (state: PersistedRing) => void
  /** For `RingHooks.keepInvitations`; bound. */
  readonly keepInvitations: (invitations: RememberedInvitations) => Promise<boolean>
  /** Writes rows as they change, a little later. */
  follow(ring: Followed): void
  /** Writes what is left to write. */
  stop(): void
  stats(): { readonly members: number }
}

const VERSION = 1
/** No signatures are this: what is on the disk is not known, and is written again. */
const UNKNOWN = 'unknown'

/** Reads what is stored at once; throws STORE_* when it cannot. */
export function createRingMemory(deps: RingMemoryDeps): RingMemory {
  return new StoredMemory(deps)
}

type Followed = Pick<Ring, 'self' | 'members' | 'votes' | 'onChange'> & {
  readonly invitations: Pick<RingInvitations, 'remembered'>
}

class StoredMemory implements RingMemory {
  readonly persisted: PersistedRing | undefined
  readonly known: readonly MemberEntry[]
  readonly votes: RememberedVotes
  readonly invitations: RememberedInvitations
  readonly #deps: RingMemoryDeps
  /** What is written of each member: incarnation and status say whether a row is another one. */
  readonly #written = new Map<RingId, string>()
  /** Nobody is voted on in most rings: then nothing is written. */
  #writtenVotes = encodeVotes({ votes: [], expelled: [] })
  /** Of invitations. */
  #writtenStatements = ''
  #state: PersistedRing | undefined
  #followed: Followed | undefined
  #unsubscribe: Cancel | undefined
  #pending: Cancel | undefined
  #refresh: Cancel | undefined
  #failing = false
  #stopped = false

  constructor(deps: RingMemoryDeps) {
    this.#deps = deps
    this.#state = this.#readState()
    this.persisted = this.#state
    this.known = this.#readRows()
    this.votes = this.#readVotes()
    this.invitations = this.#readInvitations()
  }

  /** Bound to this memory: it is handed around as `RingHooks.persist`. */
  readonly persist = (state: PersistedRing): void => {
    this.#state = state
    // The count is what a majority is counted against: the loss of power must not make it smaller. It changes seldom.
    if (!this.#stopped) this.#writeState(true)
  }

  readonly keepInvitations = (invitations: RememberedInvitations): Promise<boolean> => {
    const write = this.#stopped ? undefined : this.#invitationsWrite(invitations)
    if (write !== undefined && !this.#write([write], true)) return Promise.resolve(false)
    return new Promise((resolve) => {
      this.#deps.store.written((failure) => {
        if (failure !== undefined) this.#writtenStatements = UNKNOWN
        resolve(failure === undefined)
      })
    })
  }

  follow(ring: Followed): void {
    this.#followed = ring
    this.#unsubscribe = ring.onChange(() => this.#writeSoon())
    this.#refreshState()
    this.#writeSoon()
  }

  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#unsubscribe?.()
    this.#pending?.()
    this.#refresh?.()
    this.#writeRows()
    this.#writeState()
  }

  stats(): { readonly members: number } {
    return { members: this.#written.size }
  }

  #readState(): PersistedRing | undefined {
    const { store, clock, ringId } = this.#deps
    const bytes = store.get(STATE)
    const before = bytes === undefined ? undefined : attempt(() => decodeState(bytes, ringId))
    if (before === undefined) {
      // Another ring: its members are nobody's business here.
      this.#write([...store.range(new Uint8Array())].map(([key]) => ({ kind: 'delete', key })))
      return undefined
    }
    // Empty seats stay for a day; a node that was away for longer counts anew.
    const recent = before.at > clock.now() - limits.COUNT_WINDOW_MS
    return { largest: recent ? before.largest : 1, incarnation: before.incarnation }
  }

  #readRows(): readonly MemberEntry[] {
    const rows: MemberEntry[] = []
    for (const [key, value] of this.#deps.store.range(ROWS, ROWS_END)) {
      const entry = attempt(() => entryFromValue(readCbor(value, limits.MAX_MESSAGE_BYTES, 'row')))
      if (entry === undefined || compareBytes(key, keyOf(entry.id)) !== 0) continue
      this.#written.set(entry.id, markOf(entry))
      rows.push(entry)
    }
    const step = Math.max(1, Math.ceil(rows.length / limits.MAX_REMEMBERED))
    return rows.filter((_, i) => i % step === 0)
  }

  #readVotes(): RememberedVotes {
    const bytes = this.#deps.store.get(VOTES)
    const read = bytes === undefined ? undefined : attempt(() => decodeVotes(bytes))
    if (bytes !== undefined) this.#writtenVotes = bytes
    return read ?? { votes: [], expelled: [] }
  }

  #readInvitations(): RememberedInvitations {
    const bytes = this.#deps.store.get(INVITATIONS)
    const read = bytes === undefined ? undefined : attempt(() => decodeInvitations(bytes))
    return read ?? { own: [], statements: [] }
  }

  /** False when it failed. */
  #write(writes: readonly StoreWrite[], durable = false): boolean {
    const { store, log } = this.#deps
    try {
      store.batch(writes, { durable })
      this.#failing = false
      return true
    } catch (error) {
      if (!isChordnsError(error)) throw error
      if (!this.#failing)
        log.error({ code: error.code, error: errorText(error) }, 'the members of the ring cannot be written to disk')
      this.#failing = true
      if (writes.some(({ key }) => key === INVITATIONS)) this.#writtenStatements = UNKNOWN
      return false
    }
  }

  #writeState(durable = false): void {
    if (this.#state === undefined) return
    const { clock, ringId } = this.#deps
    const { largest, incarnation } = this.#state
    const value = encodeCanonical([VERSION, ringId, largest, incarnation, Math.floor(clock.now())])
    this.#write([{ kind: 'put', key: STATE, value }], durable)
  }

  #writeRows(): void {
    this.#pending = undefined
    if (this.#followed === undefined) return
    const self = this.#followed.self.id
    const writes: StoreWrite[] = []
    const present = new Set<RingId>()
    for (const entry of this.#followed.members()) {
      if (entry.id === self) continue
      present.add(entry.id)
      if (this.#written.get(entry.id) === markOf(entry)) continue
      this.#written.set(entry.id, markOf(entry))
      writes.push({ kind: 'put', key: keyOf(entry.id), value: encodeCanonical(entryToValue(entry)) })
    }
    for (const id of this.#written.keys()) {
      if (present.has(id)) continue
      this.#written.delete(id)
      writes.push({ kind: 'delete', key: keyOf(id) })
    }
    const votes = encodeVotes(this.#followed.votes())
    if (compareBytes(votes, this.#writtenVotes) !== 0) {
      this.#writtenVotes = votes
      writes.push({ kind: 'put', key: VOTES, value: votes })
    }
    const invitations = this.#invitationsWrite(this.#followed.invitations.remembered())
    if (invitations !== undefined) writes.push(invitations)
    if (writes.length > 0) this.#write(writes)
  }

  /** Undefined when these are written, or being written. Their signatures say which they are: most changes are of other things. */
  #invitationsWrite(invitations: RememberedInvitations): StoreWrite | undefined {
    const marks = [...invitations.own, ...invitations.statements].map(({ signature }) => latin1(signature)).join('')
    if (marks === this.#writtenStatements) return undefined
    this.#writtenStatements = marks
    return { kind: 'put', key: INVITATIONS, value: encodeInvitations(invitations) }
  }

  #writeSoon(): void {
    if (!this.#stopped) this.#pending ??= this.#deps.clock.after(limits.REMEMBER_AFTER_MS, () => this.#writeRows())
  }

  /** Again and again, so that one can tell how long the node was away. */
  #refreshState(): void {
    this.#refresh = this.#deps.clock.after(limits.REMEMBER_STATE_MS, () => {
      this.#writeState()
      this.#refreshState()
    })
  }
}

function keyOf(id: RingId): Uint8Array {
  return concatBytes(ROWS, fromHex(id))
}

function markOf({ incarnation, status }: MemberEntry): string {
  return `${incarnation} ${status}`
}

function encodeVotes({ votes, expelled }: RememberedVotes): Uint8Array {
  return encodeCanonical([votes.map(voteToValue), [...expelled]])
}

/** Throws RING_MALFORMED. */
function decodeVotes(bytes: Uint8Array): RememberedVotes {
  const most = limits.MAX_EXPULSIONS * limits.MAX_EXPULSION_VOTES
  const [votes, expelled] = readRow(readCbor(bytes, 200 * most, 'votes'), 2, 'votes')
  return {
    votes: readList(votes, most, 'votes', voteFromValue),
    expelled: readList(expelled, limits.MAX_EXPULSIONS, 'expelled', (key) => readHash(key, 'expelled key')),
  }
}

function encodeInvitations({ own, statements }: RememberedInvitations): Uint8Array {
  return encodeCanonical([own.map(invitationToValue), statements.map(statementToValue)])
}

/** Throws RING_MALFORMED. */
function decodeInvitations(bytes: Uint8Array): RememberedInvitations {
  const most = 400 * (limits.MAX_INVITATIONS + limits.MAX_STATEMENTS)
  const [own, statements] = readRow(readCbor(bytes, most, 'invitations'), 2, 'invitations')
  return {
    own: readList(own, limits.MAX_INVITATIONS, 'invitations', invitationFromValue),
    statements: readList(statements, limits.MAX_STATEMENTS, 'statements', statementFromValue),
  }
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
