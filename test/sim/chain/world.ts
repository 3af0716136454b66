/** One chain among simulated validators in virtual time. Everything depends on the plan only. */
import { setImmediate as settle } from 'node:timers/promises'
import type { Log } from '../../../src/base/index.ts'
import { equalBytes, toHex } from '../../../src/base/index.ts'
import {
  type CertifiedBlock,
  type Chain,
  type ChainEquivocation,
  type ChainMessage,
  type ChainStats,
  type ConsensusRules,
  chunkChainOptions,
  createChain,
  createStateChain,
  encodeMessage,
  type PeerName,
  sortedValidators,
  tendermintRules,
} from '../../../src/chain/index.ts'
import type { Signer } from '../../../src/crypto/index.ts'
import {
  machineClock,
  type SeededRandom,
  seededRandom,
  type VirtualClock,
  virtualClock,
} from '../../../src/sim/index.ts'
import { type Cargo, mapCargo } from './cargo.ts'
import { Checker, Violation } from './checks.ts'
import { SimDisk } from './disk.ts'
import { type Conspiracy, Liar } from './liars.ts'
import type { Fault, LiarHabit, Plan } from './plan.ts'
import { SimState } from './state.ts'

/** Known mistakes, to see whether they are found. */
export interface Bugs {
  readonly rules?: (rules: ConsensusRules) => ConsensusRules
  /** The sign guard's writes are not synced. */
  readonly unsyncedGuard?: boolean
}

export interface Outcome {
  /** Undefined: all went well. */
  readonly failure: string | undefined
  readonly heights: number
  readonly virtualMs: number
  readonly events: number
  readonly coverage: Readonly<Record<string, number>>
}

/** How long all honest nodes may take after the last fault, virtual ms: rounds are long when they were many. */
const LIVENESS_MS = 90_000
const SLICE_MS = 100

class PowerFailure extends Error {}

export interface Person {
  readonly index: number
  readonly name: PeerName
  /** Who changes its voting key has another one from its next life on. */
  signer: Signer
  skewMs: number
  readonly blocks: SimDisk
  readonly votes: SimDisk
  readonly liar: Liar | undefined
  /** Where the application has its state is on disk. */
  readonly state: SimState | undefined
  chain: Chain<unknown> | undefined
  /** Counts restarts: what an earlier life set in motion is void. */
  life: number
  /** Effects until the power fails. */
  fuse: number
  /** Its power fails when it has stored the next block. */
  fusesOnBlock: boolean
  downMs: number
}

export function runWorld(plan: Plan, bugs: Bugs = {}): Outcome {
  return new ChainWorld(plan, mapCargo(plan), virtualClock({ settle }), bugs).run()
}

/** What it carries says who is in it, and brings transactions. Several may share a clock: then `begin`, `heal`, `behind` and `end` are called for each. */
export class ChainWorld<S> {
  readonly #plan: Plan
  readonly #bugs: Bugs
  readonly #cargo: Cargo<S>
  readonly #random: SeededRandom
  readonly #links: SeededRandom
  readonly #clock: VirtualClock
  readonly #start: number
  readonly #people: Person[]
  readonly #byName = new Map<PeerName, Person>()
  readonly #checker: Checker
  readonly #conspiracy: Conspiracy = { twins: new Map(), liars: [] }
  readonly #coverage: Record<string, number> = {}
  /** What has failed; whoever has found something from outside may say so. */
  failure: string | undefined
  #events = 0
  #goal = 0
  #faulty = true
  /** Liars that do not lie any more. */
  #reformed = false

  constructor(plan: Plan, cargo: Cargo<S>, clock: VirtualClock, bugs: Bugs = {}) {
    this.#plan = plan
    this.#bugs = bugs
    this.#cargo = cargo
    this.#clock = clock
    this.#start = clock.now()
    this.#random = seededRandom(`world ${plan.seed} ${plan.n}`)
    this.#links = this.#random.split('links')
    this.#people = cargo.people.map((one, index) => this.#makePerson(index, one))
    for (const person of this.#people) this.#byName.set(person.name, person)
    this.#checker = new Checker({
      chainId: cargo.chainId,
      scheme: cargo.scheme,
      sets: () => cargo.sets(),
      quorum: this.#rules().quorum,
      isLiar: (key) => this.#people.some(({ index, liar }) => liar !== undefined && cargo.isKeyOf(index, key)),
    })
  }

  run(): Outcome {
    this.begin()
    this.#advance(this.#plan.faultsMs)
    this.heal()
    const deadline = this.#clock.now() + LIVENESS_MS
    for (let left = this.behind(); left !== undefined && this.failure === undefined; left = this.behind()) {
      if (this.#clock.now() >= deadline) this.failure = left
      else this.#advance(SLICE_MS)
    }
    return this.end()
  }

  begin(): void {
    for (const person of this.#people) this.#attempt(person, () => this.#boot(person))
    for (const fault of this.#plan.faults) this.#schedule(fault)
    this.#submitLater()
    this.#lieLater()
  }

  /** Links are whole, and everybody stays up; all honest nodes are to come two heights further. */
  heal(): void {
    this.#healAll()
    this.#goal = this.#checker.height + 2
  }

  /** Undefined: all have arrived. */
  behind(): string | undefined {
    const hasArrived = this.honest().every((one) => (one.chain?.status().height ?? 0) >= this.#goal)
    return hasArrived ? undefined : `no progress to height ${this.#goal}: ${this.#standing()}`
  }

  end(): Outcome {
    if (this.#hasTurnedOver()) this.#cover('turned over')
    for (const person of this.#people) this.#retire(person)
    for (const { liar } of this.#people)
      for (const [habit, times] of liar?.told ?? []) this.#cover(`lie ${habit satisfies LiarHabit}`, times)
    return {
      failure: this.failure,
      heights: this.#checker.height,
      virtualMs: this.#clock.now() - this.#start,
      events: this.#events,
      coverage: this.#coverage,
    }
  }

  /** What a light client of the node would trust. */
  #newestSet() {
    const all = this.honest().flatMap(({ chain }) => chain?.status() ?? [])
    const newest = all.sort((a, b) => b.height - a.height)[0]
    return newest && { validators: newest.validators, time: this.#clock.now() + this.#cargo.jumpedMs() }
  }

  #hasTurnedOver(): boolean {
    const first = this.#cargo.genesis
    const last = this.honest()[0]?.chain?.status().validators ?? first
    return !last.some(({ id }) => first.some((one) => equalBytes(one.id, id)))
  }

  #advance(ms: number): void {
    const end = this.#clock.now() + ms
    while (this.failure === undefined && this.#clock.now() < end)
      this.#clock.advance(Math.min(10, end - this.#clock.now()))
  }

  honest(): Person[] {
    return this.#people.filter(({ liar }) => liar === undefined)
  }

  #standing(): string {
    return this.#people
      .map(({ chain, liar }) => {
        if (chain === undefined) return 'down'
        const { height, round, step, halted, waiting } = chain.status()
        return `${liar === undefined ? '' : 'liar '}${height}/${round}/${step}/${waiting}${halted === undefined ? '' : ` halted ${halted}`}`
      })
      .join(', ')
  }

  #makePerson(index: number, { id, signer }: Cargo<S>['people'][number]): Person {
    const { faults } = this.#plan
    const lies = faults.find((fault) => fault.kind === 'liar' && fault.node === index)
    const skew = faults.find((fault) => fault.kind === 'skew' && fault.node === index)
    const name = toHex(id)
    const person: Person = {
      index,
      name,
      signer,
      skewMs: skew?.kind === 'skew' ? skew.ms : 0,
      blocks: new SimDisk(),
      votes: new SimDisk(),
      state: this.#plan.callMs === undefined ? undefined : new SimState(this.#random.split(`state ${index}`)),
      liar:
        lies?.kind !== 'liar'
          ? undefined
          : new Liar({
              chainId: this.#cargo.chainId,
              signer,
              habits: lies.habits,
              random: this.#random.split(`liar ${index}`),
              conspiracy: this.#conspiracy,
              peers: () => this.#people.flatMap((other) => (other.index === index ? [] : [other.name])),
              validators: () => sortedValidators(this.#cargo.genesis),
              height: () => (this.#people[index]?.chain?.status().height ?? 0) + 1,
              now: () => this.#clock.now(),
              post: (to, message, delayMs) => {
                this.#clock.after(delayMs, () => this.#post(index, to, message))
              },
            }),
      chain: undefined,
      life: 0,
      fuse: Number.POSITIVE_INFINITY,
      fusesOnBlock: false,
      downMs: 0,
    }
    return person
  }

  #rules(): ConsensusRules {
    const rules = tendermintRules('two-thirds')
    return this.#bugs.rules?.(rules) ?? rules
  }

  #boot(person: Person): void {
    const { liar } = person
    const life = ++person.life
    const touch = () => this.#touch(person)
    const clock = machineClock(this.#clock, {
      wall: (unixMs) => unixMs + person.skewMs + this.#cargo.jumpedMs(),
      onSet: touch,
      run: (callback) => {
        if (person.life === life) this.#attempt(person, callback)
      },
    })
    const { snapshotEvery, keepBlocks, heartbeatMs, timeoutMs, ledger } = this.#plan
    const parts = {
      chainId: this.#cargo.chainId,
      validators: this.#cargo.genesis,
      signer: person.signer,
      scheme: this.#cargo.scheme,
      stores: {
        blocks: person.blocks.open({
          touch: (after) => {
            const isFirst = (person.chain?.status().height ?? 0) > this.#checker.height
            if (after && person.fusesOnBlock && isFirst) person.fuse = 1
            touch()
          },
          later: syncedAfter(clock, this.#plan.syncMs?.blocks),
        }),
        votes: person.votes.open({
          touch,
          lies: this.#bugs.unsyncedGuard === true,
          later: syncedAfter(clock, this.#plan.syncMs?.votes),
        }),
      },
      clock,
      log: quiet,
      rules: liar?.rules(this.#rules()) ?? this.#rules(),
    }
    const hooks = {
      send: (to: PeerName, message: ChainMessage) => {
        touch()
        if (liar !== undefined && !this.#reformed) return liar.send(to, message)
        if (liar !== undefined) return this.#post(person.index, to, message)
        this.#checker.sent(message, person.signer.publicKey)
        this.#post(person.index, to, message)
      },
      onEvidence: (evidence: ChainEquivocation) => {
        if (liar === undefined) this.#checker.accused(evidence)
      },
    }
    const decided = (block: CertifiedBlock, root: Uint8Array) => {
      liar?.decided(block)
      if (liar === undefined) this.#decided(person, block, root)
    }
    const options = {
      ...chunkChainOptions,
      proposeMs: timeoutMs,
      prevoteMs: timeoutMs / 2,
      precommitMs: timeoutMs / 2,
      deltaMs: timeoutMs / 2,
      tickMs: Math.max(200, timeoutMs),
      idleTickMs: 3_000,
      snapshotEvery,
      keepBlocks,
      heartbeatMs,
      schema: ledger ? 2 : 1,
      keepVersions: 4 * Math.max(2, snapshotEvery),
      genesisTime: ledger ? this.#start - 10_000 : 1,
      ...this.#cargo.options,
    } as const
    const { state, name } = person
    const cargo = this.#cargo
    const hosted = cargo.stateApplication(person.index)
    const chain: Chain<unknown> =
      state === undefined
        ? createChain(
            { ...parts, application: cargo.application(person.index) },
            { ...hooks, onDecided: (block, now) => decided(block, cargo.root(now)) },
            options,
          )
        : createStateChain(
            {
              ...parts,
              application: hosted,
              trusts: () => this.#newestSet(),
              port: state.open(hosted, {
                after: (callback) => void clock.after(this.#plan.callMs!, callback),
                touch,
                sources: () => this.#people.filter((one) => one.name !== name && one.chain !== undefined),
              }),
            },
            { ...hooks, onDecided: (block, { root }) => decided(block, root) },
            options,
          )
    person.chain = chain
    // What was stored was decided, whether or not anybody heard of it.
    if (liar === undefined && state === undefined) {
      const { height, stateRoot: root } = chain.status()
      const last = chain.block(height)
      if (last !== undefined) this.#decided(person, last, root)
    }
    chain.start()
  }

  #decided(person: Person, block: CertifiedBlock, root: Uint8Array): void {
    this.#cargo.onDecided?.(block, (height) => this.#blockOf(person, height))
    this.#checker.decided(block, root)
  }

  /** Of whom it was first heard, or of anybody. */
  #blockOf(first: Person, height: number): CertifiedBlock | undefined {
    for (const { chain } of [first, ...this.#people]) {
      const block = chain?.block(height)
      if (block !== undefined) return block
    }
    return undefined
  }

  /** A block that was stored before the power failed is decided, whether or not anybody heard of it. */
  hearAll(): void {
    if (this.failure !== undefined) return
    for (const person of this.honest())
      this.#attempt(person, () => {
        const block = person.chain?.block(person.chain.status().height)
        if (block !== undefined) this.#cargo.onDecided?.(block, (height) => this.#blockOf(person, height))
      })
  }

  /** Whoever has another voting key by now goes on with that one. */
  renewKeys(): void {
    for (const person of this.#people)
      if (person.chain !== undefined) this.#attempt(person, () => this.#renewKey(person))
  }

  #renewKey(person: Person): void {
    const signer = this.#cargo.signerOf?.(person.index)
    if (signer === undefined || person.liar !== undefined || equalBytes(signer.publicKey, person.signer.publicKey))
      return
    person.signer = signer
    this.#cover('keys changed')
    this.#retire(person)
    this.#boot(person)
  }

  /** Runs something of a node; when its power fails meanwhile, it is gone until it comes back. */
  #attempt(person: Person, action: () => void): void {
    if (this.failure !== undefined) return
    this.#events++
    try {
      action()
    } catch (error) {
      if (error instanceof PowerFailure) this.#crash(person)
      else if (error instanceof Violation) this.failure = `${error.message} (${this.#clock.now() - this.#start} ms)`
      else this.failure = `node ${person.index} threw: ${error instanceof Error ? error.stack : String(error)}`
    }
  }

  #touch(person: Person): void {
    if (--person.fuse > 0) return
    person.fuse = Number.POSITIVE_INFINITY
    person.fusesOnBlock = false
    throw new PowerFailure()
  }

  #crash(person: Person): void {
    this.#retire(person)
    person.blocks.powerFails()
    person.votes.powerFails()
    person.state?.powerFails()
    this.#cover('crashes')
    const life = person.life
    this.#clock.after(person.downMs, () => {
      if (person.life === life) this.#attempt(person, () => this.#boot(person))
    })
  }

  #retire(person: Person): void {
    const { chain } = person
    person.life++
    person.chain = undefined
    if (chain === undefined) return
    if (person.liar === undefined) this.#coverStats(chain.status().stats)
    chain.stop()
  }

  #coverStats(stats: ChainStats): void {
    for (const [name, count] of Object.entries(stats)) this.#cover(name, count)
  }

  #cover(name: string, times = 1): void {
    this.#coverage[name] = (this.#coverage[name] ?? 0) + times
  }

  #schedule(fault: Fault): void {
    if (fault.kind === 'crash') {
      const person = this.#people[fault.node]!
      this.#clock.after(fault.at, () => {
        person.fuse = Math.min(person.fuse, fault.effects + 1)
        person.downMs = fault.downMs
      })
    } else if (fault.kind === 'crashDeciding') {
      const person = this.#people[fault.node]!
      this.#clock.after(fault.at, () => {
        person.fusesOnBlock = true
        person.downMs = fault.downMs
      })
    } else if (fault.kind === 'full') {
      const person = this.#people[fault.node]!
      this.#clock.after(fault.at, () => this.#faulty && person.state?.setFull(true))
      this.#clock.after(fault.until, () => this.#makeRoom(person))
    } else if (fault.kind === 'clock') {
      const person = this.#people[fault.node]!
      this.#clock.after(fault.at, () => this.#setClock(person, fault.ms))
      this.#clock.after(fault.until, () => this.#setClock(person, 0))
    } else if (fault.kind === 'seats') {
      this.#clock.after(fault.at, () => {
        this.#offer(this.#cargo.seats(fault.seats))
        this.#cover('seats')
      })
    }
  }

  /** Who had stopped for want of room is started again. */
  #makeRoom(person: Person): void {
    const { state, chain } = person
    if (state === undefined) return
    state.setFull(false)
    if (chain === undefined || !/full/.test(chain.status().halted ?? '')) return
    this.#cover('full disk')
    person.downMs = 0
    this.#crash(person)
  }

  #setClock(person: Person, ms: number): void {
    if (ms !== 0 && !this.#faulty) return
    if (ms !== 0) this.#cover('clock set')
    person.skewMs = ms
  }

  #submitLater(): void {
    // What stalls must not drown in what waits.
    const wait = 1 + this.#random.below(2 * (this.#faulty ? this.#plan.submitEveryMs : 1_000))
    this.#clock.after(wait, () => {
      this.#cargo.bring((bytes) => this.#offer(bytes))
      if (this.failure === undefined) this.#submitLater()
    })
  }

  #offer(bytes: Uint8Array): void {
    const honest = this.honest()
    const person = honest[this.#random.below(honest.length)]!
    if (person.chain !== undefined) this.#attempt(person, () => person.chain?.submit(bytes))
  }

  #lieLater(): void {
    if (this.#conspiracy.liars.length === 0) return
    this.#clock.after(50 + this.#random.below(300), () => {
      for (const liar of this.#conspiracy.liars) liar.act()
      if (this.failure === undefined) this.#lieLater()
    })
  }

  #post(from: number, to: PeerName, message: ChainMessage) {
    const receiver = this.#byName.get(to)
    if (receiver === undefined || this.#isCut(from, receiver.index)) return this.#cover('cut')
    const loss = this.#rate('loss')
    if (loss > 0 && this.#links.below(10_000) < loss * 10_000) return this.#cover('lost')
    const copies = this.#links.below(10_000) < this.#rate('duplicates') * 10_000 ? 2 : 1
    if (copies > 1) this.#cover('duplicated')
    for (let i = 0; i < copies; i++) this.#clock.after(this.#delay(), () => this.#deliver(from, receiver, message))
  }

  #deliver(from: number, receiver: Person, message: ChainMessage): void {
    const sender = this.#people[from]!.name
    receiver.liar?.asked(sender, message)
    this.#attempt(receiver, () => {
      const { chain } = receiver
      if (chain === undefined) return
      if (!this.#plan.wire) return chain.receive(sender, message)
      // What does not pass the door is only counted, but what honest nodes say must pass.
      if (
        !chain.receiveBytes(sender, encodeMessage(this.#cargo.chainId, message)) &&
        this.#people[from]!.liar === undefined
      )
        throw new Violation(`an honest ${message.type} cannot be read`)
    })
  }

  /** Exponential, so that messages overtake each other. */
  #delay(): number {
    const uniform = (1 + this.#links.below(1 << 20)) / (1 << 20)
    const slow = this.#active('slow').reduce((most, { factor }) => Math.max(most, factor), 1)
    return 1 + -Math.log(uniform) * this.#plan.meanDelayMs * slow
  }

  #isCut(from: number, to: number): boolean {
    return this.#active('cut').some((cut) => cut.from.includes(from) && cut.to.includes(to))
  }

  #rate(kind: 'loss' | 'duplicates'): number {
    return this.#active(kind).reduce((most, { rate }) => Math.max(most, rate), 0)
  }

  #active<K extends 'loss' | 'duplicates' | 'slow' | 'cut'>(kind: K): Extract<Fault, { kind: K }>[] {
    if (!this.#faulty) return []
    const at = this.#clock.now() - this.#start
    return this.#plan.faults.filter(
      (fault): fault is Extract<Fault, { kind: K }> =>
        fault.kind === kind && 'until' in fault && fault.at <= at && at < fault.until,
    )
  }

  /** Links are whole, and everybody stays up; liars go on lying, unless there are too many in the set of now for it to go on. */
  #healAll(): void {
    this.#faulty = false
    const { validators = [] } = this.#newestSet() ?? {}
    const liars = validators.filter(({ id }) => this.#byName.get(toHex(id))?.liar !== undefined).length
    this.#reformed = liars > Math.floor((validators.length - 1) / 3)
    if (this.#reformed) this.#cover('liars reformed')
    for (const person of this.#people) {
      if (this.#plan.callMs !== undefined) person.skewMs = 0
      this.#makeRoom(person)
      person.fuse = Number.POSITIVE_INFINITY
      person.fusesOnBlock = false
      if (person.chain === undefined) this.#attempt(person, () => this.#boot(person))
    }
  }
}

const quiet: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** What a disk does that takes so long to sync. */
function syncedAfter(clock: Pick<VirtualClock, 'after'>, ms: number | undefined) {
  return ms === undefined ? undefined : (synced: () => void) => void clock.after(ms, synced)
}
