/** How many questions each list has blocked since midnight, by the clock of this machine. Without names and clients: it is counted at every level of privacy. */
import { limits } from '../limits.ts'

export class BlockedToday {
  readonly #now: () => number
  readonly #counts = new Map<string, number>()
  /** The day that is counted, unix ms. */
  #from = 0
  #to = 0

  /** `now`: wall clock, ms. */
  constructor(now: () => number) {
    this.#now = now
  }

  heard(list: string): void {
    this.#turn()
    const count = this.#counts.get(list)
    if (count === undefined && this.#counts.size >= limits.MAX_BLOCKING_LISTS) return
    this.#counts.set(list, (count ?? 0) + 1)
  }

  of(list: string): number {
    this.#turn()
    return this.#counts.get(list) ?? 0
  }

  /** Another day begins empty, and so does one that a clock was set to. */
  #turn(): void {
    const now = this.#now()
    if (now >= this.#from && now < this.#to) return
    const day = new Date(now)
    const [year, month, date] = [day.getFullYear(), day.getMonth(), day.getDate()]
    this.#from = new Date(year, month, date).getTime()
    this.#to = new Date(year, month, date + 1).getTime()
    this.#counts.clear()
  }
}
