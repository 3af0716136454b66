/** Keys that sign a zone, out of the files that `chordns domain keygen` and BIND write. */
import { ChordnsError, concatBytes } from '../../base/index.ts'
import { ed25519Signer, type ZoneKeyAlgorithm, zoneKeyPair } from '../../crypto/index.ts'
import type { Name } from '../../dns/index.ts'
import { dsOf, keyTag, type SigningKey } from '../../dnssec/index.ts'
import { readTextFile } from '../../io/index.ts'

/** A key that signs its zone alone: zone key and secure entry point in one. */
const HEAD = Uint8Array.of(1, 1, 3)
const SHA256 = 2
const SHA384 = 4

/** `file`: `K....private`, of algorithm 13 or 15. Throws ZONE_KEY. */
export async function zoneKeyIn(file: string): Promise<SigningKey> {
  const text = readTextFile(file)
  if (text === undefined) throw bad(file, 'there is no such file')
  const field = (name: string) => new RegExp(`^${name}: *(\\S+)`, 'm').exec(text)?.[1]
  const algorithm = Number(field('Algorithm'))
  if (algorithm !== 13 && algorithm !== 15)
    throw bad(file, 'it must be a .private file with a key of ECDSAP256SHA256 or ED25519')
  const secret = new Uint8Array(Buffer.from(field('PrivateKey') ?? '', 'base64'))
  if (secret.length !== 32) throw bad(file, 'it has no PrivateKey of 32 bytes')
  return keyOf(algorithm, secret)
}

async function keyOf(algorithm: ZoneKeyAlgorithm, secret: Uint8Array): Promise<SigningKey> {
  const { publicKey } = zoneKeyPair(algorithm, secret)
  const rdata = concatBytes(HEAD, Uint8Array.of(algorithm), publicKey)
  return { algorithm, tag: keyTag(rdata), rdata, sign: await signerOf(algorithm, secret) }
}

/** The same bytes always have the same signature: P-256 with nonces of RFC 6979, which node:crypto does not do, and which takes a millisecond. */
async function signerOf(algorithm: ZoneKeyAlgorithm, secret: Uint8Array): Promise<SigningKey['sign']> {
  if (algorithm === 15) {
    const signer = ed25519Signer(secret)
    return (message) => signer.sign(message)
  }
  // Loaded by those who sign with it only.
  const { p256 } = await import('@noble/curves/nist.js')
  return (message) => p256.sign(message, secret, { lowS: false })
}

/** Whether one of the DS records is of the key. */
export function isKeyOf(zone: Name, { rdata }: SigningKey, ds: readonly Uint8Array[]): boolean {
  const digests = [SHA256, SHA384].map((digest) => dsOf(zone, rdata, digest))
  return ds.some((one) => digests.some((own) => own !== undefined && Buffer.compare(own, one) === 0))
}

function bad(file: string, why: string) {
  return new ChordnsError('ZONE_KEY', `${file}: ${why}`, { file })
}
