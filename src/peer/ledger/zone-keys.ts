/** Keys of a domain: the pair that signs its zone, in the files that BIND, ldns and Knot take, and the owner's key apart from it. */
import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { concatBytes, toHex } from '../../base/index.ts'
import { ed25519Signer, type Signer, type ZoneKeyAlgorithm, zoneKeyPair } from '../../crypto/index.ts'
import { Class, canonicalName, type Name, nameToText, recordToText, Type } from '../../dns/index.ts'
import { dsOf, keyTag } from '../../dnssec/index.ts'
import { createIdentity, loadSeed, writeNewPrivateFile } from '../../io/index.ts'

export interface ZoneKeyRequest {
  readonly zone: Name
  readonly algorithm: ZoneKeyAlgorithm
  /** Made when it is not there. */
  readonly directory: string
  /** Unix ms: when the key begins to count for signers that look at such times. */
  readonly time: number
}

export interface MadeZoneKey {
  /** `K<zone>+<algorithm>+<tag>`, as BIND names them; `.key`, `.private`, `.pem` and `.ds` are beside each other. */
  readonly base: string
  readonly tag: number
  /** RDATA. */
  readonly ds: Uint8Array
  readonly dsText: string
  readonly dnskeyText: string
}

/** Zone key and secure entry point in one: it signs the whole zone, or only its keys. */
const FLAGS = 257
const PROTOCOL = 3
const SHA256 = 2
const ALGORITHM_NAMES = { 13: 'ECDSAP256SHA256', 15: 'ED25519' } as const

/** Throws KEY_EXISTS, KEY_UNWRITABLE. */
export async function makeZoneKey({ zone, algorithm, directory, time }: ZoneKeyRequest): Promise<MadeZoneKey> {
  const secret = new Uint8Array(randomBytes(32))
  const { publicKey, pem } = zoneKeyPair(algorithm, secret)
  const owner = canonicalName(zone)
  const rdata = concatBytes(Uint8Array.of(FLAGS >> 8, FLAGS & 0xff, PROTOCOL, algorithm), publicKey)
  const tag = keyTag(rdata)
  const ds = dsOf(owner, rdata, SHA256)!
  const line = (type: number, bytes: Uint8Array) =>
    recordToText({ name: owner, type, class: Class.IN, ttl: 3_600, rdata: bytes })
  const [dnskeyText, dsText] = [line(Type.DNSKEY, rdata), line(Type.DS, ds)]
  const base = join(directory, `K${nameToText(owner)}+${padded(algorithm, 3)}+${padded(tag, 5)}`)
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await writeNewPrivateFile(`${base}.private`, privateText(algorithm, secret, time))
  await writeNewPrivateFile(`${base}.pem`, pem)
  await writeNewPrivateFile(`${base}.key`, `; Key ${tag} of ${nameToText(owner)}, made by chordns.\n${dnskeyText}\n`)
  await writeNewPrivateFile(`${base}.ds`, `${dsText}\n`)
  return { base, tag, ds, dsText, dnskeyText }
}

/** As BIND writes it since 9.7, version 1.3. */
function privateText(algorithm: ZoneKeyAlgorithm, secret: Uint8Array, time: number): string {
  const when = new Date(time).toISOString().replace(/\D/g, '').slice(0, 14)
  return [
    'Private-key-format: v1.3',
    `Algorithm: ${algorithm} (${ALGORITHM_NAMES[algorithm]})`,
    `PrivateKey: ${Buffer.from(secret).toString('base64')}`,
    `Created: ${when}`,
    `Publish: ${when}`,
    `Activate: ${when}`,
    '',
  ].join('\n')
}

/** The key that moves and changes names, in a file of its own: it belongs on no server. Returns the public key in hex. Throws KEY_*. */
export async function makeOwnerKey(file: string): Promise<string> {
  await createIdentity(file)
  return toHex((await loadOwner(file)).publicKey)
}

/** Throws KEY_*. */
export async function loadOwner(file: string): Promise<Signer> {
  return ed25519Signer(await loadSeed(file, 'owner key'))
}

/** For what is sealed to it. Throws KEY_*. */
export function loadOwnerSeed(file: string): Promise<Uint8Array> {
  return loadSeed(file, 'owner key')
}

function padded(number: number, digits: number): string {
  return String(number).padStart(digits, '0')
}
