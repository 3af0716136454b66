/**
 * The last questions, in memory only: as much of each as the operator's level of privacy allows, for as long as the operator said. What the level
 * does not allow is never written down, so that a later change of the level cannot bring it back.
 */
import { createHmac, createSecretKey, randomBytes } from 'node:crypto'
import { Listeners } from '../../base/index.ts'
import type { QueryRow } from '../dashboard-views.ts'
import { limits } from '../limits.ts'
import type { AnswerFacts } from '../metrics.ts'
import { ignoresOf, type PrivacyLevel } from '../privacy.ts'
import { outcomeOf } from './meter.ts'

export interface BookOptions {
  readonly privacy: PrivacyLevel
  /** Rows. */
  readonly keep: number
  readonly hours: number
  /** Names that are never written down, and those below. */
  readonly ignore: readonly string[]
}

/** A question that is over. `question` and `device` are called only where the level wants them. */
export interface AskedFacts extends AnswerFacts {
  readonly client: string
  readonly question: () => { readonly name: string; readonly type: string }
  readonly device?: () => string | undefined
}

export interface QuerySearch {
  /** Part of a name. */
  readonly text?: string | undefined
  readonly client?: string | undefined
  readonly outcome?: string | undefined
  readonly most: number
}

export class QueryBook {
  readonly #key = createSecretKey(randomBytes(32))
  readonly #now: () => number
  /** Who wants to hear of each row that is written. */
  readonly listeners: Listeners<[QueryRow]>
  #options: BookOptions
  #ignores: (name: string) => boolean
  /** The oldest first; what is before `#start` is gone. */
  #rows: QueryRow[] = []
  #start = 0
  #last = 0

  /** `now`: unix ms. `onFault`: owes a line in the log. */
  constructor(options: BookOptions, now: () => number, onFault: (error: unknown) => void) {
    this.listeners = new Listeners(onFault)
    this.#options = options
    this.#ignores = ignoresOf(options.ignore)
    this.#now = now
  }

  get options(): BookOptions {
    return this.#options
  }

  /** Whether it has to hear of every question. */
  get wantsAll(): boolean {
    return this.#options.privacy !== 'off'
  }

  /** Rows that say more than the new level allows are forgotten. */
  set(options: BookOptions): void {
    this.#options = options
    this.#ignores = ignoresOf(options.ignore)
    const { privacy } = options
    if (privacy === 'off') this.clear()
    else
      this.#rows = this.#kept()
        .filter((row) => !this.#ignores(row.name))
        .map((row) =>
          privacy === 'full' || (privacy === 'clients' && row.client.startsWith('#')) ? row : nameless(row),
        )
    this.#start = 0
  }

  heard(facts: AskedFacts): void {
    const { privacy } = this.#options
    if (privacy === 'off') return
    const { name, type } = facts.question()
    if (this.#ignores(name)) return
    const row: QueryRow = {
      id: ++this.#last,
      at: this.#now(),
      name,
      type,
      client: this.#client(facts),
      device: privacy === 'full' ? (facts.device?.() ?? '') : '',
      protocol: facts.protocol,
      rcode: facts.rcode ?? '',
      outcome: outcomeOf(facts),
      reason: facts.ede.map(({ code, text }) => (text === '' ? `EDE ${code}` : text)).join('; '),
      ms: Math.round(facts.elapsedMs * 10) / 10,
    }
    this.#rows.push(row)
    this.#drop()
    this.listeners.tell(row)
  }

  /** The newest first. */
  search({ text = '', client = '', outcome = '', most }: QuerySearch): QueryRow[] {
    this.#drop()
    const wanted = text.toLowerCase()
    const found: QueryRow[] = []
    for (let i = this.#rows.length - 1; i >= this.#start && found.length < most; i--) {
      const row = this.#rows[i]!
      if (
        row.name.toLowerCase().includes(wanted) &&
        (client === '' || row.client === client || row.device === client) &&
        (outcome === '' || row.outcome === outcome)
      )
        found.push(row)
    }
    return found
  }

  get size(): number {
    this.#drop()
    return this.#rows.length - this.#start
  }

  clear(): void {
    this.#rows = []
    this.#start = 0
  }

  #client({ client }: AskedFacts): string {
    const { privacy } = this.#options
    if (privacy === 'full') return client
    if (privacy === 'names') return ''
    return this.markOf(client)
  }

  /** What one client can be told from another by. The key is of this run of the node: nobody can find the address by trying all. */
  markOf(client: string): string {
    return `#${createHmac('sha256', this.#key).update(client).digest('hex').slice(0, 6)}`
  }

  #kept(): QueryRow[] {
    this.#drop()
    return this.#rows.slice(this.#start)
  }

  /** Forgets what is too old or too much. Seldom moves the rest. */
  #drop(): void {
    const oldest = this.#now() - this.#options.hours * 3_600_000
    while (
      this.#start < this.#rows.length &&
      (this.#rows.length - this.#start > this.#options.keep || this.#rows[this.#start]!.at < oldest)
    )
      this.#start++
    if (this.#start > limits.MAX_GONE_ROWS || this.#start === this.#rows.length) {
      this.#rows = this.#rows.slice(this.#start)
      this.#start = 0
    }
  }
}

function nameless(row: QueryRow): QueryRow {
  return { ...row, client: '', device: '' }
}
