/**
 * The first messages between two peers: both prove that they know the ring's secret before anything else is served.
 *
 *     dialer -> listener   1 {version, ring id, nonce A}
 *     listener -> dialer   2 {version, ring id, nonce B, MAC listener}
 *     dialer -> listener   3 {MAC dialer}
 *
 * A MAC covers the role, the ring id, both peer ids and both nonces: one side's can neither be sent back to it nor be used again.
 */
import {
  baseLimits,
  ChordnsError,
  type Doorkeeper,
  equalBytes,
  type HelloSession,
  type PeerId,
  type Random,
} from '../base/index.ts'
import { type CborValue, decodeCanonical, encodeCanonical, hmacSha256, timingSafeEqual } from '../crypto/index.ts'

/** Raised when messages between peers change so that old and new cannot understand each other. */
export const HELLO_VERSION = 1

const NONCE_BYTES = 32
const Key = { KIND: 0, VERSION: 1, RING: 2, NONCE: 3, MAC: 4 } as const

export interface PskDoor {
  readonly ringId: string
  readonly secret: Uint8Array
  readonly random: Random
  /** Members that are no longer let in. */
  readonly isExpelled?: (peer: PeerId) => boolean
}

/** Lets in who knows the secret (`admission: psk`). */
export function pskDoorkeeper({ ringId, secret, random, isExpelled }: PskDoor): Doorkeeper {
  return doorkeeper(ringId, random, isExpelled, (transcript) => hmacSha256(secret, transcript))
}

/** Lets in anybody who names the ring (`admission: open`): for experiments, and for tests. */
export function openDoorkeeper({ ringId, random }: { readonly ringId: string; readonly random: Random }): Doorkeeper {
  return doorkeeper(ringId, random, undefined, () => new Uint8Array(32))
}

type Mac = (transcript: Uint8Array) => Uint8Array

function doorkeeper(ringId: string, random: Random, isExpelled: PskDoor['isExpelled'], mac: Mac): Doorkeeper {
  return {
    hello(self, remote, role) {
      if (isExpelled?.(remote) ?? false) throw refused('this peer was expelled')
      return role === 'dialer' ? dialer(ringId, random, mac, self, remote) : listener(ringId, random, mac, self, remote)
    },
  }
}

function dialer(ringId: string, random: Random, mac: Mac, self: PeerId, remote: PeerId): HelloSession {
  const nonce = random.bytes(NONCE_BYTES)
  let done = false
  return {
    opening: () => encodeCanonical(new Map<number, CborValue>([[Key.KIND, 1], ...greeting(ringId, nonce)])),
    receive(message) {
      if (done) throw malformed('a message after the end')
      const fields = decode(message, 2)
      const theirs = checkGreeting(fields, ringId)
      const peers = { dialer: self, listener: remote, dialerNonce: nonce, listenerNonce: theirs }
      checkMac(fields, mac(transcript('listener', ringId, peers)))
      done = true
      const own = mac(transcript('dialer', ringId, peers))
      return {
        send: encodeCanonical(
          new Map<number, CborValue>([
            [Key.KIND, 3],
            [Key.MAC, own],
          ]),
        ),
        admitted: true,
      }
    },
  }
}

function listener(ringId: string, random: Random, mac: Mac, self: PeerId, remote: PeerId): HelloSession {
  const nonce = random.bytes(NONCE_BYTES)
  let peers: Transcript | undefined
  let done = false
  return {
    opening: () => undefined,
    receive(message) {
      if (done) throw malformed('a message after the end')
      if (peers === undefined) {
        const theirs = checkGreeting(decode(message, 1), ringId)
        if (equalBytes(theirs, nonce)) throw refused('a nonce came back')
        peers = { dialer: remote, listener: self, dialerNonce: theirs, listenerNonce: nonce }
        const own = mac(transcript('listener', ringId, peers))
        return {
          send: encodeCanonical(
            new Map<number, CborValue>([[Key.KIND, 2], ...greeting(ringId, nonce), [Key.MAC, own]]),
          ),
          admitted: false,
        }
      }
      checkMac(decode(message, 3), mac(transcript('dialer', ringId, peers)))
      done = true
      return { admitted: true }
    },
  }
}

interface Transcript {
  readonly dialer: PeerId
  readonly listener: PeerId
  readonly dialerNonce: Uint8Array
  readonly listenerNonce: Uint8Array
}

function transcript(role: 'dialer' | 'listener', ringId: string, peers: Transcript): Uint8Array {
  return encodeCanonical([
    'chordns/hello/1',
    role,
    ringId,
    peers.dialer,
    peers.listener,
    peers.dialerNonce,
    peers.listenerNonce,
  ])
}

function greeting(ringId: string, nonce: Uint8Array): [number, CborValue][] {
  return [
    [Key.VERSION, HELLO_VERSION],
    [Key.RING, ringId],
    [Key.NONCE, nonce],
  ]
}

type Fields = ReadonlyMap<number | string, CborValue>

function decode(message: Uint8Array, kind: number): Fields {
  let value: CborValue
  try {
    value = decodeCanonical(message, { maxBytes: baseLimits.MAX_HELLO_BYTES })
  } catch (cause) {
    throw malformed('not canonical CBOR', cause)
  }
  if (!(value instanceof Map) || value.get(Key.KIND) !== kind) throw malformed(`not message ${kind}`)
  return value
}

/** The version comes first: a peer of another version may mean something else by the rest. */
function checkGreeting(fields: Fields, ringId: string): Uint8Array {
  const version = fields.get(Key.VERSION)
  if (version !== HELLO_VERSION) throw refused(`the peer speaks version ${String(version)}, this node ${HELLO_VERSION}`)
  if (fields.get(Key.RING) !== ringId) throw refused('the peer is a member of another ring')
  const nonce = fields.get(Key.NONCE)
  if (!(nonce instanceof Uint8Array) || nonce.length !== NONCE_BYTES) throw malformed('no nonce')
  return nonce
}

function checkMac(fields: Fields, expected: Uint8Array): void {
  const mac = fields.get(Key.MAC)
  if (!(mac instanceof Uint8Array) || !timingSafeEqual(mac, expected))
    throw refused('the peer does not know the secret of this ring')
}

function refused(why: string) {
  return new ChordnsError('HELLO_REFUSED', `hello refused: ${why}`, { why })
}

function malformed(what: string, cause?: unknown) {
  return new ChordnsError('HELLO_MALFORMED', `malformed hello: ${what}`, { what }, { cause })
}
