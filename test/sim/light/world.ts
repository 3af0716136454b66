/**
 * A ledger whose sets turn over completely, followers that sleep for days, and members of whom some lie with the keys of all who were removed. What
 * must hold: inside the trusting period no follower ever trusts a header that is not the chain's, or a value that was not in its state.
 */
import { asPeerId, equalBytes, toHex } from '../../../src/base/index.ts'
import { blockIdOf } from '../../../src/chain/blocks/blocks.ts'
import { LightFollower } from '../../../src/chain/follow/follower.ts'
import type { ChainMembers } from '../../../src/chain/follow/members.ts'
import type { FollowReply } from '../../../src/chain/follow/messages.ts'
import { ledgerQuorum, trustGenesis } from '../../../src/chain/light/trust.ts'
import { limits } from '../../../src/chain/limits.ts'
import { proveKeys } from '../../../src/chain/trees/proofs/prove.ts'
import {
  emptyStateMap,
  type StateMap,
  stateDelete,
  stateGet,
  stateRoot,
  stateSet,
  stateView,
} from '../../../src/chain/trees/state-map.ts'
import { createMemoryDisk, type MemoryDisk, type SeededRandom, seededRandom } from '../../../src/sim/index.ts'
import { TestMember, text } from '../../chain/follow/world.ts'
import { DAY, MINUTE, simRules, TestLedger } from '../../chain/light/ledger.ts'
import { testClock } from '../../setup/clock.ts'
import type { WorldOutcome } from '../suite.ts'
import { liarsLedger, lieOf } from './lies.ts'
import type { Habit, Plan, Step } from './plan.ts'

class Violation extends Error {
  readonly check: string
  constructor(check: string, what: string) {
    super(what)
    this.check = check
  }
}

interface Follower {
  readonly disk: MemoryDisk
  light: LightFollower | undefined
}

const NAMES = 6
const LOOKS = 20

export class LightWorld {
  readonly random: SeededRandom
  readonly ledger: TestLedger
  /** What liars say is the state. */
  readonly lie: StateMap
  /** Keys that were removed from a set and that liars have now. */
  bad: number[] = []
  readonly #plan: Plan
  readonly #clock = testClock()
  readonly #states: StateMap[] = []
  readonly #members: TestMember[] = []
  readonly #followers: Follower[]
  readonly #coverage: Record<string, number> = {}
  /** Who is in force, and who was until when. */
  #people: number[]
  readonly #removed = new Map<number, number>()
  #newcomer = 20
  #messages = 0

  constructor(plan: Plan) {
    this.#plan = plan
    this.random = seededRandom(`light world ${plan.seed}`)
    this.#people = Array.from({ length: plan.n }, (_, i) => i)
    this.ledger = new TestLedger(this.#people)
    let lie = emptyStateMap
    for (let name = 0; name < NAMES; name++) lie = stateSet(lie, text(`name ${name}`), text('lie'))
    this.lie = lie
    for (const name of ['honest', 'as honest']) this.#members.push(this.#member(name))
    plan.habits.forEach((habit, i) => {
      const member = this.#member(`liar ${i}`)
      this.#members.push(member)
      this.#setHabit(member, habit)
    })
    this.#followers = Array.from({ length: plan.followers }, (_, i) => ({
      disk: createMemoryDisk({ random: this.random.split(`disk ${i}`) }),
      light: undefined,
    }))
  }

  async run(): Promise<WorldOutcome> {
    const start = this.#clock.now()
    let failure: WorldOutcome['failure']
    try {
      for (const follower of this.#followers) await this.#wake(follower)
      for (const step of this.#plan.steps) {
        await this.#step(step)
        await this.#check()
      }
      await this.#checkArrived()
    } catch (error) {
      if (!(error instanceof Violation)) throw error
      failure = { check: error.check, what: error.message, at: this.#clock.now() - start }
    }
    for (const { light } of this.#followers) light?.close()
    const virtualMs = this.#clock.now() - start
    const outcome = { virtualMs, messages: this.#messages, coverage: this.#coverage }
    return failure === undefined ? outcome : { ...outcome, failure }
  }

  /** What the state of a height says, with its proof; undefined before there is one. */
  stateAt(height: number, keys: readonly Uint8Array[]): FollowReply | undefined {
    const state = this.#states[height - 1]
    return (
      state && {
        kind: 'state',
        values: keys.map((key) => stateGet(state, key)),
        proof: proveKeys(stateView(state), keys),
      }
    )
  }

  #member(name: string): TestMember {
    return new TestMember(name, this.ledger, this.#clock, (ledger, height, keys) => {
      const root = ledger.certified[height - 1]?.header.stateRoot
      const state = [this.lie, ...this.#states].find((one) => root !== undefined && equalBytes(stateRoot(one), root))
      return state && { values: keys.map((key) => stateGet(state, key)), proof: proveKeys(stateView(state), keys) }
    })
  }

  #setHabit(member: TestMember, habit: Habit): void {
    this.#happens(`lie ${habit}`)
    member.habit = habit
    member.upTo = habit === 'withhold' ? Math.max(1, this.ledger.height - 2) : undefined
    member.lie = lieOf(this, habit)
  }

  async #step(step: Step): Promise<void> {
    switch (step.kind) {
      case 'blocks':
        for (let i = 0; i < step.count; i++) await this.#block(i < step.changes, MINUTE)
        return
      case 'days':
        for (let i = 0; i < step.count; i++) await this.#block(step.changes, DAY)
        return
      case 'sleep':
        return this.#sleep(this.#followers[step.follower]!)
      case 'wake':
        return this.#wake(this.#followers[step.follower]!)
      case 'lie':
        return this.#setHabit(this.#members[2]!, step.habit)
    }
  }

  async #block(changes: boolean, ms: number): Promise<void> {
    // A day passes unseen but for its last minute.
    if (ms > MINUTE) this.#clock.skip(ms - MINUTE)
    const next = changes ? this.#nextSet() : undefined
    const state = this.#nextState()
    this.#states.push(state)
    const time = this.#clock.now() + MINUTE - 1_000
    this.ledger.block({ ...(next !== undefined && { next }), time, stateRoot: stateRoot(state) })
    this.#happens('blocks')
    this.#sellKeys()
    this.#refreshLies()
    await this.#pass(MINUTE)
  }

  #nextState(): StateMap {
    const before = this.#states.at(-1) ?? emptyStateMap
    const key = text(`name ${this.random.below(NAMES)}`)
    if (this.random.below(3) === 0) return stateDelete(before, key)
    return stateSet(before, key, text(`value ${this.ledger.height}`))
  }

  /** One comes, one goes, or both: as many as a block may change. */
  #nextSet(): number[] {
    const people = [...this.#people]
    if (people.length > 1 && this.random.below(4) > 0) {
      const [gone] = people.splice(this.random.below(people.length), 1)
      this.#removed.set(gone!, this.ledger.height + 3)
      this.#happens('removals')
    }
    if (people.length < 7 && this.random.below(4) > 0) people.push(this.#newcomer++)
    this.#people = people
    return people
  }

  /**
   * Liars get the key of whoever is not in force any more, as long as no set that was in force within the trusting period loses a quorum to them: beyond
   * that nothing is promised. After that period they get all of them.
   */
  #sellKeys(): void {
    const now = this.ledger.head.header.time
    for (const [person, height] of this.#removed) {
      if (height > this.ledger.height || this.bad.includes(person)) continue
      if (this.#mayBeBad(person, now)) this.bad.push(person)
    }
  }

  #mayBeBad(person: number, now: number): boolean {
    const bad = new Set([...this.bad, person].map((n) => toHex(this.ledger.validatorOf(n).publicKey)))
    for (let height = this.ledger.height; height >= 1; height--) {
      const set = this.ledger.setAt(height)
      const lost = set.filter(({ publicKey }) => bad.has(toHex(publicKey))).length
      if (lost >= ledgerQuorum(set.length)) return false
      // A set counts from the header that names it until the term of the last one of which it is the next.
      if (now - this.ledger.at(height).header.time > limits.TRUSTING_PERIOD_MS + DAY) break
    }
    return true
  }

  #refreshLies(): void {
    for (const member of this.#members.slice(2)) {
      const theirs = liarsLedger(this, member.habit as Habit)
      if (theirs !== undefined) this.#happens(`shown ${member.habit}`)
      member.ledger = theirs ?? this.ledger
    }
  }

  #sleep(follower: Follower): void {
    if (follower.light === undefined) return
    this.#happens('sleeps')
    follower.light.close()
    follower.light = undefined
    follower.disk.crash(this.random.below(2) === 0 ? 'process' : 'power')
  }

  async #wake(follower: Follower): Promise<void> {
    if (follower.light !== undefined) return
    this.#happens('wakes')
    const members: ChainMembers = {
      of: () => this.#members.map(({ peer }) => peer),
      request: async (peer, body) => {
        this.#messages++
        const reply = await this.#members.find((one) => one.peer === peer)!.answer(asPeerId('follower'), body)
        if (reply === 'silent') throw this.#members[0]!.timeout()
        return reply
      },
    }
    const log = { info: () => {}, warn: () => {} }
    follower.light = new LightFollower({
      clock: this.#clock,
      random: this.random.split(`follower ${this.#messages}`),
      rules: simRules,
      members,
      store: follower.disk.open(),
      log,
    })
    follower.light.follow({ name: 'root', trusted: trustGenesis(this.ledger.genesis) })
    await this.#pass(0)
  }

  async #check(): Promise<void> {
    for (const follower of this.#followers) {
      const head = this.#headOf(follower)
      if (head === undefined || follower.light === undefined) continue
      this.#happens(`head ${head.state}`)
      if (head.state === 'forked')
        throw new Violation('no false alarm', `a follower says forked at height ${head.height}`)
      if (head.certified !== undefined && !this.#isTrue(head.certified.header.height, blockIdOf(head.certified.header)))
        throw new Violation(
          'true headers',
          `a follower trusts a header of height ${head.height} that is not the chain's`,
        )
      await this.#checkValues(follower.light)
    }
  }

  #isTrue(height: number, id: Uint8Array): boolean {
    const own = this.ledger.certified[height - 1]
    return own !== undefined && equalBytes(own.certificate.blockId, id)
  }

  async #checkValues(light: LightFollower): Promise<void> {
    const names = Array.from({ length: NAMES }, (_, i) => text(`name ${i}`))
    const keys = [names[this.random.below(NAMES)]!, text('never there')]
    const answer = await this.#clock.run(light.prove(this.ledger.chainId, keys))
    this.#happens(answer.kind)
    if (answer.kind !== 'proven') return
    const state = this.#states[answer.header.height - 1]
    const isTrue = keys.every((key, i) => {
      const value = state && stateGet(state, key)
      const said = answer.values[i]
      return value === undefined || said === undefined ? value === said : equalBytes(value, said)
    })
    if (!isTrue) throw new Violation('true values', `a value that the state of height ${answer.header.height} has not`)
    this.#happens(answer.values[0] === undefined ? 'proven absent' : 'proven present')
  }

  /**
   * Two honest members are there all the time: whoever is awake and not beyond its term comes to the newest header, when the chain stands still for
   * as many looks as it may take until one of the two is among the three that are drawn.
   */
  async #checkArrived(): Promise<void> {
    const behind = () =>
      this.#followers
        .map((follower) => this.#headOf(follower))
        .find((head) => head !== undefined && head.state !== 'expired' && head.height < this.ledger.height)
    for (let minute = 0; minute < LOOKS && behind() !== undefined; minute++) {
      this.#happens('more looks')
      await this.#pass(MINUTE)
    }
    const head = behind()
    if (head !== undefined)
      throw new Violation('arrives', `a follower stays at ${head.height} of ${this.ledger.height}`)
    await this.#check()
  }

  async #pass(ms: number): Promise<void> {
    await this.#clock.advanceAsync(ms)
    // All that waits for no timer has run when a turn is over.
    for (let turn = 0; turn < 2; turn++) await this.#clock.advanceAsync(0)
  }

  #headOf({ light }: Follower) {
    return light?.head(this.ledger.chainId)
  }

  #happens(what: string): void {
    this.#coverage[what] = (this.#coverage[what] ?? 0) + 1
  }
}

export function runWorld(plan: Plan): Promise<WorldOutcome> {
  return new LightWorld(plan).run()
}
