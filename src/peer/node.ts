/**
 * The composition root: one running node from a configuration. The only importer of io/: what a room needs of a higher
 * one, or of the machine, is wired here and nowhere else.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ChordnsError, type Clock, concatBytes, type Log, type PeerId, type Transport } from '../base/index.ts'
import { createCache, createWarmCache } from '../cache/index.ts'
import { type ChunkChains, createChunkChains } from '../chunk-chains/index.ts'
import { type Chunks, createChunks, ownFetchOf } from '../chunks/index.ts'
import type { Config } from '../config/index.ts'
import { ed25519, ed25519Signer } from '../crypto/index.ts'
import { Class, parseName, type Question, typeFromText } from '../dns/index.ts'
import {
  createExchange,
  createIdentity,
  createLibp2pTransport,
  createSecret,
  lanTag,
  loadOrCreateIdentity,
  loadSecret,
  rendezvousKey,
  startRendezvous,
  systemClock,
  systemRandom,
} from '../io/index.ts'
import { createStatusServer, looksUp, reads, type StatusServer, type StatusView } from '../observe/index.ts'
import type { Recursor } from '../recurse/index.ts'
import type { Resolver, ResolveStep } from '../resolver/index.ts'
import { createRing, createRingMemory, openDoorkeeper, pskDoorkeeper, type Ring } from '../ring/index.ts'
import { createFrontEnd, type FrontEnd } from '../serve/index.ts'
import { Core, type CoreReload } from './core.ts'
import { type Kept, openKept, openVotes } from './disk.ts'
import { proofSource } from './proofs.ts'
import { rootKeys } from './root-keys.ts'
import { viewChunk, viewLookup, viewRing, viewVerify } from './views.ts'

/** First byte of every request between peers: which room answers it. */
const Room = { RING: 1, CHUNKS: 2, CHAINS: 3 } as const

export interface RunningNode {
  readonly frontEnd: FrontEnd
  readonly status: StatusServer | undefined
  readonly multiaddrs: readonly string[]
  /** The one line that `start` prints once it answers. */
  readonly readyLine: string
  readonly resolver: Resolver
  readonly ring: Ring | undefined
  readonly chunks: Chunks | undefined
  /**
   * Puts another configuration in force while questions are answered, with the cache kept; keys that are read only at the
   * start are ignored. Throws ChordnsError CONFIG_*, HINTS_EMPTY, DNSSEC_BAD_ANCHOR, and then changes nothing.
   */
  reload(config: Config): CoreReload
  close(drainMs: number): Promise<void>
}

export interface NodeOptions {
  readonly config: Config
  readonly log: Log
  readonly version: string
}

export async function startNode({ config, log, version }: NodeOptions): Promise<RunningNode> {
  const clock = systemClock()
  const random = systemRandom()
  const startedAt = clock.monotonic()
  const closers: (() => Promise<void> | void)[] = []
  try {
    const kept = config.ring.enabled || config.cache.persist ? openKept(config, clock, log) : undefined
    if (kept !== undefined) closers.push(() => kept.close())
    const cache = createCache({ ...config.cache, seed: random.bytes(8) })
    const exchange = createExchange({ clock, random, bind: config.iterator.bind })
    closers.push(() => exchange.close())
    let frontEnd: FrontEnd | undefined
    let peers: Peers | undefined
    const keys = rootKeys({
      data: config.data,
      clock,
      log,
      recursor: () => core.recursor,
      isNeeded: () => core.followsRootKeys(),
      onRevoked: () => {
        cache.flush()
        warm?.forget(core.cacheRules())
      },
    })
    closers.push(() => keys.stop())
    const core = new Core(
      {
        cache,
        exchange,
        clock,
        random,
        log,
        ownListeners: () => frontEnd?.addresses ?? [],
        rootAnchors: keys.anchors,
        chunks: () => peers?.chunks,
      },
      config,
    )
    const { recursor, resolver } = core
    const warm =
      kept === undefined || !config.cache.persist
        ? undefined
        : createWarmCache({ cache, store: kept.cache, clock, log, rules: core.cacheRules() })
    closers.push(() => warm?.stop())
    warm?.start()
    const isPrivate = (question: Question) => core.isPrivate(question)
    peers = config.ring.enabled ? await startPeers(config, log, clock, recursor, isPrivate, kept) : undefined
    if (peers !== undefined) closers.push(() => peers?.close())
    const door = await createFrontEnd({
      resolver,
      options: { listen: config.listen, ...serveOptions(config) },
      cookieSecret: random.bytes(32),
      clock,
      log,
    })
    frontEnd = door
    closers.push(() => door.close(0))
    const view = (): StatusView => ({
      version,
      pid: process.pid,
      uptimeSeconds: (clock.monotonic() - startedAt) / 1000,
      multiaddrs: [...(peers?.transport.addresses() ?? [])],
      peer: peers?.transport.self ?? null,
      listen: door.addresses.map((one) => ({ ...one })),
      ring: peers === undefined ? null : viewRing(peers.ring),
      cache: { ...cache.stats(), ...warm?.stats() },
      upstream: { ...recursor.stats() },
      serve: { ...door.stats() },
      chunks: peers === undefined ? null : { ...peers.chunks.stats() },
      chains: peers?.chains === undefined ? null : { ...peers.chains.stats() },
      memory: { rssBytes: process.memoryUsage.rss(), heapUsedBytes: process.memoryUsage().heapUsed },
    })
    const status =
      config.status.listen === false ? undefined : await createStatusServer(config.status.listen, routes(), log)
    if (status !== undefined) closers.push(() => status.close())
    void prime(recursor, log)
    keys.start()
    return {
      frontEnd: door,
      status,
      multiaddrs: peers?.transport.addresses() ?? [],
      readyLine: readyLine(door, status, peers?.transport),
      resolver,
      ring: peers?.ring,
      chunks: peers?.chunks,
      reload: (next) => {
        // Both may refuse, so nothing is in force before neither has.
        const engage = core.prepare(next)
        door.reconfigure(serveOptions(next))
        const done = engage()
        if (done.flushed === 'all' || done.flushed.length > 0) warm?.forget(core.cacheRules())
        return done
      },
      close: async (drainMs) => {
        keys.stop()
        await door.close(drainMs)
        await status?.close()
        await peers?.close()
        await exchange.close()
        warm?.stop()
        kept?.close()
      },
    }

    function routes() {
      return {
        '/status': reads(view),
        '/healthz': reads(() => ({ ok: true })),
        '/lookup': looksUp((query, signal) => lookup(resolver, clock, query, signal)),
        '/chunk': reads((query) => {
          if (peers === undefined)
            throw new ChordnsError('RING_OFF', 'this node runs without a ring (ring.enabled is false)', {})
          return viewChunk(peers.chunks, peers.chains, parseName(query.get('name') ?? ''), clock.now())
        }),
        '/chain/verify': looksUp(() => {
          if (peers?.chains === undefined)
            throw new ChordnsError('RING_OFF', 'this node runs without a ring (ring.enabled is false)', {})
          return viewVerify(peers.chains.verify())
        }),
      }
    }
  } catch (error) {
    for (const close of closers.reverse()) await close()
    throw error
  }
}

function serveOptions({ access, resolver }: Config) {
  return { access, explain: resolver.explain, minimalResponses: resolver.minimalResponses }
}

interface Peers {
  readonly transport: Transport
  readonly ring: Ring
  readonly chunks: Chunks
  /** Undefined when nothing is kept on disk. */
  readonly chains: ChunkChains | undefined
  close(): Promise<void>
}

async function startPeers(
  config: Config,
  log: Log,
  clock: Clock,
  recursor: Recursor,
  isPrivate: (question: Question) => boolean,
  kept: Kept | undefined,
): Promise<Peers> {
  const random = systemRandom()
  await mkdir(config.data, { recursive: true, mode: 0o700 })
  const seed = await loadOrCreateIdentity(join(config.data, 'identity.key'))
  const signer = ed25519Signer(seed)
  const secret = config.ring.admission === 'open' ? new Uint8Array() : await ringSecret(config)
  const doorkeeper =
    config.ring.admission === 'open'
      ? openDoorkeeper({ ringId: config.ring.id, random })
      : pskDoorkeeper({ ringId: config.ring.id, secret, random })
  let found: Ring['found'] | undefined
  const transport = await createLibp2pTransport({
    seed,
    listen: config.ring.listen,
    announce: config.ring.announce,
    ...(config.ring.mdns && {
      lan: { tag: lanTag(config.ring.id, secret), onFound: (...member) => found?.(...member) },
    }),
    doorkeeper,
    clock,
    log,
  })
  const sender =
    (room: number) => (peer: PeerId, body: Uint8Array, options: { timeoutMs: number; signal?: AbortSignal }) =>
      transport.request(peer, concatBytes(Uint8Array.of(room), body), options)
  const memory =
    kept === undefined ? undefined : createRingMemory({ store: kept.ring, clock, log, ringId: config.ring.id })
  const ring = createRing({
    ...(memory !== undefined && { persisted: memory.persisted, known: memory.known, persist: memory.persist }),
    transport,
    clock,
    random,
    signer,
    scheme: ed25519,
    log,
    send: sender(Room.RING),
    addresses: () => transport.addresses(),
    options: {
      ...config.ring.timing,
      ringId: config.ring.id,
      bootstrap: config.ring.bootstrap,
      replicas: config.ring.replicas,
    },
  })
  found = ring.found
  const chunks = createChunks({
    ...(kept !== undefined && { store: kept.chunks }),
    ring,
    clock,
    random,
    signer,
    scheme: ed25519,
    log,
    send: sender(Room.CHUNKS),
    bulk: (peer, body, options) => transport.bulk(peer, concatBytes(Uint8Array.of(Room.CHUNKS), body), options),
    ownFetch: ownFetchOf(recursor, clock),
    isPrivate,
    proofs: proofSource(recursor, clock),
    options: { ...config.chunks, ...config.ring },
  })
  const votes = kept === undefined ? undefined : openVotes(config, clock, log)
  const chains =
    kept === undefined || votes === undefined
      ? undefined
      : createChunkChains({
          ring,
          clock,
          random,
          signer,
          scheme: ed25519,
          log,
          send: sender(Room.CHAINS),
          store: kept.chains,
          votes,
          damaged: () => kept.stats().damaged + votes.damaged(),
          options: { chunkBits: config.ring.chunkBits, historyHours: config.chunks.historyHours },
          chunks: () => chunks.held(),
          notesOf: (chunk) => chunks.notesOf(chunk),
          entryOf: (key) => chunks.entryOf(key),
        })
  if (chains !== undefined) chunks.onAgreed((entry) => chains.kept(entry))
  transport.onRequest((from, body) => {
    const rest = body.subarray(1)
    if (body[0] === Room.RING) return ring.handle(from, rest)
    if (body[0] === Room.CHUNKS) return chunks.handle(from, rest)
    if (body[0] === Room.CHAINS && chains !== undefined) return chains.handle(from, rest)
    throw new ChordnsError('PEER_UNKNOWN_ROOM', 'no room answers this request', { room: body[0] ?? -1 })
  })
  transport.onBulk((from, body, signal) => {
    if (body[0] === Room.CHUNKS) return chunks.supply(from, body.subarray(1), signal)
    throw new ChordnsError('PEER_UNKNOWN_ROOM', 'no room answers this bulk', { room: body[0] ?? -1 })
  })
  await ring.start()
  memory?.follow(ring)
  const rendezvous =
    config.ring.rendezvous.length === 0
      ? undefined
      : await startRendezvous({
          seed,
          through: config.ring.rendezvous,
          protocol: config.ring.rendezvousProtocol,
          key: rendezvousKey(config.ring.id, secret),
          addresses: transport.addresses(),
          clock,
          log,
          onFound: ring.found,
          isAlone: () => ring.members().length < 2,
          isToBeFound: () => isAmongFirst(ring, RENDEZVOUS_MEMBERS),
        })
  chunks.start()
  chains?.start()
  return {
    transport,
    ring,
    chunks,
    chains,
    close: async () => {
      await rendezvous?.stop()
      chains?.stop()
      await chunks.handOver()
      await chunks.stop()
      await ring.stop()
      memory?.stop()
      await transport.close()
      votes?.close()
    },
  }
}

/** Members of a large ring that say at the rendezvous where they are. */
const RENDEZVOUS_MEMBERS = 32

function isAmongFirst(ring: Ring, most: number): boolean {
  let before = 0
  for (const { id } of ring.members()) if (id < ring.self.id && ++before >= most) return false
  return true
}

async function ringSecret(config: Config): Promise<Uint8Array> {
  if (config.ring.secretFile === undefined)
    throw new ChordnsError(
      'CONFIG_INVALID',
      'ring.secretFile is missing: a psk ring needs the secret that its members share; make one with `chordns keygen --secret FILE`',
      { problems: [{ path: 'ring.secretFile', message: 'missing' }] },
    )
  return loadSecret(config.ring.secretFile)
}

/** A node without a network still starts, and says so. */
async function prime(recursor: Recursor, log: Log): Promise<void> {
  try {
    await recursor.prime(new AbortController().signal)
    log.info({}, 'the root servers answer')
  } catch (error) {
    log.warn(
      { code: error instanceof ChordnsError ? error.code : 'UNKNOWN' },
      'no root server answers: questions will fail until one does',
    )
  }
}

async function lookup(resolver: Resolver, clock: Clock, query: URLSearchParams, signal: AbortSignal) {
  const type = typeFromText(query.get('type') ?? 'A')
  if (type === undefined) throw new ChordnsError('USAGE', 'unknown record type', {})
  const question: Question = { name: parseName(query.get('name') ?? ''), type, class: Class.IN }
  const steps: ResolveStep[] = []
  const started = clock.monotonic()
  const resolution = await resolver.resolve({
    question,
    recursionDesired: true,
    checkingDisabled: query.get('cd') === '1',
    dnssecOk: false,
    authenticData: true,
    client: 'status-api',
    signal,
    ...(query.get('explain') === '1' && { onStep: (step: ResolveStep) => steps.push(step) }),
  })
  return viewLookup(question, resolution, steps, clock.monotonic() - started, clock.now())
}

function readyLine(frontEnd: FrontEnd, status: StatusServer | undefined, transport: Transport | undefined): string {
  const text = ({ address, port }: { address: string; port: number }) =>
    `${address.includes(':') ? `[${address}]` : address}:${port}`
  const of = (protocol: string) =>
    frontEnd.addresses
      .filter((one) => one.protocol === protocol)
      .map(text)
      .join(',')
  const fields = [`udp=${of('udp')}`, `tcp=${of('tcp')}`]
  if (status !== undefined) fields.push(`status=${text(status.address)}`)
  if (transport !== undefined) fields.push(`peer=${transport.addresses()[0] ?? transport.self}`)
  return `ready ${fields.join(' ')}`
}

/** For `chordns keygen`. */
export async function createIdentityFile(file: string): Promise<{ peer: PeerId }> {
  return createIdentity(file)
}

export async function createSecretFile(file: string): Promise<void> {
  return createSecret(file)
}

/** For `chordns invite` and `chordns join`. */
export {
  loadSecret as loadSecretFile,
  replaceSecret as replaceSecretFile,
  replaceTextFile as writeTextFile,
} from '../io/index.ts'
