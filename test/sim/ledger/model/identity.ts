/** Who stands behind a key (D46-D51), on the Root chain, by docs/protocol.md, *Identity of accounts*: certifiers by vote, and whom they vouch for. */
import type { CertifierDeed, Deed } from '../intents.ts'
import type { AdmissionModel, Moment } from './admission.ts'
import type { NodeModel } from './nodes.ts'
import { VoteModel } from './votes.ts'

type DeedOf<Kind extends Deed['kind']> = Extract<Deed, { kind: Kind }>

export interface CertifierRow {
  readonly account: string
  readonly name: string
  readonly since: number
}

export interface VouchRow {
  readonly certifier: string
  readonly since: number
  readonly name: string
  readonly until: number
}

const MOST_TERM_MS = 398 * 86_400_000

export class IdentityModel {
  certifiers: readonly CertifierRow[] = []
  /** By key, also those that count no more. */
  readonly #vouched = new Map<string, readonly VouchRow[]>()
  readonly #isRoot: boolean
  readonly #admission: AdmissionModel
  readonly #nodes: NodeModel
  readonly #votes = new VoteModel()

  constructor(chainName: string, parts: { readonly admission: AdmissionModel; readonly nodes: NodeModel }) {
    this.#isRoot = chainName === 'root'
    this.#admission = parts.admission
    this.#nodes = parts.nodes
  }

  vote(by: string, subject: CertifierDeed, inFavour: boolean, { height, time }: Moment): boolean {
    const voice = this.#nodes.voiceOf(by)
    if (!this.#isRoot || voice === undefined) return false
    const { account } = subject
    const isOne = this.#certifier(account) !== undefined
    if (isOne === (subject.kind === 'add')) return false
    if (subject.kind === 'add' && !this.#admission.mayCarry(account)) return false
    if (!this.#votes.cast(JSON.stringify(subject), voice, inFavour, time, this.#nodes.voters)) return true
    const others = this.certifiers.filter((one) => one.account !== account)
    this.certifiers = subject.kind === 'add' ? [...others, { account, name: subject.name, since: height }] : others
    return true
  }

  /** For whoever has asked for it by its key; what the certifier said of the key before is void. */
  vouch(by: string, { key, name, until, isAsked }: DeedOf<'vouch'>, { time }: Moment): boolean {
    const certifier = this.#certifier(by)
    if (certifier === undefined || !isAsked || until <= time || until - time > MOST_TERM_MS) return false
    const others = this.vouchedFor(key, time).filter((one) => one.certifier !== by)
    this.#vouched.set(key, [...others, { certifier: by, since: certifier.since, name, until }])
    return true
  }

  takeBack(by: string, { key }: DeedOf<'takeBack'>): boolean {
    const all = this.#vouched.get(key) ?? []
    const left = all.filter(({ certifier }) => certifier !== by)
    this.#vouched.set(key, left)
    return left.length < all.length
  }

  /** By those who are certifiers now, in the same term, and not for longer than they said. */
  vouchedFor(key: string, time: number): readonly VouchRow[] {
    const all = this.#vouched.get(key) ?? []
    return all.filter(({ certifier, since, until }) => until > time && this.#certifier(certifier)?.since === since)
  }

  #certifier(account: string): CertifierRow | undefined {
    return this.certifiers.find((one) => one.account === account)
  }
}
