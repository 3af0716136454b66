/** Domains that are claimed (D62-D69) by docs/protocol.md, *Claims of domains*: who saw what, what is held, and what each claim has come to. */
import { toHex } from '../../../../src/base/index.ts'
import type { ClaimMethod, ClaimState, NameSettings } from '../../../../src/ledger/index.ts'
import type { ClaimDeed, Deed } from '../intents.ts'
import type { AccountModel } from './accounts.ts'
import type { Moment } from './admission.ts'
import { feeOf } from './life.ts'
import type { NameModel } from './names.ts'
import type { NodeModel } from './nodes.ts'
import { VoteModel } from './votes.ts'

type DeedOf<Kind extends Deed['kind']> = Extract<Deed, { kind: Kind }>

export interface ClaimRulesModel {
  readonly windowMs: number
  readonly bond: number
  readonly payee: Uint8Array
}

export interface ClaimRow {
  readonly label: string
  readonly owner: string
  readonly settings: NameSettings
  readonly method: ClaimMethod
  readonly payer: string
  readonly price: number
  readonly bond: number
  readonly until: number
  /** Ids of those who validated the block in which it was opened. */
  readonly observers: readonly string[]
  readonly said: ReadonlyMap<string, boolean>
  readonly state: ClaimState
}

/** How a name came to who has it. */
export interface ClaimedRow {
  readonly method: ClaimMethod
  readonly generation: number
  readonly inception: number
}

/** Where price and bond of claims stand: of no actor. */
export const CLAIMS_HELD = 'claims'
const MOST_OPEN = 64
const MOST_OPEN_EACH = 4
const MOST_AGE_S = 31 * 86_400

export class ClaimModel {
  /** Claims by their numbers, from 1 on. */
  readonly rows = new Map<number, ClaimRow>()
  readonly claimed = new Map<string, ClaimedRow>()
  /** Keys of the root that proofs may begin with. */
  roots: readonly number[] = [0]
  readonly #rules: ClaimRulesModel
  readonly #isRoot: boolean
  readonly #names: NameModel
  readonly #accounts: AccountModel
  readonly #nodes: NodeModel
  readonly #votes = new VoteModel()
  #ended: ClaimState[] = []

  constructor(
    chainName: string,
    rules: ClaimRulesModel,
    parts: { readonly names: NameModel; readonly accounts: AccountModel; readonly nodes: NodeModel },
  ) {
    this.#isRoot = chainName === 'root'
    this.#rules = rules
    this.#names = parts.names
    this.#accounts = parts.accounts
    this.#nodes = parts.nodes
  }

  open(by: string, deed: DeedOf<'openClaim'>, { time, validators = [] }: Moment): boolean {
    const { windowMs, bond } = this.#rules
    if (!this.#mayClaim(deed, time)) return false
    const price = this.#priceOf(deed.label)
    if (price + bond > deed.most || this.#accounts.of(by).balance < price + bond) return false
    const open = this.openClaims
    if (open.length >= MOST_OPEN || open.filter(([, { payer }]) => payer === by).length >= MOST_OPEN_EACH) return false
    this.#accounts.move(by, CLAIMS_HELD, price + bond)
    const { label, owner, settings, method } = deed
    const what = { label, owner, settings, method, payer: by, price, bond, until: time + windowMs }
    this.rows.set(this.rows.size + 1, { ...what, observers: validators, said: new Map(), state: 'open' })
    return true
  }

  observe(by: string, { claim, isSeen }: DeedOf<'observe'>, { time }: Moment): boolean {
    const row = this.rows.get(claim)
    const id = this.#nodes.of(by)?.voting?.id
    if (row?.state !== 'open' || id === undefined || !row.observers.includes(id)) return false
    const next = { ...row, said: new Map([...row.said, [id, isSeen]]) }
    this.rows.set(claim, next)
    const n = row.observers.length
    if (saying(next, true) * 2 > n) this.#finish(claim, 'done', time)
    else if (saying(next, false) * 2 >= n) this.#finish(claim, 'refused', time)
    return true
  }

  /** By DNSSEC alone, from a key of the root that counts now; what was signed before the last proof of the name counts no more. */
  prove(by: string, deed: DeedOf<'proveClaim'>, { time }: Moment): boolean {
    const { label, owner, settings, most, root, key, from, until, isProven } = deed
    if (!this.#mayClaim(deed, time)) return false
    const now = Math.floor(time / 1_000)
    if (!isProven || !this.roots.includes(root) || now < from || now > until || key !== owner) return false
    if (now - from > MOST_AGE_S || from <= (this.claimed.get(label)?.inception ?? -1)) return false
    const price = this.#priceOf(label)
    if (price > most || this.#accounts.of(by).balance < price) return false
    this.#accounts.move(by, toHex(this.#rules.payee), price)
    this.#give({ label, owner, settings, method: 'proof' }, from, time)
    return true
  }

  voteAnchors(by: string, { roots, inFavour }: DeedOf<'voteAnchors'>, { time }: Moment): boolean {
    const voice = this.#nodes.voiceOf(by)
    if (this.#isRoot || voice === undefined) return false
    if (this.#votes.cast(String(roots), voice, inFavour, time, this.#nodes.voters)) this.roots = roots
    return true
  }

  endBlock(time: number): void {
    for (const [number, { until }] of this.openClaims) if (until <= time) this.#finish(number, 'lapsed', time)
  }

  /** What claims have come to since this was called last. */
  takeEnded(): readonly ClaimState[] {
    const ended = this.#ended
    this.#ended = []
    return ended
  }

  get openClaims(): readonly (readonly [number, ClaimRow])[] {
    return [...this.rows].filter(([, { state }]) => state === 'open')
  }

  /** The owner to be has signed it, for the name as it is now, which nobody has. */
  #mayClaim({ label, owner, generation, isTrue }: ClaimDeed, time: number): boolean {
    if (this.#isRoot || !isTrue || !this.#mayBeGiven(label, owner, time)) return false
    return generation === (this.#names.current(label, time)?.generation ?? 0)
  }

  #mayBeGiven(label: string, owner: string, time: number): boolean {
    return this.#names.mayClaim(label, owner) && this.#names.current(label, time)?.owner === undefined
  }

  #finish(number: number, state: 'done' | 'refused' | 'lapsed', time: number): void {
    const row = this.rows.get(number)!
    const { label, owner, payer, price, bond } = row
    const payee = toHex(this.#rules.payee)
    const isGiven = state === 'done' && this.#mayBeGiven(label, owner, time)
    if (isGiven) this.#give(row, 0, time)
    this.#accounts.move(CLAIMS_HELD, isGiven ? payee : payer, price)
    this.#accounts.move(CLAIMS_HELD, state === 'done' ? payer : payee, bond)
    const end = state === 'done' && !isGiven ? 'taken' : state
    this.rows.set(number, { ...row, state: end })
    this.#ended.push(end)
  }

  #give(
    { label, owner, settings, method }: Pick<ClaimRow, 'label' | 'owner' | 'settings' | 'method'>,
    inception: number,
    time: number,
  ): void {
    const generation = this.#names.give(label, owner, settings, time)
    const newest = Math.max(inception, this.claimed.get(label)?.inception ?? 0)
    this.claimed.set(label, { method, generation, inception: newest })
  }

  #priceOf(label: string): number {
    const { policy } = this.#names
    return policy === undefined ? 0 : feeOf(policy, label.length / 2, 1)
  }
}

export function saying({ said }: Pick<ClaimRow, 'said'>, isSeen: boolean): number {
  return [...said.values()].filter((one) => one === isSeen).length
}
