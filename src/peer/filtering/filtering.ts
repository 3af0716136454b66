/** Blocking on this machine: loads lists, keeps them fresh, and holds what is changed while the node runs. */
import { type Cancel, type Clock, errorText, type Log } from '../../base/index.ts'
import type { FilterConfig, FilterList } from '../../config/index.ts'
import type { Name } from '../../dns/index.ts'
import {
  type ClientIdentity,
  Filter,
  type FilterControl,
  type FilterDecision,
  filterLimits,
  filterSetBytes,
  type GroupOptions,
  type ListState,
  type OwnRules,
  type Pause,
  type QuestionFilter,
} from '../../filter/index.ts'
import { limits } from '../limits.ts'
import { ListCopies } from './list-copies.ts'
import { type ListWork, listWork } from './list-work.ts'
import { type Made, type MadeFile, type MadeRules, madeFile } from './made-rules.ts'
import { carryOver, isOfFilter, type RuleSettings, sharedRules } from './shared-rules.ts'
import { decisionOf } from './why.ts'

export interface FilteringDeps {
  readonly config: { readonly filter: FilterConfig; readonly data: string }
  readonly clock: Clock
  /** 16 random bytes. */
  readonly seed: Uint8Array
  readonly log: Log
  /** Addresses of a host, by this node's own resolver. */
  readonly resolve: (host: string, signal: AbortSignal) => Promise<readonly string[]>
}

export interface FilteringHooks {
  /** What is answered may be different from now on. */
  readonly onChange: () => void
  /** Who a client is beside its address. Without it nobody knows. */
  readonly identify?: (address: string) => ClientIdentity | undefined
}

/** A list as it is now. */
interface Held {
  readonly list: FilterList
  entries: number
  skipped: number
  updatedAt: number | undefined
  trouble: string | undefined
  /** Failures in a row. */
  failures: number
  /** Monotonic ms. */
  dueAt: number
}

export class Filtering implements FilterControl {
  readonly #deps: FilteringDeps
  readonly #hooks: FilteringHooks
  readonly #filter: Filter
  readonly #copies: ListCopies
  readonly #file: MadeFile
  #made: MadeRules
  #unfollow: Cancel = () => {}
  readonly #work: ListWork
  readonly #ended = new AbortController()
  #config: FilterConfig
  #held: Held[] = []
  #bytes = 0
  /** One load or update after the other. */
  #turn: Promise<unknown> = Promise.resolve()
  #cancels: Cancel[] = []

  /** Throws FILTER_RULE. */
  constructor(deps: FilteringDeps, hooks: FilteringHooks) {
    const { config, clock, seed, log } = deps
    this.#deps = deps
    this.#hooks = hooks
    this.#config = config.filter
    this.#filter = new Filter({ clock, seed, identify: (address) => hooks.identify?.(address) }, config.filter.options)
    this.#copies = new ListCopies(`${config.data}/filter`, log)
    this.#file = madeFile(config.data, log)
    this.#made = this.#file
    this.#work = listWork(log)
    const made = this.#made.read()
    this.#filter.setOwn(made.own)
    this.#filter.setPauses(made.pauses)
  }

  /** For the resolver. */
  get questions(): QuestionFilter {
    return this.#filter
  }

  /**
   * Loads the copies that are on disk, and begins to fetch. Resolves when what is on disk is in force, or, where there is nothing yet, when the lists
   * have come; after a bounded time in any case.
   */
  async start(): Promise<void> {
    this.#tick()
    if (this.#config.lists.length === 0) return
    await this.#within(
      limits.FIRST_LISTS_MS,
      this.#inTurn(() => this.#load()),
    )
    const isEmpty = this.#held.every(({ updatedAt }) => updatedAt === undefined)
    const fetched = this.#inTurn(() => this.#refresh(false))
    if (isEmpty) await this.#within(limits.FIRST_FETCH_MS, fetched)
  }

  /**
   * What is made by command is settings of the household from now on, and what is in them is in force. What was made before goes into them; `settled` resolves
   * when that is on the disk.
   */
  follow(settings: RuleSettings, settled: () => Promise<void>): void {
    const { log } = this.#deps
    const isWhole = carryOver({ own: this.own(), pauses: this.pauses() }, { settings, log })
    this.#made = sharedRules({ settings, log, room: () => filterLimits.MAX_OWN_RULES - ownCount(this.#config) })
    this.#putMade(this.#made.read())
    this.#unfollow = settings.onChange((keys) => {
      if (keys.some(isOfFilter)) this.#putMade(this.#made.read())
    })
    if (isWhole) void settled().then(() => this.#file.retire())
  }

  stop(): void {
    this.#unfollow()
    this.#ended.abort()
    for (const cancel of this.#cancels) cancel()
  }

  /** Another configuration is in force. Throws FILTER_RULE, and then changes nothing. */
  configure(config: FilterConfig): void {
    this.#filter.configure(config.options)
    this.#config = config
    this.#hooks.onChange()
    // Files may have changed, which a reload reads again.
    void this.#inTurn(async () => {
      await this.#load()
      await this.#refresh(false)
    })
  }

  lists(): readonly ListState[] {
    return this.#held.map(({ list, entries, skipped, updatedAt, trouble }) => ({
      name: list.options.name,
      kind: list.options.kind,
      source: list.source,
      entries,
      skipped,
      updatedAt,
      trouble,
    }))
  }

  /** Memory of the names. */
  get bytes(): number {
    return this.#bytes
  }

  groups(): readonly GroupOptions[] {
    return this.#config.options.groups
  }

  own(): OwnRules {
    return this.#filter.own()
  }

  setOwn(own: OwnRules): void {
    this.#change({ own, pauses: this.pauses() })
  }

  pauses(): readonly Pause[] {
    return this.#filter.pauses()
  }

  setPauses(pauses: readonly Pause[]): void {
    this.#change({ own: this.own(), pauses })
  }

  async update(): Promise<readonly ListState[]> {
    await this.#inTurn(async () => {
      await this.#load()
      await this.#refresh(true)
    })
    return this.lists()
  }

  async why(name: Name, type: number, client: string | undefined): Promise<FilterDecision> {
    const looked = this.#filter.look(name, type, client)
    const rules = [this.#config.options.own, this.#filter.own()]
    return decisionOf(looked, name, {
      own: rules.flatMap(({ all, groups }) => [...all, ...(groups[looked.group] ?? [])]),
      linesOf: async (listName) => {
        const held = this.#held.find(({ list }) => list.options.name === listName)
        if (held === undefined) return []
        const file = { options: held.list.options, file: this.#copies.fileOf(held.list) }
        return this.#work.explain(file, name, limits.MAX_RULES_SHOWN)
      },
    })
  }

  /** Throws FILTER_RULE or SETTINGS_*, and then changes nothing. */
  #change(made: Made): void {
    const before = { own: this.own(), pauses: this.pauses() }
    this.#putMade(made)
    try {
      this.#made.write({ own: this.own(), pauses: this.pauses() })
    } catch (error) {
      this.#putMade(before)
      throw error
    }
  }

  /** Throws FILTER_RULE, and then changes nothing. */
  #putMade({ own, pauses }: Made): void {
    this.#filter.setOwn(own)
    this.#filter.setPauses(pauses)
    this.#hooks.onChange()
  }

  /** Schedules and pauses begin and end by themselves. */
  #tick(): void {
    this.#after(limits.FILTER_TICK_MS, () => {
      if (this.#filter.refresh()) this.#hooks.onChange()
      const now = this.#deps.clock.monotonic()
      if (this.#held.some(({ dueAt }) => dueAt <= now)) void this.#inTurn(() => this.#refresh(false))
      this.#tick()
    })
  }

  #after(ms: number, callback: () => void): void {
    this.#cancels = [this.#deps.clock.after(ms, callback)]
  }

  /** Reads all lists from disk, into one set. */
  async #load(): Promise<void> {
    const before = new Map(this.#held.map((one) => [one.list.options.name, one]))
    const held: Held[] = []
    for (const list of this.#config.lists) {
      const copy = await this.#copies.copyOf(list)
      const known = before.get(list.options.name)
      const isSame = known !== undefined && known.list.source === list.source
      held.push({
        list,
        entries: 0,
        skipped: 0,
        updatedAt: copy?.updatedAt,
        trouble: isSame ? known.trouble : undefined,
        failures: isSame ? known.failures : 0,
        dueAt: this.#dueAt(list, copy?.updatedAt),
      })
    }
    this.#held = held
    await this.#compile()
  }

  #dueAt({ everyMs, isUrl }: FilterList, updatedAt: number | undefined): number {
    const now = this.#deps.clock.monotonic()
    if (!isUrl) return now + everyMs
    const age = updatedAt === undefined ? everyMs : this.#deps.clock.now() - updatedAt
    return now + Math.max(0, everyMs - age)
  }

  async #compile(): Promise<void> {
    const { log, seed } = this.#deps
    const there = this.#held.filter(({ updatedAt }) => updatedAt !== undefined)
    const files = there.map(({ list }) => ({ options: list.options, file: this.#copies.fileOf(list) }))
    if (files.length === 0) return this.#put(undefined, 0)
    const { set, counts } = await this.#work.compile(files, seed)
    for (const [i, held] of there.entries()) {
      const { entries, skipped, problems } = counts[i]!
      Object.assign(held, { entries, skipped })
      log.info({ list: held.list.options.name, entries, skipped }, 'a list is in force')
      if (problems.length > 0) log.debug({ list: held.list.options.name, problems }, 'lines that are passed over')
    }
    this.#put(set, filterSetBytes(set))
  }

  #put(set: Parameters<Filter['setLists']>[0], bytes: number): void {
    if (this.#ended.signal.aborted) return
    this.#filter.setLists(set)
    this.#bytes = bytes
    this.#hooks.onChange()
  }

  /** Fetches what is due; `all`: whatever is fetched at all. */
  async #refresh(all: boolean): Promise<void> {
    const now = this.#deps.clock.monotonic()
    const due = this.#held.filter(({ dueAt }) => all || dueAt <= now)
    let isChanged = false
    for (const held of due) {
      if (this.#ended.signal.aborted) return
      if (held.list.isUrl) isChanged = (await this.#fetch(held)) || isChanged
      else {
        const copy = await this.#copies.copyOf(held.list)
        isChanged ||= copy?.updatedAt !== held.updatedAt
        held.updatedAt = copy?.updatedAt
        held.dueAt = this.#dueAt(held.list, copy?.updatedAt)
      }
    }
    if (isChanged) await this.#compile()
  }

  /** Owes whether there is a new text. */
  async #fetch(held: Held): Promise<boolean> {
    const { clock, log, resolve, seed } = this.#deps
    const { list } = held
    const draft = await this.#copies.draftOf(list)
    try {
      const known = await this.#copies.copyOf(list)
      const { download } = await import('./download.ts')
      const { maxBytes } = list
      const given = await download(list.source, draft, { resolve, known, maxBytes, signal: this.#ended.signal })
      if (given !== undefined) await this.#check(list, draft, seed)
      const copy = { ...(given ?? known!), updatedAt: clock.now() }
      await this.#copies.keep(list, given && draft, copy)
      Object.assign(held, { updatedAt: copy.updatedAt, trouble: undefined, failures: 0 })
      held.dueAt = clock.monotonic() + list.everyMs
      return given !== undefined
    } catch (error) {
      if (this.#ended.signal.aborted) return false
      held.failures++
      held.trouble = errorText(error)
      held.dueAt =
        clock.monotonic() + Math.min(list.everyMs, limits.LIST_RETRY_MS * 2 ** Math.min(held.failures - 1, 6))
      log.warn(
        { list: list.options.name, reason: held.trouble },
        'a list was not fetched: the last copy stays in force',
      )
      return false
    }
  }

  /** A page that says "log in first" must not take the place of a list. */
  async #check(list: FilterList, draft: string, seed: Uint8Array): Promise<void> {
    const { counts } = await this.#work.compile([{ options: list.options, file: draft }], seed)
    if (counts[0]!.entries === 0) throw new Error('there is no rule in it')
  }

  /** What fails is in the log, and the next one has its turn. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work).catch((error: unknown) => {
      if (!this.#ended.signal.aborted)
        this.#deps.log.error({ error: errorText(error) }, 'lists could not be loaded: those of before stay in force')
    })
    this.#turn = done
    return done
  }

  #within(ms: number, work: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#deps.clock.after(ms, resolve)
      void work.then(() => {
        cancel()
        resolve()
      })
    })
  }
}

function ownCount({ options }: FilterConfig): number {
  const { all, groups } = options.own
  return Object.values(groups).reduce((sum, rules) => sum + rules.length, all.length)
}
