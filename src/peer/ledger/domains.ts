/** What the command line needs of names on a ledger: payloads that an owner signs, transactions that carry them, proofs in files. */
import { ChordnsError, fromHex, toHex } from '../../base/index.ts'
import { encodeCanonical, type Signer, sha256, signedBytes } from '../../crypto/index.ts'
import {
  addressRdata,
  addressText,
  canonicalName,
  isSubdomain,
  type Name,
  nameToText,
  parseName,
  parseZone,
  Type,
} from '../../dns/index.ts'
import { readTextFile } from '../../io/index.ts'
import {
  commitFrom,
  commitHash,
  commitPayload,
  commitStateKey,
  decodeRecord,
  encodePayload,
  hiddenFrom,
  hiddenStateKey,
  keptNameStateKey,
  labelUnder,
  type NameRecord,
  type NameServer,
  type NameSettings,
  nameRules,
  nameStateKey,
  nameTransferPayload,
  type Registration,
  registerPayload,
  releasePayload,
  updatePayload,
} from '../../ledger/index.ts'
import { checkProof } from './proofs.ts'

/** A name that a chain of this ring could have. */
export interface DomainPlace {
  readonly zone: Name
  readonly chain: string
  readonly chainId: Uint8Array
  readonly label: Uint8Array
  /** Of its record in the state, hex. */
  readonly stateKey: string
  /** Of what its TLD says when it hides it, hex. */
  readonly hiddenKey: string
  /** Of what a genesis or a vote says of who may register it, hex. */
  readonly keptKey: string
}

/** Throws USAGE when no chain has such a name. */
export function domainPlace(
  text: string,
  chains: readonly { readonly name: string; readonly chainId: string }[],
): DomainPlace {
  const zone = canonicalName(parseName(text))
  for (const { name, chainId } of chains) {
    const label = name === 'root' ? undefined : labelUnder(name, zone)
    if (label !== undefined)
      return {
        zone,
        chain: name,
        chainId: fromHex(chainId),
        label,
        stateKey: toHex(nameStateKey(label)),
        hiddenKey: toHex(hiddenStateKey(label)),
        keptKey: toHex(keptNameStateKey(label)),
      }
  }
  const tlds = chains.filter(({ name }) => name !== 'root').map(({ name }) => name)
  throw usage(`${text} is no name of a ledger of this node; it must be one label below one of: ${tlds.join(', ')}`)
}

/** What a record says, for people and scripts. */
export interface DomainSummary {
  readonly owner: string | null
  readonly generation: number
  readonly sequence: number
  readonly registered: string
  readonly updateByCds: boolean
  readonly ds: readonly string[]
  readonly servers: readonly string[]
}

/** Null: it was never registered. Throws LEDGER_MALFORMED. */
export function domainRecord(value: string | null): NameRecord | undefined {
  return value === null ? undefined : decodeRecord(fromHex(value))
}

export interface HiddenSummary {
  readonly reason: string
  readonly text: string
  readonly since: string
  readonly motion: number
}

/** Null: it is not hidden. Throws LEDGER_MALFORMED. */
export function describeHidden({ label }: DomainPlace, value: string | null): HiddenSummary | null {
  if (value === null) return null
  const { reason, text, since, motion } = hiddenFrom(label, fromHex(value))
  return { reason, text, since: new Date(since).toISOString(), motion }
}

export function describeDomain({ owner, settings, generation, sequence, registered }: NameRecord): DomainSummary {
  return {
    owner: owner === undefined ? null : toHex(owner),
    generation,
    sequence,
    registered: new Date(registered).toISOString(),
    updateByCds: settings?.updateByCds ?? false,
    ds: settings?.ds.map(dsText) ?? [],
    servers: settings?.servers.map(serverText) ?? [],
  }
}

export function dsText(rdata: Uint8Array): string {
  return `${rdata[0]! * 256 + rdata[1]!} ${rdata[2]} ${rdata[3]} ${toHex(rdata.subarray(4)).toUpperCase()}`
}

function serverText({ name, addresses }: NameServer): string {
  return addresses.length === 0 ? nameToText(name) : `${nameToText(name)}=${addresses.map(addressText).join(',')}`
}

export interface SettingsWanted {
  /** Files with DS records, or their data as text. Undefined: as they are. */
  readonly ds?: readonly string[] | undefined
  /** NAME or NAME=ADDRESS,ADDRESS. */
  readonly servers?: readonly string[] | undefined
  readonly updateByCds?: boolean | undefined
}

/** What is not said stays as it is. Throws USAGE, FILE_UNREADABLE. */
export function domainSettings(
  { zone }: Pick<DomainPlace, 'zone'>,
  wanted: SettingsWanted,
  now?: NameSettings,
): NameSettings {
  const ds = wanted.ds?.flatMap((text) => dsFrom(text, zone)) ?? now?.ds ?? []
  const servers = wanted.servers?.map((text) => serverFrom(text, zone)) ?? now?.servers ?? []
  if (ds.length === 0) throw usage('a domain needs a DS record: --ds with the .ds file of its zone key')
  if (ds.length > 2) throw usage(`${ds.length} DS records: two at most, the old key and the new one`)
  if (servers.length === 0) throw usage('a domain needs a name server: --server NAME=ADDRESS')
  if (servers.length > 4) throw usage(`${servers.length} name servers: four at most`)
  const sorted = [...ds].sort((a, b) => Buffer.compare(a, b))
  return { ds: sorted, servers, updateByCds: wanted.updateByCds ?? now?.updateByCds ?? true }
}

function dsFrom(text: string, zone: Name): Uint8Array[] {
  const isData = /^\d+ \d+ \d+ [0-9a-fA-F ]+$/.test(text)
  const content = isData ? `@ 3600 IN DS ${text}\n` : readTextFile(text)
  if (content === undefined) throw usage(`--ds ${text}: neither a file nor "TAG ALGORITHM 2 DIGEST"`)
  const records = parseZone(content, { origin: zone, defaultTtl: 3_600 }).filter(({ type }) => type === Type.DS)
  if (records.length === 0) throw usage(`--ds ${text}: no DS record in it`)
  const other = records.find(({ name }) => name.key !== zone.key)
  if (other !== undefined) throw usage(`--ds ${text}: of ${nameToText(other.name)}, not of ${nameToText(zone)}`)
  return records.map(({ rdata }) => rdata)
}

/** NAME or NAME=ADDRESS,ADDRESS. Throws USAGE, DNS_BAD_TEXT. */
export function serverFrom(text: string, zone: Name): NameServer {
  const [host = '', list = ''] = text.split('=')
  const name = canonicalName(parseName(host))
  const addresses = list === '' ? [] : list.split(',').map((address) => addressRdata(address).rdata)
  if (addresses.length === 0 && isSubdomain(name, zone))
    throw usage(`--server ${text}: a server inside the domain needs its address: ${host}=192.0.2.1`)
  return { name, addresses }
}

/** The salt comes from the owner's key, so that a registration that was interrupted is taken up again. */
export function registrationOf(owner: Signer, { chainId, label }: DomainPlace): Registration {
  const salt = sha256(owner.sign(signedBytes('chordns/name-salt/1', encodeCanonical([chainId, label]))))
  return { chainId, label, owner: owner.publicKey, salt }
}

/** Where the state of its chain has the commit of a registration, hex. */
export function commitKeyOf(registration: Registration): string {
  return toHex(commitStateKey(commitHash(registration)))
}

/**
 * Whether a registration takes the name from who has it now: its commit came first, and is no older than the ledger allows. `commit`: what the state
 * has of it, hex; null: nothing. `now`: unix ms. Throws LEDGER_MALFORMED.
 */
export function takesFrom(record: NameRecord, commit: string | null, now: number): boolean {
  return commit !== null && nameRules.comesBefore(commitFrom(fromHex(commit)), record, now)
}

/** Payloads that an owner signs, in bytes. */
export const domainPayloads = {
  commit: (registration: Registration) => encodePayload(commitPayload(registration)),
  register: (owner: Signer, registration: Registration, settings: NameSettings) =>
    encodePayload(registerPayload(owner, registration, settings)),
  update: (owner: Signer, place: DomainPlace, record: NameRecord, settings: NameSettings) =>
    encodePayload(updatePayload(owner, statementAt(place, record), settings)),
  transfer: (owner: Signer, place: DomainPlace, record: NameRecord, to: string) =>
    encodePayload(nameTransferPayload(owner, statementAt(place, record), fromHex(to))),
  release: (owner: Signer, place: DomainPlace, record: NameRecord) =>
    encodePayload(releasePayload(owner, statementAt(place, record))),
} satisfies Readonly<Record<string, (...parts: never[]) => Uint8Array>>

export function statementAt({ chainId, label }: DomainPlace, { generation, sequence }: NameRecord) {
  return { chainId, label, generation, sequence }
}

/** What a proof in a file says of names, for one who trusts the genesis file. Throws LEDGER_MALFORMED, and as `checkProof` does. */
export async function verifyDomainProof(proof: string, genesisText: string, now: number) {
  const { chain, verdict } = await checkProof(proof, genesisText, now)
  if (verdict.kind === 'refused') return { chain, ...verdict }
  const names = verdict.claims.map(({ key, value }) => ({
    name: `${Buffer.from(key.subarray(2)).toString('latin1')}.${chain}.`,
    record: value === undefined ? null : describeDomain(decodeRecord(value)),
  }))
  return { chain, kind: verdict.kind, height: verdict.height, time: verdict.time, names }
}

function usage(message: string) {
  return new ChordnsError('USAGE', message, {})
}
