/**
 * Whole nodes in virtual time: the composition of a real one on simulated ports, with what the plan lets go wrong, and clients that
 * ask. Everything that a run does follows from its plan.
 */
import { setImmediate } from 'node:timers/promises'
import { isChordnsError, type PeerId, type RingId, type Transport } from '../../../src/base/index.ts'
import { chunkOf, keyOfChunk } from '../../../src/chunks/index.ts'
import type { Config } from '../../../src/config/index.ts'
import { ed25519, ed25519Signer, type SignatureScheme, type Signer, sha256 } from '../../../src/crypto/index.ts'
import { parseTrustAnchors } from '../../../src/dnssec/index.ts'
import { memberId } from '../../../src/ring/index.ts'
import {
  createMemoryNetwork,
  createWeather,
  latencySpace,
  type SeededRandom,
  seededRandom,
  virtualClock,
} from '../../../src/sim/index.ts'
import { defaultConfig } from '../../attacks/stack.ts'
import { hashScheme } from '../chain/signatures.ts'
import { Asking } from './asking.ts'
import {
  chainFlaw,
  Effort,
  entriesFlaw,
  forkFlaw,
  phantomFlaw,
  ringFlawOf,
  seatsFlawOf,
  signedFlaw,
  sizeFlaw,
} from './checks.ts'
import { Dates } from './dates.ts'
import { Faults } from './faults.ts'
import { createInternet, type Forging, forgedExchange, type Internet, SITES, type Site, START_MS } from './internet.ts'
import { Keeping } from './keeping.ts'
import { misbehaving } from './liars.ts'
import { addressesOf, Machine } from './machine.ts'
import { type Habit, KEEPING, type Plan } from './plan.ts'

export type Check =
  | 'truth'
  | 'answers'
  | 'phantoms'
  | 'connections'
  | 'bounds'
  | 'ring'
  | 'seats'
  | 'entries'
  | 'chains'
  | 'disk'
  | 'program'
  | 'secrets'
  | 'joining'
  | 'dates'
  | 'guests'

export interface Outcome {
  readonly failure?: { readonly check: Check; readonly what: string; readonly at: number }
  readonly virtualMs: number
  readonly messages: number
  readonly coverage: Readonly<Record<string, number>>
}

export class Violation extends Error {
  readonly check: Check
  constructor(check: Check, what: string) {
    super(what)
    this.check = check
  }
}

export const RING_ID = 'world'
const FORM_MS = 60_000
/** What a ring may take to be one ring again after the faults. */
const QUIET_MS = 240_000
/** Two repair intervals with their random part, a chain's rest, and what is on its way. */
const REPAIRED_MS = 2 * 75_000 + 20_000
const STEP_MS = 500
/** Rounds that a chain may have gone through: sixteen each time that a liar says it is further on, once in 300 ms. */
const LATEST_ROUND = 64
const ROUNDS_PER_MS = 16 / 300

export async function runWorld(plan: Plan): Promise<Outcome> {
  return new World(plan).run()
}

export class World {
  readonly plan: Plan
  readonly clock = virtualClock({ startUnixMs: START_MS, settle: () => setImmediate() })
  readonly machines: Machine[] = []
  readonly byId = new Map<RingId, Machine>()
  /** Where the chunks of the sites are on the ring. */
  readonly keys: readonly RingId[]
  readonly scheme: SignatureScheme
  /** Of the ring. */
  readonly secret: Uint8Array
  readonly network
  internet!: Internet
  readonly #random: SeededRandom
  readonly #simulated
  readonly weather
  readonly space
  readonly #coverage: Record<string, number> = {}
  /** Whom somebody on the way to the authorities lies to now, by index. */
  readonly forging = new Map<number, Forging>()
  /** Who reaches no authority now, by index. */
  readonly offline = new Set<number>()
  readonly #asking = new Asking(this)
  readonly #effort = new Effort()
  readonly #faults = new Faults(this)
  readonly #dates = new Dates()
  readonly #keeping = new Keeping()
  #config!: Config
  #violation: Violation | undefined
  /** By how much clocks were wrong at most, ms. */
  slackMs = 0

  constructor(plan: Plan) {
    this.plan = plan
    this.secret = sha256(new TextEncoder().encode(`secret ${plan.seed}`))
    this.keys = SITES.map((site) => this.keyOf(site))
    this.#random = seededRandom(`nodes world ${plan.seed}`)
    this.#simulated = hashScheme(plan.seed)
    this.scheme = plan.realKeys ? ed25519 : this.#simulated
    this.weather = createWeather(this.#random.split('weather'))
    this.space = latencySpace(this.#random.split('places'))
    this.network = createMemoryNetwork({
      clock: this.clock,
      random: this.#random.split('network'),
      delayMs: (from, to) => this.space.delay(from, to),
      weather: this.weather,
    })
  }

  async run(): Promise<Outcome> {
    let failure: Outcome['failure']
    const onRejection = (reason: unknown) => this.violated('program', `nobody handled: ${String(reason)}`)
    process.on('unhandledRejection', onRejection)
    try {
      this.internet = await createInternet(this.clock, this.plan.seed)
      this.internet.world.network.setRtt(20)
      this.#config = configOf(this.plan, this.internet)
      await this.#form()
      await this.#suffer()
      await this.#heal()
      await this.#compare()
      await this.#end()
    } catch (error) {
      if (!(error instanceof Violation)) throw error
      failure = { check: error.check, what: error.message, at: Math.round(this.clock.monotonic()) }
    } finally {
      process.off('unhandledRejection', onRejection)
    }
    const { sent, lost, duplicated, reordered, clogged } = this.network.counters
    for (const [name, times] of Object.entries({ lost, duplicated, reordered, clogged })) this.count(name, times)
    return {
      ...(failure !== undefined && { failure }),
      virtualMs: this.clock.monotonic(),
      messages: sent,
      coverage: this.#coverage,
    }
  }

  count(what: string, times = 1): void {
    if (times > 0) this.#coverage[what] = (this.#coverage[what] ?? 0) + times
  }

  violated(check: Check, what: string): void {
    this.#violation ??= new Violation(check, what)
  }

  up(): Machine[] {
    return this.machines.filter((machine) => machine.isUp)
  }

  /** Members that run, and neither lie nor were lied to. */
  honest(): Machine[] {
    return this.up().filter((machine) => this.habitOf(machine) === undefined)
  }

  habitOf({ index }: Machine): Habit | undefined {
    const found = this.plan.faults.find((fault) => fault.kind === 'liar' && fault.node === index)
    return found?.kind === 'liar' ? found.habit : undefined
  }

  /** Somebody between it and the authorities lies to it in this world, now or before. */
  isDeceived({ index }: Machine): boolean {
    return this.plan.faults.some((fault) => fault.kind === 'deceived' && fault.node === index)
  }

  /** Its wall clock is set while it runs: nothing can be said of the dates of what it has cached. */
  hasSteppingClock({ index }: Machine): boolean {
    return this.plan.faults.some((fault) => fault.kind === 'clock' && fault.node === index && fault.at > 0)
  }

  stream(name: string): SeededRandom {
    return this.#random.split(name)
  }

  /** The keys of somebody who is no member. */
  signerFor(name: string): Signer {
    const key = sha256(new TextEncoder().encode(`${name} of ${this.plan.seed}`))
    return this.plan.realKeys ? ed25519Signer(key) : this.#simulated.signer(key)
  }

  /** Where a site's chunk is on the ring. */
  keyOf({ question }: Site): RingId {
    const { chunkBits } = this.plan
    return keyOfChunk(chunkOf(question.name, chunkBits), chunkBits)
  }

  region(machine: Machine): number {
    return this.space.region(machine.peer)
  }

  /** Lets time pass; what was found meanwhile ends the run. */
  async pass(ms: number): Promise<void> {
    const step = this.plan.kind === 'day' ? 20 * STEP_MS : STEP_MS
    for (let left = ms; left > 0; left -= step) {
      await this.clock.advanceAsync(Math.min(step, left))
      this.#look()
      if (this.#violation !== undefined) throw this.#violation
    }
  }

  /** What must hold at any time. */
  #look(): void {
    this.#asking.look()
    const phantom = phantomFlaw(this)
    if (phantom !== undefined) this.violated('phantoms', phantom)
    const { maxPeers } = this.plan
    for (const { index, life } of this.up()) {
      const open = life!.transport.connectedPeers().length
      if (maxPeers !== undefined && open > maxPeers) this.violated('connections', `${index} has ${open} connections`)
    }
    const size = sizeFlaw(this) ?? this.#effort.flaw(this)
    if (size !== undefined) this.violated('bounds', size)
    const date = this.#dates.flaw(this)
    if (date !== undefined) this.violated('dates', date)
  }

  async #form(): Promise<void> {
    const random = this.stream('forming')
    this.start(this.add(), [])
    for (let i = 1; i < this.plan.n; i++) {
      const other = random.below(i)
      const machine = this.add()
      this.clock.after(random.below(1_500), () => this.start(machine, addressesOf(0, 1 % i, other)))
    }
    await this.pass(2_000)
    await this.#until('ring', () => ringFlawOf(this), FORM_MS)
  }

  async #suffer(): Promise<void> {
    const { faults, faultsMs, questions, kind } = this.plan
    const mustSucceed = KEEPING.includes(kind)
    if (mustSucceed) await this.#prepare()
    for (const fault of faults) if ('at' in fault) this.clock.after(fault.at, () => this.#faults.strike(fault))
    const random = this.stream('questions')
    for (let i = 0; i < questions; i++)
      this.clock.after(random.below(faultsMs), () => this.#asking.askSomebody(random, { mustSucceed }))
    await this.pass(faultsMs)
  }

  /** All names are agreed on. */
  async #prepare(): Promise<void> {
    for (let i = 0; i < 2; i++) {
      for (const site of SITES)
        for (const machine of this.honest()) this.#asking.ask(machine, site, { mustSucceed: true })
      await this.pass(10_000)
    }
    await this.clock.run(this.#keeping.remember(this))
  }

  /** Faults stop, whoever is to come back is back, and the ring must become the ideal one. */
  async #heal(): Promise<void> {
    const { faults, faultsMs } = this.plan
    const ends = faults.map((fault) => {
      if ('until' in fault) return fault.until
      return fault.kind === 'crash' ? fault.at + 4_000 + (fault.downMs ?? 0) : 0
    })
    await this.pass(Math.max(0, ...ends.map((end) => end - faultsMs)) + 2_500)
    const flaw = this.#faults.guests.flaw()
    if (flaw !== undefined) throw new Violation('guests', flaw)
    await this.#until('ring', () => ringFlawOf(this), QUIET_MS)
    await this.#until('seats', () => seatsFlawOf(this), QUIET_MS)
  }

  /** What was agreed is at all its replicas, and every question has its answer again. */
  async #compare(): Promise<void> {
    const random = this.stream('questions afterwards')
    for (const machine of this.honest())
      for (const site of SITES) if (random.below(3) === 0) this.#asking.ask(machine, site)
    await this.pass(10_000)
    // Who failed may rest for a minute.
    await this.pass(REPAIRED_MS)
    const entries = entriesFlaw(this)
    if (entries !== undefined) throw new Violation('entries', entries)
    const signed = await this.clock.run(signedFlaw(this).then((flaw) => flaw ?? this.#keeping.flaw(this)))
    if (signed !== undefined) throw new Violation('entries', signed)
    await this.#verifyChains()
    for (const machine of this.honest())
      this.#asking.ask(machine, SITES[random.below(SITES.length)]!, { mustSucceed: true })
    await this.pass(15_000)
  }

  async #verifyChains(): Promise<void> {
    for (const machine of this.honest()) {
      let flaw = chainFlaw(this, machine)
      for (let i = 0; flaw === 'running' && i < 600; i++) {
        await this.pass(100)
        flaw = chainFlaw(this, machine)
      }
      if (flaw !== undefined) throw new Violation('chains', flaw)
    }
    const fork = forkFlaw(this)
    if (fork !== undefined) throw new Violation('chains', fork)
  }

  async #end(): Promise<void> {
    const leaving = Promise.all(this.up().map((machine) => machine.leave()))
    await this.clock.run(leaving)
    this.#look()
    if (this.#violation !== undefined) throw this.#violation
  }

  async #until(check: Check, flaw: () => string | undefined, limitMs: number): Promise<void> {
    const end = this.clock.monotonic() + limitMs
    for (;;) {
      const now = flaw()
      if (now === undefined) return
      if (this.clock.monotonic() >= end) throw new Violation(check, `after ${limitMs / 1_000} quiet seconds: ${now}`)
      await this.pass(STEP_MS)
    }
  }

  add(): Machine {
    const index = this.machines.length
    const { seed, realKeys, maxPeers } = this.plan
    const key = sha256(new TextEncoder().encode(`node ${seed}/${index}`))
    const signer: Signer = realKeys ? ed25519Signer(key) : this.#simulated.signer(key)
    const way = this.internet.world.exchange.bind(this.internet.world)
    const machine: Machine = new Machine(
      {
        index,
        clock: this.clock,
        network: this.network,
        random: this.stream(`node ${index}`),
        signer,
        scheme: this.scheme,
        config: this.#config,
        secret: this.secret,
        anchors: () => parseTrustAnchors(this.internet.anchor),
        exchange: {
          families: () => ({ ipv4: true, ipv6: false }),
          exchange: (query) => exchange.exchange(this.offline.has(index) ? { ...query, server: NOWHERE } : query),
        },
        maxPeers,
      },
      {
        around: (one, transport) => this.#around(one, transport),
        count: (what) => this.count(what),
        onError: (one, text) => this.#onError(one, text),
        onAccused: (one, peer) => this.#onAccused(one, peer),
        onVote: (one, round) => this.#onVote(one, round),
        onForgetfulVote: (one) => this.violated('chains', `${one.index} votes where it has lost what it had voted`),
      },
    )
    const forged = forgedExchange(way(`10.${this.space.region(machine.peer)}.0.${index + 1}`), () =>
      this.habitOf(machine) === 'lying' ? 'unsigned' : (this.forging.get(index) ?? 'nothing'),
    )
    const exchange = this.#dates.watched(machine, forged)
    this.machines.push(machine)
    this.byId.set(memberId(signer.publicKey, new Uint8Array()), machine)
    return machine
  }

  #around(machine: Machine, transport: Transport): Transport {
    const habit = this.habitOf(machine)
    return habit === undefined ? transport : misbehaving(habit, this, machine, transport)
  }

  /** However far others claim to be, a chain goes through its rounds by bounded steps, one in a while. */
  #onVote({ index }: Machine, round: number): void {
    if (round > 0) this.count('votes of later rounds')
    const most = LATEST_ROUND + ROUNDS_PER_MS * this.clock.monotonic()
    if (round > most) this.violated('bounds', `${index} votes in round ${round} of a chain`)
  }

  /** No member of these worlds signs twice, unless its disk forgets what it signed. */
  #onAccused({ index }: Machine, peer: PeerId): void {
    const accused = this.machines.find((one) => one.peer === peer)
    if (accused !== undefined) this.violated('chains', `${index} has proof that ${accused.index} signed twice`)
  }

  #onError(machine: Machine, text: string): void {
    const { isFull, failing } = machine.faults
    // Of a disk that fails a node may complain.
    if (isFull || failing > 0) this.count('complaints of a bad disk')
    else if (text.startsWith('votes.db is not the one')) this.count('lost votes noticed')
    else if (this.habitOf(machine) === undefined) this.violated('program', `${machine.index}: ${text}`)
  }

  start(machine: Machine, bootstrap: readonly string[]): void {
    if (machine.life !== undefined) return
    try {
      machine.start(bootstrap)
    } catch (error) {
      if (!isChordnsError(error) || !error.code.startsWith('STORE_')) throw error
      this.count('starts that failed')
      this.clock.after(2_000, () => this.start(machine, bootstrap))
    }
  }
}

const NOWHERE = { address: '199.7.99.99', port: 53 }

/** This Internet has a dozen servers. */
const SMALL_TABLES = {
  CHAIN_REMEMBERED: 500,
  MISSING_REMEMBERED: 500,
  DNAMES_REMEMBERED: 500,
  AGREED_REMEMBERED: 500,
  SERVERS_REMEMBERED: 500,
  CASELESS_REMEMBERED: 500,
  USELESS_REMEMBERED: 500,
  ANSWERERS_REMEMBERED: 500,
}

/** The configuration of a node, as a file would give it. */
function configOf(plan: Plan, { hints, world }: Internet): Config {
  const config = defaultConfig({
    'cache.maxBytes': '4MiB',
    'iterator.rootHints': hints,
    'iterator.port': world.port,
    'iterator.ipv6': false,
    'ring.enabled': true,
    'ring.id': RING_ID,
    'ring.admission': plan.admission,
    'ring.acceptFrom': plan.acceptFrom,
    'ring.replicas': plan.replicas,
    'ring.chunkBits': plan.chunkBits,
    'ring.timing.stabiliseMs': plan.stabiliseMs,
    'ring.timing.auditMs': 5 * plan.stabiliseMs,
    'chunks.admitAfter': plan.admitAfter,
  })
  const { iterator, ring } = config
  // Tables for thousands of servers are made at each start of a node.
  return { ...config, iterator: { ...iterator, limits: SMALL_TABLES }, ring: { ...ring, byDefault: false } }
}
