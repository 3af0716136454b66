/**
 * Ten years of a TLD: people who want names and use them, and squatters with a budget who take names to sell them or because others want them. All of them act
 * by transactions on the application of production; who has a name, and who has how much, is kept apart here, and held against the chain.
 */
import { equalBytes } from '../../src/base/index.ts'
import { type Signer, sha256 } from '../../src/crypto/index.ts'
import { parseName } from '../../src/dns/index.ts'
import {
  commitPayload,
  defaultPolicy,
  feeOf,
  type NameSettings,
  nameTransferPayload,
  phaseOf,
  premiumOf,
  registerTermPayload,
  renewPayload,
  restorePayload,
  transferPayload,
  unusedPayload,
} from '../../src/ledger/index.ts'
import { ESCROW } from '../../src/ledger/modules/names/escrow.ts'
import { quantile, seeded } from '../lib/stats.ts'
import { chainId, DAY, DecadeChain, type Said, signerOf, YEAR } from './decade-chain.ts'
import { Agenda } from './decade-time.ts'
import type { DecadeOptions, DecadeReport, YearReport } from './decade-types.ts'

interface Account {
  readonly signer: Signer
  readonly isSquatter: boolean
  /** Squatters: parks its names on servers that answer. */
  readonly serves: boolean
}

interface WantedName {
  readonly label: string
  /** What whoever wants it pays for it, once, at most. */
  readonly value: number
  holder: Account | undefined
  /** Who waits for it to come free. */
  waiting: Account | undefined
  freedAt: number | undefined
}

/** Of the names that a squatter believes to be worth something: those it looks at. */
const SQUATTERS_LIST = 20_000
/** An idea of the value is wrong by this factor either way, two times of three. */
const ERROR = 2
const RENEWS = 0.78
const RENEWS_IN_GRACE = 0.05
const RESTORES = 0.01
const SQUATTER_RENEWS = 0.6
/** A squatter asks this part of the value, and this part of those who are asked pays. */
const ASKED = 0.5
const PAYS = 0.3
const WANTED_AGAIN = 0.5
const PARKS = 0.5
const PEOPLES_FUNDS = 200_000
const NODES = 7

export class Decade {
  readonly #options: DecadeOptions
  readonly #chance: () => number
  readonly #agenda = new Agenda()
  readonly #chain: DecadeChain
  readonly #people: Account[] = []
  readonly #squatters: Account[] = []
  readonly #nodes: readonly Signer[]
  readonly #payee = signerOf('payee')
  readonly #names: WantedName[]
  readonly #settings = new Map<Account, NameSettings>()
  readonly #total: number
  #said: Said[] = []
  #minute = 1
  #serial = 0
  readonly #wishes = { all: 0, met: 0, bought: 0, denied: 0, deniedBySquatters: 0 }
  readonly #released = {
    freed: 0,
    people: 0,
    squatters: 0,
    hours: [] as number[],
    waits: [] as number[],
    premiums: [] as number[],
  }
  #removedUnused = 0
  /** Names that went to an earlier commit within the hour. */
  #contested = 0
  #earned = 0
  #freedThisYear = 0
  readonly #checks = { balances: 0, owners: 0 }

  constructor(options: DecadeOptions) {
    this.#options = options
    this.#chance = seeded(options.seed)
    const count = Math.round(options.accounts * options.squatters)
    for (let i = 0; i < options.accounts; i++) {
      const isSquatter = i < count
      const account = { signer: signerOf(`account ${i}`), isSquatter, serves: !isSquatter || this.#chance() < PARKS }
      if (isSquatter) this.#squatters.push(account)
      else this.#people.push(account)
      this.#settings.set(account, settingsOf(i))
    }
    this.#nodes = Array.from({ length: NODES }, (_, i) => signerOf(`node ${i}`))
    const balances = [...this.#squatters, ...this.#people].map(
      ({ signer, isSquatter }) => [signer.publicKey, isSquatter ? options.budget : PEOPLES_FUNDS] as const,
    )
    this.#total = balances.reduce((sum, [, balance]) => sum + balance, 0)
    const policy = { ...defaultPolicy, payee: this.#payee.publicKey, ...options.policy }
    this.#chain = new DecadeChain(policy, balances, this.#nodes)
    this.#names = Array.from({ length: options.names }, (_, i) => this.#inventName(i))
  }

  run(say: (line: string) => void): DecadeReport {
    const end = this.#options.years * YEAR
    for (const name of this.#names) this.#agenda.at(this.#firstWish(), () => this.#wish(name))
    for (const squatter of this.#squatters) this.#squat(squatter)
    for (let day = 30; day < end / DAY; day += 30) this.#agenda.at(day * DAY, () => this.#checkBalances())
    const years: YearReport[] = []
    for (let year = 1; year <= this.#options.years; year++) {
      this.#runUntil(year * YEAR)
      years.push(this.#reportYear(year))
      say(
        `year ${year}: ${JSON.stringify(years.at(-1))}, ${this.#chain.transactions} transactions in ${this.#chain.blocks} blocks`,
      )
    }
    return this.#report(years)
  }

  /** Everything that is said in one minute goes into one block. */
  #runUntil(end: number): void {
    for (;;) {
      const next = this.#agenda.next
      if (next === undefined || next >= end) return
      this.#minute = next
      while (this.#agenda.next === next) this.#agenda.take().act()
      const said = this.#said
      this.#said = []
      if (said.length > 0) this.#chain.block(next, said)
    }
  }

  #later(minutes: number, act: () => void): void {
    this.#agenda.at(this.#minute + Math.max(1, minutes), act)
  }

  #inventName(index: number): WantedName {
    const value = 100 * Math.exp(1.5 * this.#normal())
    // The better a name, the shorter it often is.
    const length = Math.max(4, Math.min(14, Math.round(11 - Math.log2(1 + value / 100) + 1.5 * this.#normal())))
    // Letters before and digits behind, so that no two are the same.
    const digits = String(index)
    return {
      label: `n${'abcdefghij'.slice(0, Math.max(0, length - 1 - digits.length))}${digits}`,
      value: Math.round(value),
      holder: undefined,
      waiting: undefined,
      freedAt: undefined,
    }
  }

  /** A fifth in the first three months. */
  #firstWish(): number {
    const span = this.#chance() < 0.2 ? 90 * DAY : this.#options.years * YEAR
    return 10 + Math.floor(this.#chance() * span)
  }

  #normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.#chance())) * Math.cos(2 * Math.PI * this.#chance())
  }

  #anybody(): Account {
    return this.#people[Math.floor(this.#chance() * this.#people.length)]!
  }

  // People.

  #wish(name: WantedName): void {
    const who = this.#anybody()
    this.#wishes.all++
    const { holder } = name
    if (holder === undefined) {
      if (name.freedAt === undefined) this.#register(name, who)
      else this.#bid(name, who, name.value)
      return
    }
    const isLeaving = this.#phase(name) !== 'registered'
    if (isLeaving && !holder.isSquatter) {
      name.waiting ??= who
      return
    }
    if (holder.isSquatter && this.#chance() < PAYS && this.#buy(name, who, holder)) return
    this.#wishes.denied++
    if (holder.isSquatter) this.#wishes.deniedBySquatters++
  }

  /** Money first; the squatter keeps its word, or nobody would buy from it again. */
  #buy(name: WantedName, who: Account, holder: Account): boolean {
    const record = this.#chain.record(name.label)
    const ask = Math.max(20, Math.round(ASKED * name.value))
    const isFree = record?.life !== undefined && record.life.pending === undefined && this.#phase(name) === 'registered'
    if (!isFree || this.#chain.balance(who.signer.publicKey) < ask) return false
    this.#say(who.signer, transferPayload(holder.signer.publicKey, ask), (paid) => {
      if (paid !== 0) return
      this.#earned += ask
      this.#wishes.bought++
      this.#later(61, () => this.#handOver(name, holder, who))
    })
    return true
  }

  #handOver(name: WantedName, from: Account, to: Account): void {
    if (name.holder !== from) return
    const payload = nameTransferPayload(from.signer, this.#chain.place(name.label), to.signer.publicKey)
    this.#say(from.signer, payload, (code) => {
      if (code !== 0) return
      this.#later(this.#chain.policy.transferMs / 60_000 + 1, () => {
        const { owner, generation } = this.#chain.record(name.label, this.#minute)!
        if (name.holder !== from || owner === undefined || !equalBytes(owner, to.signer.publicKey)) return
        name.holder = to
        this.#planEnd(name, generation)
      })
    })
  }

  // Registering, and what follows.

  #price(name: WantedName): number {
    const bytes = new TextEncoder().encode(name.label)
    const record = this.#chain.record(name.label, this.#minute)
    return feeOf(this.#chain.policy, bytes, 1) + premiumOf(record, this.#chain.policy, this.#chain.timeOf(this.#minute))
  }

  /** Commit, and two minutes later the rest, if the price is still one that is paid. */
  #register(name: WantedName, who: Account, most = Math.max(name.value, 2_560), taken: () => void = () => {}): void {
    const label = new TextEncoder().encode(name.label)
    const owner = who.signer
    const salt = sha256(new TextEncoder().encode(`salt ${this.#serial++}`))
    const registration = { chainId, label, owner: owner.publicKey, salt }
    this.#say(owner, commitPayload(registration), (code) => {
      if (code !== 0) return
      this.#later(2, () => {
        const price = this.#price(name)
        if (price > most) return
        const wishes = { terms: 1, isMovable: true, guardians: undefined }
        const payload = registerTermPayload(owner, registration, {
          settings: this.#settings.get(who)!,
          wishes,
          most: price,
        })
        this.#say(owner, payload, (done) => {
          if (done === 0) this.#taken(name, who, price - feeOf(this.#chain.policy, label, 1))
          else if (!who.isSquatter) this.#wishes.denied++
          if (done === 0) taken()
        })
      })
    })
  }

  #taken(name: WantedName, who: Account, premium: number): void {
    const record = this.#chain.record(name.label)!
    // Somebody with an earlier commit may take it within the hour, and the other has his units back: then the chain says whose it is.
    if (name.holder !== undefined) {
      if (record.owner === undefined || !equalBytes(record.owner, who.signer.publicKey) || record.generation < 2)
        throw new Error(`${name.label} has two owners`)
      this.#contested++
    }
    if (name.freedAt !== undefined) {
      this.#released.hours.push((this.#minute - name.freedAt) / 60)
      this.#released.premiums.push(premium)
      if (who.isSquatter) this.#released.squatters++
      else this.#released.people++
    }
    if (!who.isSquatter) this.#wishes.met++
    name.holder = who
    name.freedAt = undefined
    name.waiting = undefined
    const { generation } = record
    this.#planEnd(name, generation)
    if (!who.serves) this.#planLook(name, generation)
  }

  /** Some time before the end its holder decides; a few forget it till the grace, and fewer till it does not resolve any more. */
  #planEnd(name: WantedName, generation: number): void {
    const { policy } = this.#chain
    const end = this.#chain.minuteOf(this.#chain.record(name.label)!.expires)
    const days = (ms: number) => ms / 60_000
    const draw = this.#chance()
    const isSquatter = name.holder!.isSquatter
    const renews = isSquatter ? SQUATTER_RENEWS : RENEWS
    const at = end - Math.floor(this.#chance() * 30 * DAY) - 1
    if (draw < renews) this.#agenda.at(Math.max(at, this.#minute + 1), () => this.#renew(name, generation))
    else if (!isSquatter && draw < renews + RENEWS_IN_GRACE)
      this.#agenda.at(end + Math.floor(this.#chance() * days(policy.graceMs)), () => this.#renew(name, generation))
    else if (!isSquatter && draw < renews + RENEWS_IN_GRACE + RESTORES) {
      const until = end + days(policy.graceMs) + Math.floor(this.#chance() * days(policy.redemptionMs))
      this.#agenda.at(until, () => this.#restore(name, generation))
    }
    this.#planRelease(name, generation)
  }

  #renew(name: WantedName, generation: number): void {
    if (!this.#isHeld(name, generation)) return
    const label = new TextEncoder().encode(name.label)
    const fee = feeOf(this.#chain.policy, label, 1)
    this.#say(name.holder!.signer, renewPayload(label, generation, 1, fee), (code) => {
      if (code === 0) this.#planEnd(name, generation)
    })
  }

  #restore(name: WantedName, generation: number): void {
    if (!this.#isHeld(name, generation)) return
    const { signer } = name.holder!
    this.#say(signer, restorePayload(signer, this.#chain.place(name.label), 1, 10_000), (code) => {
      if (code === 0) this.#planEnd(name, generation)
    })
  }

  #isHeld(name: WantedName, generation: number): boolean {
    const record = this.#chain.record(name.label, this.#minute)
    return name.holder !== undefined && record?.owner !== undefined && record.generation === generation
  }

  /** Looks when it would come free; if it was renewed meanwhile, another look is planned already. */
  #planRelease(name: WantedName, generation: number): void {
    const { policy } = this.#chain
    const { life } = this.#chain.record(name.label)!
    const free = this.#chain.minuteOf(life!.resolves + policy.redemptionMs + policy.pendingMs)
    this.#agenda.at(free + 1, () => {
      const record = this.#chain.record(name.label, this.#minute)
      if (name.holder === undefined || record?.owner !== undefined || record === undefined) return
      if (record.generation !== generation && record.generation !== generation + 1) return
      name.holder = undefined
      name.freedAt = free
      this.#released.freed++
      this.#freedThisYear++
      this.#race(name)
    })
  }

  /** Whoever would pay most for a released name pays as soon as the premium has fallen that far. */
  #race(name: WantedName): void {
    const { waiting } = name
    if (waiting !== undefined) this.#bid(name, waiting, name.value)
    else if (this.#chance() < WANTED_AGAIN) this.#later(Math.floor(this.#chance() * YEAR), () => this.#wish(name))
    const bids = this.#squatters.map((squatter) => ({ squatter, bid: this.#guess(name) * ASKED * PAYS }))
    const best = bids.reduce((a, b) => (b.bid > a.bid ? b : a))
    if (best.bid > 0) this.#bid(name, best.squatter, best.bid)
  }

  #bid(name: WantedName, who: Account, bid: number): void {
    const { policy } = this.#chain
    const fee = feeOf(policy, new TextEncoder().encode(name.label), 1)
    if (bid < fee) {
      if (!who.isSquatter) this.#wishes.denied++
      return
    }
    const since = Math.max(this.#minute, name.freedAt ?? 0)
    const taken = () => {
      if (!who.isSquatter) this.#released.waits.push((this.#minute - since) / 60)
    }
    const look = () => {
      if (name.holder !== undefined || name.freedAt === undefined) {
        if (!who.isSquatter) this.#wishes.denied++
        return
      }
      if (this.#price(name) <= bid) this.#register(name, who, bid, taken)
      else this.#later(60, look)
    }
    // Before the premium has fallen so far nobody need look: it halves each day.
    const days = Math.max(0, Math.floor(Math.log2(policy.premium / Math.max(1, bid - fee))) - 1)
    const isPriced = policy.premium > 0 && name.freedAt !== undefined
    const from = isPriced ? name.freedAt! + days * (policy.halvingMs / 60_000) : this.#minute
    this.#agenda.at(Math.max(this.#minute + 1, from), look)
  }

  // Squatters.

  #guess(name: WantedName): number {
    return name.value * ERROR ** this.#normal()
  }

  /** Takes what it believes to be worth most, as fast as the chain lets it, and keeps as much as renewing once costs. */
  #squat(squatter: Account): void {
    const list = this.#names
      .map((name) => ({ name, worth: this.#guess(name) }))
      .sort((a, b) => b.worth - a.worth)
      .slice(0, SQUATTERS_LIST)
    let at = 0
    const perDay = this.#chain.policy.registrationsADay
    const today = () => {
      let left = perDay
      let money = this.#chain.balance(squatter.signer.publicKey) / 2
      while (left > 0 && at < list.length) {
        const { name, worth } = list[at++]!
        if (name.holder !== undefined || name.freedAt !== undefined) continue
        const price = this.#price(name)
        if (price > money || price > worth * ASKED * PAYS) continue
        money -= price
        left--
        this.#register(name, squatter, price)
      }
      if (at < list.length) this.#later(DAY, today)
      else {
        // Once through: what has been earned is spent on what is left a year later.
        at = 0
        this.#later(YEAR, today)
      }
    }
    this.#later(5 + Math.floor(this.#chance() * 60), today)
  }

  // Nodes: what no server answers for is not kept from others.

  #planLook(name: WantedName, generation: number): void {
    const { policy } = this.#chain
    if (policy.useMs === 0) return
    const days = policy.useMs / 60_000 + Math.floor(this.#chance() * 7 * DAY)
    this.#later(days, () => {
      if (!this.#isHeld(name, generation) || name.holder?.serves !== false) return
      const label = new TextEncoder().encode(name.label)
      const enough = Math.floor(NODES / 2) + 1
      for (const [at, node] of this.#nodes.slice(0, enough).entries())
        this.#say(node, unusedPayload(label, generation, true), (code) => {
          const isLast = at === enough - 1
          if (isLast && code === 0 && this.#phase(name) === 'redemption') this.#removed(name, generation)
        })
    })
  }

  #removed(name: WantedName, generation: number): void {
    this.#removedUnused++
    this.#planRelease(name, generation)
  }

  #phase(name: WantedName) {
    const record = this.#chain.record(name.label, this.#minute)
    return record === undefined ? 'free' : phaseOf(record, this.#chain.policy, this.#chain.timeOf(this.#minute))
  }

  #say(by: Signer, payload: Said['payload'], then: (code: number) => void): void {
    // Those that follow from what a block did go into the next one.
    this.#said.push({ by, payload, then })
  }

  // What must hold.

  /** All value is on accounts: of those who have been given it, of the TLD, and what is held for names that an earlier commit may take. */
  #checkBalances(): void {
    const accounts = [...this.#squatters, ...this.#people].map(({ signer }) => signer.publicKey)
    const all = [...accounts, this.#payee.publicKey, ESCROW].map((account) => this.#chain.balance(account))
    const sum = all.reduce((a, b) => a + b, 0)
    if (sum !== this.#total) throw new Error(`${sum} units at minute ${this.#minute}, and there were ${this.#total}`)
    this.#checks.balances++
  }

  /** Who has a name by what was said here has it on the chain, and nobody else. */
  #checkOwners(minute: number): void {
    for (const { label, holder } of this.#names) {
      const record = this.#chain.record(label, minute)
      const owner = record?.owner
      const isDone =
        record === undefined ||
        owner === undefined ||
        phaseOf(record, this.#chain.policy, this.#chain.timeOf(minute)) === 'free'
      const isSame =
        holder === undefined
          ? isDone
          : isDone || equalBytes(owner, holder.signer.publicKey) || this.#isMoving(label, holder)
      if (!isSame) throw new Error(`${label} is another's than it should be at minute ${minute}`)
      this.#checks.owners++
    }
  }

  /** A transfer that took effect in the minute before is noted here in the next one. */
  #isMoving(label: string, from: Account): boolean {
    const stored = this.#chain.stored(label)
    return (
      stored?.life?.pending?.kind === 'transfer' &&
      stored.owner !== undefined &&
      equalBytes(stored.owner, from.signer.publicKey)
    )
  }

  #reportYear(year: number): YearReport {
    const minute = year * YEAR
    this.#checkBalances()
    this.#checkOwners(minute)
    const held = this.#names.filter(({ label }) => {
      const record = this.#chain.record(label, minute)
      const phase = record === undefined ? 'free' : phaseOf(record, this.#chain.policy, this.#chain.timeOf(minute))
      return phase === 'registered' || phase === 'grace'
    })
    const squatted = held.filter(({ holder }) => holder?.isSquatter === true)
    const worth = (names: readonly WantedName[]) => names.reduce((sum, { value }) => sum + value, 0)
    const freed = this.#freedThisYear
    this.#freedThisYear = 0
    return {
      year,
      registered: held.length,
      squatted: shareOf(squatted.length, held.length),
      squattedValue: shareOf(worth(squatted), worth(held)),
      freed,
    }
  }

  #report(years: readonly YearReport[]): DecadeReport {
    const { freed, people, squatters, hours, waits, premiums } = this.#released
    const left = this.#squatters.reduce((sum, { signer }) => sum + this.#chain.balance(signer.publicKey), 0)
    const rounded = (value: number) => Math.round(value * 10) / 10
    const at = (samples: readonly number[], share: number) =>
      samples.length === 0 ? 0 : rounded(quantile(samples, share))
    return {
      years,
      blocks: this.#chain.blocks,
      transactions: this.#chain.transactions,
      refused: Object.fromEntries(this.#chain.refused),
      wishes: this.#wishes,
      release: {
        freed,
        takenByPeople: people,
        takenBySquatters: squatters,
        withinADay: shareOf(hours.filter((one) => one <= 24).length, hours.length),
        hours: { p10: at(hours, 0.1), p50: at(hours, 0.5), p90: at(hours, 0.9) },
        waits: { p10: at(waits, 0.1), p50: at(waits, 0.5), p90: at(waits, 0.9) },
        premium: {
          p50: at(premiums, 0.5),
          p90: at(premiums, 0.9),
          sum: Math.round(premiums.reduce((a, b) => a + b, 0)),
        },
      },
      removedUnused: this.#removedUnused,
      contested: this.#contested,
      squattersSpent: this.#options.budget * this.#squatters.length + this.#earned - left,
      squattersEarned: this.#earned,
      checks: this.#checks,
    }
  }
}

function shareOf(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.round((part / whole) * 1_000) / 1_000
}

function settingsOf(index: number): NameSettings {
  const ds = Uint8Array.from([18, 103, 15, 2, ...sha256(new TextEncoder().encode(`zone key ${index}`))])
  return { updateByCds: false, ds: [ds], servers: [{ name: parseName(`ns${index}.hoster.net.`), addresses: [] }] }
}
