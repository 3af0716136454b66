/**
 * A node's side towards other peers, on this machine: its identity, the way to other peers over libp2p, and its files, with the
 * rooms of `composition.ts` on them.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import {
  ChordnsError,
  type Clock,
  type Doorkeeper,
  errorText,
  isChordnsError,
  type Log,
  type PeerAddress,
  type PeerId,
  type Random,
  type Transport,
} from '../base/index.ts'
import type { Cache, CacheContents } from '../cache/index.ts'
import type { Config } from '../config/index.ts'
import { ed25519, ed25519Signer, type Signer } from '../crypto/index.ts'
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
import type { Ring } from '../ring/index.ts'
import { PeerCapabilities } from './capabilities.ts'
import { type CompositionHooks, composePeers, doorkeeperOf, type PeerRooms } from './composition.ts'
import { withConstants } from './constants.ts'
import type { DataFile, VotesFile } from './disk.ts'
import { Guests } from './guests.ts'
import type { LedgerAdmission } from './ledger/admission.ts'
import type { LedgerSide } from './ledger/side.ts'
import { limits } from './limits.ts'
import { TurnedAway } from './turned-away.ts'

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

export interface Peers extends Pick<PeerRooms, 'ring' | 'chunks' | 'chains' | 'household' | 'settings' | 'traffic'> {
  readonly transport: Transport
  /** Of an endorsed ring: where newer lists of the ledger go. */
  readonly admission: LedgerAdmission | undefined
  /** Undefined: no genesis is configured. */
  readonly ledger: LedgerSide | undefined
  /** Members that do not let this node in. */
  readonly turnedAway: TurnedAway
  /** Hands over what this node holds, says that it leaves, and ends all connections. */
  close(): Promise<void>
}

/** Joins the ring, or begins one. Throws PEER_LISTEN_FAILED, KEY_*, STORE_* or CONFIG_INVALID. */
export async function startPeers(given: PeersDeps, hooks: CompositionHooks): Promise<Peers> {
  const { dataFile } = given
  const config = await withConstants({ ...given, remembered: dataFile?.ring })
  const deps = { ...given, config }
  let ring: Ring | undefined
  const admission = await admissionOf(config, deps.log)
  const membership = await membershipOf({ ...deps, admission }, (peer) => ring?.isExpelled(peer) ?? false)
  const transport = await listen(deps, membership, (peer, addresses) => ring?.found(peer, addresses))
  const { signer, guests, capabilities, turnedAway } = membership
  const votes = await dataFile?.openVotes()
  const stores = dataFile && votes && storesOf(config, dataFile, votes)
  const ledger = await ledgerOf(deps, signer, admission)
  const rooms = composePeers(
    { ...deps, ledger, transport, signer, scheme: ed25519, stores, guests, capabilities, admission },
    hooks,
  )
  ring = rooms.ring
  if (rooms.chains !== undefined) await markUsed(identityFile(config))
  // What this node must not sign stands on the disk before it signs anything.
  await dataFile?.settled()
  let rendezvous: { stop(): Promise<void> } | undefined
  await rooms.begin(async () => {
    rendezvous = await meetAtRendezvous(transport, rooms.ring, deps, membership)
  })
  return {
    ...rooms,
    ledger,
    transport,
    admission,
    turnedAway,
    close: async () => {
      await rendezvous?.stop()
      await rooms.end()
      await transport.close()
    },
  }
}

/** Undefined where the ring is no ledger's. Throws LEDGER_GENESIS, CONFIG_INVALID. */
async function admissionOf(config: Config, log: Log): Promise<LedgerAdmission | undefined> {
  if (config.ring.admission !== 'endorsed') return undefined
  const { admissionFromGenesis } = await import('./ledger/admission.ts')
  return admissionFromGenesis(config, log)
}

/** Undefined: no genesis is configured. Throws as `openLedgerSide` does. */
async function ledgerOf(
  { config, clock, random, log, dataFile, recursor }: PeersDeps,
  signer: Signer,
  admission: LedgerAdmission | undefined,
): Promise<LedgerSide | undefined> {
  if (config.ledger.genesis === undefined || dataFile === undefined) return undefined
  const [{ openLedgerSide }, { claimEyes }] = await Promise.all([
    import('./ledger/side.ts'),
    import('./ledger/claim-eyes.ts'),
  ])
  const files = await dataFile.openLedgers()
  // The node answers questions and follows the other chains without it.
  return openLedgerSide(
    {
      config,
      clock,
      random,
      log,
      files,
      signer,
      admission,
      memberKey: signer.publicKey,
      eyes: claimEyes({ recursor, clock }),
    },
    { onBroken() {} },
  )
}

function storesOf(config: Config, dataFile: DataFile, votes: VotesFile) {
  const { ring, chunks, proofs, chains, settings } = dataFile
  return {
    ring,
    chunks,
    proofs,
    settings,
    chains: {
      data: chains,
      votes,
      isUsedKey: isMarkedUsed(identityFile(config)),
      damaged: () => dataFile.damaged + votes.damaged(),
    },
  }
}

/** Who this node is, and by what its ring knows its members. */
interface Membership {
  /** The Ed25519 seed of the identity. */
  readonly seed: Uint8Array
  readonly signer: Signer
  /** Empty where the ring has none. */
  readonly secret: Uint8Array
  readonly doorkeeper: Doorkeeper
  /** Undefined where nobody is let in by an invitation. */
  readonly guests: Guests | undefined
  readonly capabilities: PeerCapabilities
  readonly turnedAway: TurnedAway
}

async function membershipOf(
  { config, clock, random, log, admission: list }: PeersDeps & { readonly admission: LedgerAdmission | undefined },
  isExpelled: (peer: PeerId) => boolean,
): Promise<Membership> {
  await mkdir(config.data, { recursive: true, mode: 0o700 })
  const seed = await loadOrCreateIdentity(identityFile(config))
  const secret = await secretOf(config)
  const { admission, replicas, chunkBits } = config.ring
  const guests = admission !== 'psk' ? undefined : new Guests({ key: { secret, replicas, chunkBits }, log })
  const capabilities = new PeerCapabilities()
  const signer = ed25519Signer(seed)
  const turnedAway = new TurnedAway({ clock, log, isListed: () => list?.saltOf(signer.publicKey) !== undefined })
  list?.onChange(() => turnedAway.listChanged())
  const door = { config, random, log, secret, guests, capabilities, admission: list, turnedAway }
  return { seed, signer, secret, doorkeeper: doorkeeperOf(door, isExpelled), guests, capabilities, turnedAway }
}

function identityFile({ data }: Pick<Config, 'data'>): string {
  return join(data, 'identity.key')
}

async function secretOf({ ring: { admission, secretFile: file, makesSecret } }: Config): Promise<Uint8Array> {
  if (admission !== 'psk') return new Uint8Array()
  if (file === undefined)
    throw new ChordnsError(
      'CONFIG_INVALID',
      'ring.secretFile is missing: a psk ring needs the secret that its members share; make one with `chordns keygen --secret FILE`',
      { problems: [{ path: 'ring.secretFile', message: 'missing' }] },
    )
  return makesSecret ? loadOrCreateSecret(file) : loadSecret(file)
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
    isToBeFound: () => isAmongFirst(ring, limits.RENDEZVOUS_MEMBERS),
  })
}

function isAmongFirst(ring: Ring, most: number): boolean {
  let before = 0
  for (const { id } of ring.members()) if (id < ring.self.id && ++before >= most) return false
  return true
}
