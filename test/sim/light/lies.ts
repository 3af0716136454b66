/** What liars show followers: every lie that their keys allow, and some that they do not. */
import { toHex } from '../../../src/base/index.ts'
import { setRoot } from '../../../src/chain/blocks/set-root.ts'
import type { FollowReply } from '../../../src/chain/follow/messages.ts'
import { ledgerQuorum } from '../../../src/chain/light/trust.ts'
import { type StateMap, stateRoot } from '../../../src/chain/trees/state-map.ts'
import type { SeededRandom } from '../../../src/sim/index.ts'
import type { Lie } from '../../chain/follow/world.ts'
import { TestLedger } from '../../chain/light/ledger.ts'
import type { Habit } from './plan.ts'

/** What liars know: the chain that there is, the keys that they have, and what they want others to believe. */
export interface LiedAbout {
  readonly random: SeededRandom
  readonly ledger: TestLedger
  /** What liars say is the state. */
  readonly lie: StateMap
  /** People whose keys they have. */
  readonly bad: readonly number[]
  /** What the state of a height says, with its proof. */
  readonly stateAt: (height: number, keys: readonly Uint8Array[]) => FollowReply | undefined
}

/** The ledger that a liar shows instead of the true one, if it shows one of its own. */
export function liarsLedger(world: LiedAbout, habit: Habit): TestLedger | undefined {
  switch (habit) {
    case 'fork':
      return longRangeFork(world)
    case 'madeUp':
      return madeUp(world)
    default:
      return undefined
  }
}

/** From before they were removed on, by their keys alone, up to now: what their keys can sign of the sets that were in force then. */
function longRangeFork(world: LiedAbout): TestLedger | undefined {
  const { ledger, bad, random } = world
  if (bad.length === 0 || ledger.height < 2) return undefined
  const best = random.below(2) === 0 ? lastInTheirHands(world) : undefined
  const fork = ledger.fork(best ?? 1 + random.below(ledger.height - 1))
  const last = fork.head.header.time
  const now = ledger.head.header.time
  // Whoever shows the highest header is considered first: blocks cost a liar nothing.
  const most = random.below(2) === 0 ? ledger.height - fork.height : 0
  const blocks = most + 3 + random.below(4)
  for (let i = 1; i <= blocks; i++) {
    const time = Math.max(last + i, last + Math.floor(((now - last) * i) / blocks) + i)
    fork.block({ next: bad, signers: bad, time, stateRoot: stateRoot(world.lie) })
  }
  return fork
}

/** The newest height after which liars have the keys of a quorum: from there on they sign what they like. */
function lastInTheirHands({ ledger, bad }: LiedAbout): number | undefined {
  const keys = new Set(bad.map((person) => toHex(ledger.validatorOf(person).publicKey)))
  for (let height = ledger.height - 1; height >= 1; height--) {
    const set = ledger.setAt(height + 1)
    if (set.filter(({ publicKey }) => keys.has(toHex(publicKey))).length >= ledgerQuorum(set.length)) return height
  }
  return undefined
}

/** Sets that are all theirs, from the first height on, so that all signatures are of a quorum; the id of the chain is the true one. */
function madeUp({ ledger, bad, lie, random }: LiedAbout): TestLedger {
  const people = bad.length > 0 ? [...bad] : [90, 91, 92, 93]
  const made = new TestLedger(people, { name: ledger.genesis.name, person: ledger.person })
  Object.assign(made, { chainId: ledger.chainId })
  const height = ledger.height + random.below(3)
  for (let at = 1; at <= Math.max(height, 1); at++)
    made.block({
      time: ledger.certified[at - 1]?.header.time ?? ledger.head.header.time + at,
      stateRoot: stateRoot(lie),
    })
  return made
}

/** What a member with this habit replies instead of what its server says. */
export function lieOf(world: LiedAbout, habit: Habit): Lie {
  switch (habit) {
    case 'silent':
      return () => 'silent'
    case 'wrongPath':
      return (request, honest) => {
        const reply = honest()
        if (request.kind !== 'older' || reply.kind !== 'older') return undefined
        return { ...reply, path: [...reply.path].reverse() }
      }
    case 'otherVersion':
      return (request, honest) => {
        if (request.kind !== 'state') return undefined
        // What was so at another height, with the proof of that height.
        const other = Math.max(1, request.height - 1 - world.random.below(5))
        return world.stateAt(other, request.keys) ?? honest()
      }
    case 'namedSet':
      return (request, honest) => namedSet(world, request, honest)
    default:
      return () => undefined
  }
}

/** True headers with the list of the liars in the place of the set that they name; then headers that only that list signs. */
function namedSet(world: LiedAbout, ...[request, honest]: Parameters<Lie>): ReturnType<Lie> {
  const people = world.bad.length > 0 ? world.bad : [90, 91, 92, 93]
  const theirs = new TestLedger(people, { person: world.ledger.person })
  const set = theirs.setAt(1)
  if (request.kind === 'set') return { kind: 'set', validators: set }
  const reply = honest()
  if (request.kind !== 'header' || request.height !== 0 || reply.kind !== 'header') return undefined
  // Right after what the follower trusts, which needs no path.
  const known = world.ledger.certified[request.of - 1]
  if (known === undefined || world.random.below(2) === 0) return undefined
  Object.assign(theirs, { chainId: world.ledger.chainId })
  const { header, certificate } = known
  const next = {
    ...header,
    height: header.height + 1,
    time: header.time + 1,
    previousId: certificate.blockId,
    stateRoot: stateRoot(world.lie),
    validatorsHash: setRoot(set),
    nextValidatorsHash: setRoot(set),
  }
  return { ...reply, certified: theirs.certify(next, set), path: undefined }
}
