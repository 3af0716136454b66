/**
 * Which entries this node takes in, and whether it still believes those that it has. Whoever brings an entry, its certificate is
 * examined here first. Taking in returns data; what follows from it is said in `node/follow.ts`.
 */
import { type Clock, equalBytes } from '../../base/index.ts'
import type { SignatureScheme } from '../../crypto/index.ts'
import type { Question } from '../../dns/index.ts'
import { type Certificate, type Content, contentDigest } from '../../evidence/index.ts'
import type { Placement } from '../seats/placement.ts'
import type { Run } from '../seats/runs.ts'
import type { Seats } from '../seats/seats.ts'
import { questionKey } from '../wire/question-key.ts'
import type { ChunkEntry, EntryClaim, EntryTaken, TakenCause } from './entry.ts'
import type { EntryStore } from './entry-store.ts'
import { type Examined, examine } from './examine.ts'
import { compareDated, type Dated, tagOf } from './order.ts'

export interface IntakeDeps {
  readonly clock: Clock
  readonly store: EntryStore
  readonly placement: Placement
}

export interface IntakeHooks {
  /** Returns false when a signer is known to have signed another content for the same round. */
  readonly confirms: (certificate: Certificate) => boolean
}

/** `useless`: it holds, or is not worth examining, and is nothing new here. `refused`: it does not hold. */
export type IntakeResult =
  | { readonly kind: 'taken'; readonly taken: EntryTaken }
  | { readonly kind: 'useless' }
  | { readonly kind: 'refused'; readonly reason: string }

export interface Intake {
  /** Whether this node would believe its own entry if a peer sent it now. */
  isCurrent(entry: ChunkEntry, seats: Seats): boolean
  /** A round of this node ended so. It is held only if this node is still a replica. */
  agreed(question: Question, certificate: Certificate, outcome: Content, seats: Seats): IntakeResult
  /** A peer brought the certificate, of a round or to hand it over. This node must be a replica. */
  certified(claim: Omit<EntryClaim, 'expires'>, seats: Seats): IntakeResult
  /** One of a run of chunks that this node asked a peer for. */
  pulled(claim: EntryClaim, run: Run): IntakeResult
  /**
   * The chunk's chain has decided this. It takes the place of what is held of the question, unless that is preferred by all: then it
   * is not on the chain yet.
   */
  recorded(claim: Omit<EntryClaim, 'expires'>): IntakeResult
  /** An entry of the last run of this process. `isOwn`: this node has checked its signatures before it wrote them. */
  restored(claim: EntryClaim, isOwn: boolean): IntakeResult
}

function datedAs({ question, outcome }: ChunkEntry, seen: number): Dated {
  return { seen, digest: contentDigest(question, outcome) }
}

function isSameContent(held: ChunkEntry, { outcome }: Pick<EntryClaim, 'outcome'>): boolean {
  const { question } = held
  return equalBytes(contentDigest(question, held.outcome), contentDigest(question, outcome))
}

/** For evidence whose signatures this node has checked already. */
const CHECKED: SignatureScheme = { verify: () => true }
const USELESS: IntakeResult = { kind: 'useless' }

export function createIntake({ clock, store, placement }: IntakeDeps, { confirms }: IntakeHooks): Intake {
  const checked = new WeakMap<ChunkEntry, { readonly set: string; readonly seen: number | undefined }>()

  function examined({ question, certificate, outcome }: Omit<EntryClaim, 'expires'>, seats: Seats): Examined {
    const result = examine(certificate, outcome, placement.contextOf(question, seats), clock.now())
    if (!result.ok || confirms(result.entry.certificate)) return result
    return { ok: false, reason: 'a signer has signed two contents' }
  }

  function takeIn(entry: ChunkEntry, seats: Seats, cause: TakenCause): IntakeResult {
    // What came in bulk nobody has asked for yet.
    const options = { onDisk: cause === 'restored', isUsed: cause === 'agreed' || cause === 'certified' }
    if (seats.mine || cause === 'restored') store.put(entry, options)
    return { kind: 'taken', taken: { entry, seats, cause } }
  }

  /** Whether what this node holds is still believed, and is what all replicas prefer of the two; of one content, the later. */
  function hasAsGood(entry: ChunkEntry, seats: Seats): boolean {
    const { question, outcome, seen } = entry
    const summary = store.summary(questionKey(question), clock.now())
    if (summary === undefined) return false
    if (summary.tag === tagOf(question, outcome) && summary.seen < seen) return false
    const held = store.get(question, clock.now())
    const heldSeen = held && seenBy(held, seats)
    return heldSeen !== undefined && compareDated(datedAs(held!, heldSeen), datedAs(entry, seen)) >= 0
  }

  /**
   * When a majority of these seats had seen the entry; undefined: they are no majority. All signatures of an entry were checked when it
   * was taken in, and do not change; who counts is checked once for each set of replicas; expiry is the store's.
   */
  function seenBy(entry: ChunkEntry, seats: Seats): number | undefined {
    const set = `${seats.n} ${seats.members.map((member) => member.id).join(' ')}`
    const known = checked.get(entry)
    if (known?.set === set) return known.seen
    const context = { ...placement.contextOf(entry.question, seats), scheme: CHECKED }
    const result = examine(entry.certificate, entry.outcome, context, clock.now())
    const seen = result.ok ? result.entry.seen : undefined
    checked.set(entry, { set, seen })
    return seen
  }

  const isCurrent = (entry: ChunkEntry, seats: Seats) => seenBy(entry, seats) !== undefined

  return {
    isCurrent,
    agreed(question, certificate, outcome, seats) {
      // Made here, of votes whose signatures were checked.
      const context = { ...placement.contextOf(question, seats), scheme: CHECKED }
      const result = examine(certificate, outcome, context, clock.now())
      return result.ok ? takeIn(result.entry, seats, 'agreed') : { kind: 'refused', reason: result.reason }
    },
    certified(claim, seats) {
      const result = examined(claim, seats)
      if (!result.ok) return { kind: 'refused', reason: result.reason }
      return hasAsGood(result.entry, seats) ? USELESS : takeIn(result.entry, seats, 'certified')
    },
    pulled(claim, { first, last }) {
      const seats = placement.seatsOf(claim.question)
      if (!placement.mayShare(claim.question)) return { kind: 'refused', reason: 'nothing to share' }
      if (seats.chunk < first || seats.chunk > last) return { kind: 'refused', reason: 'another chunk' }
      if (!seats.mine || claim.expires <= clock.now()) return USELESS
      const result = examined(claim, seats)
      if (!result.ok) return { kind: 'refused', reason: result.reason }
      return hasAsGood(result.entry, seats) ? USELESS : takeIn(result.entry, seats, 'pulled')
    },
    recorded(claim) {
      const seats = placement.seatsOf(claim.question)
      if (!seats.mine || !placement.mayShare(claim.question)) return USELESS
      const held = store.get(claim.question, clock.now())
      // As a rule it is here already, as the chain has it.
      if (held !== undefined && isSameContent(held, claim) && isCurrent(held, seats)) return USELESS
      const result = examined(claim, seats)
      if (!result.ok) return { kind: 'refused', reason: result.reason }
      if (hasAsGood(result.entry, seats)) return USELESS
      return takeIn(result.entry, seats, 'recorded')
    },
    restored({ question, certificate, outcome }, isOwn) {
      const seats = placement.seatsOf(question)
      const context = placement.contextOf(question, seats)
      const result = examine(certificate, outcome, isOwn ? { ...context, scheme: CHECKED } : context, clock.now())
      if (!result.ok) return { kind: 'refused', reason: result.reason }
      // Another entry of the question came meanwhile, and has overwritten the row.
      if (store.get(question, clock.now()) !== undefined) return USELESS
      return takeIn(result.entry, seats, 'restored')
    },
  }
}
