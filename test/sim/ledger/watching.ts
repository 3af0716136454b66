/**
 * Those who only follow: light clients of all chains, the nodes that serve them, and members that lie to them with the keys of whoever was removed.
 * What must hold: inside the trusting period none of them follows a header that was not decided, or believes a value that the blocks do not say.
 */
import { asPeerId, ChordnsError, type Clock, equalBytes, fromHex, type PeerId, toHex } from '../../../src/base/index.ts'
import { blockIdOf } from '../../../src/chain/blocks/blocks.ts'
import { FollowServer } from '../../../src/chain/follow/serving.ts'
import {
  decodeProofFile,
  isExpired,
  LightFollower,
  type LightRules,
  lightRules,
  type StateClaim,
  type StateProver,
  setRoot,
  trustGenesis,
  type Validator,
  verifyProofFile,
} from '../../../src/chain/index.ts'
import { verifyState } from '../../../src/chain/light/proof-file.ts'
import { ledgerQuorum } from '../../../src/chain/light/trust.ts'
import { limits } from '../../../src/chain/limits.ts'
import { emptyStateMap, stateSet } from '../../../src/chain/trees/state-map.ts'
import { nameStateKey } from '../../../src/ledger/index.ts'
import { createMemoryDisk, type MemoryDisk, type SeededRandom, type VirtualClock } from '../../../src/sim/index.ts'
import { TestMember } from '../../chain/follow/world.ts'
import { Violation } from '../chain/checks.ts'
import type { ChainWorld, Person } from '../chain/world.ts'
import { liarsLedger, lieOf } from '../light/lies.ts'
import type { Habit } from '../light/plan.ts'
import { type Cast, NEVER } from './cast.ts'
import type { LedgerChain } from './chain.ts'
import { accountKey } from './checks.ts'

export interface WatchedChain {
  readonly chain: LedgerChain
  readonly world: Pick<ChainWorld<unknown>, 'honest'>
}

export interface WatchingDeps {
  readonly cast: Cast
  readonly clock: VirtualClock
  /** Wall time. */
  readonly now: () => number
  readonly random: SeededRandom
  readonly chains: readonly WatchedChain[]
  readonly followers: number
  readonly habits: readonly Habit[]
  readonly happens: (what: string) => void
}

interface Follower {
  readonly disk: MemoryDisk
  light: LightFollower | undefined
  /** Begun anew from a block that its operator trusts. */
  lives: number
}

/** A minute of theirs takes so much less here: chains of these worlds have a block in some dozens of milliseconds. */
const HURRY = 150
const DAY_MS = 86_400_000
/** No chain is served by all of its nodes: that would take half of the time of a large world. */
const MAX_SERVING = 6

export class Watching {
  readonly #deps: WatchingDeps
  readonly #rules: LightRules
  readonly #servers = new Map<Person, FollowServer>()
  readonly #liars: { readonly of: WatchedChain; readonly member: TestMember; readonly habit: Habit }[] = []
  readonly #followers: Follower[]
  readonly #clock: Clock
  /** When a key left the last set that it was in, by its number, for each chain. */
  readonly #seen = new Map<LedgerChain, { upTo: number; readonly numbers: Set<number> }>()

  constructor(deps: WatchingDeps) {
    this.#deps = deps
    const { cast, clock, now, random, chains, habits, followers } = deps
    this.#rules = lightRules(cast.scheme)
    this.#clock = {
      now,
      monotonic: () => clock.monotonic() * HURRY,
      after: (ms, callback) => clock.after(ms / HURRY, callback),
    }
    for (const of of chains)
      for (const [i, habit] of habits.entries()) this.#liars.push({ of, habit, member: this.#liar(of, habit, i) })
    this.#followers = Array.from({ length: followers }, (_, i) => ({
      disk: createMemoryDisk({ random: random.split(`follower ${i}`) }),
      light: undefined,
      lives: 0,
    }))
  }

  begin(): void {
    for (const follower of this.#followers) this.#wake(follower)
  }

  sleep(index: number): void {
    const follower = this.#followers[index]!
    follower.light?.close()
    follower.light = undefined
    follower.disk.crash('process')
    this.#deps.happens('sleeps')
  }

  wake(index: number): void {
    const follower = this.#followers[index]!
    if (follower.light === undefined) this.#wake(follower)
  }

  end(): void {
    for (const { light } of this.#followers) light?.close()
  }

  /** Whom liars are by now, and what they show. */
  refresh(): void {
    for (const { chain } of this.#deps.chains) this.#sellKeys(chain)
    for (const { of, member, habit } of this.#liars) {
      if (this.#deps.random.below(3) > 0 || of.chain.height < 2) continue
      const theirs = liarsLedger(this.#liedAbout(of.chain), habit)
      if (theirs !== undefined) this.#deps.happens(`shown ${habit}`)
      member.ledger = theirs ?? of.chain.mirror
      if (habit === 'withhold') member.upTo = Math.max(1, of.chain.height - 3)
    }
  }

  /** The heads of all who are awake. */
  checkHeads(): void {
    for (const { light } of this.#followers)
      for (const { chain } of this.#deps.chains) {
        const head = light?.head(chain.chainId)
        if (head === undefined) continue
        this.#deps.happens(`head ${head.state}`)
        if (head.state === 'forked')
          throw new Violation(`no false alarm: a follower says that ${chain.name} has forked`)
        const { certified } = head
        if (certified !== undefined && !isTrue(chain, certified.header.height, blockIdOf(certified.header)))
          throw new Violation(
            `true headers: a follower trusts a height ${head.height} of ${chain.name} that was never decided`,
          )
      }
  }

  /** What followers are told of names and accounts. */
  async checkValues(settle: (promise: Promise<unknown>) => Promise<void>): Promise<void> {
    const { random, chains, happens } = this.#deps
    for (const { light } of this.#followers) {
      if (light === undefined) continue
      const { chain } = chains[random.below(chains.length)]!
      const keys = this.#someKeys()
      let answer: Awaited<ReturnType<LightFollower['prove']>> | undefined
      let file: Uint8Array | undefined
      const asked = (async () => {
        answer = await light.prove(chain.chainId, keys)
        if (random.below(4) === 0) file = await light.proofFile(chain.chainId, keys)
      })()
      await settle(asked)
      if (answer?.kind !== 'proven') continue
      this.#checkClaims(
        chain,
        answer.header.height,
        keys.map((key, i) => ({ key, value: (answer as { values: readonly (Uint8Array | undefined)[] }).values[i] })),
      )
      happens('proven to a follower')
      if (file !== undefined) this.#checkFile(chain, file)
    }
  }

  /** What a node says of its own state, validator or follower, of any height that it keeps. */
  async checkNode({ chain, world }: WatchedChain, settle: (promise: Promise<unknown>) => Promise<void>): Promise<void> {
    const { random, happens } = this.#deps
    const able = world.honest().filter((one) => one.chain !== undefined)
    const person = able[random.below(Math.max(1, able.length))]
    const newest = person?.chain?.status().height ?? 0
    if (person === undefined || newest === 0) return
    const height = Math.max(1, newest - random.below(6))
    const keys = this.#someKeys()
    let proven: Awaited<ReturnType<StateProver['prove']>>
    const asked = async () => {
      proven = await this.#proverOf(chain, person).prove(height, keys)
    }
    await settle(asked())
    if (proven === undefined || height > chain.height) return
    const claims = keys.map((key, i) => ({ key, value: proven!.values[i] }))
    const { header } = chain.mirror.at(height)
    if (verifyState(header, claims, proven.proof).kind !== 'proven')
      throw new Violation(`proofs: what a node gives out does not hold against header ${height} of ${chain.name}`)
    this.#checkClaims(chain, height, claims)
    const isValidator = person.chain!.status().validators.some(({ id }) => toHex(id) === person.name)
    happens(isValidator ? 'proven by a validator' : 'proven by a follower')
  }

  #checkFile(chain: LedgerChain, bytes: Uint8Array): void {
    const file = decodeProofFile(bytes)
    const { genesis } = chain.mirror
    const verdict = verifyProofFile(this.#rules, trustGenesis(genesis), file, this.#deps.now())
    if (verdict.kind === 'refused') {
      this.#deps.happens(`file refused: ${verdict.reason}`)
      return
    }
    this.#checkClaims(chain, verdict.height, verdict.claims)
    this.#deps.happens('file proven')
  }

  #checkClaims(chain: LedgerChain, height: number, claims: readonly StateClaim[]): void {
    const expected = chain.expectedAt(height)
    for (const { key, value } of claims) {
      const meant = expected.get(toHex(key))
      const isSame = value === undefined || meant === undefined ? value === meant : equalBytes(value, meant)
      if (!isSame)
        throw new Violation(
          `true values: a value was proven that the blocks up to ${height} of ${chain.name} do not say`,
        )
      this.#deps.happens(value === undefined ? 'proven absent' : 'proven present')
    }
  }

  #someKeys(): Uint8Array[] {
    const { cast, random } = this.#deps
    const label = cast.labels[random.below(cast.labels.length)]!
    const actor = cast.actors[random.below(cast.actors.length)]!
    return [nameStateKey(label), nameStateKey(NEVER), accountKey(actor.account.publicKey)]
  }

  #proverOf(chain: LedgerChain, { state }: Person): StateProver {
    return {
      prove: async (height, keys) => (state === undefined ? chain.prove(height, keys) : state.prove(height, keys)),
    }
  }

  #liedAbout(chain: LedgerChain) {
    const { random, cast } = this.#deps
    const lie = stateSet(emptyStateMap, nameStateKey(cast.labels[0]!), fromHex('00'))
    return { random, ledger: chain.mirror, lie, bad: chain.bad, stateAt: chain.stateAt.bind(chain) }
  }

  #liar(of: WatchedChain, habit: Habit, index: number): TestMember {
    const { chain } = of
    const prove: TestMember['prove'] = (ledger, height, keys) =>
      ledger === chain.mirror ? chain.prove(height, keys) : undefined
    const member = new TestMember(`${chain.name} liar ${index}`, chain.mirror, this.#deps.clock, prove)
    member.habit = habit
    this.#deps.happens(`lie ${habit}`)
    member.lie = (request, honest) => lieOf(this.#liedAbout(chain), habit)(request, honest)
    return member
  }

  #wake(follower: Follower): void {
    const { random, now, chains, happens } = this.#deps
    happens('wakes')
    follower.light = new LightFollower({
      clock: this.#clock,
      random: random.split(`life ${follower.lives++}`),
      rules: this.#rules,
      members: { of: (chainId) => this.#membersOf(chainId), request: (peer, body) => this.#request(peer, body) },
      store: follower.disk.open(),
      log: { info: () => {}, warn: () => {} },
    })
    for (const { chain } of chains) {
      const trusted = trustGenesis(chain.mirror.genesis)
      const { height } = chain
      // Whoever begins when the genesis is too old is given a block by its operator.
      const point =
        height > 0 && isExpired(this.#rules, trusted, now())
          ? { height, blockId: chain.mirror.at(height).certificate.blockId }
          : undefined
      follower.light.follow({ name: chain.name, trusted, ...(point && { point }) })
    }
  }

  #membersOf(chainId: Uint8Array): readonly PeerId[] {
    const of = this.#deps.chains.find(({ chain }) => equalBytes(chain.chainId, chainId))
    if (of === undefined) return []
    const honest = of.world
      .honest()
      .slice(0, MAX_SERVING)
      .map(({ index }) => asPeerId(`${of.chain.name} node ${index}`))
    return [...honest, ...this.#liars.filter((one) => one.of === of).map(({ member }) => member.peer)]
  }

  async #request(peer: PeerId, body: Uint8Array): Promise<Uint8Array> {
    const liar = this.#liars.find(({ member }) => member.peer === peer)
    const from = asPeerId('follower')
    const reply = liar === undefined ? await this.#serve(peer, from, body) : await liar.member.answer(from, body)
    if (reply === 'silent') throw new ChordnsError('PEER_TIMEOUT', 'silence', {})
    return reply
  }

  #serve(peer: PeerId, from: PeerId, body: Uint8Array): Uint8Array | Promise<Uint8Array> | 'silent' {
    for (const of of this.#deps.chains)
      for (const person of of.world.honest().slice(0, MAX_SERVING))
        if (peer === `${of.chain.name} node ${person.index}`)
          return person.chain === undefined ? 'silent' : this.#serverOf(of, person).answer(from, body)
    return 'silent'
  }

  #serverOf({ chain }: WatchedChain, person: Person): FollowServer {
    const known = this.#servers.get(person)
    if (known !== undefined) return known
    const server = new FollowServer({ clock: this.#clock })
    server.serve({
      headers: {
        chainId: chain.chainId,
        height: () => person.chain?.status().height ?? 0,
        certified(height) {
          const block = height > 0 ? person.chain?.block(height) : undefined
          return block && { header: block.block.header, certificate: block.certificate }
        },
        hashes: (level, index) => person.chain?.historyHashes(level, index),
        set: (root) => [...chain.cargo.sets()].find((set) => equalBytes(setRoot(set), root)),
      },
      states: this.#proverOf(chain, person),
      conflict: () => undefined,
      onConflict: () => {},
    })
    this.#servers.set(person, server)
    return server
  }

  /**
   * Liars get the key of whoever is in no set any more, as long as no set that was in force within the trusting period loses a quorum to them: beyond that
   * nothing is promised. After that period they get all of them.
   */
  #sellKeys(chain: LedgerChain): void {
    const { mirror } = chain
    const seen = this.#seen.get(chain) ?? { upTo: 0, numbers: new Set<number>() }
    this.#seen.set(chain, seen)
    for (; seen.upTo <= chain.height; seen.upTo++)
      for (const one of mirror.setAt(seen.upTo)) seen.numbers.add(chain.numberOf(one))
    const current = [0, 1, 2].flatMap((ahead) => mirror.setAt(chain.height + ahead).map((one) => chain.numberOf(one)))
    const bad = [...chain.bad]
    for (const number of seen.numbers) {
      if (current.includes(number) || bad.includes(number)) continue
      if (mayBeBad(chain, [...bad, number], this.#deps.now())) bad.push(number)
    }
    if (bad.length > chain.bad.length) this.#deps.happens('keys sold')
    chain.bad = bad
  }
}

function mayBeBad(chain: LedgerChain, bad: readonly number[], now: number): boolean {
  const { mirror } = chain
  const lost = (set: readonly Validator[]) => set.filter((one) => bad.includes(chain.numberOf(one))).length
  for (let height = chain.height + 2; height >= 1; height--) {
    const set = mirror.setAt(height)
    if (lost(set) >= ledgerQuorum(set.length)) return false
    // A set counts from the header that names it until the term of the last one of which it is the next.
    const header = height <= chain.height ? mirror.at(height).header : undefined
    if (header !== undefined && now - header.time > limits.TRUSTING_PERIOD_MS + DAY_MS) break
  }
  return true
}

function isTrue({ mirror }: LedgerChain, height: number, id: Uint8Array): boolean {
  const own = mirror.certified[height - 1]
  return own !== undefined && equalBytes(own.certificate.blockId, id)
}
