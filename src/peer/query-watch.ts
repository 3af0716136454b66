/** What is counted and kept of questions: by the configured level of privacy, or for a while by another that somebody chose on the dashboard. */
import { ChordnsError, type Clock, errorText, type Log } from '../base/index.ts'
import type { Config } from '../config/index.ts'
import { nameToText, rcodeToText, typeToText } from '../dns/index.ts'
import { type AnswerFacts, BlockedToday, Meter, type PrivacyLevel, QueryBook } from '../observe/index.ts'
import type { FrontEnd, QueryEvent } from '../serve/index.ts'
import { limits } from './limits.ts'

export interface QueryWatchHooks {
  readonly counters: () => Pick<ReturnType<FrontEnd['stats']>, 'queries' | 'fast'>
  /** The name of the device that has an address now. */
  readonly deviceName?: (address: string) => string | undefined
  /** Whether it has to hear of every question has changed. */
  readonly onChange: () => void
}

/** What holds until then, unix ms. */
interface ChosenLevel {
  readonly privacy: PrivacyLevel
  readonly until: number
}

export class QueryWatch {
  readonly book: QueryBook
  readonly meter: Meter
  readonly blocked: BlockedToday
  readonly #clock: Clock
  readonly #hooks: QueryWatchHooks
  #config: Config['queries']
  #chosen: ChosenLevel | undefined
  readonly #timer: NodeJS.Timeout

  constructor(
    config: Config['queries'],
    { clock, log }: { readonly clock: Clock; readonly log: Log },
    hooks: QueryWatchHooks,
  ) {
    this.#clock = clock
    this.#hooks = hooks
    this.#config = config
    this.book = new QueryBook(
      config,
      () => clock.now(),
      (error) => log.warn({ error: errorText(error) }, 'a reader of the queries failed'),
    )
    this.blocked = new BlockedToday(() => clock.now())
    this.meter = new Meter(() => {
      const { queries, fast } = hooks.counters()
      return { queries, fromTable: fast?.answered ?? 0 }
    })
    this.#timer = setInterval(() => this.#tick(), 1_000)
    this.#timer.unref()
  }

  /** Unix ms; null: the configured level is in force. */
  get until(): number | null {
    return this.#chosen?.until ?? null
  }

  heard(event: QueryEvent): AnswerFacts {
    const { question } = event
    const facts = { ...event, rcode: event.rcode === undefined ? undefined : rcodeToText(event.rcode) }
    this.meter.heard(facts)
    if (event.blockedBy !== undefined) this.blocked.heard(event.blockedBy)
    if (question !== undefined)
      this.book.heard({
        ...facts,
        question: () => ({ name: nameToText(question.name), type: typeToText(question.type) }),
        device: () => this.#hooks.deviceName?.(event.client),
      })
    return facts
  }

  /** A reload ends what was chosen. */
  configure(config: Config['queries']): void {
    this.#config = config
    this.#choose(undefined)
  }

  /** 0 minutes: the configured level is in force again. Throws USAGE. */
  choose(privacy: PrivacyLevel, minutes: number): void {
    if (!(Number.isInteger(minutes) && minutes >= 0 && minutes <= limits.MAX_CHOSEN_MINUTES))
      throw new ChordnsError('USAGE', `minutes: a whole number up to ${limits.MAX_CHOSEN_MINUTES}`, {})
    this.#choose(minutes === 0 ? undefined : { privacy, until: this.#clock.now() + minutes * 60_000 })
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #choose(chosen: ChosenLevel | undefined): void {
    const before = this.book.wantsAll
    this.#chosen = chosen
    this.book.set({ ...this.#config, privacy: chosen?.privacy ?? this.#config.privacy })
    if (this.book.wantsAll !== before) this.#hooks.onChange()
  }

  #tick(): void {
    this.meter.tick(Math.floor(this.#clock.now() / 1_000))
    if (this.#chosen !== undefined && this.#clock.now() >= this.#chosen.until) this.#choose(undefined)
  }
}
