/**
 * What is taken over from another resolver, in the terms of our configuration, and what is not, with the reason. Each thing goes in through one
 * of these calls, so that nothing is dropped without a word. Pure.
 */
import { isIP } from 'node:net'
import { errorText } from '../../base/index.ts'
import { checkFilterRule, filterLimits } from '../../filter/index.ts'
import { limits } from '../limits.ts'

export interface ImportedList {
  readonly source: string
  readonly kind?: 'allow'
  readonly enabled?: false
  readonly everyHours?: number
}

export interface ImportedGroup {
  readonly clients?: readonly string[]
  readonly lists?: readonly string[]
  readonly rules?: readonly string[]
}

/** A part of `resolver.config.json`. */
export interface ConfigPart {
  readonly filter: {
    readonly lists: Readonly<Record<string, ImportedList>>
    readonly rules: readonly string[]
    readonly groups: Readonly<Record<string, ImportedGroup>>
    readonly mode?: FilterMode
    readonly ttl?: number
  }
  readonly local: { readonly records: readonly string[] }
  readonly iterator: { readonly forwards: Readonly<Record<string, readonly string[]>> }
}

export type FilterMode = 'null' | 'nxdomain' | 'nodata' | 'refused' | { readonly ipv4?: string; readonly ipv6?: string }

/** What was not taken over. */
export interface Left {
  /** As the other resolver calls it, with its value unless that is a secret. */
  readonly what: string
  readonly why: string
}

export class Takeover {
  readonly left: Left[] = []
  readonly #lists = new Map<string, ImportedList>()
  readonly #rules = new Set<string>()
  readonly #groups = new Map<string, ImportedGroup>()
  readonly #records = new Map<string, string[]>()
  readonly #forwards = new Map<string, string[]>()
  #mode: FilterMode | undefined
  #ttl: number | undefined

  leave(what: string, why: string): void {
    const shown = what.length <= limits.MAX_SHOWN_VALUE ? what : `${what.slice(0, limits.MAX_SHOWN_VALUE)}...`
    this.left.push({ what: shown.replace(/[\p{Cc}]/gu, ' '), why })
  }

  /** The name that the list got, made of `title`; undefined where it was left. */
  list(title: string, list: ImportedList, what: string): string | undefined {
    const same = [...this.#lists].find(([, one]) => one.source === list.source)
    if (same !== undefined) return same[0]
    if (!/^https?:\/\//i.test(list.source))
      return this.#leaveList(
        what,
        'only https and http URLs are taken over: copy the file, and name it in filter.lists',
      )
    if (this.#lists.size >= filterLimits.MAX_LISTS)
      return this.#leaveList(what, `there are at most ${filterLimits.MAX_LISTS} lists`)
    const name = freeWord(title, (word) => this.#lists.has(word))
    this.#lists.set(name, list)
    return name
  }

  /** False where it was left: it must be one that `filter.rules` takes. */
  rule(rule: string, what: string): boolean {
    if (!this.isRule(rule, what)) return false
    if (this.#rules.size >= filterLimits.MAX_OWN_RULES)
      this.leave(what, `there are at most ${filterLimits.MAX_OWN_RULES} rules of one's own`)
    else this.#rules.add(rule)
    return this.#rules.has(rule)
  }

  isRule(rule: string, what: string): boolean {
    try {
      checkFilterRule(rule)
      return true
    } catch (error) {
      this.leave(what, errorText(error).replace(/^the rule ".*" cannot be used: /s, ''))
      return false
    }
  }

  group(title: string, group: ImportedGroup): string | undefined {
    if (this.#groups.size >= filterLimits.MAX_GROUPS) {
      this.leave(`group ${title}`, `there are at most ${filterLimits.MAX_GROUPS} groups`)
      return undefined
    }
    const name = title === 'default' ? title : freeWord(title, (word) => word === 'default' || this.#groups.has(word))
    this.#groups.set(name, group)
    return name
  }

  address(name: string, address: string, what: string): void {
    const version = isIP(address)
    if (version === 0) this.leave(what, `${address} is no address`)
    else this.#record(name, version === 4 ? 'A' : 'AAAA', address, what)
  }

  alias(name: string, target: string, what: string, ttl?: number): void {
    if (!isName(target) || target.startsWith('*')) this.leave(what, `${target} is no name`)
    else this.#record(name, 'CNAME', target, what, ttl)
  }

  forward(zone: string, server: string, what: string): void {
    if (!isName(zone) || zone.startsWith('*')) this.leave(what, `${zone} is no zone`)
    else if (!isServer(server)) this.leave(what, 'only servers with an address are asked, by plain DNS')
    else this.#forwards.set(zone.toLowerCase(), [...(this.#forwards.get(zone.toLowerCase()) ?? []), server])
  }

  blockedAs(mode: FilterMode): void {
    this.#mode = mode
  }

  blockedFor(ttl: number, what: string): void {
    if (Number.isInteger(ttl) && ttl >= 0 && ttl <= 86_400) this.#ttl = ttl
    else this.leave(what, 'it is no number of seconds up to a day')
  }

  part(): ConfigPart {
    return {
      filter: {
        lists: Object.fromEntries(this.#lists),
        rules: [...this.#rules],
        groups: Object.fromEntries(this.#groups),
        ...(this.#mode === undefined ? {} : { mode: this.#mode }),
        ...(this.#ttl === undefined ? {} : { ttl: this.#ttl }),
      },
      local: { records: [...this.#records.values()].flat() },
      iterator: { forwards: Object.fromEntries(this.#forwards) },
    }
  }

  #record(name: string, type: string, data: string, what: string, ttl?: number): void {
    if (!isName(name)) {
      this.leave(what, `${name} is no name`)
      return
    }
    const owner = name.toLowerCase().replace(/\.$/, '')
    const there = this.#records.get(owner) ?? []
    const record = [owner, ...(ttl === undefined ? [] : [ttl]), type, data].join(' ')
    if (there.includes(record)) return
    if (there.length > 0 && (type === 'CNAME' || there.some((one) => one.includes(' CNAME ')))) {
      this.leave(what, `${owner} has another record: an alias stands alone (RFC 1034 section 3.6.2)`)
      return
    }
    this.#records.set(owner, [...there, record])
  }

  #leaveList(what: string, why: string): undefined {
    this.leave(what, why)
    return undefined
  }
}

/** A name of a list or group: letters, digits, `-`, `_` and `.`, at most 40. */
function freeWord(title: string, isTaken: (word: string) => boolean): string {
  const word =
    title
      .normalize('NFKD')
      .replace(/\p{M}/gu, '')
      .replace(/[^A-Za-z0-9._-]+/g, '-')
      .replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '')
      .slice(0, 36) || 'list'
  let free = word
  for (let count = 2; isTaken(free); count++) free = `${word}-${count}`
  return free
}

/** A name as configurations have it: ASCII, with or without a star in front. */
function isName(text: string): boolean {
  return (
    text.length <= 253 &&
    /^(\*\.)?([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.?$/.test(
      text,
    )
  )
}

/** `192.168.1.1`, `192.168.1.1:5353`, `[fd00::1]:53`. */
function isServer(text: string): boolean {
  if (isIP(text) !== 0) return true
  const [, v6, v4, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? []
  return isIP(v6 ?? v4 ?? '') !== 0 && Number(port) > 0 && Number(port) < 65_536
}
