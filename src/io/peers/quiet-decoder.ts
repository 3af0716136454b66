/**
 * Noise cuts what comes into messages by their lengths, and finds the end of what has come by an exception: one for each packet that is
 * read, with its stack, which costs more than to decrypt a small message. The length of a prefix that is not whole yet is told
 * as one that is not whole either. A version in which the decoder is another works as before; the test says so.
 */
import type { ConnectionEncrypter } from '@libp2p/interface'

interface Decodes {
  readonly decoder?: { lengthDecoder?: (bytes: LengthBytes) => number }
}

/** A list of byte arrays, as the decoder keeps it. */
interface LengthBytes {
  readonly byteLength: number
  get(index: number): number
}

const PREFIX_BYTES = 2
/** The largest that a prefix can say: more than what is there when the prefix itself is not. */
const NOT_THERE = 0xffff

type Encrypters<C> = (components: C) => ConnectionEncrypter

/** The same encrypter; its connections decode without exceptions. */
export function decodingQuietly<C>(encrypter: Encrypters<C>): Encrypters<C> {
  return (components) => {
    const inner = encrypter(components)
    const { secureInbound, secureOutbound } = inner
    return Object.assign(inner, {
      secureInbound: (async (...given) => quiet(await secureInbound.apply(inner, given))) as typeof secureInbound,
      secureOutbound: (async (...given) => quiet(await secureOutbound.apply(inner, given))) as typeof secureOutbound,
    })
  }
}

function quiet<S extends { readonly connection: unknown }>(secured: S): S {
  const { decoder } = secured.connection as Decodes
  if (decoder?.lengthDecoder !== undefined) decoder.lengthDecoder = lengthOf
  return secured
}

function lengthOf(bytes: LengthBytes): number {
  return bytes.byteLength < PREFIX_BYTES ? NOT_THERE : (bytes.get(0) << 8) | bytes.get(1)
}
