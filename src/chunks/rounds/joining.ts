/** This replica's part in rounds that others open: what it replies to `round`, `reveal` and `probe`. */
import type { Cancel, Clock, Log, PeerId, Work } from '../../base/index.ts'
import type { Question } from '../../dns/index.ts'
import { roundNonce } from '../../evidence/index.ts'
import type { Ring } from '../../ring/index.ts'
import { limits } from '../limits.ts'
import type { OwnObservations } from '../observations/own-observations.ts'
import type { Witness } from '../observations/witness.ts'
import type { ReadContext } from '../seats/context.ts'
import type { Seats } from '../seats/seats.ts'
import type { CheckCharges } from '../wire/check-charges.ts'
import type { ChunkReply, ChunkRequest } from '../wire/messages.ts'
import { questionKey } from '../wire/question-key.ts'
import { Rates } from '../wire/rates.ts'
import type { Demand } from './machine/demand.ts'
import { fetchedBy, worthwhile } from './machine/worth.ts'
import type { Observing } from './observing.ts'
import type { Rounds } from './rounds.ts'

export interface JoiningDeps {
  readonly ring: Pick<Ring, 'members'>
  readonly clock: Clock
  readonly log: Log
  readonly demand: Demand
  readonly observations: OwnObservations
  readonly observing: Observing
  readonly witness: Witness
  readonly rounds: Rounds
  readonly checks: CheckCharges
  readonly work: Work
  readonly admitAfter: 'auto' | number
}

/** What was observed before costs a signature. */
const NOTHING: Cancel = () => {}

type Request<K extends ChunkRequest['kind']> = Extract<ChunkRequest, { kind: K }>

/** `from` must be a replica of the same chunk, as this node is. */
export interface Joining {
  commit(from: PeerId, request: Request<'round'>): Promise<ChunkReply>
  /** `context`: what this node holds words about the question against. */
  reveal(from: PeerId, request: Request<'reveal'>, context: ReadContext): ChunkReply
  probe(question: Question, seats: Seats): ChunkReply
  /** Reveals that were requested without a commitment before, or with too few. */
  refused(): number
}

export function createJoining(deps: JoiningDeps): Joining {
  const { clock, log, observations, witness, rounds } = deps
  const { ROUND_REQUESTS_PER_SECOND: perSecond, MAX_RATED } = limits
  const rates = new Rates(clock, perSecond, perSecond, MAX_RATED)
  let refused = 0

  /** This node's place for a fetch, as soon as there is CPU to spare; undefined: there was none for too long. */
  function place(kind: 'awaited' | 'join'): Promise<Cancel | undefined> {
    return new Promise((resolve) => {
      deps.work.whenFree(kind, () => resolve(deps.work.enter(kind)), {
        withinMs: limits.JOIN_WAITS_MS,
        onRefused: () => resolve(undefined),
      })
    })
  }

  return {
    async commit(from, { question, nonce, attempt, how, isAwaited }) {
      if (!rates.spend(from)) return { kind: 'busy' }
      const known = how === 'known' ? observations.known(question) : undefined
      if (known === undefined && !deps.observing.admit(question)) return { kind: 'busy' }
      const leave = known === undefined ? await place(isAwaited === true ? 'awaited' : 'join') : NOTHING
      // Its own round waits for nobody in whose round this node takes no part.
      if (leave === undefined) return { kind: 'busy' }
      rounds.rival(question, from, nonce)
      const observed = known ?? (await observations.observe(question, how).finally(leave))
      if (known === undefined) deps.observing.admitted(question, observed)
      if (observed === 'busy' || observed === 'hidden') return { kind: observed }
      if (observed === undefined) return { kind: 'unknown' }
      const vote = observations.sign(observed, roundNonce(nonce, attempt))
      return { kind: 'commitment', commitment: witness.commit(from, question, { nonce, attempt }, vote) }
    },
    reveal(from, request, context) {
      if (deps.checks.isSpent(from)) return { kind: 'busy' }
      const revealed = deps.checks.during(from, () => witness.reveal(from, request, request.commitments, context))
      if (typeof revealed === 'object') return { kind: 'vote', ...revealed.vote }
      refused++
      const expected = 'a commitment of this node, shown with those of more than half of the replicas'
      log.debug({ peer: from, reason: revealed, expected }, 'nothing was revealed')
      return { kind: 'unknown' }
    },
    /** True when this node has seen nothing: it does not know better than the one that asks. */
    probe(question, seats) {
      const known = observations.known(question)
      const demand = deps.demand.of(questionKey(question), clock.monotonic())
      if (known === undefined || demand.members === 0) return { kind: 'worth', pays: true }
      const context = {
        demand,
        n: seats.n,
        ringSize: deps.ring.members().length,
        fetched: fetchedBy(seats, demand),
        admitAfter: deps.admitAfter,
        renewal: false,
      }
      return { kind: 'worth', pays: worthwhile(context, known.outcome) }
    },
    refused: () => refused,
  }
}
