/** The faults of issue 12, each as the change of the source that puts it back, and the worlds in which it must be found. */
import type { Fault, Habit, Kind, Plan } from './plan.ts'

export interface Mistake {
  readonly name: string
  readonly changes: readonly { readonly file: string; readonly from: string; readonly to: string }[]
  readonly kind: Kind
  /** What is left of a drawn plan, so that a seed costs little. */
  readonly plan: (plan: Plan) => Plan
  /** The check that must fail. */
  readonly check: string
  /** Seeds, from 1 on, within which it must be found. */
  readonly within: number
}

/** A small ring in which nothing is wrong but these. */
const only =
  (faults: readonly Fault[], change: Partial<Plan> = {}) =>
  (plan: Plan): Plan => ({ ...plan, ...QUIET, ...change, faults })

const QUIET = {
  n: 4,
  replicas: 2,
  acceptFrom: 'majority',
  admission: 'psk',
  admitAfter: 1,
  maxPeers: undefined,
  faultsMs: 30_000,
} as const

const liar = (habit: Habit, node = 0): Fault => ({ kind: 'liar', node, habit })

/** What kept strangers from taking all places at the door. */
const OPEN_DOOR = [
  { file: 'io/limits.ts', from: 'STRANGER_MS: 2_000', to: 'STRANGER_MS: 600_000' },
  { file: 'io/limits.ts', from: 'MAX_STRANGERS_PER_NETWORK: 16', to: 'MAX_STRANGERS_PER_NETWORK: 64' },
  { file: 'io/limits.ts', from: 'PLACE_KEPT_MS: 500', to: 'PLACE_KEPT_MS: 600_000' },
  {
    file: 'io/peers/places.ts',
    from: 'const largest = this.#largest(isKnown)',
    to: 'const largest = undefined as { size: number; group: string } | undefined',
  },
]

export const MISTAKES: readonly Mistake[] = [
  {
    name: 'silent connections of one host take all places at the door',
    changes: OPEN_DOOR,
    kind: 'caps',
    plan: only([
      { kind: 'strangers', at: 0, until: 30_000, hosts: 1, perSecond: 32 },
      { kind: 'join', at: 8_000 },
    ]),
    check: 'joining',
    within: 3,
  },
  {
    name: 'four hosts that knock 64 times a second take all places at the door',
    changes: OPEN_DOOR.slice(0, 1).concat(OPEN_DOOR.slice(2)),
    kind: 'caps',
    plan: only([
      { kind: 'strangers', at: 0, until: 30_000, hosts: 4, perSecond: 64 },
      { kind: 'join', at: 8_000 },
    ]),
    check: 'joining',
    within: 3,
  },
  {
    name: 'a row is a seat',
    changes: [
      {
        file: 'ring/machine/seats.ts',
        from: "return before !== 'alive' && before !== 'left'",
        to: "return before === 'dead'",
      },
    ],
    kind: 'liars',
    plan: only([liar('minting')]),
    check: 'phantoms',
    within: 3,
  },
  {
    name: 'a table that never ends is read for ever',
    changes: [
      {
        file: 'ring/machine/table-reading.ts',
        from: 'if (page.next === undefined) return undefined',
        to: 'if (now >= 0) return undefined',
      },
      {
        file: 'ring/machine/table-reading.ts',
        from: 'return first === undefined ||',
        to: 'return first === undefined || false &&',
      },
    ],
    kind: 'liars',
    plan: only([liar('paging')]),
    check: 'ring',
    within: 3,
  },
  {
    name: 'certificates are checked to the end, and charged to nobody',
    changes: [
      {
        file: 'chunks/wire/check-charges.ts',
        from: 'return this.#charges.isSpent(peer)',
        to: 'return peer === undefined',
      },
      {
        file: 'evidence/certificate.ts',
        from: "const each = kind === 'agreed' ? 1 : limits.MAX_ROUNDS",
        to: "const each = kind === 'agreed' ? 1 : limits.MAX_ROUNDS\n  for (const one of observations) verifyObservation(one, context.scheme)",
      },
    ],
    kind: 'liars',
    plan: only([liar('repeating')]),
    check: 'bounds',
    within: 3,
  },
  {
    name: 'a vote of one takes a chain to a far round',
    changes: [
      {
        file: 'chain/machine/rounds.ts',
        from: 'state.log.reachedBy(faultsOf(work) + 1)',
        to: 'state.log.reachedBy(1)',
      },
      {
        file: 'chain/machine/rounds.ts',
        from: 'Math.min(reached, state.round + limits.MAX_SKIP)',
        to: 'reached',
      },
    ],
    kind: 'liars',
    plan: only([liar('racing')]),
    check: 'bounds',
    within: 5,
  },
  {
    name: 'an observation is dated anew when it is signed again',
    changes: [
      { file: 'chunks/observations/own-observations.ts', from: 'when: seen.when,', to: 'when: deps.clock.now(),' },
    ],
    kind: 'small',
    plan: only([], { admitAfter: 2, faultsMs: 60_000, questions: 120 }),
    check: 'dates',
    within: 3,
  },
  {
    name: 'a node whose votes.db is gone votes again under its old key',
    changes: [
      {
        file: 'chunk-chains/disk/seals.ts',
        from: 'if (isForgotten) {',
        to: 'if (isForgotten && votes === undefined) {',
      },
    ],
    kind: 'small',
    plan: only([
      { kind: 'crash', at: 18_000, node: 1, how: 'process', effects: 0, downMs: 300, loses: 'votes' },
      { kind: 'crash', at: 26_000, node: 2, how: 'process', effects: 0, downMs: 300, loses: 'votes' },
    ]),
    check: 'chains',
    within: 10,
  },
  {
    name: 'what a replica saw is shown after two commitments',
    changes: [
      {
        file: 'chunks/observations/witness.ts',
        from: 'valid.length < quorum(context.n)',
        to: 'valid.length < Math.min(2, quorum(context.n))',
      },
    ],
    kind: 'seven',
    plan: only([liar('peeping')], { n: 7, replicas: 6 }),
    check: 'secrets',
    within: 3,
  },
  {
    name: 'each change of the ring lets all replicas pull everything',
    changes: [{ file: 'chunks/handover/pull.ts', from: "else begin('changed')", to: "else begin('all')" }],
    kind: 'liars',
    plan: only([liar('renewing')], { n: 6, faultsMs: 60_000 }),
    check: 'bounds',
    within: 3,
  },
  {
    name: 'signed answers are not handed over',
    changes: [
      {
        file: 'chunks/node/parts.ts',
        from: "if (!seats.mine || expires <= clock.now()) return 'useless'",
        to: "if (expires > 0) return 'useless'",
      },
    ],
    kind: 'churn',
    plan: only([
      { kind: 'join', at: 20_000 },
      { kind: 'join', at: 21_000 },
    ]),
    check: 'entries',
    within: 10,
  },
]
