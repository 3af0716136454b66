/** Claims of domains for the command line: what their holder publishes and signs, what has become of a claim, what a zone file says. */
import { ChordnsError, fromHex, fromLatin1, isChordnsError, jsonFields, toHex } from '../../base/index.ts'
import type { Signer } from '../../crypto/index.ts'
import {
  addressText,
  canonicalName,
  firstLabel,
  isSubdomain,
  type Name,
  nameFromWire,
  nameToText,
  parentName,
  type ResourceRecord,
  sameName,
  Type,
  ZoneReader,
} from '../../dns/index.ts'
import { dsOf } from '../../dnssec/index.ts'
import {
  CLAIM_PATH,
  CLAIMS,
  type ClaimMethod,
  type ClaimRules,
  claimFromBytes,
  claimKeys,
  claimRulesFromValue,
  claimRulesKey,
  claimText,
  claimTextName,
  encodePayload,
  feeOf,
  isNameLabel,
  type KeptBook,
  ledgerReader,
  makeKeptBook,
  moduleKey,
  type NamePolicy,
  type NameRecord,
  type NameSettings,
  openClaimPayload,
  proveClaimPayload,
  setsFromValue,
  webAnswerBytes,
} from '../../ledger/index.ts'
import { limits } from '../limits.ts'
import { type DomainPlace, dsText } from './domains.ts'
import { keptRootFields } from './name-policy.ts'

const { readCbor } = ledgerReader

/** Of the chain's rules of claims, hex. */
export const claimRulesStateKey = toHex(claimRulesKey)

/** Undefined: the chain has no claims. Throws LEDGER_MALFORMED. */
export function claimRules(value: string | null): ClaimRules | undefined {
  return value === null
    ? undefined
    : claimRulesFromValue(readCbor(fromHex(value), limits.MAX_CLAIM_BYTES, 'rules of claims'))
}

/** Hex. `last`: where the number of an owner's last claim stands. */
export function claimStateKeys({ label }: DomainPlace, owner: Uint8Array) {
  return {
    last: toHex(moduleKey(CLAIMS, claimKeys.last(label, owner))),
    claimAt: (number: number) => toHex(moduleKey(CLAIMS, claimKeys.claim(number))),
  }
}

/** Null: there is none. */
export function claimNumber(value: string | null): number | null {
  return value === null ? null : Number(readCbor(fromHex(value), 16, 'number'))
}

/** What stands of a claim, for people and scripts. */
export interface ClaimSummary {
  readonly number: number
  readonly state: string
  readonly method: ClaimMethod
  readonly seen: number
  readonly notSeen: number
  readonly observers: number
  /** ISO; null: it is over. */
  readonly until: string | null
}

export function describeClaim(number: number, value: string): ClaimSummary {
  const claim = claimFromBytes(fromHex(value))
  const { method } = claim
  if ('state' in claim) {
    const { state, seen, notSeen, observers } = claim
    return { number, method, state, seen, notSeen, observers, until: null }
  }
  const count = (what: number) => claim.said.filter((one) => one === what).length
  const observers = claim.observers.length
  const until = new Date(claim.until).toISOString()
  return { number, method, state: 'open', seen: count(1), notSeen: count(2), observers, until }
}

/** What the holder of the domain puts into its zone. */
export function claimRecordText({ zone }: DomainPlace, owner: Uint8Array): string {
  return `${nameToText(claimTextName(zone))} 300 IN TXT "${claimText(owner)}"`
}

/** What the site of an open claim shows, and where. */
export function claimPage(owner: Signer, { chainId, label, zone }: DomainPlace, value: string) {
  const claim = claimFromBytes(fromHex(value))
  if ('state' in claim) throw usage('the claim is over')
  const signature = toHex(owner.sign(webAnswerBytes(chainId, label, claim.challenge)))
  return { path: `http://${nameToText(zone).replace(/\.$/, '')}${CLAIM_PATH}`, text: `${signature}\n` }
}

export interface ClaimWishes {
  readonly settings: NameSettings
  readonly most: number
}

/** What a claim costs; `bond` comes back unless nobody sees what it says. */
export function claimPrice(
  { label }: DomainPlace,
  policy: NamePolicy | undefined,
  rules: ClaimRules,
  isProof: boolean,
) {
  const price = policy === undefined ? 0 : feeOf(policy, label, 1)
  return { price, bond: isProof ? 0 : rules.bond }
}

export function claimPayload(
  owner: Signer,
  { chainId, label }: DomainPlace,
  record: NameRecord | undefined,
  {
    settings,
    most,
    how,
  }: ClaimWishes & { readonly how: { readonly method: 'txt' | 'web' | 'secret' } | { readonly sets: Uint8Array } },
): Uint8Array {
  const place = { chainId, label, generation: record?.generation ?? 0 }
  if ('method' in how) return encodePayload(openClaimPayload(owner, { place, settings, method: how.method, most }))
  const sets = setsFromValue(readCbor(how.sets, limits.MAX_CLAIM_BYTES, 'sets'))
  return encodePayload(proveClaimPayload(owner, { place, settings, most, sets }))
}

const FORMAT = 'chordns/claim-proof/1'

/** A file that needs no network any more. `sets`: hex. */
export function claimProofText(name: Name, sets: string): string {
  return `${JSON.stringify({ format: FORMAT, name: nameToText(name), sets }, undefined, 2)}\n`
}

/** Throws USAGE, LEDGER_MALFORMED. */
export function parseClaimProof(file: string, text: string, name: Name): Uint8Array {
  const json = jsonFields(text)
  const { format, sets } = json
  if (format !== FORMAT || typeof sets !== 'string' || !/^([0-9a-f]{2})+$/.test(sets))
    throw usage(`${file} is no proof of a domain: see chordns domain claim --make-proof`)
  if (json['name'] !== nameToText(name))
    throw usage(`${file} is about ${String(json['name'])}, not ${nameToText(name)}`)
  return fromHex(sets)
}

/** What a zone file has that a ledger keeps: the options of `domain claim` and `register`. */
export interface ImportedZone {
  readonly zone: string
  readonly ds: readonly string[]
  readonly servers: readonly string[]
  /** Labels right below that are delegated: names of a TLD. */
  readonly names: readonly string[]
}

/** Throws USAGE. `origin`: for files without $ORIGIN. */
export function importZone(file: string, text: string, origin: Name): ImportedZone {
  return importParts(file, () => [text], origin)
}

/** The same, in parts of whole records each, as often as it is called. Throws USAGE. */
export function importParts(file: string, parts: () => Iterable<string>, origin: Name): ImportedZone {
  const asked: Uint8Array[] = []
  const keys: Uint8Array[] = []
  const servers: Name[] = []
  const names = new Set<string>()
  let zone: Name | undefined
  for (const record of recordsIn(file, parts(), origin)) {
    const { name, type, rdata } = record
    if (zone === undefined && type === Type.SOA) zone = canonicalName(name)
    // All records before the SOA are other zones' or nobody's.
    if (zone === undefined) continue
    if (sameName(name, zone)) {
      if (type === Type.CDS) asked.push(rdata)
      else if (type === Type.DNSKEY && ((rdata[1] ?? 0) & 1) === 1) keys.push(rdata)
      else if (type === Type.NS) servers.push(canonicalName(nameFromWire(rdata)))
    } else if (type === Type.NS && name.labels === zone.labels + 1 && sameName(parentName(name), zone))
      names.add(Buffer.from(firstLabel(canonicalName(name))).toString('latin1'))
  }
  if (zone === undefined) throw usage(`${file} is no zone file: it has no SOA record`)
  const apex = zone
  const addresses = addressesOf(
    recordsIn(file, parts(), origin),
    servers.filter((server) => isSubdomain(server, apex)),
  )
  const ds = asked.length > 0 ? asked : keys.flatMap((rdata) => dsOf(apex, rdata, 2) ?? [])
  const texts = servers.map((server) => {
    const glue = addresses.get(server.key) ?? []
    return glue.length > 0 ? `${nameToText(server)}=${glue.join(',')}` : nameToText(server)
  })
  return { zone: nameToText(zone), ds: ds.map(dsText), servers: texts, names: [...names].sort() }
}

/** By the server's name: IPv4 first. Nothing is read where there is no server to look for. */
function addressesOf(records: Iterable<ResourceRecord>, servers: readonly Name[]): ReadonlyMap<string, string[]> {
  const found = new Map(servers.map(({ key }) => [key, { a: [] as string[], aaaa: [] as string[] }]))
  if (found.size > 0)
    for (const { name, type, rdata } of records) {
      if (type !== Type.A && type !== Type.AAAA) continue
      const at = found.get(canonicalName(name).key)
      if (at !== undefined) (type === Type.A ? at.a : at.aaaa).push(addressText(rdata))
    }
  return new Map([...found].map(([key, { a, aaaa }]) => [key, [...a, ...aaaa]]))
}

function* recordsIn(file: string, parts: Iterable<string>, origin: Name): Iterable<ResourceRecord> {
  const reader = new ZoneReader({ origin, defaultTtl: 3_600 })
  let lines = 0
  for (const part of parts) {
    try {
      yield* reader.records(part)
    } catch (error) {
      if (!isChordnsError(error)) throw error
      throw usage(`${file}${lines === 0 ? '' : `, after line ${lines}`}: ${error.message}`)
    }
    lines += part.split('\n').length - 1
  }
}

/** What `ledger init --names` takes: names one by one as long as they are few, else the root of their pages. Names that no chain has are left out. */
export function keptPolicy(names: readonly string[]): { readonly text: string; readonly book: KeptBook | undefined } {
  const labels = names.filter((label) => isNameLabel(fromLatin1(label)))
  const book = labels.length > limits.MAX_LISTED_NAMES ? makeKeptBook(labels) : undefined
  const fields =
    book === undefined
      ? { kept: Object.fromEntries(labels.map((label) => [label, 'claim'])) }
      : { keptPages: keptRootFields(book.root) }
  return { text: `${JSON.stringify(fields, undefined, 2)}\n`, book }
}

function usage(message: string) {
  return new ChordnsError('USAGE', message, {})
}
