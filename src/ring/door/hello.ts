/**
 * The first messages between two peers: both prove that they know the ring's secret before anything else is served.
 *
 *     dialer -> listener   1 {greeting A}
 *     listener -> dialer   2 {greeting B, MAC listener}
 *     dialer -> listener   3 {MAC dialer}
 *
 * A MAC covers the role, both peer ids and all that both greetings say, fields of later versions too: one side's can neither be
 * sent back to it nor be used again, and nobody can make two peers speak an older version than both know. What the two do not
 * have in common ends hello after the MACs, so that both can say what it is.
 */
import { baseLimits, type Doorkeeper, type HelloSession, type PeerId, type Random } from '../../base/index.ts'
import {
  type CborMap,
  type CborValue,
  cborReader,
  encodeCanonical,
  hmacSha256,
  sha256,
  timingSafeEqual,
} from '../../crypto/index.ts'
import { invitationSecret } from '../members/invitations.ts'
import { isPeerOnList } from '../members/on-list.ts'
import type { Invitation, InvitationFault, RingAdmission } from '../types.ts'
import {
  type Greeting,
  greetingFields,
  inCommon,
  isEcho,
  Key,
  malformed,
  NONCE_BYTES,
  PROTOCOL_VERSIONS,
  type RingConstants,
  readGreeting,
  refused,
  type Speaks,
  type Spoken,
  type VersionRange,
} from './greeting.ts'

export interface PskDoor {
  readonly ringId: string
  readonly secret: Uint8Array
  readonly random: Random
  /** What all members must have in common. Default: nothing. */
  readonly constants?: RingConstants
  /** Default: PROTOCOL_VERSIONS. */
  readonly versions?: VersionRange
  /** Default: none. */
  readonly capabilities?: readonly string[]
  /** Members that are no longer let in. */
  readonly isExpelled?: (peer: PeerId) => boolean
  /** Called for each peer that is let in, with what it and this node have in common. */
  readonly onSpoken?: (peer: PeerId, spoken: Spoken) => void
  /** Called when a member that was dialled says why it does not let this node in: `not-listed`, on an endorsed ring. */
  readonly onTurnedAway?: (peer: PeerId, fault: string) => void
  /** Default: nobody is let in by an invitation. */
  readonly guests?: GuestDoor
}

/** How a member treats machines that have an invitation in place of the secret. */
export interface GuestDoor {
  /** Owes why this invitation does not count, or undefined. The peer has not proved that it has it yet. */
  readonly faultOf: (invitation: Invitation, peer: PeerId) => InvitationFault | undefined
  /** The peer has the secret of this invitation: it may claim its place, and nothing else. */
  readonly onGuest: (peer: PeerId, invitation: Invitation) => void
  /** Owes whether a peer joined by an invitation that does not count: without another one it is not let in. */
  readonly isTurnedAway: (peer: PeerId) => boolean
}

export interface GuestPass {
  readonly ringId: string
  readonly random: Random
  readonly invitation: Invitation
  /** Of the invitation: its token has it. */
  readonly secret: Uint8Array
  /** Called when a member says why the invitation does not count. */
  readonly onFault?: (fault: string) => void
}

/** Lets in who knows the secret (`admission: psk`). */
export function pskDoorkeeper({ secret, ...door }: PskDoor): Doorkeeper {
  return doorkeeper(door, (invitation) => {
    const key = invitation === undefined ? secret : invitationSecret(secret, door.ringId, invitation)
    return (transcript) => hmacSha256(key, transcript)
  })
}

/** Lets in anybody who names the ring (`admission: open`): for experiments, and for tests. */
export function openDoorkeeper(door: Omit<PskDoor, 'secret'>): Doorkeeper {
  return doorkeeper(door, () => () => NO_MAC)
}

/**
 * Lets in whom the ledger's list has (`admission: endorsed`): the transport has shown that the peer holds its key. Nobody is let in as long as
 * its key has no salt, since it has no place yet.
 */
export function endorsedDoorkeeper({
  admission,
  ...door
}: Omit<PskDoor, 'secret' | 'guests'> & { readonly admission: Pick<RingAdmission, 'saltOf'> }): Doorkeeper {
  const inner = openDoorkeeper(door)
  return {
    hello(self, remote, role) {
      if (isPeerOnList(admission, remote)) return inner.hello(self, remote, role)
      if (role === 'dialer') throw notListed()
      return once(turnAway(door.ringId, door.random))
    },
  }
}

/** Who names the ring is told that the list does not have it, and nothing else of this node: no version, no constant. */
function turnAway(ringId: string, random: Random): HelloSession {
  return {
    opening: () => undefined,
    receive(message) {
      readGreeting(decode(message, 1), ringId)
      const greeting = greetingFields({ ringId, nonce: random.bytes(NONCE_BYTES), speaks: undefined })
      const send = encodeMap(2, [...greeting, faultField('not-listed'), [Key.MAC, NO_MAC]])
      return { send, admitted: false, refusal: notListed() }
    },
  }
}

/** Of rings without a secret. */
const NO_MAC = new Uint8Array(32)

function notListed() {
  return refused('this peer is not on the list of those who may join')
}

/** Is let in by an invitation, and lets nobody in. */
export function guestDoorkeeper({ ringId, random, invitation, secret, onFault }: GuestPass): Doorkeeper {
  return {
    hello(self, remote, role) {
      if (role === 'listener') throw refused('this machine is no member yet')
      const speaks = { versions: PROTOCOL_VERSIONS, capabilities: [], constants: {} }
      const greeting = { ringId, nonce: random.bytes(NONCE_BYTES), speaks, invitation }
      const mac: Mac = (transcript) => hmacSha256(secret, transcript)
      return once(dialer({ self, remote, greeting, mac, onSpoken: () => {} }, onFault))
    },
  }
}

type Mac = (transcript: Uint8Array) => Uint8Array

/** The MAC of those who have the secret of the ring, or of a guest's invitation. */
type MacOf = (invitation: Invitation | undefined) => Mac

interface Side {
  readonly self: PeerId
  readonly remote: PeerId
  readonly greeting: Greeting & { readonly speaks: Speaks }
  readonly mac: Mac
  readonly onSpoken: (spoken: Spoken) => void
}

function doorkeeper(door: Omit<PskDoor, 'secret'>, macOf: MacOf): Doorkeeper {
  const { ringId, random, versions = PROTOCOL_VERSIONS, capabilities = [], constants = {}, guests } = door
  return {
    hello(self, remote, role) {
      if (door.isExpelled?.(remote) ?? false) throw refused('this peer was expelled')
      const greeting = { ringId, nonce: random.bytes(NONCE_BYTES), speaks: { versions, capabilities, constants } }
      const mac = macOf(undefined)
      const side: Side = { self, remote, greeting, mac, onSpoken: (spoken) => door.onSpoken?.(remote, spoken) }
      if (role === 'listener') return once(listener(side, macOf, guests))
      checkTurnedAway(guests, remote)
      return once(dialer(side, (fault) => door.onTurnedAway?.(remote, fault)))
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
      over = step.admitted || step.refusal !== undefined
      return step
    },
  }
}

function checkTurnedAway(guests: GuestDoor | undefined, peer: PeerId): void {
  if (guests?.isTurnedAway(peer) ?? false)
    throw refused('the invitation by which this peer joined was used up or revoked')
}

function dialer({ self, remote, greeting, mac, onSpoken }: Side, onFault?: (fault: string) => void): HelloSession {
  const opening = encodeMap(1, greetingFields(greeting))
  return {
    opening: () => opening,
    receive(message) {
      const fields = decode(message, 2)
      const theirs = readGreeting(fields, greeting.ringId)
      if (isEcho(theirs, greeting)) throw refused('a nonce came back')
      const peers = {
        dialer: { peer: self, greeting, said: opening },
        listener: { peer: remote, greeting: theirs, said: withoutMac(fields) },
      }
      checkMac(fields, mac(transcript('listener', peers)))
      const fault = fields.get(Key.FAULT)
      if (typeof fault === 'string') {
        onFault?.(fault)
        const what = greeting.invitation === undefined ? 'this node is not let in' : 'the invitation does not count'
        throw refused(`${what}: ${fault}`)
      }
      const send = encodeMap(3, [[Key.MAC, mac(transcript('dialer', peers))]])
      const common = compare(greeting.speaks, theirs)
      // The listener learns it as well: with our MAC it knows that a member says so.
      if (common.spoken === undefined) return { send, admitted: false, refusal: common.refusal }
      onSpoken(common.spoken)
      return { send, admitted: true }
    },
  }
}

function listener(
  { self, remote, greeting, onSpoken }: Omit<Side, 'mac'>,
  macOf: MacOf,
  guests: GuestDoor | undefined,
): HelloSession {
  let peers: Transcript | undefined
  return {
    opening: () => undefined,
    receive(message) {
      if (peers === undefined) {
        const theirs = readGreeting(decode(message, 1), greeting.ringId)
        if (isEcho(theirs, greeting)) throw refused('a nonce came back')
        const { invitation } = theirs
        if (invitation === undefined) checkTurnedAway(guests, remote)
        else if (guests === undefined) throw refused('nobody is let in by an invitation here')
        const fault = invitation && guests?.faultOf(invitation, remote)
        const said = [...greetingFields(greeting), ...(fault === undefined ? [] : [faultField(fault)])]
        peers = {
          dialer: { peer: remote, greeting: theirs, said: message },
          listener: { peer: self, greeting, said: encodeMap(2, said) },
        }
        const own = macOf(invitation)(transcript('listener', peers))
        const send = encodeMap(2, [...said, [Key.MAC, own]])
        if (fault === undefined) return { send, admitted: false }
        return { send, admitted: false, refusal: refused(`the invitation does not count: ${fault}`) }
      }
      const { invitation } = peers.dialer.greeting
      checkMac(decode(message, 3), macOf(invitation)(transcript('dialer', peers)))
      const spoken = inCommon(greeting.speaks, peers.dialer.greeting.speaks)
      if (invitation === undefined) onSpoken(spoken)
      else guests?.onGuest(remote, invitation)
      return { admitted: true }
    },
  }
}

function compare(own: Speaks, { speaks }: Greeting) {
  try {
    return { spoken: inCommon(own, speaks), refusal: undefined }
  } catch (error) {
    return { spoken: undefined, refusal: error instanceof Error ? error : new Error(String(error)) }
  }
}

interface Said {
  readonly peer: PeerId
  readonly greeting: Greeting
  /** The message, without its MAC. */
  readonly said: Uint8Array
}

interface Transcript {
  readonly dialer: Said
  readonly listener: Said
}

/**
 * With a dialer or a listener that says nothing of its versions: as version 1 had it. A field that somebody takes out on the way
 * makes the two sides choose differently, and no MAC is right.
 */
function transcript(role: 'dialer' | 'listener', { dialer, listener }: Transcript): Uint8Array {
  const { ringId } = dialer.greeting
  if (dialer.greeting.speaks === undefined || listener.greeting.speaks === undefined)
    return encodeCanonical([
      'chordns/hello/1',
      role,
      ringId,
      dialer.peer,
      listener.peer,
      dialer.greeting.nonce,
      listener.greeting.nonce,
    ])
  return encodeCanonical([
    'chordns/hello/2',
    role,
    ringId,
    dialer.peer,
    listener.peer,
    sha256(dialer.said),
    sha256(listener.said),
  ])
}

function faultField(fault: InvitationFault | 'not-listed'): [number, CborValue] {
  return [Key.FAULT, fault]
}

function encodeMap(kind: number, fields: readonly [number, CborValue][]): Uint8Array {
  return encodeCanonical(new Map<number, CborValue>([[Key.KIND, kind], ...fields]))
}

/** What the other side computed its MAC over: canonical, so that its fields encode to its bytes again. */
function withoutMac(fields: CborMap): Uint8Array {
  const said = new Map(fields as ReadonlyMap<number, CborValue>)
  said.delete(Key.MAC)
  return encodeCanonical(said)
}

const { readCbor, readMap } = cborReader(malformed)

function decode(message: Uint8Array, kind: number): CborMap {
  const what = `message ${kind}`
  const fields = readMap(readCbor(message, baseLimits.MAX_HELLO_BYTES, what), what)
  if (fields.get(Key.KIND) !== kind) throw malformed(what)
  return fields
}

function checkMac(fields: CborMap, expected: Uint8Array): void {
  const mac = fields.get(Key.MAC)
  if (!(mac instanceof Uint8Array) || !timingSafeEqual(mac, expected))
    throw refused('the peer does not know the secret of this ring')
}
