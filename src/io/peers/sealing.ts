/**
 * How messages of Noise are sealed and opened: WebAssembly for small ones, OpenSSL for large ones, both from the package itself. Its own bound
 * between them is 1,200 bytes; but to make a cipher object of Node costs as much as two kilobytes in WebAssembly (measured: 45 us, 30 us), and
 * a reply to a follower of a ledger, header and signatures, has just that length.
 */
import type { ICryptoInterface } from '@libp2p/noise'
import { asCrypto, defaultCrypto, nodeCrypto } from '@libp2p/noise/crypto'
import { limits } from '../limits.ts'

export const sealing: ICryptoInterface = {
  ...defaultCrypto,
  chaCha20Poly1305Encrypt: (plaintext, ...rest) =>
    cipherFor(plaintext.byteLength).chaCha20Poly1305Encrypt(plaintext, ...rest),
  chaCha20Poly1305Decrypt: (sealed, ...rest) => cipherFor(sealed.byteLength).chaCha20Poly1305Decrypt(sealed, ...rest),
}

function cipherFor(bytes: number) {
  return bytes <= limits.SEALED_AS_SMALL_BYTES ? asCrypto : nodeCrypto
}
