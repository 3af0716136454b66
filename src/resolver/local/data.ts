/** Answers from local data. What is inside is made by `compileLocal`. */
import {
  Class,
  type Name,
  nameToText,
  parentName,
  prependLabel,
  type Question,
  type ResourceRecord,
  type RRset,
  rrsetToRecords,
  Type,
} from '../../dns/index.ts'
import type { AddressSets } from './address-sets.ts'
import { absent, blocked, found, type LocalAnswer, localSoa, refused } from './answer.ts'
import type { HostTable } from './host-table.ts'
import type { LocalStats, LocalZoneType } from './types.ts'

/** Seconds: a changed file is seen everywhere soon after the reload. */
export const HOSTS_TTL_SECONDS = 60
const NEGATIVE_TTL_SECONDS = 60

export interface LocalZone {
  readonly name: Name
  readonly type: LocalZoneType
}

/** The configured records of one name, by type. */
export type LocalRecords = ReadonlyMap<number, RRset>

export interface LocalParts {
  /** All maps: by `Name.key`. */
  readonly zones: ReadonlyMap<string, LocalZone>
  readonly records: ReadonlyMap<string, LocalRecords>
  readonly recordCount: number
  /** What people are told that they come from. */
  readonly recordsFrom: string
  /** Zones, and in them and above wildcards the names without data that have names with data below them. */
  readonly between: ReadonlySet<string>
  /** Whether any record is a wildcard or a DNAME: else only exact names count. */
  readonly reachesBelow: boolean
  /** By `Name.key`: no line of a hosts file blocks these names, and those below them. */
  readonly allowed: ReadonlySet<string>
  readonly hosts: HostTable
  readonly addresses: AddressSets
  /** Reverse name of an address -> what it is called, and the line that says so. */
  readonly pointers: ReadonlyMap<string, { readonly target: Name; readonly line: number }>
  /** `file:line` of a line number as the table counts them: over all files. */
  readonly placeOf: (line: number) => string
}

/** What local data has for a name, whatever the type. */
type Found =
  | {
      readonly kind: 'rrset'
      readonly records: readonly ResourceRecord[]
      readonly from: string
      readonly blocks: boolean
    }
  | { readonly kind: 'other-types'; readonly from: string; readonly blocks: boolean }
  | { readonly kind: 'between' }
  | { readonly kind: 'nothing' }

export class LocalData {
  readonly #parts: LocalParts

  constructor(parts: LocalParts) {
    this.#parts = parts
  }

  /** Undefined when the question is one for the world. */
  answer(question: Question): LocalAnswer | undefined {
    const zone = this.#zoneOf(question)
    if (zone === undefined) return this.#isOwnDs(question) ? undefined : this.#answerAlone(question)
    const detail = `local zone ${nameToText(zone.name)} ${zone.type}`
    switch (zone.type) {
      case 'always_nxdomain':
        return blocked(absent(3, this.#soa(zone.name), detail))
      case 'always_nodata':
        return blocked(absent(0, this.#soa(zone.name), detail))
      case 'always_null':
        return blocked(nullAddress(question, detail) ?? absent(0, this.#soa(zone.name), detail))
      case 'redirect': {
        const data = this.#exactly(zone.name, question)
        return data.kind === 'rrset' ? answerOf(data) : absent(0, this.#soa(zone.name), detail)
      }
      default:
        return this.#answerInside(question, zone, detail)
    }
  }

  /** True for every name that local data may answer: it is never told to a peer. */
  covers(name: Name): boolean {
    if (this.#zoneAt(name) !== undefined) return true
    const { kind } = this.#find({ name, type: Type.A, class: Class.IN })
    return kind === 'rrset' || kind === 'other-types'
  }

  /** The zone that encloses the name and lets the world answer what local data does not. */
  openZone(name: Name): Name | undefined {
    const zone = this.#zoneAt(name)
    return zone?.type === 'transparent' || zone?.type === 'typetransparent' ? zone.name : undefined
  }

  stats(): LocalStats {
    const { hosts, recordCount, zones } = this.#parts
    return { hostNames: hosts.size, hostBytes: hosts.bytes, records: recordCount, zones: zones.size }
  }

  /** A name outside of all zones: other types do not exist, everything else is the world's. */
  #answerAlone(question: Question): LocalAnswer | undefined {
    const data = this.#find(question)
    if (data.kind === 'rrset') return answerOf(data)
    if (data.kind !== 'other-types') return undefined
    const answer = absent(0, this.#soa(question.name), data.from)
    return data.blocks ? blocked(answer) : answer
  }

  #answerInside(question: Question, { name, type }: LocalZone, detail: string): LocalAnswer | undefined {
    const data = this.#find(question)
    if (data.kind === 'rrset') return answerOf(data)
    const atApex = question.name.key === name.key
    if (type === 'static' && atApex && question.type === Type.SOA) return found([this.#soa(name)], detail)
    if (type === 'typetransparent') return undefined
    if (data.kind === 'other-types') return absent(0, this.#soa(name), data.from)
    if (type === 'transparent') return undefined
    if (type === 'refuse') return refused(detail)
    return absent(atApex || data.kind === 'between' ? 0 : 3, this.#soa(name), detail)
  }

  #isOwnDs({ name, type }: Question): boolean {
    return type === Type.DS && this.#parts.zones.has(name.key)
  }

  /** A DS set is the parent's (RFC 4035 section 3.1.4.1): a zone that is only here has none, and the world may prove that. */
  #zoneOf({ name, type }: Question): LocalZone | undefined {
    return this.#zoneAt(type === Type.DS && name.labels > 0 ? parentName(name) : name)
  }

  /** The deepest zone at or above the name. */
  #zoneAt(name: Name): LocalZone | undefined {
    const { zones } = this.#parts
    if (zones.size === 0) return undefined
    for (const key of suffixKeys(name)) {
      const zone = zones.get(key)
      if (zone !== undefined) return zone
    }
    return undefined
  }

  /** The operator's own word stands before lists that others write. */
  #isAllowed(name: Name): boolean {
    const { allowed } = this.#parts
    if (allowed.size === 0) return false
    for (const key of suffixKeys(name)) if (allowed.has(key)) return true
    return false
  }

  #find(question: Question): Found {
    const exact = this.#exactly(question.name, question)
    return exact.kind === 'nothing' && this.#parts.reachesBelow ? this.#fromAbove(question) : exact
  }

  /** What there is at `name`, with the owner as it was asked. */
  #exactly(name: Name, question: Question): Found {
    const { records, recordsFrom, hosts, pointers, between, addresses, placeOf } = this.#parts
    const configured = records.get(name.key)
    // RFC 8482 section 4.1: ANY gets one RRset of those there are.
    const isAny = question.type === Type.ANY
    const first = isAny ? configured?.values().next().value : configured?.get(question.type)
    const rrset = first ?? configured?.get(Type.CNAME)
    if (rrset !== undefined) return fromRecords(rrset, question, recordsFrom)
    const entry = hosts.find(name)
    const set = entry === -1 ? undefined : addresses.get(hosts.valueOf(entry))
    if (set !== undefined && !(set.blocks && this.#isAllowed(name))) {
      const type = isAny ? (set.a.length > 0 ? Type.A : Type.AAAA) : question.type
      const rdatas = type === Type.A ? set.a : type === Type.AAAA ? set.aaaa : []
      const from = placeOf(hosts.lineOf(entry))
      if (rdatas.length > 0)
        return { kind: 'rrset', records: rdatas.map(hostRecord({ ...question, type })), from, blocks: set.blocks }
      return { kind: 'other-types', from, blocks: set.blocks }
    }
    const pointer = pointers.get(name.key)
    if (pointer !== undefined) {
      const from = placeOf(pointer.line)
      if (question.type !== Type.PTR && !isAny) return { kind: 'other-types', from, blocks: false }
      return {
        kind: 'rrset',
        records: [hostRecord({ ...question, type: Type.PTR })(pointer.target.wire)],
        from,
        blocks: false,
      }
    }
    if (configured !== undefined) return { kind: 'other-types', from: recordsFrom, blocks: false }
    return between.has(name.key) ? { kind: 'between' } : { kind: 'nothing' }
  }

  /** RFC 4592: the closest name that exists decides; a wildcard is used only right below it. RFC 6672 for DNAME. */
  #fromAbove(question: Question): Found {
    const { records, recordsFrom: from } = this.#parts
    let above = question.name
    while (above.labels > 0) {
      above = parentName(above)
      const dname = records.get(above.key)?.get(Type.DNAME)
      if (dname !== undefined) return { kind: 'rrset', records: rrsetToRecords(dname), from, blocks: false }
      const wildcard = wildcardBelow(above)
      if (wildcard !== undefined && records.has(wildcard.key)) return this.#exactly(wildcard, question)
      if (this.#exactly(above, question).kind !== 'nothing') break
    }
    return { kind: 'nothing' }
  }

  /** The configured one, or one as RFC 6303 has it. */
  #soa(zone: Name): ResourceRecord {
    const rrset = this.#parts.records.get(zone.key)?.get(Type.SOA)
    return rrset === undefined ? localSoa(zone, NEGATIVE_TTL_SECONDS) : rrsetToRecords(rrset)[0]!
  }
}

function answerOf(data: Extract<Found, { kind: 'rrset' }>): LocalAnswer {
  const answer = found(data.records, data.from)
  return data.blocks ? blocked(answer) : answer
}

function fromRecords(rrset: RRset, question: Question, from: string): Found {
  const records = rrsetToRecords(rrset).map((record) => ({ ...record, name: question.name }))
  return { kind: 'rrset', records, from, blocks: false }
}

function hostRecord({ name, type }: Question): (rdata: Uint8Array) => ResourceRecord {
  return (rdata) => ({ name, type, class: Class.IN, ttl: HOSTS_TTL_SECONDS, rdata })
}

function nullAddress(question: Question, detail: string): LocalAnswer | undefined {
  const length = question.type === Type.A ? 4 : question.type === Type.AAAA ? 16 : 0
  return length === 0 ? undefined : found([hostRecord(question)(new Uint8Array(length))], detail)
}

/** Undefined where it would be too long: then nobody has configured it either. */
function wildcardBelow(name: Name): Name | undefined {
  return name.wire.length + 2 > 255 ? undefined : prependLabel('*', name)
}

/** Of the name and of all names above it, the deepest first. */
function* suffixKeys({ wire, key }: Name): Generator<string> {
  // Label lengths are in the wire form, and keys are aligned with it.
  for (let at = 0; at < wire.length; at += wire[at]! + 1) yield key.slice(at)
}
