/**
 * A node's side towards other peers: transport, ring, chunks and their chains, each made here and joined to the next. The
 * order matters: who may speak to us, the transport, the rooms, their handlers, and only then the first word to a peer.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import {
  ChordnsError,
  type ChunkId,
  type Clock,
  concatBytes,
  type Doorkeeper,
  errorText,
  isChordnsError,
  type Log,
  type PeerAddress,
  type PeerId,
  type Random,
  type RequestOptions,
  type Transport,
} from '../base/index.ts'
import type { Cache, CacheContents } from '../cache/index.ts'
import { type ChunkChains, createChunkChains } from '../chunk-chains/index.ts'
import { type Chunks, createChunks, mayShare, ownFetchOf, proofSourceOf } from '../chunks/index.ts'
import type { Config } from '../config/index.ts'
import { ed25519, ed25519Signer, type Signer } from '../crypto/index.ts'
import type { Question } from '../dns/index.ts'
import type { Finding } from '../evidence/index.ts'
import { createHousehold, type Household, ownFetchBeside } from '../household/index.ts'
import {
  createLibp2pTransport,
  isMarkedUsed,
  lanTag,
  loadOrCreateIdentity,
  loadOrCreateSecret,
  loadSecret,
  markUsed,
  rendezvousKey,
  startRendezvous,
} from '../io/index.ts'
import type { Recursor } from '../recurse/index.ts'
import {
  createRing,
  createRingMemory,
  openDoorkeeper,
  pskDoorkeeper,
  type Ring,
  type RingMemory,
  type Spoken,
} from '../ring/index.ts'
import { type DataFile, openVotes, type VotesFile } from './disk.ts'
import { RequestRoom } from './rooms.ts'

export interface PeersDeps {
  readonly config: Config
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** What a household's members tell goes into it. */
  readonly cache: Cache & CacheContents
  /** What this node observes with, and validates what peers bring. */
  readonly recursor: Recursor
  /** Undefined: nothing is kept on disk, and the node takes part in no chain. */
  readonly dataFile: DataFile | undefined
}

export interface PeersHooks {
  /** True for names that are only this node's business. */
  readonly isPrivate: (question: Question) => boolean
  /** Hears of each answer that the ring has agreed on where this node had a part in it, not yet validated. */
  readonly onAgreed: (finding: Finding) => void
}

export interface Peers {
  readonly transport: Transport
  readonly ring: Ring
  readonly chunks: Chunks
  /** Undefined when nothing is kept on disk. */
  readonly chains: ChunkChains | undefined
  /** Undefined where one member's word is not enough. */
  readonly household: Household | undefined
  /** Hands over what this node holds, says that it leaves, and ends all connections. */
  close(): Promise<void>
}

/** Joins the ring, or begins one. Throws PEER_LISTEN_FAILED, KEY_*, STORE_* or CONFIG_INVALID. */
export async function startPeers(deps: PeersDeps, hooks: PeersHooks): Promise<Peers> {
  const { config, dataFile } = deps
  let ring: Ring | undefined
  const membership = await membershipOf(deps, (peer) => ring?.isExpelled(peer) ?? false)
  const transport = await listen(deps, membership, (peer, addresses) => ring?.found(peer, addresses))
  const memory = dataFile && ringMemory(deps, dataFile)
  ring = ringOver(transport, deps, membership, memory)
  const household = config.ring.acceptFrom === 'any-member' ? householdOver(transport, ring, deps, hooks) : undefined
  const chunks = chunksOver(transport, ring, deps, hooks, { membership, household })
  const votes = dataFile && openVotes(config, deps)
  const chains = dataFile && votes && chainsOver(transport, ring, chunks, deps, membership, { dataFile, votes })
  if (chains !== undefined) {
    await markUsed(identityFile(config))
    chunks.onAgreed((entry) => chains.kept(entry))
  }
  answerPeers(transport, { ring, chunks, chains, household })
  await ring.start()
  memory?.follow(ring)
  const rendezvous = await meetAtRendezvous(transport, ring, deps, membership)
  chunks.start()
  chains?.start()
  household?.start()
  return {
    transport,
    ring,
    chunks,
    chains,
    household,
    close: async () => {
      await rendezvous?.stop()
      chains?.stop()
      await Promise.all([household?.stop(), chunks.handOver()])
      await chunks.stop()
      await ring.stop()
      memory?.stop()
      await transport.close()
      votes?.close()
    },
  }
}

/** Who this node is, and by what its ring knows its members. */
interface Membership {
  /** The Ed25519 seed of the identity. */
  readonly seed: Uint8Array
  readonly signer: Signer
  /** Empty on an open ring. */
  readonly secret: Uint8Array
  readonly doorkeeper: Doorkeeper
}

async function membershipOf(
  { config, random, log }: PeersDeps,
  isExpelled: (peer: PeerId) => boolean,
): Promise<Membership> {
  const { id: ringId, admission, secretFile, makesSecret, chunkBits, replicas } = config.ring
  await mkdir(config.data, { recursive: true, mode: 0o700 })
  const seed = await loadOrCreateIdentity(identityFile(config))
  const signer = ed25519Signer(seed)
  const door = {
    ringId,
    random,
    // Members that differ in these would look for one name in different places.
    constants: { chunkBits, replicas },
    isExpelled,
    onSpoken: (peer: PeerId, spoken: Spoken) => log.debug({ peer, ...spoken }, 'a peer was let in'),
  }
  if (admission === 'open') return { seed, signer, secret: new Uint8Array(), doorkeeper: openDoorkeeper(door) }
  const secret =
    makesSecret && secretFile !== undefined ? await loadOrCreateSecret(secretFile) : await ringSecret(secretFile)
  return { seed, signer, secret, doorkeeper: pskDoorkeeper({ ...door, secret }) }
}

function identityFile({ data }: Pick<Config, 'data'>): string {
  return join(data, 'identity.key')
}

async function ringSecret(file: string | undefined): Promise<Uint8Array> {
  if (file === undefined)
    throw new ChordnsError(
      'CONFIG_INVALID',
      'ring.secretFile is missing: a psk ring needs the secret that its members share; make one with `chordns keygen --secret FILE`',
      { problems: [{ path: 'ring.secretFile', message: 'missing' }] },
    )
  return loadSecret(file)
}

/** `onFound` is called for each member that answers on the local network. */
async function listen(
  { config, clock, log }: PeersDeps,
  { seed, secret, doorkeeper }: Membership,
  onFound: (peer: PeerId, addresses: readonly PeerAddress[]) => void,
): Promise<Transport> {
  const { id, listen, announce, mdns, byDefault } = config.ring
  const at = (addresses: readonly PeerAddress[]) =>
    createLibp2pTransport({
      seed,
      listen: addresses,
      announce,
      ...(mdns && { lan: { tag: lanTag(id, secret), onFound } }),
      doorkeeper,
      clock,
      log,
    })
  try {
    return await at(listen)
  } catch (error) {
    // Another node of this machine has the port: this one has to be found by its invitations only.
    if (!byDefault || !isChordnsError(error, 'PEER_LISTEN_FAILED')) throw error
    const anyPort = listen.map((address) => address.replace(/\/tcp\/\d+/, '/tcp/0'))
    log.info({ listen, error: errorText(error) }, 'the port for peers is taken: another one is used')
    return at(anyPort)
  }
}

function ringMemory({ config, clock, log }: PeersDeps, dataFile: DataFile): RingMemory {
  return createRingMemory({ store: dataFile.ring, clock, log, ringId: config.ring.id })
}

function ringOver(
  transport: Transport,
  { config, clock, random, log }: PeersDeps,
  { signer }: Membership,
  memory: RingMemory | undefined,
): Ring {
  const { id: ringId, timing, bootstrap, replicas } = config.ring
  const options = { ...timing, ringId, bootstrap, replicas }
  return createRing(
    { transport, clock, random, signer, scheme: ed25519, log, options, ...(memory !== undefined && { memory }) },
    {
      send: senderTo(RequestRoom.RING, transport),
      addresses: () => transport.addresses(),
      ...(memory !== undefined && { persist: memory.persist }),
    },
  )
}

function chunksOver(
  transport: Transport,
  ring: Ring,
  { config, clock, random, log, recursor, dataFile }: PeersDeps,
  { isPrivate, onAgreed }: PeersHooks,
  { membership: { signer }, household }: { readonly membership: Membership; readonly household: Household | undefined },
): Chunks {
  return createChunks(
    {
      ...(dataFile !== undefined && { store: dataFile.chunks, proofStore: dataFile.proofs }),
      ring,
      clock,
      random,
      signer,
      scheme: ed25519,
      log,
      proofs: proofSourceOf(recursor, clock),
    },
    {
      send: senderTo(RequestRoom.CHUNKS, transport),
      bulk: (peer, body, options) => transport.bulk(peer, addressed(RequestRoom.CHUNKS, body), options),
      ownFetch: ownFetchBeside(household, ownFetchOf(recursor, clock, config.chunks.admitAfter === 'auto')),
      isPrivate,
      onLearned: onAgreed,
    },
    { ...config.chunks, ...config.ring },
  )
}

function chainsOver(
  transport: Transport,
  ring: Ring,
  chunks: Chunks,
  { config, clock, random, log }: PeersDeps,
  { signer }: Membership,
  { dataFile, votes }: { readonly dataFile: DataFile; readonly votes: VotesFile },
): ChunkChains {
  const stores = {
    data: dataFile.chains,
    votes,
    isUsedKey: isMarkedUsed(identityFile(config)),
    damaged: () => dataFile.stats().damaged + votes.damaged(),
  }
  const held = {
    chunks: () => chunks.held(),
    summariesOf: (chunk: ChunkId) => chunks.summariesOf(chunk),
    entryOf: (key: string) => chunks.entryOf(key),
  }
  return createChunkChains(
    { ring, clock, random, signer, scheme: ed25519, log, stores, held },
    {
      send: senderTo(RequestRoom.CHAINS, transport),
      onRecorded: (claim) => chunks.recorded(claim),
      members: () => ring.members().flatMap(({ peer }) => (peer === ring.self.peer ? [] : [peer])),
      onEquivocator(publicKey) {
        const member = ring.memberByKey(publicKey)
        if (member !== undefined && member.id !== ring.self.id) ring.expel(member.id)
      },
    },
    { chunkBits: config.ring.chunkBits, historyHours: config.chunks.historyHours },
  )
}

function householdOver(
  transport: Transport,
  ring: Ring,
  { clock, log, cache }: PeersDeps,
  { isPrivate }: PeersHooks,
): Household {
  return createHousehold(
    { ring, cache, clock, log },
    {
      send: senderTo(RequestRoom.HOUSEHOLD, transport),
      bulk: (peer, body, options) => transport.bulk(peer, addressed(RequestRoom.HOUSEHOLD, body), options),
      mayShare: (question) => mayShare(question, isPrivate),
    },
  )
}

/** Every request of a peer goes to the room that its first byte names. */
function answerPeers(
  transport: Transport,
  { ring, chunks, chains, household }: Pick<Peers, 'ring' | 'chunks' | 'chains' | 'household'>,
): void {
  const refuseExpelled = (from: PeerId) => {
    if (ring.isExpelled(from)) throw new ChordnsError('PEER_EXPELLED', 'this peer was expelled by the others', {})
  }
  transport.onRequest((from, body) => {
    // A connection that was open when it happened.
    refuseExpelled(from)
    const rest = body.subarray(1)
    if (body[0] === RequestRoom.RING) return ring.handle(from, rest)
    if (body[0] === RequestRoom.CHUNKS) return chunks.handle(from, rest)
    if (body[0] === RequestRoom.CHAINS && chains !== undefined) return chains.handle(from, rest)
    if (body[0] === RequestRoom.HOUSEHOLD && household !== undefined) return household.handle(from, rest)
    throw new ChordnsError('PEER_UNKNOWN_ROOM', 'no room answers this request', { room: body[0] ?? -1 })
  })
  transport.onBulk((from, body, signal) => {
    refuseExpelled(from)
    if (body[0] === RequestRoom.CHUNKS) return chunks.supply(from, body.subarray(1), signal)
    if (body[0] === RequestRoom.HOUSEHOLD && household !== undefined) return household.supply(from, signal)
    throw new ChordnsError('PEER_UNKNOWN_ROOM', 'no room answers this bulk', { room: body[0] ?? -1 })
  })
}

function senderTo(room: RequestRoom, transport: Transport) {
  return (peer: PeerId, body: Uint8Array, options: RequestOptions) =>
    transport.request(peer, addressed(room, body), options)
}

function addressed(room: RequestRoom, body: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(room), body)
}

/** Members of a large ring that say at the rendezvous where they are. */
const RENDEZVOUS_MEMBERS = 32

/** Undefined where the configuration names no nodes of a DHT. */
async function meetAtRendezvous(
  transport: Transport,
  ring: Ring,
  { config, clock, log }: PeersDeps,
  { seed, secret }: Membership,
): Promise<{ stop(): Promise<void> } | undefined> {
  const { id, rendezvous, rendezvousProtocol } = config.ring
  if (rendezvous.length === 0) return undefined
  return startRendezvous({
    seed,
    through: rendezvous,
    protocol: rendezvousProtocol,
    key: rendezvousKey(id, secret),
    addresses: transport.addresses(),
    clock,
    log,
    onFound: (peer, addresses) => ring.found(peer, addresses),
    isAlone: () => ring.members().length < 2,
    isToBeFound: () => isAmongFirst(ring, RENDEZVOUS_MEMBERS),
  })
}

function isAmongFirst(ring: Ring, most: number): boolean {
  let before = 0
  for (const { id } of ring.members()) if (id < ring.self.id && ++before >= most) return false
  return true
}
