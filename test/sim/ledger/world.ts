/**
 * A Root chain and TLD chains with the applications of production, in one stretch of virtual time: who runs them, who sends transactions to them, who
 * only follows them, and what goes wrong. Everything depends on the plan only.
 */
import { setImmediate as settle } from 'node:timers/promises'
import { type SeededRandom, seededRandom, type VirtualClock, virtualClock } from '../../../src/sim/index.ts'
import { Violation } from '../chain/checks.ts'
import { ChainWorld } from '../chain/world.ts'
import type { WorldOutcome } from '../suite.ts'
import { type Cast, castOf } from './cast.ts'
import { LedgerChain } from './chain.ts'
import type { Plan } from './plan.ts'
import { type WatchedChain, Watching } from './watching.ts'

const SLICE_MS = 100
/** How long the chains may take after the last fault. */
const LIVENESS_MS = 90_000
/** Turns of the event loop that an answer to a follower may take; nothing of it waits for virtual time. */
const TURNS = 60

export function runWorld(plan: Plan): Promise<WorldOutcome> {
  return new LedgerWorld(plan).run()
}

class LedgerWorld {
  readonly #plan: Plan
  readonly #clock: VirtualClock = virtualClock({ settle })
  readonly #start = this.#clock.now()
  readonly #random: SeededRandom
  readonly #cast: Cast
  readonly #chains: (WatchedChain & { readonly world: ChainWorld<unknown> })[]
  readonly #watching: Watching
  readonly #coverage: Record<string, number> = {}
  #jumpedMs = 0
  #failure: WorldOutcome['failure']

  constructor(plan: Plan) {
    this.#plan = plan
    this.#random = seededRandom(`ledgers ${plan.seed}`)
    this.#cast = castOf(plan, this.#start)
    this.#chains = plan.chains.map((_, index) => this.#chain(index))
    for (const { chain } of this.#chains)
      for (const other of this.#chains) if (other.chain !== chain) chain.others.push(other.chain.source())
    const { followers, habits } = plan
    this.#watching = new Watching({
      cast: this.#cast,
      clock: this.#clock,
      now: () => this.#now(),
      random: this.#random.split('watching'),
      chains: this.#chains,
      followers,
      habits,
      happens: this.#happens,
    })
  }

  async run(): Promise<WorldOutcome> {
    for (const { world } of this.#chains) world.begin()
    this.#watching.begin()
    const lastsMs = this.#plan.chains[0]!.plan.faultsMs
    while (this.#goesOn() && this.#clock.monotonic() < lastsMs) await this.#slice(true)
    for (const { world } of this.#chains) world.heal()
    const deadline = this.#clock.monotonic() + LIVENESS_MS
    for (let left = this.#behind(); left !== undefined && this.#goesOn(); left = this.#behind())
      if (this.#clock.monotonic() < deadline) await this.#slice(false)
      else this.#fail('progress', left)
    if (this.#goesOn()) await this.#slice(false)
    this.#watching.end()
    return this.#outcome()
  }

  #outcome(): WorldOutcome {
    let messages = 0
    for (const { world } of this.#chains) {
      const { coverage, events } = world.end()
      messages += events
      for (const [what, times] of Object.entries(coverage)) this.#coverage[what] = (this.#coverage[what] ?? 0) + times
    }
    const virtualMs = this.#clock.monotonic()
    const outcome = { virtualMs, messages, coverage: this.#coverage }
    return this.#failure === undefined ? outcome : { ...outcome, failure: this.#failure }
  }

  #chain(index: number) {
    const { epochBlocks, turnsOver, activation, linksChains, keepsNames, rulesFrom, isGoverned, chains } = this.#plan
    const { plan, name } = chains[index]!
    const next = () => this.#chains[(index + 1) % this.#chains.length]!.chain
    const chain = new LedgerChain(
      {
        cast: this.#cast,
        index,
        plan,
        epochBlocks,
        turnsOver,
        activation,
        linksChains,
        keepsNames,
        rulesFrom,
        isGoverned,
        random: this.#random.split(name),
        now: () => this.#now(),
        jumpedMs: () => this.#jumpedMs,
        happens: this.#happens,
      },
      () => next().clients.any(this.#random),
    )
    return { chain, world: new ChainWorld<unknown>(plan, chain.cargo as never, this.#clock) }
  }

  /** Wall time, as a clock that is right has it. */
  #now(): number {
    return this.#clock.now() + this.#jumpedMs
  }

  readonly #happens = (what: string): void => {
    this.#coverage[what] = (this.#coverage[what] ?? 0) + 1
  }

  #goesOn(): boolean {
    for (const { world } of this.#chains) if (world.failure !== undefined) this.#failed(world.failure)
    return this.#failure === undefined
  }

  #behind(): string | undefined {
    return this.#chains.map(({ world }) => world.behind()).find((left) => left !== undefined)
  }

  async #slice(isFaulty: boolean): Promise<void> {
    const from = this.#clock.monotonic()
    this.#clock.advance(SLICE_MS)
    // What followers have begun is at its end before anything happens to them.
    await settle()
    if (isFaulty) this.#happen(from, from + SLICE_MS)
    for (const { world } of this.#chains) {
      world.hearAll()
      world.renewKeys()
    }
    if (!this.#goesOn()) return
    try {
      const look = Math.floor(from / SLICE_MS)
      if (look % 4 === 0) this.#watching.refresh()
      await settle()
      this.#watching.checkHeads()
      if (look % 5 === 0) await this.#watching.checkValues((promise) => this.#settle(promise))
      await this.#watching.checkNode(this.#chains[look % this.#chains.length]!, (promise) => this.#settle(promise))
    } catch (error) {
      if (!(error instanceof Violation)) throw error
      this.#failed(error.message)
    }
  }

  /** As far as it goes without virtual time. */
  async #settle(promise: Promise<unknown>): Promise<void> {
    let isDone = false
    const done = () => {
      isDone = true
    }
    promise.then(done, done)
    for (let turn = 0; turn < TURNS && !isDone; turn++) await settle()
    if (isDone) await promise
  }

  #happen(from: number, to: number): void {
    const { jumps, sleeps } = this.#plan
    const isNow = (at: number) => from <= at && at < to
    for (const { at, ms } of jumps)
      if (isNow(at)) {
        this.#jumpedMs += ms
        this.#happens('all sleep')
      }
    for (const { follower, at, until } of sleeps) {
      if (isNow(at)) this.#watching.sleep(follower)
      if (isNow(until)) this.#watching.wake(follower)
    }
  }

  /** A violation says first which check it is of. */
  #failed(what: string): void {
    const check = /^([a-zA-Z ]+): /.exec(what)?.[1]
    this.#fail(check ?? 'chain', what)
  }

  #fail(check: string, what: string): void {
    this.#failure ??= { check, what, at: this.#clock.monotonic() }
  }
}
