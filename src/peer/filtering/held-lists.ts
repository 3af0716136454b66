/** The lists that are wanted, as they are on this machine: read from disk into one set, fetched when they are due. One load or fetch after the other. */
import { rm } from 'node:fs/promises'
import { ChordnsError, type Clock, errorText, type Log } from '../../base/index.ts'
import type { FilterList, ZoneSource } from '../../config/index.ts'
import { type Name, sameName } from '../../dns/index.ts'
import { filterLimits, filterSetBytes, type ListState, type PackedSet, type RuleLine } from '../../filter/index.ts'
import { readTextFile } from '../../io/index.ts'
import { limits } from '../limits.ts'
import { ListCopies, type ListCopy } from './list-copies.ts'
import { type ListWork, listWork } from './list-work.ts'
import type { ZoneTimers } from './transfer/transfer.ts'
import type { TsigKey } from './transfer/tsig.ts'

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
  /** Of that; unix ms. */
  failedAt: number | undefined
  /** Whether its rules are in the set. */
  isInForce: boolean
  /** Failures in a row. */
  failures: number
  /** Of the copy on disk. */
  bytes: number
  /** Monotonic ms. */
  dueAt: number
  /** When it was last asked for; the same. */
  askedAt: number
  /** Of a zone by transfer that is there. */
  zone: ZoneTimers | undefined
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
    return this.#held.map(({ list, entries, skipped, updatedAt, trouble, failedAt }) => ({
      name: list.options.name,
      kind: list.options.kind,
      source: list.source,
      entries,
      skipped,
      updatedAt,
      trouble,
      failedAt,
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
    return this.#inTurn(() => this.#fetchDue())
  }

  /** Fetches whatever is fetched at all; a name: of these, that one. */
  update(name?: string): Promise<void> {
    return this.#inTurn(async () => {
      await this.#load()
      await this.#fetchDue(({ list }) => name === undefined || list.options.name === name)
    })
  }

  /** Loads and fetches what is due: once, however often lists change until it is its turn. */
  reloadSoon(): void {
    if (this.#isLoading) return
    this.#isLoading = true
    void this.#inTurn(async () => {
      this.#isLoading = false
      await this.#load()
      await this.#fetchDue()
    })
  }

  /** Somebody says that a zone has changed. Owes whether it is of use: the zone is fetched from that address. */
  notified(zone: Name, from: string): boolean {
    const now = this.#deps.clock.monotonic()
    const isFrom = ({ primaries }: ZoneSource) => primaries.some(({ address }) => address === from)
    const meant = this.#held.filter(
      ({ list: { transfer } }) => transfer !== undefined && sameName(transfer.zone, zone) && isFrom(transfer),
    )
    for (const held of meant) {
      held.dueAt = Math.min(held.dueAt, Math.max(now, held.askedAt + limits.NOTIFY_EVERY_MS))
    }
    if (meant.some(({ dueAt }) => dueAt <= now)) void this.refresh()
    return meant.length > 0
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
        failedAt: isSame ? known.failedAt : undefined,
        isInForce: false,
        failures: isSame ? known.failures : 0,
        bytes: copy?.bytes ?? 0,
        askedAt: isSame ? known.askedAt : Number.NEGATIVE_INFINITY,
        zone: copy?.zone,
        dueAt: this.#dueAt(list, copy?.updatedAt, copy?.zone),
      })
    }
    this.#held = held
    await this.#copies.keepOnly(new Set(lists.flatMap(({ isShared, options }) => (isShared ? [options.name] : []))))
    await this.#compile()
  }

  #dueAt(list: FilterList, updatedAt: number | undefined, zone?: ZoneTimers): number {
    const now = this.#deps.clock.monotonic()
    const everyMs = everyMsOf(list, zone)
    if (!list.isUrl) return now + everyMs
    const age = updatedAt === undefined ? everyMs : this.#deps.clock.now() - updatedAt
    return now + Math.max(0, everyMs - age)
  }

  async #compile(): Promise<void> {
    const { log, seed } = this.#deps
    const there = this.#held.filter((held) => held.updatedAt !== undefined && !this.#isExpired(held))
    for (const held of this.#held) held.isInForce = there.includes(held)
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

  /** Fetches what is due, and what is wished for. */
  async #fetchDue(isWished: (held: Held) => boolean = () => false): Promise<void> {
    const now = this.#deps.clock.monotonic()
    const due = this.#held.filter((held) => held.dueAt <= now || isWished(held))
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
    const { clock, log, seed } = this.#deps
    const { list } = held
    const wasExpired = this.#isExpired(held)
    held.askedAt = clock.monotonic()
    const draft = await this.#copies.draftOf(list)
    try {
      const known = await this.#copies.copyOf(list)
      const given = await this.#given(held, draft, known)
      // A zone without rules is one all the same: nothing else has an SOA.
      if (given !== undefined && list.transfer === undefined) await this.#check(list, draft, seed)
      const copy = { ...(given ?? known!), updatedAt: clock.now() }
      await this.#copies.keep(list, given && draft, copy)
      const bytes = (await this.#copies.copyOf(list))?.bytes ?? 0
      Object.assign(held, { updatedAt: copy.updatedAt, trouble: undefined, failedAt: undefined, failures: 0, bytes })
      held.zone = copy.zone
      held.dueAt = clock.monotonic() + everyMsOf(list, copy.zone)
      return given !== undefined || wasExpired
    } catch (error) {
      if (this.#ended.signal.aborted) return false
      held.failures++
      held.trouble = errorText(error)
      held.failedAt = clock.now()
      held.dueAt =
        clock.monotonic() +
        Math.min(
          everyMsOf(list, held.zone),
          limits.LIST_RETRY_MS * 2 ** Math.min(held.failures - 1, 6),
          retryMsOf(held),
        )
      log.warn(
        { list: list.options.name, reason: held.trouble },
        'a list was not fetched: the last copy stays in force',
      )
      // The set is read anew once: the zone may have expired since.
      return held.isInForce && this.#isExpired(held)
    }
  }

  /** The new text is in the draft, with what there is to know of it. Undefined: the text has not changed; a zone says so itself. */
  async #given(
    held: Held,
    draft: string,
    known: ListCopy | undefined,
  ): Promise<Omit<ListCopy, 'updatedAt'> | undefined> {
    const { resolve, refuses } = this.#deps
    const { list } = held
    const maxBytes = list.isShared ? Math.min(list.maxBytes, this.#room(held)) : list.maxBytes
    const signal = this.#ended.signal
    if (list.transfer !== undefined) return this.#transferred(list, list.transfer, draft, known)
    const { download, isThisMachine } = await import('./download.ts')
    return download(list.source, draft, {
      resolve,
      known,
      maxBytes,
      refuses: list.isShared ? (refuses ?? isThisMachine) : undefined,
      signal,
    })
  }

  async #transferred(
    list: FilterList,
    source: ZoneSource,
    draft: string,
    known: ListCopy | undefined,
    takesDifferences = true,
  ): Promise<Omit<ListCopy, 'updatedAt'> | undefined> {
    const { transfer } = await import('./transfer/transfer.ts')
    const { zone, primaries } = source
    const { clock, log } = this.#deps
    const { maxBytes } = list
    const frames = `${draft}.frames`
    const { timers, brought } = await transfer(primaries, frames, {
      zone,
      key: keyOf(source),
      known: known?.zone?.serial,
      takesDifferences,
      maxBytes,
      signal: this.#ended.signal,
      now: () => clock.now(),
    })
    if (brought === undefined) return undefined
    try {
      if (brought === 'whole') await this.#work.write(frames, zone, draft, maxBytes)
      else {
        const changes = await this.#work.change(this.#copies.fileOf(list), frames, zone, draft, maxBytes)
        log.info({ list: list.options.name, ...changes }, 'a zone has changed, and came as differences')
      }
    } catch (error) {
      if (brought === 'whole') throw error
      log.info({ list: list.options.name, reason: errorText(error) }, 'differences do not fit: the zone comes whole')
      return await this.#transferred(list, source, draft, known, false)
    } finally {
      await rm(frames, { force: true })
    }
    return { etag: undefined, lastModified: undefined, zone: timers }
  }

  /** The primaries were not reached for as long as its SOA says: what it said is not believed any more (RFC 1035 section 3.3.13). */
  #isExpired({ zone, updatedAt }: Held): boolean {
    if (zone === undefined || updatedAt === undefined) return false
    return this.#deps.clock.now() - updatedAt > zone.expire * 1_000
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

/** A zone says itself when it is looked at again. */
function everyMsOf({ everyMs }: FilterList, zone: ZoneTimers | undefined): number {
  return zone === undefined ? everyMs : Math.min(everyMs, Math.max(limits.LEAST_REFRESH_MS, zone.refresh * 1_000))
}

function retryMsOf({ zone }: Held): number {
  return zone === undefined ? Number.POSITIVE_INFINITY : Math.max(limits.LEAST_REFRESH_MS, zone.retry * 1_000)
}

/** Throws FILE_UNREADABLE or TRANSFER_FAILED. */
function keyOf({ tsig }: ZoneSource): TsigKey | undefined {
  if (tsig === undefined) return undefined
  const { name, algorithm, secretFile } = tsig
  const text = readTextFile(secretFile)
  const secret = Buffer.from((text ?? '').trim(), 'base64')
  if (secret.length === 0)
    throw new ChordnsError('TRANSFER_FAILED', `${secretFile} has no secret in base64`, { why: 'secretFile' })
  return { name, algorithm, secret }
}
