/** Which entries this node takes in, from a round, a peer or its disk, and whether it still believes them. */
import type { Clock, Log, PeerId } from '../../base/index.ts'
import type { SignatureScheme } from '../../crypto/index.ts'
import type { Question } from '../../dns/index.ts'
import type { Certificate } from '../../evidence/index.ts'
import type { Run } from '../seats/runs.ts'
import type { Seats } from '../seats/seats.ts'
import type { ChunkEntry } from '../types.ts'
import { questionKey } from './bounded-map.ts'
import type { EntryStore } from './entry-store.ts'
import { examine, type ReadContext } from './examine.ts'
import type { ArchivedEntry } from './rows.ts'

export interface KeepingModules {
  readonly clock: Clock
  readonly log: Log
  readonly store: EntryStore
  readonly seatsOf: (question: Question) => Seats
  readonly contextOf: (question: Question, seats: Seats) => ReadContext
  readonly shared: (question: Question) => boolean
  /** Whether nobody has been seen to sign something else as well. */
  readonly confirms: (certificate: Certificate) => boolean
  /** An entry is held now, whose replicas were these. */
  readonly onHeld: (entry: ChunkEntry, seats: Seats) => void
  /** And it came in this life of the node. */
  readonly onTaken: (entry: ChunkEntry) => void
}

export interface Keeping {
  /** Whether this node would believe its own entry if a peer sent it now. */
  current(entry: ChunkEntry, seats: Seats): boolean
  /** Takes in what was examined. `isNews`: it was agreed on just now, and not carried over. */
  keep(entry: ChunkEntry, seats: Seats, how?: { readonly isNews: boolean }): void
  /** An entry of the last run; false when it is not believed any more. `isOwn`: this node has checked its signatures. */
  restore(entry: ArchivedEntry, isOwn: boolean): boolean
  /** An entry of a run that this node asked a peer for. `wrong`: the peer is at fault. */
  takePulled(from: PeerId, entry: ArchivedEntry, run: Run): 'kept' | 'useless' | 'wrong'
  /** Hears of each entry that was agreed on. */
  onNews(listener: (entry: ChunkEntry) => void): () => void
}

/** For evidence whose signatures this node has checked already. */
const CHECKED: SignatureScheme = { verify: () => true }

export function createKeeping(modules: KeepingModules): Keeping {
  const { clock, log, store, seatsOf, contextOf } = modules
  const checked = new WeakMap<ChunkEntry, { readonly set: string; readonly ok: boolean }>()
  const listeners = new Set<(entry: ChunkEntry) => void>()

  /**
   * All signatures of an entry were checked when it was taken in, and do not change; who counts is checked once for each set of
   * replicas; expiry is the store's.
   */
  function current(entry: ChunkEntry, seats: Seats): boolean {
    const set = `${seats.n} ${seats.members.map((member) => member.id).join(' ')}`
    const known = checked.get(entry)
    if (known?.set === set) return known.ok
    const context = { ...contextOf(entry.question, seats), scheme: CHECKED }
    const { ok } = examine(entry.certificate, entry.outcome, context, clock.now())
    checked.set(entry, { set, ok })
    return ok
  }

  function keep(entry: ChunkEntry, seats: Seats, { isNews } = { isNews: true }): void {
    store.put(entry, { isUsed: isNews })
    modules.onHeld(entry, seats)
    modules.onTaken(entry)
    if (isNews) for (const listener of listeners) listener(entry)
  }

  /** Examined as if a peer had brought it, now. */
  function restore({ question, certificate, outcome }: ArchivedEntry, isOwn: boolean): boolean {
    const seats = seatsOf(question)
    const context = contextOf(question, seats)
    const examined = examine(certificate, outcome, isOwn ? { ...context, scheme: CHECKED } : context, clock.now())
    if (!examined.ok) return false
    // What came meanwhile is on disk already, in its place.
    if (store.get(question, clock.now()) === undefined) {
      store.put(examined.entry, { onDisk: true, isUsed: false })
      modules.onHeld(examined.entry, seats)
    }
    return true
  }

  function takePulled(from: PeerId, entry: ArchivedEntry, { first, last }: Run): 'kept' | 'useless' | 'wrong' {
    const { question, certificate, outcome } = entry
    const seats = seatsOf(question)
    if (!modules.shared(question) || seats.chunk < first || seats.chunk > last) return 'wrong'
    if (!seats.mine || entry.expires <= clock.now()) return 'useless'
    const known = store.note(questionKey(question), clock.now())
    const examined = examine(certificate, outcome, contextOf(question, seats), clock.now())
    if (!examined.ok || !modules.confirms(examined.entry.certificate)) {
      log.debug({ peer: from }, 'a certificate that was pulled does not hold')
      return 'wrong'
    }
    if (known !== undefined && known.seen >= examined.entry.seen) {
      const held = store.get(question, clock.now())
      if (held !== undefined && current(held, seats)) return 'useless'
    }
    // It is carried over by its certificate: those who agreed on it have recorded it.
    keep(examined.entry, seats, { isNews: false })
    return 'kept'
  }

  return {
    current,
    keep,
    restore,
    takePulled,
    onNews(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
