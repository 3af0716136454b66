/** Blocking on this machine: loads lists, keeps them fresh, and holds what is changed while the node runs. */
import type { Cancel } from '../../base/index.ts'
import type { FilterConfig } from '../../config/index.ts'
import type { Name } from '../../dns/index.ts'
import {
  type ClientIdentity,
  Filter,
  type FilterControl,
  type FilterDecision,
  filterLimits,
  type GroupOptions,
  type ListState,
  type OwnRules,
  type Pause,
  type QuestionFilter,
} from '../../filter/index.ts'
import type { Settings, SharedSetting } from '../../settings/index.ts'
import { limits } from '../limits.ts'
import { HeldLists, type HeldListsDeps } from './held-lists.ts'
import { type Made, type MadeFile, type MadeRules, madeFile } from './made-rules.ts'
import { type InForce, inForce, isOfLists } from './shared-lists.ts'
import { carryOver, isOfFilter, type RuleSettings, sharedRules } from './shared-rules.ts'
import { decisionOf } from './why.ts'

export interface FilteringDeps extends HeldListsDeps {
  readonly config: { readonly filter: FilterConfig; readonly data: string }
}

export interface FilteringHooks {
  /** What is answered may be different from now on. */
  readonly onChange: () => void
  /** Who a client is beside its address. Without it nobody knows. */
  readonly identify?: (address: string) => ClientIdentity | undefined
}

export class Filtering implements FilterControl {
  readonly #deps: FilteringDeps
  readonly #hooks: FilteringHooks
  readonly #filter: Filter
  readonly #lists: HeldLists
  readonly #file: MadeFile
  #made: MadeRules
  #unfollow: Cancel = () => {}
  /** Of this box alone. */
  #own: FilterConfig
  #shared: Pick<Settings, 'list'> | undefined
  /** With what the household shares. */
  #now: InForce
  #bytes = 0
  #cancels: Cancel[] = []

  /** Throws FILTER_RULE. */
  constructor(deps: FilteringDeps, hooks: FilteringHooks) {
    const { config, clock, seed, log } = deps
    this.#deps = deps
    this.#hooks = hooks
    this.#own = config.filter
    this.#now = inForce(config.filter, [])
    this.#filter = new Filter({ clock, seed, identify: (address) => hooks.identify?.(address) }, config.filter.options)
    this.#lists = new HeldLists(deps, {
      wanted: () => this.#now.config.lists,
      onSet: (set, bytes) => {
        this.#filter.setLists(set)
        this.#bytes = bytes
        this.#hooks.onChange()
      },
    })
    this.#file = madeFile(config.data, log)
    this.#made = this.#file
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
    if (this.#now.config.lists.length === 0) return
    await this.#within(limits.FIRST_LISTS_MS, this.#lists.load())
    const isEmpty = this.lists().every(({ updatedAt }) => updatedAt === undefined)
    const fetched = this.#lists.refresh()
    if (isEmpty) await this.#within(limits.FIRST_FETCH_MS, fetched)
  }

  /**
   * What is made by command is settings of the household from now on, and what is in them is in force, with its lists and groups. What was made before goes into them; `settled` resolves
   * when that is on the disk.
   */
  follow(settings: RuleSettings, settled: () => Promise<void>): void {
    const { log } = this.#deps
    const isWhole = carryOver({ own: this.own(), pauses: this.pauses() }, { settings, log })
    this.#made = sharedRules({ settings, log, room: () => filterLimits.MAX_OWN_RULES - ownCount(this.#own) })
    this.#shared = settings
    this.#putShared(this.#own)
    this.#putMade(this.#made.read())
    this.#unfollow = settings.onChange((keys) => {
      if (keys.some(isOfLists)) this.#followLists(keys)
      if (keys.some(isOfFilter)) this.#putMade(this.#made.read())
    })
    if (isWhole) void settled().then(() => this.#file.retire())
  }

  stop(): void {
    this.#unfollow()
    this.#lists.stop()
    for (const cancel of this.#cancels) cancel()
  }

  /** Another configuration is in force. Throws FILTER_RULE, and then changes nothing. */
  configure(config: FilterConfig): void {
    this.#putShared(config)
    this.#own = config
    this.#hooks.onChange()
    // Files may have changed, which a reload reads again.
    this.#lists.reloadSoon()
  }

  lists(): readonly ListState[] {
    return this.#lists.states()
  }

  /** A NOTIFY (RFC 1996): only a hint. Owes whether it is of use. */
  notified(zone: Name, from: string): boolean {
    return this.#lists.notified(zone, from)
  }

  /** Memory of the names. */
  get bytes(): number {
    return this.#bytes
  }

  groups(): readonly GroupOptions[] {
    return this.#now.config.options.groups
  }

  inForce(): InForce {
    return this.#now
  }

  /** Settings of lists and groups, whether they are in force here or not. Undefined: there are no settings. */
  sharedSettings(): readonly SharedSetting[] | undefined {
    return this.#shared && [...this.#shared.list('group/'), ...this.#shared.list('list/')]
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

  async update(list?: string): Promise<readonly ListState[]> {
    await this.#lists.update(list)
    return this.lists()
  }

  async why(name: Name, type: number, client: string | undefined): Promise<FilterDecision> {
    const looked = this.#filter.look(name, type, client)
    const rules = [this.#now.config.options.own, this.#filter.own()]
    return decisionOf(looked, name, {
      own: rules.flatMap(({ all, groups }) => [...all, ...(groups[looked.group] ?? [])]),
      linesOf: (list) => this.#lists.linesOf(list, name),
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

  /** Throws FILTER_RULE, and then changes nothing. */
  #putShared(config: FilterConfig): void {
    const { passedOver } = this.#now
    const now = inForce(config, this.sharedSettings() ?? [])
    this.#filter.configure({ ...now.config.options, listGroups: this.#listGroups(now) })
    this.#now = now
    // Names stay out of the log.
    if (now.passedOver.length > 0 && now.passedOver.length !== passedOver.length)
      this.#deps.log.warn(
        { passedOver: now.passedOver.length },
        'lists and groups of the household are not in force here: `chordns lists` says which, and why',
      )
  }

  /** A list that is named no more holds for nobody from now on, though the set of names has it until all are read again. */
  #listGroups({ config }: InForce): ReadonlyMap<string, readonly string[]> {
    const wanted = new Set(config.lists.map(({ options }) => options.name))
    const gone = this.lists().filter(({ name }) => !wanted.has(name))
    return new Map([...(config.options.listGroups ?? []), ...gone.map(({ name }) => [name, []] as const)])
  }

  #followLists(keys: readonly string[]): void {
    this.#putShared(this.#own)
    this.#hooks.onChange()
    if (keys.some((key) => key.startsWith('list/'))) this.#lists.reloadSoon()
  }

  /** Schedules and pauses begin and end by themselves. */
  #tick(): void {
    this.#after(limits.FILTER_TICK_MS, () => {
      if (this.#filter.refresh()) this.#hooks.onChange()
      if (this.#lists.isDue()) void this.#lists.refresh()
      this.#tick()
    })
  }

  #after(ms: number, callback: () => void): void {
    this.#cancels = [this.#deps.clock.after(ms, callback)]
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
