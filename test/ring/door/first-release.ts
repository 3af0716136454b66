/** Hello as the release before versions had it: version 1, and nothing said of anything else. */
import { type Doorkeeper, equalBytes, type Random } from '../../../src/base/index.ts'
import { type CborValue, decodeCanonical, encodeCanonical, hmacSha256 } from '../../../src/crypto/index.ts'

const [KIND, VERSION, RING, NONCE, MAC] = [0, 1, 2, 3, 4] as const

export interface FirstDoor {
  readonly ringId: string
  readonly secret: Uint8Array
  readonly random: Random
}

export function firstRelease({ ringId, secret, random }: FirstDoor): Doorkeeper {
  return {
    hello(self, remote, role) {
      const nonce = random.bytes(32)
      const [dialer, listener] = role === 'dialer' ? [self, remote] : [remote, self]
      const mac = (of: string, a: Uint8Array, b: Uint8Array) =>
        hmacSha256(secret, encodeCanonical(['chordns/hello/1', of, ringId, dialer, listener, a, b]))
      const greeting: [number, CborValue][] = [
        [VERSION, 1],
        [RING, ringId],
        [NONCE, nonce],
      ]
      let theirs: Uint8Array | undefined
      return {
        opening: () => (role === 'dialer' ? say(1, greeting) : undefined),
        receive(message) {
          const fields = decodeCanonical(message, { maxBytes: 1_024 }) as ReadonlyMap<number, CborValue>
          if (role === 'listener' && theirs !== undefined) {
            check(fields.get(MAC), mac('dialer', theirs, nonce))
            return { admitted: true }
          }
          if (fields.get(VERSION) !== 1) throw new Error('the peer speaks another version')
          theirs = fields.get(NONCE) as Uint8Array
          if (role === 'listener')
            return { send: say(2, [...greeting, [MAC, mac('listener', theirs, nonce)]]), admitted: false }
          check(fields.get(MAC), mac('listener', nonce, theirs))
          return { send: say(3, [[MAC, mac('dialer', nonce, theirs)]]), admitted: true }
        },
      }
    },
  }
}

function say(kind: number, fields: [number, CborValue][]): Uint8Array {
  return encodeCanonical(new Map<number, CborValue>([[KIND, kind], ...fields]))
}

function check(mac: CborValue | undefined, expected: Uint8Array): void {
  if (!(mac instanceof Uint8Array) || !equalBytes(mac, expected)) throw new Error('the peer does not know the secret')
}
