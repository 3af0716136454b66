/** The local records of the household, in force: made anew when somebody changes one, on whatever box. */
import type { Cancel, Log, Random } from '../../base/index.ts'
import type { LocalData } from '../../resolver/index.ts'
import type { Settings } from '../../settings/index.ts'
import { compileRecords, RECORD_PREFIX, type SharedRecords } from './records.ts'

export interface SharedNamesDeps {
  readonly settings: Pick<Settings, 'list' | 'onChange'>
  readonly random: Random
  readonly log: Log
}

export interface SharedNamesHooks {
  /** Other names are answered now. */
  readonly onChange: () => void
}

export class SharedNames {
  readonly #deps: SharedNamesDeps
  readonly #seed: Uint8Array
  #now: SharedRecords
  readonly #unfollow: Cancel

  constructor(deps: SharedNamesDeps, { onChange }: SharedNamesHooks) {
    this.#deps = deps
    this.#seed = deps.random.bytes(8)
    this.#now = this.#compiled()
    this.#unfollow = deps.settings.onChange((keys) => {
      if (!keys.some((key) => key.startsWith(RECORD_PREFIX))) return
      this.#now = this.#compiled()
      onChange()
    })
  }

  get data(): LocalData | undefined {
    return this.#now.data
  }

  /** Records that are there and are not served, in words: two boxes may have given one name two things that do not go together. */
  get problems(): readonly string[] {
    return this.#now.problems
  }

  stop(): void {
    this.#unfollow()
  }

  #compiled(): SharedRecords {
    const made = compileRecords(this.#deps.settings.list(RECORD_PREFIX), this.#seed)
    // Names stay out of the log.
    if (made.problems.length > 0)
      this.#deps.log.warn(
        { left: made.problems.length },
        'local records of the household do not go together: see chordns record list',
      )
    return made
  }
}
