/**
 * How messages of Noise are sealed and opened: WebAssembly for small ones, OpenSSL for large ones, both from the package itself. Its own bound
 * between them is 1,200 bytes, since OpenSSL is handed the key as bytes, which costs it 30 us a message: Node finds out by exceptions that they are no key
 * object. With one, made once for each key, it is quicker from some 700 bytes on (docs/decisions/0182).
 */
import { createSecretKey, type KeyObject } from 'node:crypto'
import type { ICryptoInterface } from '@libp2p/noise'
import { asCrypto, defaultCrypto, nodeCrypto } from '@libp2p/noise/crypto'
import { limits } from '../limits.ts'

export const sealing: ICryptoInterface = {
  ...defaultCrypto,
  chaCha20Poly1305Encrypt: (plaintext, nonce, ad, key) =>
    isSmall(plaintext)
      ? asCrypto.chaCha20Poly1305Encrypt(plaintext, nonce, ad, key)
      : nodeCrypto.chaCha20Poly1305Encrypt(plaintext, nonce, ad, objectOf(key)),
  chaCha20Poly1305Decrypt: (sealed, nonce, ad, key, into) =>
    isSmall(sealed)
      ? asCrypto.chaCha20Poly1305Decrypt(sealed, nonce, ad, key, into)
      : nodeCrypto.chaCha20Poly1305Decrypt(sealed, nonce, ad, objectOf(key), into),
}

function isSmall({ byteLength }: { readonly byteLength: number }): boolean {
  return byteLength <= limits.SEALED_AS_SMALL_BYTES
}

type Key = Parameters<ICryptoInterface['chaCha20Poly1305Encrypt']>[3]

/** A connection has two keys, and keeps each in the same bytes for as long as it lasts. */
const objects = new WeakMap<Key, KeyObject>()

/** What the package hands on to Node as it is. */
function objectOf(key: Key): Key {
  let object = objects.get(key)
  if (object === undefined) {
    object = createSecretKey(key)
    objects.set(key, object)
  }
  return object as unknown as Key
}
