/**
 * `dnssec.logOnly`: what fails validation is logged and served all the same, without AD and with the extended error. For those
 * who try validation out, and for an outage that an operator must get through.
 */
import type { Clock, Log } from '../base/index.ts'
import { type ExtendedError, nameToText, type Question, typeToText } from '../dns/index.ts'
import { limits } from './limits.ts'

/** Tells each question once a minute: a popular name would fill the log. */
export class LogOnly {
  readonly #clock: Clock
  readonly #log: Log
  /** Monotonic ms until when a question is not told again; in order of time. */
  readonly #told = new Map<string, number>()

  constructor({ clock, log }: { readonly clock: Clock; readonly log: Log }) {
    this.#clock = clock
    this.#log = log
  }

  tell({ name, type }: Question, ede: readonly ExtendedError[]): void {
    const now = this.#clock.monotonic()
    for (const [key, until] of this.#told) {
      if (until > now && this.#told.size < limits.MAX_TOLD_BOGUS) break
      this.#told.delete(key)
    }
    const key = `${type} ${name.key}`
    if (this.#told.has(key)) return
    this.#told.set(key, now + limits.TOLD_BOGUS_MS)
    const why = ede.map(({ code, text }) => (text === undefined ? `EDE ${code}` : `EDE ${code}: ${text}`))
    this.#log.warn(
      { name: nameToText(name), type: typeToText(type), why },
      'failed validation, and is served since dnssec.logOnly is set',
    )
  }
}
