/** The lists that are wanted, as they are on this machine: read from disk into one set, fetched when they are due. One load or fetch after the other. */
import { type Clock, errorText, type Log } from '../../base/index.ts'
import type { FilterList } from '../../config/index.ts'
import type { Name } from '../../dns/index.ts'
import { filterLimits, filterSetBytes, type ListState, type PackedSet, type RuleLine } from '../../filter/index.ts'
import { limits } from '../limits.ts'
import { ListCopies } from './list-copies.ts'
import { type ListWork, listWork } from './list-work.ts'

export interface HeldListsDeps {
  readonly config: { readonly data: string }
  readonly clock: Clock
  /** 16 random bytes. */
  readonly seed: Uint8Array
  readonly log: Log
  /** Addresses of a host, by this node's own resolver. */
  readonly resolve: (host: string, signal: AbortSignal) => Promise<readonly string[]>
  /** Addresses that a list of the household is not fetched from. Left out: those of this machine itself. */
  readonly refuses?: (address: string) => boolean
}

export interface HeldListsHooks {
  readonly wanted: () => readonly FilterList[]
  /** What is in force from now on. Undefined: no list has any text. */
  readonly onSet: (set: PackedSet | undefined, bytes: number) => void
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
  /** Of the copy on disk. */
  bytes: number
  /** Monotonic ms. */
  dueAt: number
}

export class HeldLists {
  readonly #deps: HeldListsDeps
  readonly #hooks: HeldListsHooks
  readonly #copies: ListCopies
  readonly #work: ListWork
  readonly #ended = new AbortController()
  #held: readonly Held[] = []
  #isLoading = false
  #turn: Promise<unknown> = Promise.resolve()

  constructor(deps: HeldListsDeps, hooks: HeldListsHooks) {
    const { config, log } = deps
    this.#deps = deps
    this.#hooks = hooks
    this.#copies = new ListCopies(`${config.data}/filter`, log)
    this.#work = listWork(log)
  }

  stop(): void {
    this.#ended.abort()
  }

  states(): readonly ListState[] {
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

  isDue(): boolean {
    const now = this.#deps.clock.monotonic()
    return this.#held.some(({ dueAt }) => dueAt <= now)
  }

  /** Reads what is on disk. */
  load(): Promise<void> {
    return this.#inTurn(() => this.#load())
  }

  /** Fetches what is due. */
  refresh(): Promise<void> {
    return this.#inTurn(() => this.#fetchDue(false))
  }

  /** Fetches whatever is fetched at all. */
  update(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#load()
      await this.#fetchDue(true)
    })
  }

  /** Loads and fetches what is due: once, however often lists change until it is its turn. */
  reloadSoon(): void {
    if (this.#isLoading) return
    this.#isLoading = true
    void this.#inTurn(async () => {
      this.#isLoading = false
      await this.#load()
      await this.#fetchDue(false)
    })
  }

  /** The lines of a list that speak of a name. Rejects where the text cannot be read. */
  async linesOf(listName: string, name: Name): Promise<readonly RuleLine[]> {
    const held = this.#held.find(({ list }) => list.options.name === listName)
    if (held === undefined) return []
    return this.#work.explain(
      { options: held.list.options, file: this.#copies.fileOf(held.list) },
      name,
      limits.MAX_RULES_SHOWN,
    )
  }

  /** Reads all lists from disk, into one set. */
  async #load(): Promise<void> {
    const before = new Map(this.#held.map((one) => [one.list.options.name, one]))
    const held: Held[] = []
    const lists = this.#hooks.wanted()
    for (const list of lists) {
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
        bytes: copy?.bytes ?? 0,
        dueAt: this.#dueAt(list, copy?.updatedAt),
      })
    }
    this.#held = held
    await this.#copies.keepOnly(new Set(lists.flatMap(({ isShared, options }) => (isShared ? [options.name] : []))))
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

  #put(set: PackedSet | undefined, bytes: number): void {
    if (!this.#ended.signal.aborted) this.#hooks.onSet(set, bytes)
  }

  /** Fetches what is due; `all`: whatever is fetched at all. */
  async #fetchDue(all: boolean): Promise<void> {
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
    const { clock, log, resolve, seed, refuses } = this.#deps
    const { list } = held
    const draft = await this.#copies.draftOf(list)
    try {
      const known = await this.#copies.copyOf(list)
      const { download, isThisMachine } = await import('./download.ts')
      const given = await download(list.source, draft, {
        resolve,
        known,
        maxBytes: list.isShared ? Math.min(list.maxBytes, this.#room(held)) : list.maxBytes,
        refuses: list.isShared ? (refuses ?? isThisMachine) : undefined,
        signal: this.#ended.signal,
      })
      if (given !== undefined) await this.#check(list, draft, seed)
      const copy = { ...(given ?? known!), updatedAt: clock.now() }
      await this.#copies.keep(list, given && draft, copy)
      const bytes = (await this.#copies.copyOf(list))?.bytes ?? 0
      Object.assign(held, { updatedAt: copy.updatedAt, trouble: undefined, failures: 0, bytes })
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

  /** What the other lists of the household leave to one of them. Bytes. */
  #room(held: Held): number {
    const others = this.#held.filter((one) => one !== held && one.list.isShared)
    return Math.max(0, filterLimits.MAX_SHARED_LISTS_BYTES - others.reduce((sum, { bytes }) => sum + bytes, 0))
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
}
