/** Claims of domains for the command line: what their holder publishes and signs, what has become of a claim, what a zone file says. */
import { ChordnsError, fromHex, isChordnsError, jsonFields, toHex } from '../../base/index.ts'
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
  parseZone,
  type ResourceRecord,
  sameName,
  Type,
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
  ledgerReader,
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
  let records: readonly ResourceRecord[]
  try {
    records = parseZone(text, { origin, defaultTtl: 3_600 })
  } catch (error) {
    if (!isChordnsError(error)) throw error
    throw usage(`${file}: ${error.message}`)
  }
  const soa = records.find(({ type }) => type === Type.SOA)
  if (soa === undefined) throw usage(`${file} is no zone file: it has no SOA record`)
  const zone = canonicalName(soa.name)
  const at = (name: Name, type: number) => records.filter((one) => one.type === type && sameName(one.name, name))
  const keys = at(zone, Type.DNSKEY).filter(({ rdata }) => ((rdata[1] ?? 0) & 1) === 1)
  const asked = at(zone, Type.CDS).map(({ rdata }) => rdata)
  const ds = asked.length > 0 ? asked : keys.flatMap(({ rdata }) => dsOf(zone, rdata, 2) ?? [])
  const servers = at(zone, Type.NS).map(({ rdata }) => {
    const name = canonicalName(nameFromWire(rdata))
    const glue = [...at(name, Type.A), ...at(name, Type.AAAA)].map((one) => addressText(one.rdata))
    return isSubdomain(name, zone) && glue.length > 0 ? `${nameToText(name)}=${glue.join(',')}` : nameToText(name)
  })
  const cuts = records.filter(
    ({ name, type }) => type === Type.NS && name.labels === zone.labels + 1 && sameName(parentName(name), zone),
  )
  const names = [...new Set(cuts.map(({ name }) => Buffer.from(firstLabel(canonicalName(name))).toString('latin1')))]
  return { zone: nameToText(zone), ds: ds.map(dsText), servers, names: names.sort() }
}

function usage(message: string) {
  return new ChordnsError('USAGE', message, {})
}
