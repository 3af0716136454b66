/** Opens the ledgers of a node on this machine: genesis file, keys, files and threads. */
import { join } from 'node:path'
import {
  ChordnsError,
  type Clock,
  errorText,
  isChordnsError,
  type Log,
  type PeerAddress,
  type PeerId,
  type RequestOptions,
  type Store,
  settled,
  toHex,
} from '../../base/index.ts'
import type { LedgerHead } from '../../chain/index.ts'
import type { Config } from '../../config/index.ts'
import { ed25519, ed25519Signer, type Signer, sha256 } from '../../crypto/index.ts'
import { ioLimits, isMarkedUsed, loadOrCreateSeed, loadSeed, markUsed, readTextFile } from '../../io/index.ts'
import {
  type LedgerGenesis,
  memberIdOf,
  parseGenesisText,
  RunningChain,
  type RunningChainDeps,
} from '../../ledger/index.ts'
import type { Ring } from '../../ring/index.ts'
import { LEDGER_DIRECTORY } from '../disk.ts'
import { RequestRoom } from '../rooms.ts'
import { openApplication } from '../state/open-application.ts'
import { ledgerApplicationOf, threadData } from './thread-data.ts'

/** In the package this file is JavaScript, and so is that one. */
const THREAD = new URL(import.meta.url.endsWith('.ts') ? './ledger-thread.ts' : './ledger-thread.js', import.meta.url)

export interface LedgerStores {
  readonly blocks: Store
  readonly votes: Store
  readonly marks: Store
  readonly sets: Store
  readonly cosigned: Store
}

export interface LedgerFilesDeps {
  readonly config: Pick<Config, 'data' | 'ledger' | 'ring'>
  readonly clock: Clock
  readonly log: Log
  readonly stores: LedgerStores
  /** The key of this node's identity in the ring. */
  readonly memberKey: Uint8Array
}

export interface LedgerFilesHooks {
  /** How to reach the members; undefined until the ring runs. */
  readonly wiring: () => LedgerWiring | undefined
  /** What this node's light client knows of a chain; undefined before it runs. */
  readonly trusts: (chainId: Uint8Array) => LedgerHead | undefined
  /** A chain has another newest block. */
  readonly onDecided: (chain: RunningChain) => void
  /** A chain or its thread cannot go on. */
  readonly onBroken: (chain: string, failure: Error) => void
}

/** The way to the other members. */
export interface LedgerWiring {
  readonly ring: Pick<Ring, 'members' | 'memberByPeer' | 'self'>
  /** Speaks to whoever is at an address. Rejects when nobody lets this node in there. */
  readonly connect: (address: PeerAddress, options: RequestOptions) => Promise<PeerId>
  readonly send: (room: RequestRoom, peer: PeerId, body: Uint8Array, options: RequestOptions) => Promise<Uint8Array>
  readonly bulk: (
    room: RequestRoom,
    peer: PeerId,
    body: Uint8Array,
    options: RequestOptions,
  ) => AsyncIterable<Uint8Array>
}

export interface OpenedLedgers {
  readonly all: readonly LedgerGenesis[]
  readonly running: readonly RunningChain[]
  /** Undefined: this machine has no account, so nothing can be sent. */
  readonly duties: DutyKeys | undefined
}

/** What a validator's node signs its own transactions with. */
export interface DutyKeys {
  readonly account: Signer
  /** The seed of the voting key. */
  readonly votingSeed: Uint8Array
}

/** Undefined: no genesis is configured. Throws CONFIG_INVALID, LEDGER_GENESIS, KEY_* and STORE_*. */
export async function openLedgers(deps: LedgerFilesDeps, hooks: LedgerFilesHooks): Promise<OpenedLedgers | undefined> {
  const { config } = deps
  const all = genesisOf(config)
  if (all === undefined) return undefined
  if (config.ledger.roles.length === 0) return { all, running: [], duties: undefined }
  const seed = await loadOrCreateSeed(config.ledger.votingKeyFile, 'voting key')
  await claimVotes(config.ledger.votingKeyFile, seed, deps.stores.marks)
  const account = await accountOf(deps)
  const duties = account && { account, votingSeed: seed }
  const running: RunningChain[] = []
  try {
    for (const genesis of all) running.push(await openChain(deps, hooks, genesis, ed25519Signer(seed)))
    return { all, running, duties }
  } catch (error) {
    await Promise.all(running.map((chain) => chain.stop()))
    throw error
  }
}

/** Undefined: this machine has no account, so nothing can be sent. */
async function accountOf({ config, log }: LedgerFilesDeps): Promise<Signer | undefined> {
  try {
    return ed25519Signer(await loadSeed(config.ledger.accountFile, 'account key'))
  } catch (error) {
    if (!isChordnsError(error, 'KEY_MISSING')) throw error
    const { accountFile: file } = config.ledger
    log.info({ file }, 'no account key here: this node takes no part in draws, and links no other chain')
    return undefined
  }
}

/**
 * A voting key goes with the file that says what it signed: with the key alone, on a new disk, this node might sign twice, and be shown to have
 * done so. Throws LEDGER_VOTES_LOST.
 */
async function claimVotes(keyFile: string, seed: Uint8Array, marks: Store): Promise<void> {
  const key = sha256(ed25519Signer(seed).publicKey)
  if (marks.get(key) !== undefined) return
  if (isMarkedUsed(keyFile))
    throw new ChordnsError(
      'LEDGER_VOTES_LOST',
      `the key ${keyFile} has signed blocks, and the file with what it signed is gone: move the key and ${keyFile}.used away, so that a new one is made, and have it entered in place of the old one`,
      { file: keyFile },
    )
  marks.batch([{ kind: 'put', key, value: new Uint8Array() }], { durable: true })
  await settled(marks)
  await markUsed(keyFile)
}

function directoryOf({ data }: Pick<Config, 'data'>): string {
  return join(data, LEDGER_DIRECTORY)
}

function genesisOf({ ledger, ring }: Pick<Config, 'ledger' | 'ring'>): LedgerGenesis[] | undefined {
  const { genesis: file } = ledger
  if (file === undefined) return undefined
  const text = readTextFile(file)
  if (text === undefined)
    throw new ChordnsError('FILE_UNREADABLE', `there is no genesis file ${file} (ledger.genesis)`, { file })
  const all = parseGenesisText(text)
  const other = all.find(({ genesis }) => genesis.ringId !== ring.id)
  if (other !== undefined)
    throw new ChordnsError(
      'CONFIG_INVALID',
      `${file}: the ledger ${other.genesis.name} is of the ring ${other.genesis.ringId}, and ring.id is ${ring.id}`,
      { problems: [{ path: 'ring.id', message: `must be ${other.genesis.ringId}` }] },
    )
  return all
}

async function openChain(
  { config, clock, log, stores, memberKey }: LedgerFilesDeps,
  { wiring, trusts, onDecided, onBroken }: LedgerFilesHooks,
  genesis: LedgerGenesis,
  signer: Signer,
): Promise<RunningChain> {
  const { name } = genesis.genesis
  const id = toHex(genesis.chainId)
  const file = { file: join(directoryOf(config), `${id.slice(0, 16)}.db`), maxBytes: ioLimits.MAX_LEDGER_STATE_BYTES }
  const data = threadData(file, genesis)
  const broken = (failure: Error) => {
    log.error({ chain: name, error: errorText(failure) }, 'a ledger chain has stopped')
    onBroken(name, failure)
  }
  const peers = new PeersByName(wiring)
  return RunningChain.open(
    {
      genesis,
      keeps: keepingOf(config.ledger.roles),
      trusts: () => trusts(genesis.chainId),
      signer,
      memberId: memberIdOf(memberKey),
      scheme: ed25519,
      stores,
      clock,
      log,
      application: ledgerApplicationOf(data.genesis),
      open: (fetchPiece) =>
        openApplication(
          { module: THREAD, name: `ledger ${name}`, data },
          { clock, log, fetchPiece },
          { onBroken: broken },
        ),
    },
    {
      send: (peer, body, options) => reach(wiring).send(RequestRoom.LEDGER_CHAINS, peer, body, options),
      follow: (peer, body, options) => reach(wiring).send(RequestRoom.LEDGERS, peer, body, options),
      bulk: (peer, body, options) => reach(wiring).bulk(RequestRoom.LEDGER_CHAINS, peer, body, options),
      peerOf: (member) => peers.peerOf(member),
      onDecided,
      onBroken: (_, failure) => broken(failure),
    },
  )
}

/** A validator keeps what evidence can be about; only an archive keeps all. */
export function keepingOf(roles: Config['ledger']['roles']): RunningChainDeps['keeps'] {
  return roles.includes('archive') ? 'archive' : 'full'
}

/** Throws PEER_UNREACHABLE. */
export function reach(wiring: () => LedgerWiring | undefined): LedgerWiring {
  const now = wiring()
  if (now === undefined) throw new ChordnsError('PEER_UNREACHABLE', 'the ring does not run yet', {})
  return now
}

/** Members by what the chain calls them: the hash of their key. */
export class PeersByName {
  readonly #wiring: () => LedgerWiring | undefined
  readonly #names = new Map<PeerId, string>()
  readonly #peers = new Map<string, PeerId>()

  constructor(wiring: () => LedgerWiring | undefined) {
    this.#wiring = wiring
  }

  peerOf(name: string): PeerId | undefined {
    const ring = this.#wiring()?.ring
    if (ring === undefined) return undefined
    const known = this.#peers.get(name)
    if (known !== undefined && ring.memberByPeer(known) !== undefined) return known
    for (const { peer, publicKey } of ring.members()) this.#note(peer, publicKey)
    const found = this.#peers.get(name)
    return found !== undefined && ring.memberByPeer(found) !== undefined && found !== ring.self.peer ? found : undefined
  }

  /** Undefined: not a member now. */
  nameOf(peer: PeerId): string | undefined {
    const member = this.#wiring()?.ring.memberByPeer(peer)
    return member === undefined ? undefined : this.#note(member.peer, member.publicKey)
  }

  #note(peer: PeerId, publicKey: Uint8Array): string {
    const known = this.#names.get(peer)
    if (known !== undefined) return known
    const name = toHex(memberIdOf(publicKey))
    this.#names.set(peer, name)
    this.#peers.set(name, peer)
    return name
  }
}
