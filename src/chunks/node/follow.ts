/**
 * What follows from an entry that was taken in, and from a proof that is held: all of it is said here, and nowhere else. Both are
 * called when the step that brought them has ended, so that what follows may tell the round machines what it likes.
 *
 * |                                                     | agreed here | certified | pulled, recorded | restored |
 * |-----------------------------------------------------|-------------|-----------|------------------|----------|
 * | the set of replicas is remembered for the hand-over | yes (held)  | yes       | yes              | yes      |
 * | the digest of the chunk has changed                 | yes (held)  | yes       | yes              | yes      |
 * | the question's round is settled                     | yes (held)  | yes       | yes              |          |
 * | the zone's delegation and keys are wanted           | yes (held)  | yes       | yes              |          |
 * | listeners hear of it: it is proposed to the chain   | yes (held)  | yes       |                  |          |
 * | the certificate is brought to the other replicas    | yes         |           |                  |          |
 * | those who asked for it are told what was agreed     | yes         |           |                  |          |
 * | what this node serves is held against it            | yes         | yes       | yes              |          |
 *
 * "Held": this node is still a replica when its round ends. What is pulled was recorded by those who agreed on it. A proof, whatever brings
 * it, settles the question's round and changes the digest; one that was told, or that this node validated, is proposed to the chain if its
 * content was not held before.
 */
import { type Cancel, type Clock, errorText, Listeners, type Log, type PeerId } from '../../base/index.ts'
import type { Question } from '../../dns/index.ts'
import { type CertificateKind, type Finding, isOutcome, observersOf } from '../../evidence/index.ts'
import type { Digests } from '../digests/digests.ts'
import type { ChunkEntry, EntryTaken, SignedEntry } from '../entries/entry.ts'
import type { Intake } from '../entries/intake.ts'
import type { ProofHeld } from '../entries/proofs.ts'
import type { Handover } from '../handover/handover.ts'
import type { Pushes } from '../handover/pushes.ts'
import { limits } from '../limits.ts'
import type { Telling } from '../reads/telling.ts'
import type { Demand } from '../rounds/machine/demand.ts'
import type { OnDemand } from '../rounds/on-demand.ts'
import type { RoundAgreed } from '../rounds/rounds.ts'
import type { ZonesWanted } from '../rounds/zones-wanted.ts'
import type { Seats } from '../seats/seats.ts'
import { questionKey } from '../wire/question-key.ts'
import { createAwaited } from './awaited.ts'

export interface FollowDeps {
  readonly log: Log
  readonly intake: Pick<Intake, 'agreed'>
  readonly onDemand: Pick<OnDemand, 'entryTaken' | 'proofHeld'>
  readonly digests: Pick<Digests, 'changed'>
  readonly handover: Pick<Handover, 'remember'>
  readonly pushes: Pick<Pushes, 'spread' | 'inform'>
  readonly demand: Pick<Demand, 'of'>
  readonly clock: Clock
  readonly zones: ZonesWanted
  readonly telling: Pick<Telling, 'tell'>
}

export interface FollowHooks {
  /** Hears of each answer that the ring has agreed on, not yet validated: what this node serves may be another. */
  readonly onLearned?: ((finding: Finding) => void) | undefined
}

export interface FollowStats {
  /** Certificates of rounds of this node, and of them those of two classes. */
  readonly agreed: number
  readonly rotating: number
  readonly divergent: number
  /** Replicas that saw something else than what was agreed. */
  readonly dissents: number
}

export interface Follow {
  /** A round of this node ended with a certificate. */
  roundAgreed(agreed: RoundAgreed): void
  /** An entry was taken in. */
  taken(taken: EntryTaken): void
  /** A proof is held. */
  proofHeld(held: ProofHeld): void
  /** Whether an entry or a proof for the question comes within so long. Rejects with ABORTED. */
  settled(question: Question, withinMs: number, signal: AbortSignal): Promise<boolean>
  /** Hears of each entry that was agreed on just now, and of each answer that was found to be signed. */
  onAgreed(listener: (entry: ChunkEntry | SignedEntry) => void): Cancel
  stats(): FollowStats
}

export function createFollow(deps: FollowDeps, hooks: FollowHooks): Follow {
  const { log, digests } = deps
  const awaited = createAwaited(deps.clock)
  const listeners = new Listeners<[ChunkEntry | SignedEntry]>((error) => {
    log.error({ error: errorText(error) }, 'a listener for what was agreed failed')
  })
  const classes: Record<CertificateKind, number> = { agreed: 0, rotating: 0, divergent: 0 }
  const counts = { agreed: 0, dissents: 0 }

  function taken({ entry, seats, cause }: EntryTaken, isAwaited = false): void {
    if (cause === 'agreed') count(entry)
    if (seats.mine || cause === 'restored') {
      deps.handover.remember(entry.chunk, seats)
      digests.changed(entry.chunk)
      if (cause !== 'restored') learnedHere(entry)
      if (cause === 'agreed' || cause === 'certified') listeners.tell(entry)
    }
    if (cause === 'agreed') {
      deps.pushes.spread(entry, seats)
      deps.pushes.inform(entry, askersOf(entry, seats, isAwaited))
    }
    if (cause !== 'restored') learned(entry)
    awaited.came(entry.question)
  }

  /** Members that are no replicas, and had to fetch the answer: theirs may be another, or may not be served before it is agreed on. */
  function askersOf({ question, class: kind }: ChunkEntry, { members }: Seats, isAwaited: boolean): PeerId[] {
    if (kind !== 'agreed' && !isAwaited) return []
    const { peers } = deps.demand.of(questionKey(question), deps.clock.monotonic())
    return [...peers].filter((peer) => !members.some((member) => member.peer === peer)).slice(-limits.MAX_INFORMED)
  }

  function learned({ question, outcome, certificate, class: kind, expires }: ChunkEntry): void {
    if (kind !== 'agreed' || !isOutcome(outcome)) return
    const observers = observersOf(certificate)
    const evidence = { security: 'indeterminate', provenance: 'agreed', certificate, observers } as const
    hooks.onLearned?.({ question, outcome, evidence, expires })
  }

  /** A typo of one member is worth no record, whoever signs that it is none. */
  function isWorthRecording({ question, outcome }: SignedEntry): boolean {
    if (outcome.kind !== 'absent') return true
    return deps.demand.of(questionKey(question), deps.clock.monotonic()).members >= limits.MIN_ASKERS_OF_ABSENCE
  }

  function count({ class: kind }: ChunkEntry): void {
    counts.agreed++
    classes[kind]++
  }

  /** The entry came since this process started. */
  function learnedHere(entry: ChunkEntry): void {
    deps.onDemand.entryTaken(entry)
    // The other replicas have the certificate a moment later, and want the same.
    for (const question of deps.zones.of(entry)) deps.telling.tell(question)
  }

  return {
    taken: (one) => taken(one),
    roundAgreed({ question, certificate, outcome, seats, dissenters, isAwaited }) {
      if (dissenters.length > 0) {
        counts.dissents += dissenters.length
        log.info({ peers: dissenters }, 'replicas saw something else than what was agreed')
      }
      const result = deps.intake.agreed(question, certificate, outcome, seats)
      if (result.kind === 'taken') taken(result.taken, isAwaited)
      else log.warn({ ...result }, 'a round ended with a certificate that does not hold')
    },
    settled: awaited.wait,
    proofHeld({ entry, cause, isNew }) {
      awaited.came(entry.question)
      deps.onDemand.proofHeld(entry.question)
      digests.changed(entry.chunk)
      if (isNew && (cause === 'own' || cause === 'told') && isWorthRecording(entry)) listeners.tell(entry)
    },
    onAgreed: listeners.add,
    stats: () => ({ ...counts, rotating: classes.rotating, divergent: classes.divergent }),
  }
}
