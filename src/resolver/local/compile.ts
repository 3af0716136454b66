/** From hosts files, records and zones to what answers questions. All that is wrong is told, with file and line. */
import { ChordnsError, latin1 } from '../../base/index.ts'
import {
  addressText,
  Class,
  groupRRsets,
  isWildcard,
  type Name,
  nameFromWire,
  nameToText,
  parentName,
  parseName,
  parseZone,
  type ResourceRecord,
  ROOT,
  type RRset,
  Type,
  typeToText,
} from '../../dns/index.ts'
import { AddressSets } from './address-sets.ts'
import { LocalData, type LocalZone } from './data.ts'
import { HostTable } from './host-table.ts'
import { type HostName, readHosts } from './hosts.ts'
import { limits } from './limits.ts'
import { reverseName } from './reverse.ts'
import type { HostsFile, LocalProblem, LocalSpec } from './types.ts'

export interface CompiledLocal {
  readonly data: LocalData
  /** What is wrong in records and zones, which the operator wrote. Empty when all is well. It is left out of `data`. */
  readonly problems: readonly LocalProblem[]
  /** What is wrong in hosts files, which others write, with file and line; all other lines are in `data`. */
  readonly faults: readonly LocalProblem[]
}

/** Seconds for records that name no TTL. */
const RECORD_TTL_SECONDS = 3_600

/** `seed`: 8 random bytes for the table of host names. */
export function compileLocal(spec: LocalSpec, seed: Uint8Array): CompiledLocal {
  const problems: LocalProblem[] = []
  const zones = readZones(spec.zones, problems)
  const records = readRecords(spec.records, zones, problems)
  const existing = new Existing(zones, records)
  const hosts = new HostFiles(seed, existing)
  const faults = spec.hosts.flatMap((file) => hosts.read(file))
  return {
    data: new LocalData({
      zones,
      records,
      recordCount: spec.records.length,
      recordsFrom: spec.recordsFrom ?? 'local.records',
      between: existing.between,
      reachesBelow: existing.reachesBelow,
      allowed: new Set(spec.allow.map(({ key }) => key)),
      ...hosts.finish(),
    }),
    problems,
    faults,
  }
}

function readZones(zones: LocalSpec['zones'], problems: LocalProblem[]): Map<string, LocalZone> {
  const found = new Map<string, LocalZone>()
  for (const [text, type] of Object.entries(zones)) {
    const path = `zones.${text}`
    try {
      const name = parseName(text)
      if (found.has(name.key)) problems.push({ path, message: 'is given twice' })
      found.set(name.key, { name, type })
    } catch (error) {
      problems.push({ path, message: textOf(error) })
    }
  }
  return found
}

type Records = Map<string, ReadonlyMap<number, RRset>>

function readRecords(
  lines: readonly string[],
  zones: ReadonlyMap<string, LocalZone>,
  problems: LocalProblem[],
): Records {
  const byName = new Map<string, ResourceRecord[]>()
  lines.forEach((line, i) => {
    const path = `records.${i}`
    try {
      const records = parseZone(line, { origin: ROOT, defaultTtl: RECORD_TTL_SECONDS })
      if (records.length === 0) problems.push({ path, message: 'is no record' })
      for (const record of records) {
        const message = faultOf(record, zones)
        if (message !== undefined) problems.push({ path, message })
        else byName.set(record.name.key, [...(byName.get(record.name.key) ?? []), record])
      }
    } catch (error) {
      problems.push({ path, message: textOf(error) })
    }
  })
  const found: Records = new Map()
  for (const [key, records] of byName) {
    const sets = new Map(groupRRsets(records).map((rrset) => [rrset.type, rrset]))
    const message = faultOfName(records[0]!.name, sets)
    if (message === undefined) found.set(key, sets)
    else problems.push({ path: 'records', message })
  }
  return found
}

function faultOf({ name, class: klass }: ResourceRecord, zones: ReadonlyMap<string, LocalZone>): string | undefined {
  if (klass !== Class.IN) return 'only records of class IN are served'
  const zone = redirectAbove(name, zones)
  if (zone === undefined) return undefined
  return `lies below ${nameToText(zone.name)}, which is of type redirect: only its own name has data`
}

function redirectAbove(name: Name, zones: ReadonlyMap<string, LocalZone>): LocalZone | undefined {
  for (let above = name; above.labels > 0; ) {
    above = parentName(above)
    const zone = zones.get(above.key)
    if (zone?.type === 'redirect') return zone
  }
  return undefined
}

/** RFC 1034 section 3.6.2, RFC 2181 section 10.1, RFC 6672 section 2.4. */
function faultOfName(name: Name, sets: ReadonlyMap<number, RRset>): string | undefined {
  for (const type of [Type.CNAME, Type.DNAME, Type.SOA])
    if ((sets.get(type)?.rdatas.length ?? 0) > 1) return `${nameToText(name)} has more than one ${typeToText(type)}`
  if (sets.has(Type.CNAME) && sets.size > 1)
    return `${nameToText(name)} has a CNAME, and then nothing else can be there`
  return undefined
}

/** Which names exist without having data. Only told apart where it matters: in zones, and above wildcards and DNAMEs. */
class Existing {
  readonly between = new Set<string>()
  readonly reachesBelow: boolean
  readonly #roots = new Set<string>()

  constructor(zones: ReadonlyMap<string, LocalZone>, records: Records) {
    const names = [...records.values()].map((sets) => [...sets.values()][0]!.name)
    for (const { name } of zones.values()) {
      this.between.add(name.key)
      this.#roots.add(name.key)
    }
    for (const name of names) if (isWildcard(name)) this.#roots.add(parentName(name).key)
    this.reachesBelow = names.some((name) => isWildcard(name) || records.get(name.key)!.has(Type.DNAME))
    for (const name of names) this.add(name.wire, name.wire.length, name.key)
  }

  /** Notes the names between the name and the topmost root above it. */
  add(wire: Uint8Array, length: number, key?: string): void {
    if (this.#roots.size === 0) return
    const text = key ?? latin1(wire.subarray(0, length))
    const passed: string[] = []
    for (let at = wire[0]! + 1; at < length; at += wire[at]! + 1) {
      const above = text.slice(at)
      passed.push(above)
      if (!this.#roots.has(above)) continue
      for (const one of passed) this.between.add(one)
    }
  }
}

class HostFiles {
  readonly #table: HostTable
  readonly #addresses = new AddressSets()
  readonly #pointers = new Map<string, { readonly target: Name; readonly line: number }>()
  readonly #named = new Set<number>()
  readonly #existing: Existing
  readonly #files: { readonly file: string; readonly firstLine: number }[] = []
  #lines = 0

  constructor(seed: Uint8Array, existing: Existing) {
    this.#table = new HostTable(seed)
    this.#existing = existing
  }

  /** Returns what is passed over: a line that nobody can read must not take the others with it. */
  read({ file, text }: HostsFile): LocalProblem[] {
    const fault = (message: string): LocalProblem => ({ path: 'hosts', message: `${file}${message}` })
    if (text.length > limits.MAX_HOSTS_CHARACTERS)
      return [fault(`: longer than ${limits.MAX_HOSTS_CHARACTERS} characters, so that none of it is used`)]
    const faults: LocalProblem[] = []
    const firstLine = this.#lines
    this.#files.push({ file, firstLine })
    let wrong = 0
    readHosts(text, {
      name: (host) => this.#add(host, firstLine + host.line),
      problem: (line, message) => {
        if (++wrong <= limits.MAX_PROBLEMS_PER_FILE) faults.push(fault(`:${line}: ${message}`))
      },
      end: (lines) => {
        this.#lines += lines
      },
    })
    return wrong <= limits.MAX_PROBLEMS_PER_FILE ? faults : [...faults, fault(`: ${wrong} faults in all`)]
  }

  finish() {
    this.#table.trim()
    this.#addresses.trim()
    const files = this.#files
    return {
      hosts: this.#table,
      addresses: this.#addresses,
      pointers: this.#pointers,
      placeOf: (line: number) => {
        const { file, firstLine } = files.findLast((one) => one.firstLine < line)!
        return `${file}:${line - firstLine}`
      },
    }
  }

  #add({ address, wire, length, canonical }: HostName, line: number): string | undefined {
    // RFC 6761 section 6.3: localhost is the loopback address, both of them, whatever a file says.
    if (isLocalhost(wire, length)) return undefined
    const { entry, isNew } = this.#table.add(wire, length, line)
    if (isNew && this.#table.size > limits.MAX_HOST_NAMES) return `more than ${limits.MAX_HOST_NAMES} names in all`
    const id = this.#addresses.idOf(address)
    if (this.#addresses.addresses > limits.MAX_HOST_ADDRESSES)
      return `more than ${limits.MAX_HOST_ADDRESSES} addresses in all`
    const before = this.#table.valueOf(entry)
    if (this.#addresses.get(before).ids.length >= limits.MAX_ADDRESSES_PER_NAME)
      return `a name has more than ${limits.MAX_ADDRESSES_PER_NAME} addresses`
    this.#table.setValue(entry, this.#addresses.with(before, id))
    if (isNew) this.#existing.add(wire, length)
    if (canonical) this.#point(id, address.rdata, wire.subarray(0, length), line)
    return undefined
  }

  /** The first line that has the address names it, as for gethostbyaddr(3). */
  #point(address: number, rdata: Uint8Array, wire: Uint8Array, line: number): void {
    if (this.#named.has(address)) return
    this.#named.add(address)
    // What blocklists write instead of an address has no name.
    if (['0.0.0.0', '::', '127.0.0.1', '::1'].includes(addressText(rdata))) return
    const reverse = reverseName(rdata)
    this.#existing.add(reverse.wire, reverse.wire.length, reverse.key)
    this.#pointers.set(reverse.key, { target: nameFromWire(wire), line })
  }
}

const LOCALHOST = parseName('localhost').wire

function isLocalhost(wire: Uint8Array, length: number): boolean {
  const start = length - LOCALHOST.length
  if (start < 0) return false
  for (let i = 0; i < LOCALHOST.length; i++) if (wire[start + i] !== LOCALHOST[i]) return false
  // The octet before "localhost" is the length of its label, and no letter, only if a label begins there.
  let at = 0
  while (at < start) at += wire[at]! + 1
  return at === start
}

function textOf(error: unknown): string {
  if (!(error instanceof ChordnsError)) throw error
  const detail = error.detail as { readonly what?: unknown; readonly column?: unknown }
  if (typeof detail.what !== 'string') return error.message
  return typeof detail.column === 'number' ? `column ${detail.column}: ${detail.what}` : detail.what
}
