/** Accounts by the rules of docs/protocol.md, as simply as can be: what each has, and how much there is in all. */
import type { Intent } from '../intents.ts'

export interface AccountRow {
  readonly nonce: number
  readonly balance: number
  readonly day: number
  readonly today: number
}

const NEW: AccountRow = { nonce: 0, balance: 0, day: 0, today: 0 }
const DAY_MS = 86_400_000

export class AccountModel {
  readonly rows: Map<string, AccountRow>
  readonly #quota: number
  readonly #total: number
  /** Fees: paid to nobody. */
  burnt = 0

  constructor(balances: readonly (readonly [string, number])[], quota: number) {
    this.rows = new Map(balances.map(([account, balance]) => [account, { ...NEW, balance }]))
    this.#quota = quota
    this.#total = balances.reduce((sum, [, balance]) => sum + balance, 0)
  }

  of(account: string): AccountRow {
    return this.rows.get(account) ?? NEW
  }

  /** False: it cannot be counted and paid, so it is as if it were not there. */
  charge({ account, nonce, fee }: Intent, time: number): boolean {
    const row = this.of(account)
    const day = Math.floor(time / DAY_MS)
    const today = row.day === day ? row.today : 0
    if (row.nonce !== nonce || row.balance < fee || today >= this.#quota) return false
    this.rows.set(account, { nonce: nonce + 1, balance: row.balance - fee, day, today: today + 1 })
    this.burnt += fee
    return true
  }

  transfer(from: string, to: string, amount: number): boolean {
    if (from === to || amount < 1 || this.of(from).balance < amount) return false
    this.move(from, to, amount)
    return true
  }

  /** What is there to be moved. */
  move(from: string, to: string, amount: number): void {
    const source = this.of(from)
    this.rows.set(from, { ...source, balance: source.balance - amount })
    const target = this.of(to)
    this.rows.set(to, { ...target, balance: target.balance + amount })
  }

  /** What there must be in all accounts together, those that nobody has a key of too. */
  get left(): number {
    return this.#total - this.burnt
  }
}
