/** Complaints, reviews and what all decide about each other (N28-N44) by docs/protocol.md: motions, who was removed, what is held of it, hidden names. */
import type { Deed, MotionDeed, MotionSubjectDeed } from '../intents.ts'
import type { AccountModel } from './accounts.ts'
import type { AdmissionModel, Moment } from './admission.ts'
import { hasVote, type NodeModel } from './nodes.ts'
import type { Voice } from './votes.ts'

type DeedOf<Kind extends Deed['kind']> = Extract<Deed, { kind: Kind }>

/** Of all chains of a world. */
export interface RulesModel {
  readonly complaints: number
  readonly periodMs: number
  readonly motionMs: number
  readonly waitMs: number
  readonly repairMs: number
  readonly holdMs: number
}

export interface MotionRow extends MotionDeed {
  readonly number: number
  readonly until: number
  readonly state: 'open' | 'won' | 'lost' | 'lapsed' | 'withdrawn' | 'void'
  readonly yes: readonly Voice[]
  readonly no: readonly Voice[]
}

export interface CaseRow {
  readonly motion: number
  readonly time: number
  readonly held: number
  readonly paid: number
  readonly isRepaired: boolean
  readonly isSettled: boolean
  readonly until: number
}

export interface ComplaintRow {
  readonly by: string
  readonly since: number | undefined
  readonly time: number
}

const MOST_EACH = 4
const MOST_LEADER = 16

export class GovernanceModel {
  rules: RulesModel
  readonly motions = new Map<number, MotionRow>()
  readonly cases = new Map<string, CaseRow>()
  readonly complaints = new Map<string, readonly ComplaintRow[]>()
  /** By label: since when, and by which motion. */
  readonly hidden = new Map<string, { readonly since: number; readonly motion: number }>()
  #won: string[] = []
  /** Until when who leads starts no other review of a node. */
  readonly #rests = new Map<string, number>()
  /** What is held of whoever is reviewed. */
  readonly #reviewed = new Map<string, number>()
  readonly #isRoot: boolean
  readonly #accounts: AccountModel
  readonly #admission: AdmissionModel
  readonly #nodes: NodeModel

  constructor(
    chainName: string,
    rules: RulesModel,
    parts: { readonly accounts: AccountModel; readonly admission: AdmissionModel; readonly nodes: NodeModel },
  ) {
    this.#isRoot = chainName === 'root'
    this.rules = rules
    this.#accounts = parts.accounts
    this.#admission = parts.admission
    this.#nodes = parts.nodes
  }

  complain(by: string, { account, heights }: DeedOf<'complain'>, { height, time }: Moment): boolean {
    if (account === by || this.#nodes.of(account) === undefined || heights.some((one) => one > height)) return false
    const { periodMs, motionMs, complaints } = this.rules
    const others = (this.complaints.get(account) ?? []).filter((one) => one.time > time - periodMs && one.by !== by)
    const all = [...others, { by, since: this.#nodes.voiceOf(by)?.since, time }]
    this.complaints.set(account, all)
    const { size, counts } = this.#nodes.voters
    const most = size - Number(this.#nodes.voiceOf(account) !== undefined)
    const members = all.filter(({ by: one, since }) => since !== undefined && counts({ account: one, since }))
    if (members.length < Math.max(1, Math.min(complaints, most)) || this.#isReviewed(account)) return true
    this.#open({ subject: { kind: 'remove', account, heights }, by: undefined }, time + motionMs)
    this.#holdForReview(account, time)
    this.complaints.delete(account)
    return true
  }

  propose(by: string, { subject }: DeedOf<'propose'>, moment: Moment): boolean {
    const { time, height } = moment
    const voice = this.#nodes.voiceOf(by)
    const leads = this.#leads(by)
    const isOwn = subject.kind === 'add' && subject.account === by
    if (!leads && voice === undefined && !isOwn) return false
    if (subject.kind === 'remove' && (!leads || (this.#rests.get(subject.account) ?? 0) > time)) return false
    if (!this.#isPossible(subject, moment) || this.#isBarred(subject, time)) return false
    const open = this.openMotions
    const own = open.filter((one) => one.by === by)
    if (open.some((one) => isSameMatter(one.subject, subject)) || own.length >= (leads ? MOST_LEADER : MOST_EACH))
      return false
    const motion = this.#open({ subject, by }, time + this.rules.motionMs)
    if (subject.kind === 'remove') this.#holdForReview(subject.account, time)
    if (voice === undefined || this.#vote(motion, voice, true, { time, height })) return true
    this.motions.delete(motion.number)
    return false
  }

  reply(by: string, { motion: number, inFavour }: DeedOf<'reply'>, moment: Moment): boolean {
    const voice = this.#nodes.voiceOf(by)
    const motion = this.motions.get(number)
    if (voice === undefined || motion?.state !== 'open' || motion.until < moment.time) return false
    return this.#vote(motion, voice, inFavour, moment)
  }

  withdraw(by: string, { motion: number }: DeedOf<'withdrawMotion'>, { time }: Moment): boolean {
    const motion = this.motions.get(number)
    if (motion?.state !== 'open' || motion.by !== by) return false
    this.#close(motion, 'withdrawn', time)
    return true
  }

  repaired(by: string, { account }: DeedOf<'repaired'>): boolean {
    const known = this.cases.get(account)
    if (!this.#leads(by) || known === undefined || known.isRepaired) return false
    this.cases.set(account, { ...known, isRepaired: true })
    const until = known.time + this.rules.waitMs
    const { barred } = this.#nodes
    if ((barred.get(account) ?? 0) > until) barred.set(account, until)
    return true
  }

  /** `removed`: by what evidence showed in this block. */
  endBlock(removed: readonly string[], time: number): void {
    for (const account of removed) this.#openCase(account, 0, time)
    for (const motion of this.openMotions) if (motion.until < time) this.#close(motion, 'lapsed', time)
    const paid = this.openMotions.flatMap(({ subject }) => (subject.kind === 'compensate' ? [subject.account] : []))
    for (const [account, { until, isSettled }] of this.cases)
      if (!isSettled && until < time && !paid.includes(account)) this.#settle(account)
  }

  /** What was carried out since this was called last. */
  takeWon(): readonly string[] {
    const won = this.#won
    this.#won = []
    return won
  }

  get openMotions(): readonly MotionRow[] {
    return [...this.motions.values()].filter(({ state }) => state === 'open')
  }

  #open(motion: MotionDeed, until: number): MotionRow {
    const row: MotionRow = { ...motion, number: this.motions.size + 1, until, state: 'open', yes: [], no: [] }
    this.motions.set(row.number, row)
    return row
  }

  /** Of each member one voice, the last; more than half of all win, half against end it. False: it could not be done, so nothing was. */
  #vote(motion: MotionRow, voice: Voice, inFavour: boolean, moment: Moment): boolean {
    const { size, counts } = this.#nodes.voters
    const others = (side: readonly Voice[]) => side.filter((one) => counts(one) && one.account !== voice.account)
    const yes = [...others(motion.yes), ...(inFavour ? [voice] : [])]
    const no = [...others(motion.no), ...(inFavour ? [] : [voice])]
    const next = { ...motion, yes, no }
    const isWon = yes.length * 2 > size
    if (isWon && this.#isPossible(motion.subject, moment) && this.#isBarred(motion.subject, moment.time)) return false
    this.motions.set(motion.number, next)
    if (isWon) this.#close(next, this.#carryOut(next, moment) ? 'won' : 'void', moment.time)
    else if (no.length * 2 >= size) this.#close(next, 'lost', moment.time)
    return true
  }

  #close(motion: MotionRow, state: MotionRow['state'], time: number): void {
    this.motions.set(motion.number, { ...motion, state })
    if (state === 'won') this.#won.push(motion.subject.kind)
    const { subject } = motion
    if (subject.kind !== 'remove') return
    this.#rests.set(subject.account, time + this.rules.motionMs)
    this.#releaseAfterReview(subject.account)
  }

  /** The accused does not empty its account; for as long as its last review rests it keeps it. */
  #holdForReview(account: string, time: number): void {
    const { balance } = this.#accounts.of(account)
    if ((this.#rests.get(account) ?? 0) > time || balance === 0 || this.#reviewed.has(account)) return
    this.#accounts.move(account, heldRow(account), balance)
    this.#reviewed.set(account, balance)
  }

  #releaseAfterReview(account: string): void {
    const amount = this.#reviewed.get(account) ?? 0
    this.#accounts.move(heldRow(account), account, amount)
    this.#reviewed.delete(account)
  }

  #carryOut({ subject, number }: MotionRow, moment: Moment): boolean {
    const { time, height } = moment
    if (subject.kind === 'remove') {
      if (!this.#nodes.expel(subject.account)) return false
      this.#openCase(subject.account, number, time)
      return true
    }
    if (!this.#isPossible(subject, moment)) return false
    switch (subject.kind) {
      case 'add':
        this.#settle(subject.account)
        this.#nodes.join(subject.account, subject.role, height)
        return true
      case 'compensate':
        this.#compensate(subject)
        return true
      case 'rules':
        this.rules = { ...this.rules, complaints: subject.complaints }
        return true
      case 'hide':
        this.hidden.set(subject.label, { since: time, motion: number })
        return true
      case 'show':
        this.hidden.delete(subject.label)
        return true
    }
  }

  #compensate({ account, payments }: Extract<MotionSubjectDeed, { kind: 'compensate' }>): void {
    const known = this.cases.get(account)!
    const sum = payments.reduce((all, { amount }) => all + amount, 0)
    for (const { to, amount } of payments) this.#accounts.move(heldRow(account), to, amount)
    this.cases.set(account, { ...known, held: known.held - sum, paid: known.paid + sum })
    if (known.held === sum) this.#settle(account)
  }

  /** All that it owns is held, with what an earlier time has left. */
  #openCase(account: string, motion: number, time: number): void {
    const { repairMs, holdMs } = this.rules
    this.#nodes.barred.set(account, time + repairMs)
    this.#settle(account)
    this.#releaseAfterReview(account)
    const held = this.#accounts.of(account).balance
    this.#accounts.move(account, heldRow(account), held)
    this.cases.set(account, {
      motion,
      time,
      held,
      paid: 0,
      isRepaired: false,
      isSettled: held === 0,
      until: time + holdMs,
    })
  }

  #settle(account: string): void {
    const known = this.cases.get(account)
    if (known === undefined || known.isSettled) return
    this.#accounts.move(heldRow(account), account, known.held)
    this.cases.set(account, { ...known, held: 0, isSettled: true })
  }

  /** Whether there is anything to decide. */
  #isPossible(subject: MotionSubjectDeed, { height }: Pick<Moment, 'height'>): boolean {
    switch (subject.kind) {
      case 'remove':
        return this.#nodes.of(subject.account) !== undefined && subject.heights.every((one) => one <= height)
      case 'add':
        return this.#nodes.mayJoin(subject.account, subject.role) && this.#admission.isAdmitted(subject.account)
      case 'compensate': {
        const sum = subject.payments.reduce((all, { amount }) => all + amount, 0)
        return sum <= (this.cases.get(subject.account)?.held ?? -1) && subject.heights.every((one) => one < height)
      }
      case 'rules':
        return true
      case 'hide':
        return !this.#isRoot && !this.hidden.has(subject.label)
      case 'show':
        return this.hidden.has(subject.label)
    }
  }

  #isBarred(subject: MotionSubjectDeed, time: number): boolean {
    return subject.kind === 'add' && (this.#nodes.barred.get(subject.account) ?? 0) > time
  }

  #isReviewed(account: string): boolean {
    return this.openMotions.some(({ subject }) => subject.kind === 'remove' && subject.account === account)
  }

  #leads(account: string): boolean {
    const node = this.#nodes.of(account)
    return node !== undefined && !hasVote(node)
  }
}

/** Where what is held of a removed one stands: of no actor. */
export function heldRow(account: string): string {
  return `held ${account}`
}

function isSameMatter(a: MotionSubjectDeed, b: MotionSubjectDeed): boolean {
  if (a.kind !== b.kind) return false
  const matter = (one: MotionSubjectDeed) => ('account' in one ? one.account : 'label' in one ? one.label : '')
  return matter(a) === matter(b)
}
