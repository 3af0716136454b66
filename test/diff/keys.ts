/** Keys by dnssec-keygen; signatures of our own with those keys, for what no signing tool would write. */
import { execFile } from 'node:child_process'
import { createHash, createPrivateKey, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { concatBytes, toHex } from '../../src/base/index.ts'
import {
  canonicalName,
  canonicalRRset,
  type Name,
  parseName,
  parseZone,
  type RRset,
  Type,
} from '../../src/dns/index.ts'
import type { Algorithm, Key, Keys, Signing } from './types.ts'

const run = promisify(execFile)

const MNEMONIC: Readonly<Record<Algorithm, string>> = {
  5: 'RSASHA1',
  7: 'NSEC3RSASHA1',
  8: 'RSASHA256',
  10: 'RSASHA512',
  13: 'ECDSAP256SHA256',
  14: 'ECDSAP384SHA384',
  15: 'ED25519',
  16: 'ED448',
}

export async function makeKeys(dir: string, origin: string, { algorithm, second, single }: KeyWish): Promise<Keys> {
  const pair = async (one: Algorithm) => {
    const ksk = await makeKey(dir, origin, one, true)
    return { ksk, zsk: single ? ksk : await makeKey(dir, origin, one, false) }
  }
  const keys = await pair(algorithm)
  return second === undefined ? keys : { ...keys, second: await pair(second) }
}

type KeyWish = Pick<Signing, 'algorithm' | 'second' | 'single'>

async function makeKey(dir: string, origin: string, algorithm: Algorithm, secure: boolean): Promise<Key> {
  const rsa = [5, 7, 8, 10].includes(algorithm)
  const { stdout } = await run('dnssec-keygen', [
    '-q',
    ...['-K', dir, '-a', MNEMONIC[algorithm]],
    ...(rsa ? ['-b', '2048'] : []),
    ...(secure ? ['-f', 'KSK'] : []),
    origin,
  ])
  const path = join(dir, stdout.trim())
  const [record] = parseZone(readFileSync(`${path}.key`, 'utf8'), { origin: parseName(origin), defaultTtl: 3600 })
  if (record === undefined) throw new Error(`${path}.key holds no DNSKEY`)
  return { origin, algorithm, tag: keyTag(record.rdata), rdata: record.rdata, path }
}

/** RFC 4034 appendix B. */
export function keyTag(rdata: Uint8Array): number {
  let sum = 0
  rdata.forEach((byte, i) => {
    sum += i % 2 === 0 ? byte << 8 : byte
  })
  return (sum + (sum >> 16)) & 0xffff
}

/** The same key with another head: flags, protocol, algorithm number. */
export function withHead(key: Key, head: { flags?: number; protocol?: number; algorithm?: number }): Key {
  const rdata = Uint8Array.from(key.rdata)
  if (head.flags !== undefined) rdata.set([head.flags >> 8, head.flags & 255])
  if (head.protocol !== undefined) rdata[2] = head.protocol
  if (head.algorithm !== undefined) rdata[3] = head.algorithm
  return { ...key, rdata, tag: keyTag(rdata) }
}

const DIGESTS: Readonly<Record<number, string>> = { 1: 'sha1', 2: 'sha256', 4: 'sha384' }

/** DS RDATA in presentation form. Digest types without a function get the SHA-256 digest: nobody can check it. */
export function dsText(
  key: Key,
  digestType = 2,
  change: { algorithm?: number; digest?: string; tag?: number } = {},
): string {
  const hash = createHash(DIGESTS[digestType] ?? 'sha256')
  const digest = hash
    .update(canonicalName(parseName(key.origin)).wire)
    .update(key.rdata)
    .digest('hex')
  return `${change.tag ?? key.tag} ${change.algorithm ?? key.algorithm} ${digestType} ${change.digest ?? digest}`
}

export interface SignatureFields {
  readonly key: Key
  readonly signer: Name
  /** Unix seconds. */
  readonly inception: number
  readonly expiration: number
  /** What the RRSIG says in place of the truth; it is what is signed, too. */
  readonly labels?: number
  readonly originalTtl?: number
  readonly algorithm?: number
  readonly tag?: number
  /** Whose records are signed: the owner in the signed data (RFC 4034 section 3.1.8.1). */
  readonly owner?: Name
}

/** RRSIG RDATA for the set, made with an ECDSA P-256 key. */
export function signature(set: RRset, fields: SignatureFields): Uint8Array {
  const head = new Uint8Array(18)
  const view = new DataView(head.buffer)
  const wildcard = set.name.wire[0] === 1 && set.name.wire[1] === 0x2a
  view.setUint16(0, set.type)
  head[2] = fields.algorithm ?? fields.key.algorithm
  head[3] = fields.labels ?? (wildcard ? set.name.labels - 1 : set.name.labels)
  view.setUint32(4, fields.originalTtl ?? set.ttl)
  view.setUint32(8, fields.expiration)
  view.setUint32(12, fields.inception)
  view.setUint16(16, fields.tag ?? fields.key.tag)
  const prefix = concatBytes(head, canonicalName(fields.signer).wire)
  const owner = canonicalName(fields.owner ?? set.name).wire
  const records = canonicalRRset(set).map((rdata) => {
    const fixed = new Uint8Array(10)
    const fixedView = new DataView(fixed.buffer)
    fixedView.setUint16(0, set.type)
    fixedView.setUint16(2, set.class)
    fixedView.setUint32(4, fields.originalTtl ?? set.ttl)
    fixedView.setUint16(8, rdata.length)
    return concatBytes(owner, fixed, rdata)
  })
  const signed = sign('sha256', concatBytes(prefix, ...records), {
    key: privateKey(fields.key),
    dsaEncoding: 'ieee-p1363',
  })
  return concatBytes(prefix, new Uint8Array(signed))
}

/** From the file of dnssec-keygen: "PrivateKey: base64 of the scalar". */
function privateKey(key: Key) {
  const text = readFileSync(`${key.path}.private`, 'utf8')
  const scalar = /^PrivateKey: (\S+)$/m.exec(text)?.[1]
  if (scalar === undefined) throw new Error(`${key.path} is no ECDSA key`)
  const point = Buffer.from(key.rdata.subarray(4))
  const jwk = {
    kty: 'EC',
    crv: 'P-256',
    d: Buffer.from(scalar, 'base64').toString('base64url'),
    x: point.subarray(0, 32).toString('base64url'),
    y: point.subarray(32).toString('base64url'),
  }
  return createPrivateKey({ key: jwk, format: 'jwk' })
}

export const dnskeyText = (rdata: Uint8Array): string => `\\# ${rdata.length} ${toHex(rdata)}`

export const isKeyType = (type: number): boolean => type === Type.DNSKEY || type === Type.CDS || type === Type.CDNSKEY
