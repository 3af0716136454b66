/** The zone of a chain, out of its state at a height, into a file: in the process of a command, with memory for one piece of the state. */
import { mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ChordnsError, latin1 } from '../../base/index.ts'
import { type Name, nameToText, parseName, parseZone, ROOT, recordToText, soaView, Type } from '../../dns/index.ts'
import { finishZone, recordsOf, type SigningKey, type UnfinishedZone } from '../../dnssec/index.ts'
import {
  apexOf,
  hostsOfRoot,
  type NameSettings,
  nameDelegation,
  serialOf,
  tldDelegation,
  type ZoneDelegation,
  zoneChanges,
  zoneLimits,
  zoneOwners,
} from '../../ledger/index.ts'
import { isKeyOf, zoneKeyIn } from './key-files.ts'
import { type FetchStatePiece, type ScannedState, scanState } from './scan.ts'
import { linesOf, TextFile } from './text-files.ts'

export interface ZoneExportRequest {
  /** `root`, or a TLD. */
  readonly chain: string
  /** Left out: the newest that the node has. */
  readonly height?: number | undefined
  /** The zone file; it is replaced as a whole. Undefined: its lines go to `print`. */
  readonly out: string | undefined
  /** `.private` files; none: the zone is not signed. */
  readonly keyFiles: readonly string[]
  /** Keys and servers of the zone itself, as the Root chain or the operator says them. */
  readonly zone: Pick<NameSettings, 'ds' | 'servers'>
  readonly withHidden: boolean
  /** Where the changes against the zone in `out` go, as of an IXFR. */
  readonly changes: string | undefined
  /** The file in `out` stays when nothing but serial and digest would be other. */
  readonly keepsSame: boolean
}

export interface ZoneExportDeps {
  readonly fetch: FetchStatePiece
  readonly print: (line: string) => void
  readonly onPiece?: (done: number) => void
}

export interface ExportedZone {
  readonly zone: string
  readonly chain: string
  readonly height: number
  readonly time: string
  readonly serial: number
  /** Delegations that are in it. */
  readonly names: number
  readonly hidden: readonly string[]
  /** Servers that TLDs do not agree about. */
  readonly disputed: readonly string[]
  /** Tags. */
  readonly keys: readonly number[]
  readonly file: string | null
  /** Null: there was no zone before, or it was not asked for. */
  readonly changes: { readonly gone: number; readonly fresh: number } | null
  /** False: `keepsSame`, and it is the same. */
  readonly written: boolean
}

/** Rejects with ZONE_*, FILE_*, and as `fetch` does. */
export async function exportZone(request: ZoneExportRequest, deps: ZoneExportDeps): Promise<ExportedZone> {
  const zone = request.chain === 'root' ? ROOT : parseName(request.chain)
  const keys = await keysOf(zone, request)
  const { servers } = request.zone
  if (servers.length === 0)
    throw new ChordnsError(
      'ZONE_SERVERS',
      `nothing says which servers ${nameToText(zone)} has: name them with --server`,
      {},
    )
  const kind = request.chain === 'root' ? 'tld' : 'name'
  const state = await scanState(deps.fetch, kind, request.height, deps.onPiece)
  const work = mkdtempSync(join(tmpdir(), 'chordns-zone-'))
  try {
    const made = new Making({ request, zone, keys, state, work }).run()
    const done = finish(request, deps, { ...made, work, zone })
    return {
      zone: nameToText(zone),
      chain: request.chain,
      height: state.height,
      time: new Date(state.time).toISOString(),
      serial: serialOf(state.height),
      names: made.names,
      hidden: made.hidden,
      disputed: made.disputed,
      keys: keys.map(({ tag }) => tag),
      file: request.out ?? null,
      ...done,
    }
  } finally {
    state.close()
    rmSync(work, { recursive: true, force: true })
  }
}

async function keysOf(zone: Name, { keyFiles, zone: { ds } }: ZoneExportRequest): Promise<readonly SigningKey[]> {
  if (keyFiles.length > zoneLimits.MAX_KEYS)
    throw new ChordnsError('ZONE_KEY', `at most ${zoneLimits.MAX_KEYS} keys sign a zone`, {})
  const keys = await Promise.all(keyFiles.map(zoneKeyIn))
  if (keys.length > 0 && ds.length > 0 && !keys.some((key) => isKeyOf(zone, key, ds)))
    throw new ChordnsError(
      'ZONE_KEY',
      `the Root has other keys of ${nameToText(zone)} than these: whoever validates would refuse all of it; have its registry say them with \`chordns ledger tld update\``,
      { keys: keys.map(({ tag }) => tag) },
    )
  return keys
}

interface Materials {
  readonly request: ZoneExportRequest
  readonly zone: Name
  readonly keys: readonly SigningKey[]
  readonly state: ScannedState
  readonly work: string
}

/** Writes the zone to a file of its own: first what is below the apex, for the digest is known at the end. */
class Making {
  readonly #given: Materials
  readonly #hidden: ReadonlyMap<string, string>
  #names = 0

  constructor(given: Materials) {
    this.#given = given
    const { hidden } = given.state
    this.#hidden = new Map(
      hidden.map(({ label, reason, text, motion }) => [
        latin1(label),
        `; hidden: ${latin1(label)}.${given.request.chain}., ${reason}, motion ${motion}: ${asciiOf(text)}`,
      ]),
    )
  }

  run() {
    const { work, state, zone, request } = this.#given
    const body = new TextFile(join(work, 'body'))
    const { unfinished, disputed } = this.#unfinished()
    const apex = finishZone(unfinished, (owner) => {
      for (const record of recordsOf(owner)) body.line(recordToText(record))
    })
    body.close()
    const whole = new TextFile(join(work, 'whole'))
    whole.line(
      `; ${nameToText(zone)} at height ${state.height} of the chain ${state.chainId}, ${new Date(state.time).toISOString()}`,
    )
    for (const line of this.#hidden.values()) whole.line(line)
    for (const server of disputed) whole.line(`; left out, since TLDs give it different addresses: ${server}`)
    const records = recordsOf(apex)
    for (const record of [...records.filter(isSoa), ...records.filter((one) => !isSoa(one))])
      whole.line(recordToText(record))
    for (const line of linesOf(join(work, 'body'))!) whole.line(line)
    whole.close()
    const hidden = [...this.#hidden.keys()].map((label) => `${label}.${request.chain}.`)
    return { file: join(work, 'whole'), names: this.#names, hidden, disputed }
  }

  #unfinished(): { readonly unfinished: UnfinishedZone; readonly disputed: readonly string[] } {
    const { request, zone, keys, state } = this.#given
    const { servers } = request.zone
    const isRoot = request.chain === 'root'
    const tlds = isRoot ? [...this.#delegations()] : []
    const cuts = new Set(tlds.map(({ label }) => latin1(label)))
    const isDelegated = (server: Name) =>
      cuts.has(topLabel(server)) || servers.some(({ name }) => name.key === server.key)
    const { hosts, disputed } = hostsOfRoot(tlds, isDelegated)
    const signing =
      keys.length === 0
        ? undefined
        : {
            keys,
            now: Math.floor(state.time / 1_000),
            terms: { validity: zoneLimits.VALIDITY, renewal: zoneLimits.RENEWAL },
            dnskeyTtl: zoneLimits.DNSKEY_TTL,
          }
    const others = zoneOwners(zone, isRoot ? tlds : this.#delegations(), servers, hosts)
    return { unfinished: { apex: apexOf(zone, servers, serialOf(state.height)), others, signing }, disputed }
  }

  *#delegations(): Iterable<ZoneDelegation> {
    const { state, request } = this.#given
    this.#names = 0
    for (const [label, value] of state.records()) {
      const found =
        request.chain === 'root' ? tldDelegation(label, value) : nameDelegation(label, value, state.terms, state.time)
      if (found === undefined || (!request.withHidden && this.#hidden.has(latin1(label)))) continue
      this.#names++
      yield found
    }
  }
}

interface Made {
  readonly file: string
  readonly work: string
  readonly zone: Name
}

function finish({ out, changes, keepsSame }: ZoneExportRequest, { print }: ZoneExportDeps, made: Made) {
  if (out === undefined) {
    for (const line of linesOf(made.file)!) print(line)
    return { changes: null, written: true }
  }
  const before = changes === undefined && !keepsSame ? undefined : linesOf(out)
  const found = before && changesOf(before, made)
  if (found !== undefined && keepsSame && !found.isOther) return { changes: null, written: false }
  if (found !== undefined && changes !== undefined) writeChanges(changes, found, made)
  const fresh = new TextFile(`${out}.new`)
  for (const line of linesOf(made.file)!) fresh.line(line)
  fresh.close()
  renameSync(`${out}.new`, out)
  const counts = found && changes !== undefined ? { gone: found.gone, fresh: found.fresh } : null
  return { changes: counts, written: true }
}

/** Of both kinds, each in a file of its own: deletions go before additions. */
function changesOf(before: Iterable<string>, { file, work, zone }: Made) {
  const files = { gone: new TextFile(join(work, 'gone')), new: new TextFile(join(work, 'new')) }
  const counts = { gone: 0, new: 0 }
  const soas = { gone: '', new: '' }
  let isOther = false
  for (const { kind, line } of zoneChanges(before, linesOf(file)!)) {
    const isStart = /^\S+\t\d+\tIN\tSOA\t/.test(line)
    if (isStart) soas[kind] = line
    else {
      files[kind].line(line)
      counts[kind]++
      isOther ||= !isOfSerial(line, zone)
    }
  }
  files.gone.close()
  files.new.close()
  return { gone: counts.gone, fresh: counts.new, soas, isOther }
}

/** The digest of the zone, and signatures of it and of the SOA: they are others with each serial. */
function isOfSerial(line: string, zone: Name): boolean {
  const [name, , , type, data = ''] = line.split('\t')
  return name === nameToText(zone) && (type === 'ZONEMD' || (type === 'RRSIG' && /^(SOA|ZONEMD) /.test(data)))
}

/** RFC 1995 section 4. Throws ZONE_SERIAL. */
function writeChanges(target: string, { soas, gone, fresh }: ReturnType<typeof changesOf>, { work }: Made): void {
  if (soas.gone === '' && gone + fresh === 0) {
    new TextFile(target).close()
    return
  }
  const [old, now] = [soas.gone, soas.new].map(serialIn)
  if (old === undefined || now === undefined || !isNewer(now, old))
    throw new ChordnsError(
      'ZONE_SERIAL',
      `the zone that is there has the serial ${old ?? 'of this one'}, and this one ${now ?? 'the same'}: no change leads from there to here; remove it, and servers fetch the whole zone`,
      {},
    )
  const out = new TextFile(target)
  out.line(soas.new)
  out.line(soas.gone)
  for (const line of linesOf(join(work, 'gone'))!) out.line(line)
  out.line(soas.new)
  for (const line of linesOf(join(work, 'new'))!) out.line(line)
  out.line(soas.new)
  out.close()
}

function serialIn(line: string): number | undefined {
  const [record] = line === '' ? [] : parseZone(line, { origin: ROOT })
  return record && soaView(record.rdata).serial
}

/** RFC 1982. */
function isNewer(now: number, old: number): boolean {
  const ahead = (now - old + 2 ** 32) % 2 ** 32
  return ahead > 0 && ahead < 2 ** 31
}

function isSoa({ type }: { readonly type: number }): boolean {
  return type === Type.SOA
}

function topLabel(name: Name): string {
  return nameToText(name).split('.').at(-2) ?? ''
}

function asciiOf(text: string): string {
  return JSON.stringify(text).replaceAll(
    /[^ -~]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
