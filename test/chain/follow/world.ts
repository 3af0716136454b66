/** Members that serve a ledger made by the test, honestly or not, and a follower that requests things of them. Virtual time. */
import { asPeerId, ChordnsError, equalBytes, type PeerId, type Store, toHex } from '../../../src/base/index.ts'
import { setRoot } from '../../../src/chain/blocks/set-root.ts'
import type { ChainStart } from '../../../src/chain/follow/chain-follower.ts'
import { LightFollower } from '../../../src/chain/follow/follower.ts'
import type { ChainMembers } from '../../../src/chain/follow/members.ts'
import {
  decodeFollowReply,
  decodeFollowRequest,
  encodeFollowReply,
  type FollowReply,
  type FollowRequest,
} from '../../../src/chain/follow/messages.ts'
import { FollowServer, type ServedChain } from '../../../src/chain/follow/serving.ts'
import { trustGenesis } from '../../../src/chain/light/trust.ts'
import { proveKeys } from '../../../src/chain/trees/proofs/prove.ts'
import {
  emptyStateMap,
  type StateMap,
  stateGet,
  stateRoot,
  stateSet,
  stateView,
} from '../../../src/chain/trees/state-map.ts'
import type { VerifyMany } from '../../../src/crypto/index.ts'
import {
  createMemoryDisk,
  type DiskFaults,
  type MemoryDisk,
  seededRandom,
  type VirtualClock,
} from '../../../src/sim/index.ts'
import { testClock } from '../../setup/clock.ts'
import { GENESIS_TIME, MINUTE, simRules, type TestLedger } from '../light/ledger.ts'

export const text = (value: string) => new TextEncoder().encode(value)

/** States by their roots: any member has any of them, unless it says otherwise. */
const states = new Map<string, StateMap>()

export function stateOf(values: Readonly<Record<string, string>>): StateMap {
  let state = emptyStateMap
  for (const [key, value] of Object.entries(values)) state = stateSet(state, text(key), text(value))
  states.set(toHex(stateRoot(state)), state)
  return state
}

/** What a member says instead of what its server says; undefined: that. `'silent'`: nothing at all. */
export type Lie = (request: FollowRequest, honest: () => FollowReply) => FollowReply | 'silent' | undefined

type Prove = (
  ledger: TestLedger,
  height: number,
  keys: readonly Uint8Array[],
) => { readonly values: readonly (Uint8Array | undefined)[]; readonly proof: Uint8Array } | undefined

const proveKnown: Prove = (ledger, height, keys) => {
  const state = states.get(toHex(ledger.certified[height - 1]?.header.stateRoot ?? new Uint8Array()))
  return state && { values: keys.map((key) => stateGet(state, key)), proof: proveKeys(stateView(state), keys) }
}

export class TestMember {
  readonly peer: PeerId
  ledger: TestLedger
  /** The newest height that it shows; undefined: all. */
  upTo: number | undefined
  /** States below are kept no more. */
  oldest = 1
  lie: Lie = () => undefined
  readonly asked: FollowRequest[] = []
  readonly told: Uint8Array[] = []
  conflict: Uint8Array | undefined
  readonly server: FollowServer
  /** In words, for worlds of many liars. */
  habit = ''
  readonly prove: Prove

  /** `prove`: what the state of a height says; by default any state that was made by `stateOf`. */
  constructor(name: string, ledger: TestLedger, clock: VirtualClock, prove: Prove = proveKnown) {
    this.peer = asPeerId(name)
    this.ledger = ledger
    this.prove = prove
    this.server = new FollowServer({ clock })
    this.server.serve(servedBy(this))
  }

  timeout(): ChordnsError {
    return new ChordnsError('PEER_TIMEOUT', 'silence', {})
  }

  get height(): number {
    return Math.min(this.upTo ?? this.ledger.height, this.ledger.height)
  }

  async answer(from: PeerId, body: Uint8Array): Promise<Uint8Array | 'silent'> {
    const request = decodeFollowRequest(body)
    this.asked.push(request)
    const honest = await this.server.answer(from, body)
    const lie = this.lie(request, () => decodeFollowReply(honest))
    if (lie === undefined) return honest
    return lie === 'silent' ? lie : encodeFollowReply(lie)
  }
}

export function servedBy(member: TestMember): ServedChain {
  return {
    headers: {
      get chainId() {
        return member.ledger.chainId
      },
      height: () => member.height,
      certified: (height) => (height > member.height ? undefined : member.ledger.certified[height - 1]),
      hashes: (level, index) => member.ledger.log.hashes(level, index),
      set(root) {
        for (let height = 1; height <= member.ledger.height + 2; height++)
          if (equalBytes(setRoot(member.ledger.setAt(height)), root)) return member.ledger.setAt(height)
        return undefined
      },
    },
    states: {
      prove: async (height, keys) => (height < member.oldest ? undefined : member.prove(member.ledger, height, keys)),
    },
    conflict: () => member.conflict,
    onConflict: (conflict) => member.told.push(conflict),
  }
}

export class FollowWorld {
  readonly clock: VirtualClock
  readonly disk: MemoryDisk
  readonly members: TestMember[] = []
  readonly conflicts: Uint8Array[] = []
  readonly logged: string[] = []
  /** Given to each follower: none waits for other cores unless a test says so. */
  verifyMany: VerifyMany | undefined
  #store: Store | undefined

  /** The clock stands at the head of the ledger, and a few seconds. */
  constructor(ledger: TestLedger, { late = 5_000, faults }: { late?: number; faults?: DiskFaults } = {}) {
    const time = ledger.height === 0 ? GENESIS_TIME : ledger.head.header.time
    this.clock = testClock(time + late)
    this.disk = createMemoryDisk({ random: seededRandom(1), ...(faults !== undefined && { faults }) })
  }

  member(name: string, ledger: TestLedger): TestMember {
    const member = new TestMember(name, ledger, this.clock)
    this.members.push(member)
    return member
  }

  readonly port: ChainMembers = {
    of: () => this.members.map(({ peer }) => peer),
    request: async (peer, body) => {
      const member = this.members.find((one) => one.peer === peer)
      const reply = await member?.answer(asPeerId('follower'), body)
      if (reply === undefined || reply === 'silent') throw new ChordnsError('PEER_TIMEOUT', 'silence', {})
      return reply
    },
  }

  /** As it was opened for the follower that was begun last. */
  get store(): Store {
    if (this.#store === undefined) throw new Error('nobody follows yet')
    return this.#store
  }

  #open(): Store {
    this.#store = this.disk.open()
    return this.#store
  }

  /** Begins at the genesis, unless told otherwise; the first look is over when it returns. */
  async follow(ledger: TestLedger, start: ChainStart = { name: 'root', trusted: trustGenesis(ledger.genesis) }) {
    const follower = new LightFollower(
      {
        clock: this.clock,
        random: seededRandom(2),
        rules: simRules,
        ...(this.verifyMany !== undefined && { verifyMany: this.verifyMany }),
        members: this.port,
        store: this.#open(),
        log: { info: (_, message) => this.logged.push(message), warn: (_, message) => this.logged.push(message) },
      },
      { onConflict: (_, conflict) => this.conflicts.push(conflict) },
    )
    follower.follow(start)
    await this.clock.advanceAsync(0)
    await this.settled()
    return follower
  }

  /** What waits for no timer has run. */
  async settled(): Promise<void> {
    for (let turn = 0; turn < 3; turn++) await this.clock.advanceAsync(0)
  }

  /** A minute and a bit: every follower has looked once more. */
  async minute(): Promise<void> {
    await this.clock.advanceAsync(MINUTE + 5_000)
    await this.settled()
  }
}
