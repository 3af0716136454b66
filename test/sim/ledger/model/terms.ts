/** Names with terms by docs/protocol.md, *The life of a name*: who pays what, renewal and restoring, what waits, and what guardians do. */
import { fromHex, toHex } from '../../../../src/base/index.ts'
import type { NamePolicy, NameRecord } from '../../../../src/ledger/index.ts'
import type { Deed, GuardedDeed, ProofDeed } from '../intents.ts'
import type { AccountModel } from './accounts.ts'
import type { Moment } from './admission.ts'
import { born, feeOf, type LifeRecord, mayAct, type Phase, phaseAt, premiumAt, settledAt } from './life.ts'
import type { NameModel } from './names.ts'
import type { NodeModel } from './nodes.ts'
import { VoteModel } from './votes.ts'

type DeedOf<Kind extends Deed['kind']> = Extract<Deed, { kind: Kind }>

interface HeldRow {
  readonly payer: string
  readonly amount: number
  readonly until: number
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** Where what is paid for a name waits: of no actor. */
export const ESCROW = 'escrow'

export class TermModel {
  readonly #names: NameModel
  readonly #accounts: AccountModel
  readonly #nodes: NodeModel
  readonly #votes = new VoteModel()
  readonly #held = new Map<string, HeldRow>()
  readonly #today = new Map<string, { readonly day: number; readonly count: number }>()
  /** Names that cost more since they had come free. */
  premiums = 0
  /** Nobody is judged for use before: since a rule of use came by a vote. */
  useFrom = 0
  /** The key that an owner wanted last in the place of its own, by name. */
  readonly rolls = new Map<string, string>()

  constructor(names: NameModel, accounts: AccountModel, nodes: NodeModel) {
    this.#names = names
    this.#accounts = accounts
    this.#nodes = nodes
  }

  /** False too where names have no terms. */
  do(account: string, deed: Deed, moment: Moment): boolean {
    const { policy } = this.#names
    if (policy === undefined) return false
    const { time } = moment
    switch (deed.kind) {
      case 'registerTerm':
        return this.#register(account, deed, moment, policy)
      case 'renew':
        return this.#renew(account, deed, time, policy)
      case 'restore':
        return this.#restore(account, deed, time, policy)
      case 'lock':
        return this.#lock(deed, time, policy)
      case 'cancel':
        return this.#cancel(deed, time)
      case 'rollOwner':
        return this.#roll(deed, time, policy)
      case 'setGuardians':
        return this.#setGuardians(deed, time, policy)
      case 'freeze':
        return this.#freeze(deed, time, policy)
      case 'recover':
        return this.#recover(deed, time, policy)
      case 'guardiansCancel':
        return this.#guardiansCancel(deed, time)
      case 'freePages':
        return this.#freePages(account, deed, time)
      case 'unused':
        return this.#unused(account, deed, time, policy)
      default:
        return false
    }
  }

  /** What is due is written down, and prices that nobody can claim back go to the payee. */
  endBlock(time: number): void {
    const { policy, records } = this.#names
    if (policy === undefined) return
    for (const [label, record] of records)
      if (record.life !== undefined) records.set(label, settledAt(record as LifeRecord, policy, time))
    for (const [label, { until }] of [...this.#held]) if (until <= time) this.#payOut(label, policy)
  }

  phase(label: string, time: number): Phase | undefined {
    const { policy, records } = this.#names
    const record = records.get(label)
    return policy === undefined || record?.life === undefined ? undefined : phaseAt(record as LifeRecord, policy, time)
  }

  #register(account: string, deed: DeedOf<'registerTerm'>, moment: Moment, policy: NamePolicy): boolean {
    const { label, terms, owner, most } = deed
    const { time } = moment
    if (terms < 1 || terms > policy.mostTerms || !this.#names.mayHave(label, owner, time)) return false
    if (!this.#names.isShown(label, deed.page)) return false
    const before = this.#names.current(label, time)
    const day = Math.floor(time / DAY_MS)
    const known = this.#today.get(account)
    const today = known?.day === day ? known.count : 0
    const freed = before?.life?.freed ?? 0
    const premium = premiumAt(policy, freed, time)
    const price = feeOf(policy, label.length / 2, terms) + premium
    if (today >= policy.registrationsADay || price > most) return false
    if (this.#fundsFor(account, label, before, time, policy) < price) return false
    const begun = this.#names.begun(deed, moment)
    if (begun === undefined) return false
    if (premium > 0) this.premiums++
    this.#settleHeld(label, before, time, policy)
    this.#today.set(account, { day, count: today + 1 })
    if (price > 0) {
      this.#accounts.move(account, ESCROW, price)
      this.#held.set(label, { payer: account, amount: price, until: begun.committed + HOUR_MS })
    }
    const expires = time + terms * policy.termMs
    const life = {
      ...born(time),
      resolves: expires + policy.graceMs,
      freed,
      lockedUntil: deed.isMovable ? 0 : time + policy.lockMs,
      guardians: deed.guardians === undefined ? undefined : fromHex(deed.guardians),
      judgedFrom: time + policy.useMs,
    }
    this.#names.records.set(label, { ...begun, expires, life })
    return true
  }

  /** What whoever paid for it before gets back, or the payee: before the new price is paid. */
  #settleHeld(label: string, before: NameRecord | undefined, time: number, policy: NamePolicy): void {
    const held = this.#held.get(label)
    if (held === undefined) return
    const to = isGivenBack(held, before, time) ? held.payer : toHex(policy.payee)
    this.#accounts.move(ESCROW, to, held.amount)
    this.#held.delete(label)
  }

  #fundsFor(account: string, label: string, before: NameRecord | undefined, time: number, policy: NamePolicy): number {
    const held = this.#held.get(label)
    const { balance } = this.#accounts.of(account)
    if (held === undefined) return balance
    const to = isGivenBack(held, before, time) ? held.payer : toHex(policy.payee)
    return balance + (to === account ? held.amount : 0)
  }

  #payOut(label: string, { payee }: NamePolicy): void {
    this.#accounts.move(ESCROW, toHex(payee), this.#held.get(label)!.amount)
    this.#held.delete(label)
  }

  #renew(account: string, deed: DeedOf<'renew'>, time: number, policy: NamePolicy): boolean {
    const { label, generation, terms, most } = deed
    const record = this.#living(label, time)
    if (record === undefined || record.generation !== generation || terms < 1) return false
    const phase = phaseAt(record, policy, time)
    if (phase !== 'registered' && phase !== 'grace') return false
    const expires = prolonged(record, terms, policy, time)
    if (expires === undefined || !this.#pays(account, feeOf(policy, label.length / 2, terms), most, policy))
      return false
    const life = { ...record.life, resolves: expires + policy.graceMs }
    this.#names.records.set(label, { ...record, expires, life })
    return true
  }

  #restore(account: string, deed: DeedOf<'restore'>, time: number, policy: NamePolicy): boolean {
    const { place, terms, most } = deed
    const record = this.#owned(place, time)
    if (record === undefined || phaseAt(record, policy, time) !== 'redemption') return false
    const expires = prolonged(record, terms, policy, time)
    const price = feeOf(policy, place.label.length / 2, terms) + policy.restorePrice
    if (expires === undefined || !this.#pays(account, price, most, policy)) return false
    const life = { ...record.life, resolves: expires + policy.graceMs, judgedFrom: time + policy.useMs }
    this.#names.records.set(place.label, { ...record, expires, sequence: record.sequence + 1, life })
    return true
  }

  #pays(account: string, price: number, most: number, { payee }: NamePolicy): boolean {
    if (price > most || this.#accounts.of(account).balance < price) return false
    this.#accounts.move(account, toHex(payee), price)
    return true
  }

  #lock({ place, isLocked, proof }: DeedOf<'lock'>, time: number, policy: NamePolicy): boolean {
    const record = this.#acting(place, time, policy)
    if (record === undefined || record.life.isLocked === isLocked) return false
    if (isLocked) {
      this.#names.records.set(place.label, {
        ...record,
        sequence: record.sequence + 1,
        life: { ...record.life, isLocked },
      })
      return true
    }
    const at = startOf(record, proof, time, policy.transferMs)
    return at !== undefined && this.#names.wants(place.label, record, { kind: 'unlock', at })
  }

  #roll({ place, to, proof }: DeedOf<'rollOwner'>, time: number, policy: NamePolicy): boolean {
    const record = this.#acting(place, time, policy)
    if (record === undefined || to === place.by || record.life.isLocked) return false
    const at = startOf(record, proof, time, policy.holdMs)
    if (at === undefined || !this.#names.wants(place.label, record, { kind: 'roll', at, to: fromHex(to) })) return false
    this.rolls.set(place.label, to)
    return true
  }

  #setGuardians({ place, guardians, proof }: DeedOf<'setGuardians'>, time: number, policy: NamePolicy): boolean {
    const record = this.#acting(place, time, policy)
    if (record === undefined) return false
    const at = startOf(record, proof, time, record.life.guardians === undefined ? 0 : policy.holdMs)
    const hash = guardians === undefined ? undefined : fromHex(guardians)
    return at !== undefined && this.#names.wants(place.label, record, { kind: 'guardians', at, guardians: hash })
  }

  /** By the key of now, whatever is under way, but a recovery that only guardians end. */
  #cancel({ place }: DeedOf<'cancel'>, time: number): boolean {
    const record = this.#owned(place, time)
    const pending = record?.life.pending
    if (record === undefined || pending === undefined || (pending.kind === 'recovery' && !pending.keyMayCancel))
      return false
    const life = { ...record.life, pending: undefined }
    this.#names.records.set(place.label, { ...record, sequence: record.sequence + 1, life })
    return true
  }

  #freeze(deed: DeedOf<'freeze'>, time: number, { freezeMs }: NamePolicy): boolean {
    const { until, label, proof } = deed
    const record = this.#guarded(deed, time, 1)
    if (record === undefined || until <= time || until > time + freezeMs) return false
    const { frozenUntil, pending } = record.life
    if (frozenUntil > 0 && time < frozenUntil + freezeMs) return false
    const waits =
      pending?.kind === 'recovery'
        ? { ...pending, keyMayCancel: proof.keyWins }
        : pending && { ...pending, at: Math.max(pending.at, until) }
    this.#names.records.set(label, { ...record, life: { ...record.life, frozenUntil: until, pending: waits } })
    return true
  }

  #recover(deed: DeedOf<'recover'>, time: number, policy: NamePolicy): boolean {
    const { label, to, proof } = deed
    const record = this.#guarded(deed, time, proof.enough)
    if (record === undefined || to === toHex(record.owner!) || record.life.pending?.kind === 'recovery') return false
    if (phaseAt(record, policy, time) === 'ending') return false
    const { life } = record
    const at = time + Math.max(proof.delayMs, policy.guardMs)
    const keyMayCancel = proof.keyWins || life.frozenUntil <= time
    const pending = { kind: 'recovery', at, to: fromHex(to), keyMayCancel } as const
    this.#names.records.set(label, { ...record, life: { ...life, round: life.round + 1, pending } })
    return true
  }

  #guardiansCancel(deed: DeedOf<'guardiansCancel'>, time: number): boolean {
    const { label, proof } = deed
    const record = this.#guarded(deed, time, proof.enough)
    if (record === undefined) return false
    const { life } = record
    const isRecovered = life.pending?.kind === 'recovery'
    if (!isRecovered && life.frozenUntil <= time) return false
    const pending = isRecovered ? undefined : life.pending
    const frozenUntil = Math.min(life.frozenUntil, time)
    this.#names.records.set(label, { ...record, life: { ...life, round: life.round + 1, frozenUntil, pending } })
    return true
  }

  #unused(by: string, { label, generation, inFavour }: DeedOf<'unused'>, time: number, policy: NamePolicy): boolean {
    const record = this.#living(label, time)
    const voice = this.#nodes.voiceOf(by)
    if (voice === undefined || record === undefined || record.generation !== generation) return false
    const { judgedFrom } = record.life
    if (
      policy.useMs === 0 ||
      time < Math.max(judgedFrom, this.useFrom) ||
      phaseAt(record, policy, time) !== 'registered'
    )
      return false
    const subject = `${label} ${generation} ${judgedFrom}`
    if (this.#votes.cast(subject, voice, inFavour, time, this.#nodes.voters))
      this.#names.records.set(label, { ...record, life: { ...record.life, resolves: time } })
    return true
  }

  #freePages(by: string, { isOfNow, inFavour }: DeedOf<'freePages'>, time: number): boolean {
    const voice = this.#nodes.voiceOf(by)
    if (voice === undefined || !isOfNow || !this.#names.isPaged) return false
    if (this.#votes.cast('pages', voice, inFavour, time, this.#nodes.voters)) this.#names.freePages()
    return true
  }

  /** Somebody has it. */
  #living(label: string, time: number): LifeRecord | undefined {
    const record = this.#names.current(label, time)
    return record?.owner === undefined || record.life === undefined ? undefined : (record as LifeRecord)
  }

  #owned(place: DeedOf<'cancel'>['place'], time: number): LifeRecord | undefined {
    return this.#names.ownedBy(place, time) as LifeRecord | undefined
  }

  #acting(place: DeedOf<'cancel'>['place'], time: number, policy: NamePolicy): LifeRecord | undefined {
    const record = this.#owned(place, time)
    return record !== undefined && mayAct(record, policy, time) ? record : undefined
  }

  #guarded({ label, generation, round, proof }: GuardedDeed, time: number, least: number): LifeRecord | undefined {
    const record = this.#living(label, time)
    const isOfNow = record?.generation === generation && record.life.round === round
    return isOfNow && isGood(record, proof, least) ? record : undefined
  }
}

/** An earlier commit takes the name from whoever has paid for it. */
function isGivenBack({ until }: HeldRow, before: NameRecord | undefined, time: number): boolean {
  return until > time && before?.owner !== undefined
}

function isGood({ life }: LifeRecord, { hash, signed, isTrue }: ProofDeed, least: number): boolean {
  return life.guardians !== undefined && toHex(life.guardians) === hash && isTrue && signed >= least
}

/** When it comes about: at once, if guardians have signed the same; undefined: they have not. */
function startOf(record: LifeRecord, proof: ProofDeed | undefined, time: number, waitMs: number): number | undefined {
  if (proof === undefined) return time + waitMs
  return isGood(record, proof, proof.enough) ? time : undefined
}

/** The new end, if a name may be had until then. */
function prolonged(
  { expires }: NameRecord,
  terms: number,
  { termMs, mostTerms }: NamePolicy,
  now: number,
): number | undefined {
  const next = expires + terms * termMs
  return terms > mostTerms || next - now > mostTerms * termMs || next <= now ? undefined : next
}
