/**
 * The rooms of a node that speak with peers, joined to each other on ports that are handed in. Nothing of the machine is in here, so that the simulator
 * runs this very composition on its own network, disks and clock. The core, which a node has without a ring as well, is in core-composition.ts.
 */
import {
  ChordnsError,
  type ChunkId,
  type Clock,
  createWork,
  type Doorkeeper,
  type Log,
  type PeerId,
  type Random,
  type RequestOptions,
  type Store,
  type Transport,
  type Work,
} from '../base/index.ts'
import type { Cache, CacheContents } from '../cache/index.ts'
import { type ChunkChains, type ChunkChainsStores, createChunkChains } from '../chunk-chains/index.ts'
import { type Chunks, createChunks, mayShare, ownFetchOf, proofSourceOf } from '../chunks/index.ts'
import type { Config } from '../config/index.ts'
import type { SignatureScheme, Signer } from '../crypto/index.ts'
import type { Question } from '../dns/index.ts'
import type { Finding } from '../evidence/index.ts'
import { createHousehold, type Household, ownFetchBeside } from '../household/index.ts'
import type { Recursor } from '../recurse/index.ts'
import {
  createRing,
  createRingMemory,
  endorsedDoorkeeper,
  openDoorkeeper,
  type PointerRules,
  pskDoorkeeper,
  type RingAdmission,
  type RingMemory,
  type RunningRing,
  type Spoken,
} from '../ring/index.ts'
import { createSettings, type HouseholdSettings } from '../settings/index.ts'
import { Capability, OWN_CAPABILITIES, type PeerCapabilities } from './capabilities.ts'
import { inCompany } from './company.ts'
import type { Guests } from './guests.ts'
import type { LedgerSide } from './ledger/side.ts'
import { RequestRoom } from './rooms.ts'
import { type CountedTransport, countedTransport } from './traffic.ts'
import type { TurnedAway } from './turned-away.ts'

export interface CompositionDeps {
  readonly config: Pick<Config, 'ring' | 'chunks'>
  readonly transport: Transport
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly signer: Signer
  readonly scheme: SignatureScheme
  /** What a household's members tell goes into it. */
  readonly cache: Cache & CacheContents
  /** What this node observes with, and validates what peers bring. */
  readonly recursor: Recursor
  /** Undefined: nothing is kept on disk, and the node takes part in no chain. */
  readonly stores: PeerStores | undefined
  /** Undefined: this node knows of no ledger. */
  readonly ledger?: LedgerSide | undefined
  /** Undefined: nobody is let in by an invitation. */
  readonly guests?: Guests | undefined
  /** What peers say in hello: the one that the door has. */
  readonly capabilities: PeerCapabilities
  /** Of endorsed rings: the ledger's list. */
  readonly admission?: RingAdmission | undefined
  /** Tests put known mistakes in here. */
  readonly rules?: PointerRules
  /** Whose timers say how late the machine is, where it is not `clock`: the simulator lets them be late. */
  readonly timers?: Pick<Clock, 'after' | 'monotonic'>
}

/** A disk's part for each room. */
export interface PeerStores {
  readonly ring: Store
  readonly chunks: Store
  /** Signed answers of the chunks. */
  readonly proofs: Store
  readonly chains: ChunkChainsStores
  /** What the boxes of a household have in common. Undefined: it is forgotten when the node stops. */
  readonly settings?: Store
}

export interface CompositionHooks {
  /** Whether a stub waits for this node. */
  readonly isAnswering: () => boolean
  /** True for names that are only this node's business. */
  readonly isPrivate: (question: Question) => boolean
  /** Hears of each answer that the ring has agreed on where this node had a part in it, not yet validated. */
  readonly onAgreed: (finding: Finding) => void
}

/** What all rooms send by. */
interface Wired extends CompositionDeps {
  readonly traffic: CountedTransport
  readonly work: Work
}

/** The rooms of one node towards its peers. */
export interface PeerRooms {
  readonly ring: RunningRing
  readonly chunks: Chunks
  /** Undefined when nothing is kept on disk. */
  readonly chains: ChunkChains | undefined
  /** Undefined where one member's word is not enough. */
  readonly household: Household | undefined
  /** In other rings than households this node's own alone. */
  readonly settings: HouseholdSettings
  readonly traffic: Pick<CountedTransport, 'stats' | 'replyMs'>
  /** Answers peers from now on, and joins the ring or begins one; `meeting` runs before the rooms above the ring start. */
  begin(meeting?: () => Promise<void>): Promise<void>
  /** Hands over what this node holds, and says that it leaves. Transport and stores stay open. */
  end(): Promise<void>
}

/** Nothing is sent before `begin`. */
export function composePeers(given: CompositionDeps, hooks: CompositionHooks): PeerRooms {
  const work = createWork({ clock: given.timers ?? given.clock }, hooks)
  const deps: Wired = { ...given, traffic: trafficOf(given), work }
  const { config, transport, stores, traffic, ledger, guests, capabilities } = deps
  const memory = stores && ringMemory(deps, stores)
  const ring = ringOver(deps, memory)
  const household = config.ring.acceptFrom === 'any-member' ? householdOver(deps, ring, hooks) : undefined
  const settings = settingsOver(deps, ring)
  const chunks = chunksOver(deps, hooks, { ring, household })
  const chains = stores && chainsOver(deps, stores, { ring, chunks })
  if (chains !== undefined) chunks.onAgreed((entry) => chains.kept(entry))
  capabilities.onMore(() => {
    chains?.peerKnowsMore()
    settings.peerKnowsMore()
  })
  return {
    ring,
    chunks,
    chains,
    household,
    settings,
    traffic,
    async begin(meeting) {
      guests?.serve(ring.invitations)
      transport.onPeerGone((peer) => guests?.forget(peer))
      ledger?.wire({
        ring,
        connect: (address, options) => transport.connect([address], options),
        send: (room, peer, body, options) => traffic.request(room, peer, body, options),
        bulk: (room, peer, body, options) => traffic.bulk(room, peer, body, options),
      })
      answerPeers(transport, { ring, chunks, chains, household, settings, ledger }, guests)
      await ring.start()
      memory?.follow(ring)
      await meeting?.()
      chunks.start()
      chains?.start()
      household?.start()
      settings.start()
      ledger?.start()
    },
    async end() {
      await ledger?.stop()
      settings.stop()
      chains?.stop()
      work.stop()
      await Promise.all([household?.stop(), chunks.handOver()])
      await chunks.stop()
      await ring.stop()
      memory?.stop()
    },
  }
}

export interface DoorDeps {
  readonly config: Pick<Config, 'ring'>
  readonly random: Random
  readonly log: Log
  /** Not looked at on an open ring. */
  readonly secret: Uint8Array
  readonly guests?: Guests | undefined
  /** Hears what each peer says that it knows. */
  readonly capabilities: PeerCapabilities
  /** Of endorsed rings. */
  readonly admission?: RingAdmission | undefined
  /** Hears which members do not let this node in. */
  readonly turnedAway?: TurnedAway | undefined
}

/** Counted first: what waits for company is a request that was made. */
function trafficOf({ transport, clock }: CompositionDeps): CountedTransport {
  const { request } = inCompany(transport, clock)
  return countedTransport({ request, bulk: (peer, body, options) => transport.bulk(peer, body, options) }, clock)
}

/** Who may speak to a member of this ring. */
export function doorkeeperOf(
  { config, random, log, secret, guests, capabilities, admission: list, turnedAway }: DoorDeps,
  isExpelled: (peer: PeerId) => boolean,
): Doorkeeper {
  const { id: ringId, admission, chunkBits, replicas } = config.ring
  const door = {
    ringId,
    random,
    // Members that differ in these would look for one name in different places.
    constants: { chunkBits, replicas },
    capabilities: OWN_CAPABILITIES,
    isExpelled,
    onTurnedAway: (peer: PeerId, fault: string) => turnedAway?.heard(peer, fault),
    onSpoken: (peer: PeerId, spoken: Spoken) => {
      guests?.forget(peer)
      turnedAway?.welcomed(peer)
      capabilities.heard(peer, spoken.capabilities)
      log.debug({ peer, ...spoken }, 'a peer was let in')
    },
  }
  if (list !== undefined) return endorsedDoorkeeper({ ...door, admission: list })
  if (admission === 'open') return openDoorkeeper(door)
  return pskDoorkeeper({ ...door, secret, ...(guests !== undefined && { guests: guests.door }) })
}

function ringMemory({ config, clock, log }: CompositionDeps, stores: PeerStores): RingMemory {
  return createRingMemory({ store: stores.ring, clock, log, ringId: config.ring.id })
}

function ringOver(deps: Wired, memory: RingMemory | undefined): RunningRing {
  const { config, transport, rules, admission } = deps
  const { id: ringId, timing, bootstrap, replicas } = config.ring
  const options = { ...timing, ringId, bootstrap, replicas }
  return createRing(
    {
      ...portsOf(deps),
      transport,
      options,
      ...(memory !== undefined && { memory }),
      ...(admission !== undefined && { admission }),
      ...(rules !== undefined && { rules }),
    },
    {
      send: senderTo(RequestRoom.RING, deps),
      addresses: () => transport.addresses(),
      ...(memory !== undefined && { persist: memory.persist, keepInvitations: memory.keepInvitations }),
    },
  )
}

function chunksOver(
  deps: Wired,
  { isPrivate, onAgreed }: CompositionHooks,
  { ring, household }: Pick<PeerRooms, 'ring' | 'household'>,
): Chunks {
  const { config, clock, recursor, stores } = deps
  return createChunks(
    {
      ...portsOf(deps),
      ...(stores !== undefined && { store: stores.chunks, proofStore: stores.proofs }),
      ring,
      proofs: proofSourceOf(recursor, clock),
      work: deps.work,
    },
    {
      send: senderTo(RequestRoom.CHUNKS, deps),
      bulk: bulkTo(RequestRoom.CHUNKS, deps),
      ownFetch: ownFetchBeside(household, ownFetchOf(recursor, clock, config.chunks.admitAfter === 'auto')),
      isPrivate,
      onLearned: onAgreed,
    },
    { ...config.chunks, ...config.ring },
  )
}

function chainsOver(
  deps: Wired,
  stores: PeerStores,
  { ring, chunks }: Pick<PeerRooms, 'ring' | 'chunks'>,
): ChunkChains {
  const { config, recursor, capabilities } = deps
  const held = {
    chunks: () => chunks.held(),
    summariesOf: (chunk: ChunkId) => chunks.summariesOf(chunk),
    entryOf: (key: string) => chunks.entryOf(key),
  }
  return createChunkChains(
    { ...portsOf(deps), ring, stores: stores.chains, held, anchors: () => recursor.anchors(), work: deps.work },
    {
      send: senderTo(RequestRoom.CHAINS, deps),
      takesSigned: (peer) => capabilities.has(peer, Capability.SIGNED_TRANSACTIONS),
      onRecorded: (claim) => chunks.recorded(claim),
      members: () => ring.members().flatMap(({ peer }) => (peer === ring.self.peer ? [] : [peer])),
      onEquivocator(publicKey) {
        const member = ring.memberByKey(publicKey)
        if (member !== undefined && member.id !== ring.self.id) ring.expel(member.id)
      },
    },
    { chunkBits: config.ring.chunkBits, historyHours: config.chunks.historyHours, ...gatherOf(config.chunks) },
  )
}

/** Who has everything agreed on at the first question wants to see it recorded as soon. */
function gatherOf({ admitAfter, recordAfter }: Config['chunks']): { readonly gatherMs?: number } {
  if (recordAfter !== 'auto') return { gatherMs: recordAfter * 1_000 }
  return admitAfter === 'auto' ? {} : { gatherMs: 0 }
}

function householdOver(deps: Wired, ring: RunningRing, { isPrivate }: CompositionHooks): Household {
  const { clock, log, cache, work, capabilities } = deps
  return createHousehold(
    { ring, cache, clock, log, work },
    {
      send: senderTo(RequestRoom.HOUSEHOLD, deps),
      bulk: bulkTo(RequestRoom.HOUSEHOLD, deps),
      mayShare: (question) => mayShare(question, isPrivate),
      countsMs: (peer) => capabilities.has(peer, Capability.HOUSEHOLD_MS),
    },
  )
}

/** Members of a household edit for each other; elsewhere nobody's word changes what a name means here. */
function settingsOver(deps: Wired, ring: RunningRing): HouseholdSettings {
  const { config, stores, capabilities } = deps
  const isShared = config.ring.admission === 'psk' && config.ring.acceptFrom === 'any-member'
  return createSettings(
    { ...portsOf(deps), ring, store: stores?.settings, isShared },
    {
      send: senderTo(RequestRoom.SETTINGS, deps),
      bulk: bulkTo(RequestRoom.SETTINGS, deps),
      knows: (peer) => capabilities.has(peer, Capability.SETTINGS),
    },
  )
}

/** What every room that signs takes. */
function portsOf({ clock, random, signer, scheme, log }: CompositionDeps) {
  return { clock, random, signer, scheme, log }
}

/** Every request of a peer goes to the room that its first byte names. */
function answerPeers(
  transport: Transport,
  {
    ring,
    chunks,
    chains,
    household,
    settings,
    ledger,
  }: Pick<PeerRooms, 'ring' | 'chunks' | 'chains' | 'household' | 'settings'> & {
    readonly ledger: LedgerSide | undefined
  },
  guests: Guests | undefined,
): void {
  /** It was let in before. It hears so, and why when it comes to the door again: on this connection it would never come there. */
  const expelled = (from: PeerId, why: string) => {
    transport.dismiss(from)
    return new ChordnsError('PEER_EXPELLED', why, {})
  }
  const refuseExpelled = (from: PeerId) => {
    if (ring.isExpelled(from)) throw expelled(from, 'this peer was expelled by the others')
    if (ring.invitations.isTurnedAway(from))
      throw expelled(from, 'this peer joined by an invitation that was used up or revoked')
  }
  const refuseGuest = (from: PeerId) => {
    if (guests?.isGuest(from)) throw new ChordnsError('PEER_REFUSED', 'a guest may claim its place, and no more', {})
  }
  transport.onRequest((from, body) => {
    const rest = body.subarray(1)
    if (body[0] === RequestRoom.JOINING && guests?.isGuest(from)) return guests.answer(from, rest)
    refuseGuest(from)
    // A connection that was open when it happened.
    refuseExpelled(from)
    if (body[0] === RequestRoom.RING) return ring.handle(from, rest)
    if (body[0] === RequestRoom.CHUNKS) return chunks.handle(from, rest)
    if (body[0] === RequestRoom.CHAINS && chains !== undefined) return chains.handle(from, rest)
    if (body[0] === RequestRoom.HOUSEHOLD && household !== undefined) return household.handle(from, rest)
    if (body[0] === RequestRoom.SETTINGS) return settings.handle(from, rest)
    if (body[0] === RequestRoom.LEDGERS && ledger !== undefined) return ledger.server.answer(from, rest)
    if (body[0] === RequestRoom.LEDGER_CHAINS && ledger !== undefined) return ledger.ledgers.handle(from, rest)
    throw new ChordnsError('PEER_UNKNOWN_ROOM', 'no room answers this request', { room: body[0] ?? -1 })
  })
  transport.onBulk((from, body, signal) => {
    refuseGuest(from)
    refuseExpelled(from)
    if (body[0] === RequestRoom.CHUNKS) return chunks.supply(from, body.subarray(1), signal)
    if (body[0] === RequestRoom.HOUSEHOLD && household !== undefined) return household.supply(from, signal)
    if (body[0] === RequestRoom.SETTINGS) return settings.supply(from, body.subarray(1))
    if (body[0] === RequestRoom.LEDGER_CHAINS && ledger !== undefined)
      return ledger.ledgers.supply(from, body.subarray(1))
    throw new ChordnsError('PEER_UNKNOWN_ROOM', 'no room answers this bulk', { room: body[0] ?? -1 })
  })
}

function senderTo(room: RequestRoom, { traffic }: Wired) {
  return (peer: PeerId, body: Uint8Array, options: RequestOptions) => traffic.request(room, peer, body, options)
}

function bulkTo(room: RequestRoom, { traffic }: Wired) {
  return (peer: PeerId, body: Uint8Array, options: RequestOptions) => traffic.bulk(room, peer, body, options)
}
