/** The certificate and key of a node, from the operator's files, or made by itself in the data directory. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ChordnsError, errorText, isChordnsError } from '../../base/index.ts'
import type { Config } from '../../config/index.ts'
import { sha256 } from '../../crypto/index.ts'
import { localAddresses, readTextFile, replaceTextFile, writeNewPrivateFile } from '../../io/index.ts'
import { isWildcard, parseListenAddress, type TlsOptions } from '../../serve/settings.ts'
import { type CertificateSubject, isOfUse, newPrivateKey, selfSigned } from './self-signed.ts'

/** What clients can know a certificate by. */
export interface CertificateSummary {
  /** Where it stands. */
  readonly file: string
  readonly isSelfSigned: boolean
  readonly names: readonly string[]
  /** Unix ms. */
  readonly expires: number
  /** SHA-256 of the certificate, in hex. */
  readonly sha256: string
  /** SHA-256 of the public key, in base64: what `kdig +tls-pin` and RFC 7858 section 4.2 take. It stays when the certificate is renewed. */
  readonly pin: string
}

type Place = Pick<Config, 'tls' | 'data' | 'listen'> & Partial<Pick<Config, 'status'>>

export function needsTls({ listen, status }: Pick<Place, 'listen' | 'status'>): boolean {
  if ((status?.dashboard ?? false) !== false) return true
  return listen !== 'auto' && ((listen.tls ?? []).length > 0 || (listen.https ?? []).length > 0)
}

/** Makes what the operator gave no files for, and what is about to end. Its key stays, so that clients which know it go on. */
export async function prepareTls(config: Place, now: number): Promise<void> {
  if (config.tls.certificateFile !== undefined) return
  const files = filesOf(config)
  await mkdir(config.data, { recursive: true, mode: 0o700 })
  const key = readTextFile(files.key) ?? (await makeKey(files.key))
  const subject = subjectOf(config)
  const certificate = readTextFile(files.certificate)
  if (certificate !== undefined && isOfUse(certificate, key, subject, now)) return
  await replaceTextFile(files.certificate, selfSigned(subject, key, now))
}

/** Throws TLS_CERTIFICATE {file} when there is none, or none that the key fits. */
export function readTls(config: Place): TlsOptions {
  const files = filesOf(config)
  const [certificate, key] = [readPem(files.certificate), readPem(files.key)]
  try {
    if (!new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key)))
      throw new Error(`is not for the key in ${files.key}`)
  } catch (cause) {
    throw refused(files.certificate, errorText(cause), cause)
  }
  return { certificate, key, name: config.tls.name }
}

/** Throws TLS_CERTIFICATE. */
export function summaryOf(config: Place): CertificateSummary {
  const { certificate: file } = filesOf(config)
  try {
    const read = new X509Certificate(readPem(file))
    return {
      file,
      isSelfSigned: read.checkIssued(read),
      names: (read.subjectAltName ?? '').split(', ').filter((text) => text !== ''),
      expires: Date.parse(read.validTo),
      sha256: read.fingerprint256.replaceAll(':', '').toLowerCase(),
      pin: pinOf(read),
    }
  } catch (error) {
    if (isChordnsError(error)) throw error
    throw refused(file, errorText(error), error)
  }
}

/** DER. Throws TLS_CERTIFICATE. */
export function certificateBytes(config: Place): Uint8Array {
  const { certificate } = filesOf(config)
  return new X509Certificate(readPem(certificate)).raw
}

function pinOf({ publicKey }: X509Certificate): string {
  const der = publicKey.export({ type: 'spki', format: 'der' })
  return Buffer.from(sha256(der)).toString('base64')
}

function filesOf({ tls, data }: Place): { readonly certificate: string; readonly key: string } {
  const { certificateFile = join(data, 'tls.crt'), keyFile = join(data, 'tls.key') } = tls
  return { certificate: certificateFile, key: keyFile }
}

async function makeKey(file: string): Promise<string> {
  const key = newPrivateKey()
  await writeNewPrivateFile(file, key)
  return key
}

/** Of wildcards, the addresses that this machine has now. */
function subjectOf({ tls, listen, status }: Place): CertificateSubject {
  const texts = listen === 'auto' ? [] : [...(listen.tls ?? []), ...(listen.https ?? [])]
  const dashboard = status?.dashboard
  const ends = [...texts.map(parseListenAddress), ...(dashboard ? [dashboard] : [])]
  const listed = ends.map(({ address }) => address)
  const wild = listed.filter(isWildcard)
  const here = localAddresses()
    .map(({ address }) => address)
    .filter((address) => wild.some((one) => one.includes(':') === address.includes(':')))
  const addresses = [...listed.filter((address) => !isWildcard(address)), ...here]
  return { name: tls.name, addresses: [...new Set(addresses.filter((address) => !address.includes('%')))] }
}

function readPem(file: string): string {
  const text = readTextFile(file)
  if (text === undefined) throw refused(file, 'there is no such file')
  return text
}

function refused(file: string, reason: string, cause?: unknown): ChordnsError<'TLS_CERTIFICATE', { file: string }> {
  return new ChordnsError('TLS_CERTIFICATE', `${file}: ${reason}`, { file }, { cause })
}
