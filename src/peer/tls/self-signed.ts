/**
 * A certificate that a node signs itself, for a LAN: X.509 (RFC 5280) in DER, P-256. It is a root of its own, so that devices can be told to trust
 * it, but for its own names and addresses only (name constraints): whoever steals its key cannot be anybody else to them.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign, X509Certificate } from 'node:crypto'
import { addressRdata } from '../../dns/index.ts'

/** What it is made for. */
export interface CertificateSubject {
  /** Host name; undefined: addresses only. */
  readonly name: string | undefined
  readonly addresses: readonly string[]
}

/** Devices of Apple refuse what is valid for longer. */
const VALID_DAYS = 825
/** Renewed when less is left of it. */
const RENEW_DAYS = 60
const DAY_MS = 86_400_000
/** Of a certificate without a name: nobody has it. */
const NO_NAME = 'chordns.invalid'

const OID = {
  ecdsaWithSha256: '06082a8648ce3d040302',
  commonName: '0603550403',
  basicConstraints: '0603551d13',
  keyUsage: '0603551d0f',
  extendedKeyUsage: '0603551d25',
  serverAuth: '06082b06010505070301',
  alternativeNames: '0603551d11',
  nameConstraints: '0603551d1e',
} as const

/** PEM. */
export function newPrivateKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

/** PEM, by the key in PEM, valid from a day before `now`, ms. */
export function selfSigned({ name, addresses }: CertificateSubject, key: string, now: number): string {
  const algorithm = sequence(hex(OID.ecdsaWithSha256))
  const issuer = sequence(set(sequence(hex(OID.commonName), tagged(0x0c, Buffer.from(name ?? 'chordns')))))
  const times = sequence(time(now - DAY_MS), time(now + VALID_DAYS * DAY_MS))
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' })
  const body = sequence(
    tagged(0xa0, tagged(0x02, Buffer.of(2))),
    // Above 0, as a serial must be.
    tagged(0x02, Buffer.concat([Buffer.of(1), randomBytes(15)])),
    algorithm,
    issuer,
    times,
    issuer,
    publicKey,
    tagged(0xa3, sequence(...extensions({ name: name ?? NO_NAME, addresses }))),
  )
  const signature = sign('sha256', body, createPrivateKey(key))
  const der = sequence(body, algorithm, tagged(0x03, Buffer.of(0), signature))
  const lines = der.toString('base64').replace(/.{64}/g, '$&\n').trimEnd()
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`
}

/** False when it is to be made anew: it ends soon, is for others, or is not of this key. */
export function isOfUse(certificate: string, key: string, subject: CertificateSubject, now: number): boolean {
  try {
    const read = new X509Certificate(certificate)
    if (!read.checkPrivateKey(createPrivateKey(key))) return false
    if (Date.parse(read.validTo) - now < RENEW_DAYS * DAY_MS || Date.parse(read.validFrom) > now) return false
    if (subject.name !== undefined && read.checkHost(subject.name) === undefined) return false
    return subject.addresses.every((address) => read.checkIP(address) !== undefined)
  } catch {
    return false
  }
}

function extensions({ name, addresses }: { readonly name: string; readonly addresses: readonly string[] }): Buffer[] {
  const octets = addresses.map((address) => Buffer.from(addressRdata(address).rdata))
  const names = [tagged(0x82, Buffer.from(name)), ...octets.map((bytes) => tagged(0x87, bytes))]
  const whole = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(bytes.length, 0xff)])
  const permitted = [
    sequence(tagged(0x82, Buffer.from(name))),
    ...octets.map((bytes) => sequence(tagged(0x87, whole(bytes)))),
  ]
  return [
    // A root, under which there is nothing but itself.
    extension(OID.basicConstraints, true, sequence(tagged(0x01, Buffer.of(0xff)), tagged(0x02, Buffer.of(0)))),
    // Signs handshakes and certificates: bits 0 and 5.
    extension(OID.keyUsage, true, tagged(0x03, Buffer.of(2, 0x84))),
    extension(OID.extendedKeyUsage, false, sequence(hex(OID.serverAuth))),
    extension(OID.alternativeNames, false, sequence(...names)),
    extension(OID.nameConstraints, true, sequence(tagged(0xa0, ...permitted))),
  ]
}

function extension(oid: string, isCritical: boolean, value: Buffer): Buffer {
  return sequence(hex(oid), ...(isCritical ? [tagged(0x01, Buffer.of(0xff))] : []), tagged(0x04, value))
}

/** UTCTime, which holds until 2049, then GeneralizedTime (RFC 5280 section 4.1.2.5). */
function time(ms: number): Buffer {
  const text = new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, '')
  return Number(text.slice(0, 4)) < 2_050 ? tagged(0x17, Buffer.from(text.slice(2))) : tagged(0x18, Buffer.from(text))
}

function sequence(...parts: Uint8Array[]): Buffer {
  return tagged(0x30, ...parts)
}

function set(...parts: Uint8Array[]): Buffer {
  return tagged(0x31, ...parts)
}

function tagged(tag: number, ...parts: Uint8Array[]): Buffer {
  const value = Buffer.concat(parts)
  const { length } = value
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), value])
  if (length < 0x100) return Buffer.concat([Buffer.of(tag, 0x81, length), value])
  return Buffer.concat([Buffer.of(tag, 0x82, length >> 8, length & 255), value])
}

function hex(text: string): Buffer {
  return Buffer.from(text, 'hex')
}
