/**
 * Lists and groups as settings of the household, and what is in force of them beside the configuration of this box. Pure.
 *
 *     list/NAME                         JSON {source, kind?, format?, everyHours?, maxMegabytes?, rewrites?, groups?, enabled?}
 *     group/NAME                        JSON {lists?, mode?}
 *     group/NAME/client/CLIENT          empty
 *     group/NAME/schedule/DAYS FROM-TO  everything, or names of lists with commas between
 *
 * Each client and each schedule is a key of its own, so that edits of two boxes merge.
 */
import ipaddr from 'ipaddr.js'
import {
  type FilterConfig,
  type FilterList,
  faultOfClient,
  isFilterWord,
  readSharedGroup,
  readSharedList,
  readSharedSchedule,
  type SharedGroup,
  type SharedList,
  scheduleForm,
} from '../../config/index.ts'
import { normalIp, normalMac } from '../../devices/index.ts'
import { filterLimits, type GroupOptions, type Schedule } from '../../filter/index.ts'
import type { SharedSetting } from '../../settings/index.ts'

/** A setting that is not in force here. */
export interface PassedOver {
  readonly key: string
  readonly why: string
}

export interface InForce {
  readonly config: FilterConfig
  /** Names of the groups that are the household's. */
  readonly sharedGroups: ReadonlySet<string>
  /** Lists of the household that rest: they are neither fetched nor in force. */
  readonly paused: readonly FilterList[]
  readonly passedOver: readonly PassedOver[]
}

export interface FilterKey {
  readonly kind: 'list' | 'group' | 'client' | 'schedule'
  /** Of the list or group. */
  readonly name: string
  /** The client or schedule; empty for a list or group. */
  readonly what: string
}

export function isOfLists(key: string): boolean {
  return key.startsWith('list/') || key.startsWith('group/')
}

/** Undefined: a key of no form that this release knows. */
export function filterKey(key: string): FilterKey | undefined {
  const [, kind, name = '', part, what = ''] = /^(list|group)\/([^/]+)(?:\/(client|schedule)\/(.+))?$/s.exec(key) ?? []
  // A group called "constructor" would find what every object has where rules are kept by group.
  if (kind === undefined || !isFilterWord(name) || name in Object.prototype) return undefined
  if (kind === 'list' && part !== undefined) return undefined
  return { kind: (part ?? kind) as FilterKey['kind'], name, what }
}

/** What is wrong with a setting of lists or groups; undefined: nothing. */
export function faultOf({ key, value }: SharedSetting): string | undefined {
  const parts = filterKey(key)
  if (parts === undefined) return 'its key has no form that is known here'
  const read = readPart(parts, value)
  return typeof read === 'string' ? read : undefined
}

/** A client in the one form that all boxes give it, or the same would be there twice. */
export function clientForm(text: string): string {
  const known = normalMac(text) ?? normalIp(text)
  if (known !== undefined) return known
  if (!ipaddr.isValidCIDR(text)) return text.trim().toLowerCase()
  const [address, bits] = ipaddr.parseCIDR(text)
  const network = address instanceof ipaddr.IPv4 ? ipaddr.IPv4 : ipaddr.IPv6
  return `${normalIp(network.networkAddressFromCIDR(text).toString())}/${bits}`
}

/** The configuration of this box first: of what it names, nothing of the household counts. */
export function inForce(config: FilterConfig, settings: readonly SharedSetting[]): InForce {
  const reading = new Reading(config)
  for (const setting of settings) reading.take(setting)
  return reading.done()
}

type Part = SharedList | SharedGroup | Schedule | { readonly client: string }

function readPart(key: FilterKey, value: string): Part | string {
  if (key.kind === 'list') return readSharedList(key.name, value)
  if (key.kind === 'group') return readSharedGroup(value)
  if (key.kind === 'schedule')
    return scheduleForm(key.what) === key.what
      ? readSharedSchedule(key.what, value)
      : `write ${scheduleForm(key.what) ?? 'days and times such as "sun,mon 21:00-07:00"'}`
  // Control characters would go to whoever looks at groups.
  if (/\p{Cc}/u.test(key.what)) return 'has characters that no name has'
  return (
    faultOfClient(key.what) ??
    (clientForm(key.what) === key.what ? { client: key.what } : `write ${clientForm(key.what)}`)
  )
}

interface Group {
  readonly clients: string[]
  readonly schedules: Schedule[]
  readonly head: SharedGroup
}

/** Keys come in their order: a group stands before its clients. */
class Reading {
  readonly #config: FilterConfig
  readonly #ownLists: ReadonlySet<string>
  readonly #ownGroups: ReadonlySet<string>
  readonly #lists: FilterList[] = []
  readonly #paused: FilterList[] = []
  readonly #listGroups = new Map<string, readonly string[]>()
  readonly #groups = new Map<string, Group>()
  readonly #passedOver: PassedOver[] = []

  constructor(config: FilterConfig) {
    this.#config = config
    this.#ownLists = new Set([...config.lists.map(({ options }) => options.name), ...config.disabled])
    this.#ownGroups = new Set(config.options.groups.map(({ name }) => name))
  }

  take(setting: SharedSetting): void {
    const why = this.#taken(setting)
    if (why !== undefined) this.#passedOver.push({ key: setting.key, why })
  }

  done(): InForce {
    const { lists, options, disabled } = this.#config
    const groups = [...this.#groups].map(
      ([name, { head, clients, schedules }]): GroupOptions => ({ name, ...head, clients, schedules }),
    )
    return {
      config: {
        lists: [...lists, ...this.#lists],
        options: { ...options, groups: [...options.groups, ...groups], listGroups: this.#listGroups },
        disabled,
      },
      sharedGroups: new Set(this.#groups.keys()),
      paused: this.#paused,
      passedOver: this.#passedOver,
    }
  }

  /** Why it is passed over; undefined: it is not. */
  #taken({ key, value }: SharedSetting): string | undefined {
    const parts = filterKey(key)
    if (parts === undefined) return 'its key has no form that is known here'
    const isOwn = (parts.kind === 'list' ? this.#ownLists : this.#ownGroups).has(parts.name)
    if (isOwn) return `the configuration of this box has a ${parts.kind === 'list' ? 'list' : 'group'} of that name`
    const read = readPart(parts, value)
    if (typeof read === 'string') return read
    if ('list' in read) return this.#list(parts.name, read)
    if (parts.kind === 'group') return this.#group(parts.name, read as SharedGroup)
    const group = this.#groups.get(parts.name)
    if (group === undefined) return 'there is no such group'
    return 'client' in read ? addClient(group, read.client) : addSchedule(group, read as Schedule)
  }

  #list(name: string, { list, groups, isPaused }: SharedList): string | undefined {
    const shared = this.#lists.length + this.#paused.length
    if (shared >= filterLimits.MAX_SHARED_LISTS) return tooMany(filterLimits.MAX_SHARED_LISTS, 'shared lists')
    const all = this.#config.lists.length + shared
    if (all >= filterLimits.MAX_LISTS) return tooMany(filterLimits.MAX_LISTS, 'lists')
    ;(isPaused ? this.#paused : this.#lists).push(list)
    if (groups !== undefined) this.#listGroups.set(name, groups)
    return undefined
  }

  #group(name: string, head: SharedGroup): string | undefined {
    if (this.#groups.size >= filterLimits.MAX_SHARED_GROUPS)
      return tooMany(filterLimits.MAX_SHARED_GROUPS, 'shared groups')
    if (this.#ownGroups.size + this.#groups.size >= filterLimits.MAX_GROUPS)
      return tooMany(filterLimits.MAX_GROUPS, 'groups')
    this.#groups.set(name, { head, clients: [], schedules: [] })
    return undefined
  }
}

function addClient({ clients }: Group, client: string): string | undefined {
  if (clients.length >= filterLimits.MAX_CLIENTS_OF_GROUP)
    return tooMany(filterLimits.MAX_CLIENTS_OF_GROUP, 'clients of a group')
  clients.push(client)
  return undefined
}

function addSchedule({ schedules }: Group, schedule: Schedule): string | undefined {
  if (schedules.length >= filterLimits.MAX_SCHEDULES) return tooMany(filterLimits.MAX_SCHEDULES, 'schedules of a group')
  schedules.push(schedule)
  return undefined
}

function tooMany(most: number, what: string): string {
  return `there are ${most} ${what} already`
}
