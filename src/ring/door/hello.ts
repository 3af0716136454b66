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
} from '../../base/index.ts'
import {
  type CborMap,
  type CborValue,
  cborReader,
  encodeCanonical,
  hmacSha256,
  timingSafeEqual,
} from '../../crypto/index.ts'

/** Raised when messages between peers change so that old and new cannot understand each other. */
export const HELLO_VERSION = 1

const NONCE_BYTES = 32
const Key = { KIND: 0, VERSION: 1, RING: 2, NONCE: 3, MAC: 4 } as const

export interface PskDoor {
  readonly ringId: string
  readonly secret: Uint8Array
  readonly random: Random
  /** Default: HELLO_VERSION. */
  readonly version?: number
  /** Members that are no longer let in. */
  readonly isExpelled?: (peer: PeerId) => boolean
}

/** Lets in who knows the secret (`admission: psk`). */
export function pskDoorkeeper({ secret, ...door }: PskDoor): Doorkeeper {
  return doorkeeper(door, (transcript) => hmacSha256(secret, transcript))
}

/** Lets in anybody who names the ring (`admission: open`): for experiments, and for tests. */
export function openDoorkeeper(door: Omit<PskDoor, 'secret'>): Doorkeeper {
  return doorkeeper(door, () => new Uint8Array(32))
}

type Mac = (transcript: Uint8Array) => Uint8Array

interface Door {
  readonly ringId: string
  readonly version: number
  readonly nonce: Uint8Array
  readonly mac: Mac
}

function doorkeeper(door: Omit<PskDoor, 'secret'>, mac: Mac): Doorkeeper {
  const { ringId, random, version = HELLO_VERSION, isExpelled } = door
  return {
    hello(self, remote, role) {
      if (isExpelled?.(remote) ?? false) throw refused('this peer was expelled')
      const own = { ringId, version, nonce: random.bytes(NONCE_BYTES), mac }
      return once(role === 'dialer' ? dialer(own, self, remote) : listener(own, self, remote))
    },
  }
}

/** A session ends with admission or with its first error: nobody gets a second guess at a MAC of the same nonces. */
function once(session: HelloSession): HelloSession {
  let over = false
  return {
    opening: () => session.opening(),
    receive(message) {
      if (over) throw malformed('a message after the end')
      over = true
      const step = session.receive(message)
      over = step.admitted
      return step
    },
  }
}

function dialer({ ringId, version, nonce, mac }: Door, self: PeerId, remote: PeerId): HelloSession {
  return {
    opening: () => encodeCanonical(new Map<number, CborValue>([[Key.KIND, 1], ...greeting(ringId, version, nonce)])),
    receive(message) {
      const fields = decode(message, 2)
      const theirs = checkGreeting(fields, ringId, version)
      if (equalBytes(theirs, nonce)) throw refused('a nonce came back')
      const peers = { dialer: self, listener: remote, dialerNonce: nonce, listenerNonce: theirs }
      checkMac(fields, mac(transcript('listener', ringId, peers)))
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

function listener({ ringId, version, nonce, mac }: Door, self: PeerId, remote: PeerId): HelloSession {
  let peers: Transcript | undefined
  return {
    opening: () => undefined,
    receive(message) {
      if (peers === undefined) {
        const theirs = checkGreeting(decode(message, 1), ringId, version)
        if (equalBytes(theirs, nonce)) throw refused('a nonce came back')
        peers = { dialer: remote, listener: self, dialerNonce: theirs, listenerNonce: nonce }
        const own = mac(transcript('listener', ringId, peers))
        return {
          send: encodeCanonical(
            new Map<number, CborValue>([[Key.KIND, 2], ...greeting(ringId, version, nonce), [Key.MAC, own]]),
          ),
          admitted: false,
        }
      }
      checkMac(decode(message, 3), mac(transcript('dialer', ringId, peers)))
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

function greeting(ringId: string, version: number, nonce: Uint8Array): [number, CborValue][] {
  return [
    [Key.VERSION, version],
    [Key.RING, ringId],
    [Key.NONCE, nonce],
  ]
}

const { readCbor, readMap, readBytes } = cborReader(malformed)

function decode(message: Uint8Array, kind: number): CborMap {
  const what = `message ${kind}`
  const fields = readMap(readCbor(message, baseLimits.MAX_HELLO_BYTES, what), what)
  if (fields.get(Key.KIND) !== kind) throw malformed(what)
  return fields
}

/** The version comes first: a peer of another version may mean something else by the rest. */
function checkGreeting(fields: CborMap, ringId: string, version: number): Uint8Array {
  const theirs = fields.get(Key.VERSION)
  if (theirs !== version)
    throw refused(`the peer speaks version ${typeof theirs === 'number' ? theirs : 'unknown'}, this node ${version}`)
  if (fields.get(Key.RING) !== ringId) throw refused('the peer is a member of another ring')
  return readBytes(fields.get(Key.NONCE), NONCE_BYTES, NONCE_BYTES, 'nonce')
}

function checkMac(fields: CborMap, expected: Uint8Array): void {
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
