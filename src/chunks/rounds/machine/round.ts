/**
 * One question's round at one replica: a pure step machine. A round asks every replica to observe for itself, and to commit to what
 * it saw before it learns what others saw; more than n/2 equal observations make a certificate.
 *
 *   idle -> observing -> committing -> revealing -> idle (a certificate), resting (none), or observing again (at most three rounds)
 *   idle -> waiting -> probing -> observing      when another replica's turn comes first
 *   idle, waiting, probing -> queued -> observing      while this node has no CPU to spare
 *   any  -> yielded                              another replica opened; -> idle (it delivered) or resting (it did not)
 *
 * The opener is the first live replica in ring order; the next one opens a second later; of two openers the lower nonce wins.
 * SeenCommitments and reveals go through the opener: 3 requests a replica instead of 2n. It shows everybody the same commitments, its
 * own among them, so that it has no more to choose than they (docs/decisions/0034).
 *
 * A round of five replicas A to E (n = 5, so three make a majority), as A's machine sees it. C's vantage point is censored, and E
 * is down.
 *
 *    0 ms  `wanted`: two members have asked. A is first in ring order.     idle -> observing    effects: observe, wake
 *          B's machine is told the same, and waits for A.                  (B: idle -> waiting)
 *   40 ms  `observed`: A's own fetch found 192.0.2.1, TTL 300: it pays.    observing -> committing    open to B, C, D and E
 *          Each is told the nonce. B, C and D see a `rival`, fetch, and
 *          send A a signed hash of what they saw; they cannot know more.   (B: waiting -> yielded)
 *   90 ms  `committed` by B. That are two, with A's own.                   committing
 *   95 ms  `committed` by C. Three are a majority: 300 ms are left.        committing    wake at 395 ms
 *   99 ms  `committed` by D. E has not answered.                           committing
 *  395 ms  `tick`: the commitments are closed. A shows all four to B, C
 *          and D, and each of them checks that its own is there.           committing -> revealing    reveal to B, C and D
 *  400 ms  `voted` by B: 192.0.2.1, and it opens B's commitment.           revealing
 *  405 ms  `voted` by C: that the name does not exist.                     revealing
 *  410 ms  `voted` by D: 192.0.2.1. All who committed have revealed. A,
 *          B and D saw the same, but C saw absence against data, which
 *          may be a forged datagram: one more round over TCP.              revealing -> observing    observe over TCP
 *          ... commitments and reveals as before, with attempt 2 ...
 *  900 ms  A, B and D see 192.0.2.1 again; C has dissented twice.          revealing -> idle    agreed: certificate of A, B and D
 *
 * What follows from a certificate is not the machine's: see `node/follow.ts`. B, C and D get it as a `certify` request, and their
 * machines are `settled` with it (B: yielded -> idle).
 */
import { commitmentsEnded, committed, revealed, revealsEnded } from './counting.ts'
import { beganToObserve, notDelivered, observed, probed, putOff, rested, rival, turnCame, wanted } from './opening.ts'
import { IDLE, type RoundContext, type RoundEvent, type RoundState, type RoundStep } from './round-state.ts'
import { ignore, stay, toResting, toTurn } from './transitions.ts'

/** `now` is unix ms. */
export function roundStep(state: RoundState, event: RoundEvent, context: RoundContext, now: number): RoundStep {
  switch (event.kind) {
    case 'wanted':
      return wanted(state, event, context, now)
    case 'tick':
      return tick(state, context, now)
    case 'probed':
      return probed(state, event, context, now)
    case 'observed':
      return observed(state, event, context, now)
    case 'put-off':
      return putOff(state, event)
    case 'free':
    case 'not-free':
      return beganToObserve(state, event, context, now)
    case 'committed':
    case 'hidden':
    case 'busy':
      return committed(state, event, context, now)
    case 'voted':
      return revealed(state, event, context, now)
    case 'silent':
      if (state.phase === 'committing') return committed(state, event, context, now)
      if (state.phase === 'revealing') return revealed(state, event, context, now)
      return ignore(state, event, 'committing', 'revealing')
    case 'rival':
      return rival(state, event, context, now)
    case 'settled':
      // any -> idle: what failed before is forgotten.
      return stay(IDLE)
  }
}

/** Time has passed. A tick that comes before the phase ends says nothing. */
function tick(state: RoundState, context: RoundContext, now: number): RoundStep {
  const { memory } = state
  switch (state.phase) {
    case 'idle':
      return stay(state)
    case 'waiting':
      return state.openAt > now ? stay(state) : turnCame(state, context, now)
    case 'probing':
      return state.deadline > now ? stay(state) : toTurn(memory, state.series, context, now)
    case 'queued':
      return stay(state)
    case 'observing':
      return state.deadline > now ? stay(state) : toResting(memory, 'no-observation', now)
    case 'committing':
      return state.deadline > now ? stay(state) : commitmentsEnded(state, context, now)
    case 'revealing':
      return state.deadline > now ? stay(state) : revealsEnded(state, context, now)
    case 'yielded':
      return state.until > now ? stay(state) : notDelivered(state, now)
    case 'resting':
      return state.until > now ? stay(state) : rested(state, context, now)
  }
}
