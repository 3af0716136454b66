/**
 * Rings and their shared records in virtual time: the code of a node on simulated ports, with what the plan lets go wrong.
 * Everything that a run does follows from its plan.
 */
import { setImmediate } from 'node:timers/promises'
import { ChordnsError, type RingId } from '../../../src/base/index.ts'
import { examine } from '../../../src/chunks/entries/examine.ts'
import { type ChunkEntry, chunkOf, keyOfChunk, type OwnFetch, type RingRead } from '../../../src/chunks/index.ts'
import { readContext } from '../../../src/chunks/seats/context.ts'
import { seatsOf } from '../../../src/chunks/seats/seats.ts'
import { ed25519, ed25519Signer, type SignatureScheme, type Signer, sha256 } from '../../../src/crypto/index.ts'
import type { Question } from '../../../src/dns/index.ts'
import { memberId, type PointerRules, zaveRules } from '../../../src/ring/index.ts'
import {
  createMemoryNetwork,
  createWeather,
  latencySpace,
  type SeededRandom,
  seededRandom,
  virtualClock,
} from '../../../src/sim/index.ts'
import { defaults, ownFinding } from '../../chunks/world.ts'
import { hashScheme } from '../chain/signatures.ts'
import { listFlaw, ringFlaw, seatsFlaw, uncondemned } from './checks.ts'
import { createLiar } from './liars.ts'
import { createMember, type Member } from './node.ts'
import type { Fault, Plan } from './plan.ts'
import { createUpstream, type Site } from './upstream.ts'
import { watched } from './watch.ts'

/** Mistakes put back on purpose, by what is handed in. */
export interface Bugs {
  readonly rules?: (rules: PointerRules) => PointerRules
  /** In the place of each honest member's own fetch. */
  readonly ownFetch?: (member: Member, own: OwnFetch) => OwnFetch
  /** The table heals what pointers get wrong: not consulted while there are faults. */
  readonly withoutAudit?: boolean
}

export type Check = 'safety' | 'ring' | 'seats' | 'records' | 'hand-over'

export interface Outcome {
  readonly failure?: { readonly check: Check; readonly what: string; readonly at: number }
  readonly virtualMs: number
  readonly messages: number
  readonly coverage: Readonly<Record<string, number>>
}

class Violation extends Error {
  readonly check: Check
  constructor(check: Check, what: string) {
    super(what)
    this.check = check
  }
}

const FORM_MS = 60_000
const QUIET_MS = 180_000
const STEP_MS = 500

export async function runWorld(plan: Plan, bugs: Bugs = {}): Promise<Outcome> {
  return new World(plan, bugs).run()
}

class World {
  readonly #plan: Plan
  readonly #bugs: Bugs
  readonly #random: SeededRandom
  readonly #simulated
  readonly #scheme: SignatureScheme
  readonly #clock = virtualClock({ settle: () => setImmediate() })
  readonly #weather
  readonly #space
  readonly #network
  readonly #upstream
  readonly #members: Member[] = []
  readonly #byId = new Map<RingId, Member>()
  readonly #coverage: Record<string, number> = {}
  readonly #loads: SeededRandom
  /** Questions: the latest time until which something that an honest member saw holds, by true time. Unix ms. */
  readonly #latest = new Map<string, number>()
  readonly #deceived: ReadonlySet<number>
  readonly #skews: ReadonlyMap<number, number>
  #violation: Violation | undefined
  #auditing = true
  #formed = false
  /** Members that died with too many of their witnesses. */
  #ghosts = false
  /** Members that were up at once, at least. */
  #fewest = Number.POSITIVE_INFINITY

  constructor(plan: Plan, bugs: Bugs) {
    this.#plan = plan
    this.#bugs = bugs
    this.#random = seededRandom(`world ${plan.seed}`)
    this.#simulated = hashScheme(plan.seed)
    this.#scheme = plan.realKeys ? ed25519 : this.#simulated
    this.#loads = this.#random.split('reads')
    this.#weather = createWeather(this.#random.split('weather'))
    this.#space = latencySpace(this.#random.split('places'))
    this.#upstream = createUpstream(this.#random.split('upstream'))
    this.#network = createMemoryNetwork({
      clock: this.#clock,
      random: this.#random.split('network'),
      delayMs: (from, to) => this.#space.delay(from, to),
      weather: this.#weather,
    })
    this.#deceived = new Set(plan.faults.flatMap((fault) => (fault.kind === 'deceived' ? [fault.node] : [])))
    this.#skews = new Map(plan.faults.flatMap((fault) => (fault.kind === 'skew' ? [[fault.node, fault.ms]] : [])))
  }

  async run(): Promise<Outcome> {
    let failure: Outcome['failure']
    try {
      await this.#form()
      await this.#suffer()
      await this.#heal()
      await this.#compareRecords()
    } catch (error) {
      if (!(error instanceof Violation)) throw error
      failure = { check: error.check, what: error.message, at: Math.round(this.#clock.monotonic()) }
    }
    const { sent, lost, duplicated, reordered, clogged } = this.#network.counters
    for (const [name, times] of Object.entries({ lost, duplicated, reordered, clogged })) this.#count(name, times)
    return {
      ...(failure !== undefined && { failure }),
      virtualMs: this.#clock.monotonic(),
      messages: sent,
      coverage: this.#coverage,
    }
  }

  #count(what: string, times = 1): void {
    if (times > 0) this.#coverage[what] = (this.#coverage[what] ?? 0) + times
  }

  #up(): Member[] {
    return this.#members.filter((member) => member.up)
  }

  #violated(check: Check, what: string): void {
    this.#violation ??= new Violation(check, what)
  }

  /** Lets time pass; what was found meanwhile ends the run. */
  async #pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= STEP_MS) {
      await this.#clock.advanceAsync(Math.min(STEP_MS, left))
      for (const member of this.#up()) {
        const flaw = listFlaw(member)
        if (flaw !== undefined) this.#violated('safety', flaw)
      }
      this.#checkLists()
      if (this.#formed) this.#fewest = Math.min(this.#fewest, this.#up().length)
      if (this.#violation !== undefined) throw this.#violation
    }
  }

  /** While single members fail, nobody is left without a successor that lives: the first half of Zave's invariant. */
  #checkLists(): void {
    if (this.#plan.scenario !== 'chord' || this.#up().length < 3) return
    for (const member of this.#up()) {
      const { joined, successors } = member.ring.status()
      if (joined && this.#formed && !successors.some((id) => this.#byId.get(id)?.up === true))
        this.#violated('safety', `${member.index} has no live successor`)
    }
  }

  async #form(): Promise<void> {
    const { n } = this.#plan
    const random = this.#random.split('forming')
    this.#add().start([])
    for (let i = 1; i < n; i++) {
      const at = random.below(1_500)
      const other = random.below(i)
      const member = this.#add()
      this.#clock.after(at, () => member.start(addressesOf(0, other)))
    }
    await this.#pass(2_000)
    const flaw = await this.#until(() => this.#flaw(), FORM_MS)
    if (flaw !== undefined) throw new Violation('ring', `never formed: ${flaw}`)
  }

  async #suffer(): Promise<void> {
    const { faults, faultsMs, reads } = this.#plan
    this.#formed = true
    this.#auditing = this.#bugs.withoutAudit !== true
    for (const fault of faults) if ('at' in fault) this.#clock.after(fault.at, () => this.#strike(fault))
    for (let i = 0; i < reads; i++)
      this.#clock.after(this.#loads.below(faultsMs), () => {
        const up = this.#up().filter((member) => !member.isLiar)
        const site = this.#upstream.sites[this.#loads.below(this.#upstream.sites.length)]!
        const reader = up[this.#loads.below(Math.max(1, up.length))]
        if (reader !== undefined) void this.#ask(reader, site.question)
      })
    await this.#pass(faultsMs)
    this.#auditing = true
  }

  /** Faults stop, whoever is to come back is back, and the ring must become the ideal one. */
  async #heal(): Promise<void> {
    const ends = this.#plan.faults.map((fault) => {
      if ('until' in fault) return fault.until
      if (fault.kind === 'crash') return fault.at + 2_000 + (fault.downMs ?? 0)
      return 0
    })
    await this.#pass(Math.max(0, Math.max(0, ...ends) - this.#plan.faultsMs) + 2_500)
    const before = this.#clock.monotonic()
    const flaw = await this.#until(() => this.#flaw(), QUIET_MS)
    if (flaw !== undefined) throw new Violation('ring', `not one ring after ${QUIET_MS / 1_000} quiet seconds: ${flaw}`)
    if (this.#clock.monotonic() - before > 10_000) this.#count('slow repairs')
    const up = new Set(this.#up().map(({ ring }) => ring.status().self.id))
    this.#ghosts = this.#up().some(
      ({ ring }) =>
        uncondemned(
          ring.status().members.map(({ id }) => id),
          up,
        ).length > 0,
    )
    // Their seats stay theirs: what the rest of the checks asks for needs more who are alive.
    if (this.#ghosts) return this.#count('dead that nobody may condemn')
    const keys = this.#upstream.sites.map(({ question }) =>
      keyOfChunk(chunkOf(question.name, defaults.chunkBits), defaults.chunkBits),
    )
    const seats = seatsFlaw(this.#up(), keys, this.#fewest > this.#plan.replicas)
    if (this.#fewest > this.#plan.replicas) this.#count('seats compared with n')
    if (seats !== undefined) throw new Violation('seats', seats)
  }

  #flaw(): string | undefined {
    return ringFlaw(this.#up(), this.#plan.successors)
  }

  async #until(flaw: () => string | undefined, limitMs: number): Promise<string | undefined> {
    const end = this.#clock.monotonic() + limitMs
    for (;;) {
      const now = flaw()
      if (now === undefined || this.#clock.monotonic() >= end) return now
      await this.#pass(STEP_MS)
    }
  }

  /** Records after the faults: what one live copy was left of can be read, and new questions are agreed on. */
  async #compareRecords(): Promise<void> {
    if (this.#plan.reads === 0 || this.#ghosts) return
    const survivors = this.#upstream.sites.filter((site) => this.#survives(site))
    await this.#pass(4_000)
    for (const { question, behaviour } of survivors) {
      this.#count('survivors')
      this.#countCopies(question)
      const read = await this.#readBy(this.#reader(), question)
      if (read.kind === 'accepted' || read.kind === 'divergent') continue
      if (this.#liarsDecide(question)) continue
      throw new Violation('hand-over', `the ${behaviour} entry of ${question.name.key} was lost`)
    }
    const fixed = this.#upstream.sites.filter(({ behaviour }) => behaviour === 'static')
    for (const { question } of fixed) for (const member of this.#up().slice(0, 3)) member.chunks.tell(question)
    await this.#pass(6_000)
    for (const { question } of fixed) await this.#readBy(this.#reader(), question)
    if (this.#violation !== undefined) throw this.#violation
    for (const member of this.#up())
      for (const { question } of this.#upstream.sites) {
        const entry = member.isLiar ? undefined : member.chunks.entry(question)
        if (entry !== undefined) this.#checkEntry(member, entry)
      }
    if (this.#violation !== undefined) throw this.#violation
  }

  /** How many of the seats hold a copy a few seconds after the ring is one again: what hand-over is for. */
  #countCopies(question: Question): void {
    for (const member of this.#up()) {
      const { mine } = seatsOf(member.ring, question, defaults.chunkBits)
      if (!mine || member.isLiar) continue
      this.#count(this.#isCurrent(member, question) ? 'seats with the copy' : 'seats without the copy')
    }
  }

  #reader(): Member {
    const honest = this.#up().filter((member) => !member.isLiar)
    return honest[this.#loads.below(honest.length)]!
  }

  async #readBy(member: Member, question: Question): Promise<RingRead> {
    const done = this.#ask(member, question)
    const read = await this.#clock.run(done)
    return read ?? { kind: 'insufficient', reason: 'timeout', replies: [] }
  }

  /** Reads, and tells the replicas when that was not enough, as a resolver does. */
  async #ask(member: Member, question: Question): Promise<RingRead | undefined> {
    const { lives } = member
    const wrong = this.#wrongSeats(member, question)
    let read: RingRead
    try {
      read = await member.chunks.read(question, new AbortController().signal)
    } catch (error) {
      if (error instanceof ChordnsError) return undefined
      throw error
    }
    if (!member.up || member.lives !== lives) return undefined
    this.#count(`reads ${read.kind}`)
    for (const { word } of read.replies) this.#count(`words ${word.kind}`)
    if (read.kind === 'accepted') {
      const { outcome, expires } = read.finding
      this.#count(`reads ${read.finding.evidence.provenance}`)
      const { seats, n } = wrong
      if (this.#upstream.isLie(question, outcome)) {
        if (2 * seats > n) this.#count('lies of a majority')
        else this.#violated('safety', `${member.index} believed a lie of ${seats} of ${n} seats`)
      } else if (seats > 0) this.#count('truth despite liars')
      this.#checkExpiry(member, question, expires, seats, n)
    } else if (read.kind === 'insufficient') member.chunks.tell(question)
    return read
  }

  /** Seats, by the member's own view, of whoever lies or is lied to. */
  #wrongSeats(member: Member, question: Question): { readonly seats: number; readonly n: number } {
    const { n, members } = member.ring.replicasOf(
      keyOfChunk(chunkOf(question.name, defaults.chunkBits), defaults.chunkBits),
    )
    const seats = members.filter(({ id }) => {
      const one = this.#byId.get(id)
      return one?.isLiar === true || (one !== undefined && this.#deceived.has(one.index))
    }).length
    return { seats, n }
  }

  #liarsDecide(question: Question): boolean {
    const { seats, n } = this.#wrongSeats(this.#reader(), question)
    return 2 * seats >= n
  }

  #checkEntry(member: Member, { question, outcome, expires }: ChunkEntry): void {
    const { seats, n } = this.#wrongSeats(member, question)
    // What a majority of liars agreed on while they had the seats of the chunk convinces nobody any more.
    if (2 * seats > n || !this.#isCurrent(member, question)) return
    if (this.#upstream.isLie(question, outcome))
      this.#violated('safety', `${member.index} keeps a lie of ${question.name.key}`)
    // That a name diverges is believed for ten minutes, whatever its TTL.
    if (outcome.kind !== 'divergent') this.#checkExpiry(member, question, expires, seats, n)
  }

  /** Nothing may live longer than what an honest member saw; clocks are off by what the plan says. */
  #checkExpiry(member: Member, question: Question, expires: number, wrong: number, n: number): void {
    if (2 * wrong > n) return
    const latest = this.#latest.get(question.name.key) ?? 0
    const skew = Math.max(0, ...this.#skews.values())
    if (expires > latest + skew + 1_000)
      this.#violated(
        'records',
        `${member.index}: ${question.name.key} lives ${Math.round(expires - latest)} ms too long`,
      )
  }

  /** Whether a member has an unexpired entry that `viewer` would believe if a peer brought it now. */
  #isCurrent(holder: Member, question: Question, viewer: Member = holder): boolean {
    const entry = holder.chunks.entry(question)
    if (entry === undefined || entry.expires <= this.#clock.now() + 20_000) return false
    const seats = seatsOf(viewer.ring, question, defaults.chunkBits)
    const context = readContext(viewer.ring, seats, question, this.#scheme, defaults)
    return examine(entry.certificate, entry.outcome, context, viewer.now()).ok
  }

  /** One honest member has an entry whose signers are a majority of the seats, whoever looks. */
  #survives({ question }: Site): boolean {
    const up = this.#up()
    return up.some((one) => !one.isLiar && up.every((viewer) => this.#isCurrent(one, question, viewer)))
  }

  #add(): Member {
    const index = this.#members.length
    const { seed, realKeys, replicas, successors } = this.#plan
    const key = sha256(new TextEncoder().encode(`member ${seed}/${index}`))
    const signer: Signer = realKeys ? ed25519Signer(key) : this.#simulated.signer(key)
    const habit = this.#plan.faults.find((fault) => fault.kind === 'liar' && fault.node === index)
    const member = createMember({
      index,
      clock: this.#clock,
      network: this.#network,
      random: this.#random.split(`member ${index}`),
      signer,
      scheme: this.#scheme,
      options: { replicas, successors },
      skewMs: this.#skews.get(index) ?? 0,
      rules: this.#rules(),
      ownFetch: (one) => this.#ownFetch(one),
      liar:
        habit?.kind !== 'liar'
          ? undefined
          : createLiar(habit.habit, {
              signer,
              now: () => Math.floor(this.#clock.now()),
              lie: (question) => this.#upstream.lie(question),
              keys: () => this.#members.map(({ publicKey }) => publicKey),
              other: (question) => this.#upstream.sites.find((site) => site.question !== question)!.question,
              count: (what) => this.#count(what),
            }),
      count: (what) => this.#count(what),
    })
    this.#members.push(member)
    this.#byId.set(memberId(signer.publicKey, new Uint8Array()), member)
    return member
  }

  #rules(): PointerRules {
    const { rules: change } = this.#bugs
    const rules = change === undefined ? zaveRules : change(zaveRules)
    const audit: PointerRules['audit'] = (pointers, following) =>
      this.#auditing ? rules.audit(pointers, following) : undefined
    return watched(
      { ...rules, audit },
      {
        isUp: (id) => this.#byId.get(id)?.up === true,
        downFor: (id) => {
          const member = this.#byId.get(id)
          return member === undefined || member.up ? 0 : this.#clock.monotonic() - member.downSince
        },
        strict: this.#plan.scenario === 'chord',
        violated: (what) => this.#violated('safety', what),
        count: (what) => this.#count(what),
      },
    )
  }

  #ownFetch(member: Member): OwnFetch {
    const skew = this.#skews.get(member.index) ?? 0
    const own: OwnFetch = async (question, signal) => {
      await this.#sleep(20 + 40 * this.#space.region(member.peer), signal)
      const region = this.#space.region(member.peer)
      const isWrong = member.isLiar || this.#deceived.has(member.index)
      if (this.#deceived.has(member.index)) this.#count('deceived fetches')
      const outcome = isWrong ? this.#upstream.lie(question) : this.#upstream.fetch(question, region)
      const behaviour = this.#upstream.sites.find((site) => site.question.name.key === question.name.key)!.behaviour
      this.#count(`fetches ${behaviour}`)
      const finding = ownFinding(question, outcome, Math.floor(this.#clock.now() + skew))
      const latest = Math.max(this.#latest.get(question.name.key) ?? 0, finding.expires - skew)
      if (!isWrong) this.#latest.set(question.name.key, latest)
      return finding
    }
    const { ownFetch: change } = this.#bugs
    return change === undefined || member.isLiar ? own : change(member, own)
  }

  #sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const give = () => {
        cancel()
        reject(new ChordnsError('ABORTED', 'given up', {}))
      }
      // Whoever listens to a signal of signals keeps it, and with it a whole world that is over.
      const cancel = this.#clock.after(ms, () => {
        signal.removeEventListener('abort', give)
        resolve()
      })
      signal.addEventListener('abort', give, { once: true })
    })
  }

  #strike(fault: Extract<Fault, { at: number }>): void {
    switch (fault.kind) {
      case 'join':
        this.#join()
        return
      case 'orphan':
        this.#orphan()
        return
      case 'leave': {
        const member = this.#members[fault.node]
        if (member?.up === true && this.#up().length > 2) member.leave(() => {})
        return
      }
      case 'crash':
        this.#crash(fault)
        return
      case 'cut':
      case 'clog': {
        const [from, to] = [fault.from, fault.to].map((side) => side.flatMap((i) => this.#members[i]?.peer ?? []))
        const end = fault.kind === 'cut' ? this.#network.cut(from!, to!) : this.#network.clog(from!, to!)
        this.#count(fault.kind === 'cut' ? 'cuts' : 'clogs')
        this.#clock.after(fault.until - fault.at, end)
        return
      }
      case 'slow':
        this.#during(
          fault,
          () => (this.#space.factor *= fault.factor),
          () => (this.#space.factor /= fault.factor),
        )
        return
      case 'narrow':
        this.#during(
          fault,
          () => (this.#weather.bytesPerSecond = fault.bytesPerSecond),
          () => (this.#weather.bytesPerSecond = undefined),
        )
        return
      case 'loss':
      case 'duplicates':
      case 'reorder':
        this.#during(
          fault,
          () => (this.#weather[fault.kind] = fault.rate),
          () => (this.#weather[fault.kind] = 0),
        )
    }
  }

  #during({ kind, at, until }: { kind: string; at: number; until: number }, begin: () => void, end: () => void): void {
    this.#count(kind)
    begin()
    this.#clock.after(until - at, end)
  }

  #join(): Member {
    const member = this.#add()
    const random = this.#random.split(`joining ${member.index}`)
    const up = this.#up()
    member.start(addressesOf(0, up[random.below(Math.max(1, up.length))]?.index ?? 0))
    return member
  }

  #crash({ node, how, effects, downMs }: Extract<Fault, { kind: 'crash' }>): void {
    const member = this.#members[node]
    if (member?.up !== true || (downMs === undefined && this.#up().length <= 2)) return
    member.crash(how, effects, () => {
      if (downMs === undefined) return
      this.#clock.after(downMs, () => {
        if (member.up) return
        this.#count('restarts')
        member.start(addressesOf(0, 1, 2))
      })
    })
  }

  #orphan(): void {
    const joiner = this.#join()
    const look = () => {
      if (!joiner.up) return
      const { joined, successors } = joiner.ring.status()
      if (!joined) {
        this.#clock.after(10, look)
        return
      }
      const successor = successors[0] === undefined ? undefined : this.#byId.get(successors[0])
      // The first node is everybody's bootstrap address.
      if (successor?.up !== true || successor.index === 0 || this.#up().length <= 3) return
      this.#count('orphans')
      successor.crash('power', 0, () => {})
      this.#checkLists()
    }
    look()
  }
}

function addressesOf(...indexes: readonly number[]): string[] {
  return [...new Set(indexes)].map((index) => `/memory/${index}`)
}
