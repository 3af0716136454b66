/** Who endorses, whom, and who is therefore admitted (D5-D19). */
import type { Deed, EndorserSubject, First } from '../intents.ts'
import { type Voice, VoteModel } from './votes.ts'

export interface EndorserRow extends Voice {
  readonly name: string
}

export interface OrganisationRow {
  readonly name: string
  readonly contact: string
  readonly ringKey: string
  readonly keyAt: number
  readonly endorsements: readonly Voice[]
}

export interface Moment {
  readonly height: number
  readonly time: number
  /** Ids of the block's validators. */
  readonly validators?: readonly string[]
}

const DAY_MS = 86_400_000

export class AdmissionModel {
  endorsers: readonly EndorserRow[]
  readonly organisations: Map<string, OrganisationRow>
  readonly #votes = new VoteModel()

  constructor(endorsers: readonly EndorserRow[], organisations: ReadonlyMap<string, OrganisationRow>) {
    this.endorsers = endorsers
    this.organisations = new Map(organisations)
  }

  /** Whose endorsements of an organisation count now. */
  endorsersOf(account: string): readonly EndorserRow[] {
    const given = this.organisations.get(account)?.endorsements ?? []
    return this.endorsers.filter((one) => given.some((voice) => isSame(voice, one)))
  }

  isAdmitted(account: string): boolean {
    return this.endorsersOf(account).length > 0
  }

  mayCarry(account: string): boolean {
    return this.#endorser(account) !== undefined || this.isAdmitted(account)
  }

  endorse(by: string, { whom, first }: Extract<Deed, { kind: 'endorse' }>, { time }: Moment): boolean {
    const endorser = this.#endorser(by)
    if (endorser === undefined) return false
    const known = this.organisations.get(whom)
    const { account, since } = endorser
    if (known === undefined) {
      if (first === undefined || !this.#isGood(first, time)) return false
      const { name, contact, ringKey } = first
      this.organisations.set(whom, { name, contact, ringKey, keyAt: time, endorsements: [{ account, since }] })
      return true
    }
    const counting = this.endorsersOf(whom)
    if (counting.some((one) => one.account === by)) return false
    if (first !== undefined && first.ringKey !== known.ringKey) return false
    this.#setEndorsements(whom, [...counting, endorser])
    return true
  }

  withdraw(by: string, whom: string): boolean {
    if (this.#endorser(by) === undefined) return false
    const counting = this.endorsersOf(whom)
    const left = counting.filter(({ account }) => account !== by)
    if (left.length === counting.length) return false
    if (left.length === 0) this.organisations.delete(whom)
    else this.#setEndorsements(whom, left)
    return true
  }

  vote(by: string, subject: EndorserSubject, inFavour: boolean, { height, time }: Moment): boolean {
    const voter = this.#endorser(by)
    if (voter === undefined) return false
    const isThere = this.#endorser(subject.account) !== undefined
    if (isThere === (subject.kind === 'add')) return false
    if (subject.kind === 'remove' && this.endorsers.length === 1) return false
    const voters = {
      size: this.endorsers.length,
      counts: (voice: Voice) => this.endorsers.some((one) => isSame(one, voice)),
    }
    const key = JSON.stringify(subject)
    if (!this.#votes.cast(key, { account: by, since: voter.since }, inFavour, time, voters)) return true
    const { account } = subject
    this.endorsers =
      subject.kind === 'add'
        ? [...this.endorsers, { account, name: subject.name, since: height }]
        : this.endorsers.filter((one) => one.account !== account)
    return true
  }

  leave(account: string): boolean {
    return this.isAdmitted(account) && this.organisations.delete(account)
  }

  machine(account: string, deed: Extract<Deed, { kind: 'machine' }>, { time }: Moment): boolean {
    const known = this.organisations.get(account)
    if (known === undefined || !this.isAdmitted(account)) return false
    const { contact, ringKey, isTrue } = deed
    if (ringKey === undefined) {
      this.organisations.set(account, { ...known, contact })
      return true
    }
    if (time - known.keyAt < DAY_MS || !isTrue || this.#isTaken(ringKey)) return false
    this.organisations.set(account, { ...known, contact, ringKey, keyAt: time })
    return true
  }

  #endorser(account: string): EndorserRow | undefined {
    return this.endorsers.find((one) => one.account === account)
  }

  #isGood({ at, isTrue, ringKey }: First, time: number): boolean {
    return Math.abs(time - at) <= DAY_MS && isTrue && !this.#isTaken(ringKey)
  }

  #isTaken(ringKey: string): boolean {
    return [...this.organisations.values()].some((one) => one.ringKey === ringKey)
  }

  #setEndorsements(whom: string, endorsements: readonly Voice[]): void {
    const known = this.organisations.get(whom)!
    this.organisations.set(whom, {
      ...known,
      endorsements: endorsements.map(({ account, since }) => ({ account, since })),
    })
  }
}

function isSame(a: Voice, b: Voice): boolean {
  return a.account === b.account && a.since === b.since
}
