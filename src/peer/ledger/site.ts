/**
 * The key of a site, vouched for by the owner of its name and not by a CA (D46): a TLSA record for its zone, a file that the site shows, and the verifier of
 * such a file, which needs the genesis file and nothing else. With an endorsement of the owner's key it is EV, without one DV (D49).
 */
import { createPublicKey, X509Certificate } from 'node:crypto'
import { ChordnsError, equalBytes, fromHex, jsonFields, toHex } from '../../base/index.ts'
import { ed25519, type Signer, sha256 } from '../../crypto/index.ts'
import { canonicalName, type Name, nameToText, parseName } from '../../dns/index.ts'
import {
  decodeRecord,
  identityStateKeys,
  labelUnder,
  type NameRecord,
  nameStateKey,
  parseGenesisText,
  signSite,
  siteBytes,
  vouchedFromValues,
} from '../../ledger/index.ts'
import type { DomainPlace } from './domains.ts'
import { checkProof } from './proofs.ts'

const FORMAT = 'chordns/site/1'

/** SHA-256 of the SubjectPublicKeyInfo of a certificate or a key, PEM. Throws USAGE. */
export function spkiHash(file: string, pem: string): Uint8Array {
  try {
    const key = pem.includes('CERTIFICATE') ? new X509Certificate(pem).publicKey : createPublicKey(pem)
    return sha256(new Uint8Array(key.export({ type: 'spki', format: 'der' })))
  } catch (cause) {
    throw new ChordnsError('USAGE', `${file} is neither a certificate nor a key in PEM`, { file }, { cause })
  }
}

/** DANE-EE, SPKI, SHA-256 (RFC 6698, RFC 7671): for the zone, which the ledger's DS anchors. */
export function tlsaText(zone: Name, port: number, spki: Uint8Array): string {
  return `_${port}._tcp.${nameToText(zone)} 3600 IN TLSA 3 1 1 ${toHex(spki).toUpperCase()}`
}

export interface SiteFileParts {
  readonly spki: Uint8Array
  /** Unix ms. */
  readonly until: number
  /** Of the name's record, and of the identity keys on Root: files in base64; null: there is none. */
  readonly proof: string
  readonly identity: string | null
}

/** What a site shows: the owner's word, and the proofs of who the owner is. */
export function siteFileText(
  owner: Signer,
  { chainId, label, zone }: DomainPlace,
  { generation }: Pick<NameRecord, 'generation'>,
  { spki, until, proof, identity }: SiteFileParts,
): string {
  const signature = signSite(owner, { chainId, label, generation, spki, until })
  const file = { format: FORMAT, name: nameToText(zone), spki: toHex(spki), until, signature: toHex(signature) }
  return `${JSON.stringify({ ...file, proof, identity }, undefined, 2)}\n`
}

export interface SiteQuestion {
  /** The name that a client wanted to reach. */
  readonly name: string
  /** Of what the site shows in TLS. */
  readonly spki: Uint8Array
  /** Unix ms. */
  readonly now: number
  /** A proof that is older counts for nothing: the name may have changed hands since. Ms. */
  readonly maxAgeMs: number
}

export interface SiteVerdict {
  /** EV: somebody vouches for who the owner is; DV: the owner vouches for the key, and that is all. */
  readonly level: 'DV' | 'EV'
  readonly name: string
  readonly owner: string
  /** When it was so, ISO. */
  readonly proven: string
  readonly until: string
  /** Who says who the owner is. */
  readonly identities: readonly { readonly certifier: string; readonly name: string; readonly until: string }[]
}

/** Throws SITE_REFUSED when the file does not show that the owner of the name vouches for the key; and USAGE, LEDGER_GENESIS. */
export async function verifySite(text: string, genesisText: string, question: SiteQuestion): Promise<SiteVerdict> {
  const file = siteFile(text)
  const { now, maxAgeMs } = question
  const zone = canonicalName(parseName(question.name))
  if (file.name !== nameToText(zone)) throw refused(`it is about ${file.name}`)
  if (!equalBytes(file.spki, question.spki)) throw refused('the site shows another key than the owner vouches for')
  if (file.until <= now) throw refused('the word of the owner is over')
  const { chain, verdict } = await checkProof(file.proof, genesisText, now)
  const label = chain === 'root' ? undefined : labelUnder(chain, zone)
  if (label === undefined || verdict.kind === 'refused') throw refused('the proof of the name does not hold')
  if (now - verdict.time > maxAgeMs) throw refused('the proof of the name is too old')
  const key = nameStateKey(label)
  const value = verdict.claims.find((one) => equalBytes(one.key, key))?.value
  const record = value === undefined ? undefined : decodeRecord(value)
  if (record?.owner === undefined) throw refused('nobody has the name')
  if (record.life !== undefined && record.life.resolves <= now) throw refused('the term of the name is over')
  const { owner, generation } = record
  const chainId = parseGenesisText(genesisText).find(({ genesis }) => genesis.name === chain)!.chainId
  const statement = { chainId, label, generation, spki: file.spki, until: file.until }
  if (!ed25519.verify(owner, siteBytes(statement), file.signature)) throw refused('not signed by the owner of the name')
  const identities = await identitiesOf(file.identity, genesisText, owner, question)
  return {
    level: identities.length > 0 ? 'EV' : 'DV',
    name: file.name,
    owner: toHex(owner),
    proven: iso(verdict.time),
    until: iso(file.until),
    identities,
  }
}

/** What does not hold vouches for nobody; ownership is not touched by it (D48, D51). */
async function identitiesOf(
  proof: string | null,
  genesisText: string,
  owner: Uint8Array,
  { now, maxAgeMs }: SiteQuestion,
): Promise<SiteVerdict['identities']> {
  if (proof === null) return []
  const { chain, verdict } = await checkProof(proof, genesisText, now)
  if (chain !== 'root' || verdict.kind === 'refused' || now - verdict.time > maxAgeMs) return []
  const values = identityStateKeys(owner).map((key) => verdict.claims.find((one) => equalBytes(one.key, key))?.value)
  return vouchedFromValues(values, now).map(({ certifier, name, until }) => ({
    certifier: certifier.name,
    name,
    until: iso(until),
  }))
}

function siteFile(text: string) {
  const json = jsonFields(text)
  const { format, name, spki, until, signature, proof, identity } = json
  const isHex = (value: unknown, bytes: number): value is string =>
    typeof value === 'string' && value.length === 2 * bytes && /^[0-9a-f]+$/.test(value)
  const isText = typeof name === 'string' && typeof proof === 'string'
  const isOne = format === FORMAT && isText && Number.isSafeInteger(until) && isHex(spki, 32) && isHex(signature, 64)
  if (!isOne) throw refused('it is no file of chordns domain tlsa')
  return {
    name,
    spki: fromHex(spki),
    until: Number(until),
    signature: fromHex(signature),
    proof,
    identity: typeof identity === 'string' ? identity : null,
  }
}

function refused(why: string) {
  return new ChordnsError('SITE_REFUSED', `the key of the site is not the owner's: ${why}`, { why })
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
