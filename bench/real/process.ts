/**
 * A process with some members of a real ring: libp2p over TCP on the loopback interface, kad-dht on the same nodes. Does what
 * its parent says, one command after the other (see `commands.ts`), and ends with it.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { type GossipSub, type GossipSubComponents, gossipsub } from '@libp2p/gossipsub'
import { type KadDHT, kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { peerIdFromString } from '@libp2p/peer-id'
import { asPeerId, type PeerId } from '../../src/base/index.ts'
import type { Chunks } from '../../src/chunks/index.ts'
import { ed25519, ed25519Signer, sha256 } from '../../src/crypto/index.ts'
import { systemClock } from '../../src/io/clock.ts'
import { createLibp2pTransport, type Libp2pTransport } from '../../src/io/peers/libp2p-transport.ts'
import { systemRandom } from '../../src/io/random.ts'
import { RequestRoom } from '../../src/peer/rooms.ts'
import { type CountedTransport, countedTransport } from '../../src/peer/traffic.ts'
import { successorIndex } from '../../src/ring/chord/ids.ts'
import { createRing, idFromBytes, openDoorkeeper, type RememberedRing, type RunningRing } from '../../src/ring/index.ts'
import { seeded } from '../lib/stats.ts'
import type { Command, FarOutcome, Heard, KadOutcome, Member, RingOutcome, Seen } from './commands.ts'
import { bare, farLinks, farRoundTrips, NO_ROOM, portOf } from './far-links.ts'
import { kadLookup, nearestHolder, routingOf, setAlpha } from './kad.ts'
import { holdsName, recordsOf, tellName, timedFarReads } from './records.ts'

interface Box {
  readonly name: string
  readonly transport: Libp2pTransport
  ring: RunningRing
  readonly makers: ReadonlyMap<number, () => KadDHT>
  readonly kads: Map<number, KadDHT>
  readonly pubsub: { current: GossipSub | undefined }
  readonly traffic: CountedTransport
  readonly chunks: Chunks | undefined
}

const clock = systemClock()
const random = systemRandom()
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const TOPIC = 'members'
const QUIET_MS = 3_600_000
const boxes = new Map<string, Box>()
const heard: Heard[] = []

async function start(command: Extract<Command, { op: 'start' }>): Promise<Member[]> {
  const { ringId, names, kads } = command
  const roundTrip = command.far === undefined ? undefined : farRoundTrips(command.far)
  for (const name of names) {
    const pubsub: Box['pubsub'] = { current: undefined }
    const makers = new Map<number, () => KadDHT>()
    const seed = seedOf(name)
    const transport: Libp2pTransport = await createLibp2pTransport({
      seed,
      listen: ['/ip4/127.0.0.1/tcp/0'],
      doorkeeper: openDoorkeeper({ ringId, random }),
      clock,
      log: quiet,
      services: {
        ...Object.fromEntries(kads.map((k) => [`kad${k}`, kadService(k, makers)])),
        ...(command.pubsub && { pubsub: pubsubService(pubsub) }),
        ...(roundTrip !== undefined && { far: farLinks(roundTrip, () => portOf(transport.addresses()[0] ?? '')) }),
      },
    })
    const traffic = countedTransport(transport, clock)
    const ring = ringOf(transport, traffic, seed)
    const signer = ed25519Signer(seed)
    const chunks = roundTrip === undefined ? undefined : recordsOf({ ring, clock, random, log: quiet, signer, traffic })
    const box: Box = { name, transport, ring, makers, kads: new Map(), pubsub, traffic, chunks }
    boxes.set(name, box)
    answer(box)
    watch(box)
    listen(box)
    await ring.start()
    chunks?.start()
  }
  return names.map((one) => {
    const { name, transport, ring } = boxes.get(one)!
    return { name, peer: transport.self, id: ring.self.id, address: transport.addresses()[0]! }
  })
}

/** By the ring that it has now: another one after it came back. */
function answer(box: Box): void {
  box.transport.onRequest((from, body) => {
    const { ring, chunks } = box
    if (body[0] === NO_ROOM) return new Uint8Array()
    const rest = body.subarray(1)
    return body[0] === RequestRoom.CHUNKS && chunks !== undefined ? chunks.handle(from, rest) : ring.handle(from, rest)
  })
}

/** Loopback addresses count, and everybody serves: without both its routing tables stay empty. */
function kadService(k: number, begin: Map<number, () => KadDHT>) {
  const make = kadDHT({
    protocol: `/chordns-bench/kad-${k}/1.0.0`,
    clientMode: false,
    peerInfoMapper: passthroughMapper,
    kBucketSize: k,
    logPrefix: `kad-${k}`,
    metricsPrefix: `kad_${k}`,
    datastorePrefix: `/kad-${k}`,
    // Look-ups around itself come when the ring has been measured: `fill`.
    allowQueryWithZeroPeers: true,
    initialQuerySelfInterval: QUIET_MS,
    querySelfInterval: QUIET_MS,
  })
  return (components: unknown) => {
    begin.set(k, () => make(withoutPings(components as Parameters<typeof make>[0])))
    return {}
  }
}

/**
 * A table pings whom it takes in. Here only connected peers are offered to it, and two tables a node with 200 peers each would
 * be 80,000 pings on a few cores before the first look-up.
 */
function withoutPings<T extends object>(components: T): T {
  const ping = { ping: async () => 0 }
  return new Proxy(components, { get: (target, key) => (key === 'ping' ? ping : Reflect.get(target, key)) })
}

/**
 * Begins Kademlia when the ring has been measured: before, its own look-ups would compete with those of the ring. Whom the
 * node has met by then is offered to the routing tables, as each new connection is from now on.
 */
async function beginKads(): Promise<void> {
  for (const box of boxes.values()) {
    for (const [k, make] of box.makers) {
      const dht = make()
      box.kads.set(k, dht)
      letIn(box, dht)
      await startedKad(dht)
    }
  }
}

const startedKad = (dht: KadDHT): Promise<void> => (dht as KadDHT & { start(): Promise<void> }).start()
const stoppedKad = (dht: KadDHT): Promise<void> => (dht as KadDHT & { stop(): Promise<void> }).stop()

function pubsubService(found: Box['pubsub']) {
  // Whether everybody hears of an event is what is measured: a member without a mesh must not end the run.
  const make = gossipsub({ allowPublishToZeroTopicPeers: true })
  return (components: unknown) => {
    found.current = make(components as GossipSubComponents)
    return found.current
  }
}

/** Notes when this member has each event, by its first byte. */
function listen(box: Box): void {
  const pubsub = box.pubsub.current
  if (pubsub === undefined) return
  pubsub.addEventListener('message', ({ detail }) => {
    heard.push({ by: box.name, event: detail.data[0] ?? 0, at: performance.timeOrigin + performance.now() })
  })
  pubsub.subscribe(TOPIC)
}

/** Our transport hangs up on peers that do not say hello; those of a routing table must stay. */
function letIn({ transport }: Box, dht: KadDHT): void {
  routingOf(dht).addEventListener('peer:add', ({ detail }) => {
    const peer = asPeerId(detail.toString())
    if (transport.connectedPeers().includes(peer)) return
    // Who is gone by now, or answers late, is not in anybody's way.
    transport.request(peer, Uint8Array.of(), { timeoutMs: 5_000 }).catch(() => {})
  })
}

/** The events of the ring are numbered by its members, whom all processes list in the same order. */
let watched: readonly PeerId[] = []

/** Notes when this member first knows that another one has left or is back. */
function watch(box: Box): void {
  const { ring } = box
  const known = new Map<PeerId, boolean>()
  ring.onChange(() => {
    const at = performance.timeOrigin + performance.now()
    for (const [i, peer] of watched.entries()) {
      const alive = ring.memberByPeer(peer)?.status === 'alive'
      if ((known.get(peer) ?? true) === alive) continue
      known.set(peer, alive)
      heard.push({ by: box.name, event: 2 * i + Number(alive), at })
    }
  })
}

function seen(): Seen[] {
  return [...boxes.values()].map(({ name, ring, kads, transport }) => ({
    name,
    joined: ring.status().joined,
    members: ring.members().length,
    id: ring.self.id,
    predecessor: ring.status().predecessor,
    successors: ring.status().successors,
    connections: transport.connectedPeers().length,
    kads: [...kads.values()].map((dht) => routingOf(dht).size),
  }))
}

async function lookups(command: Extract<Command, { op: 'lookups' }>): Promise<RingOutcome[]> {
  const { mode, count, seed, ids } = command
  const chance = seeded(seed)
  const outcomes: RingOutcome[] = []
  for (const { ring } of boxes.values()) {
    for (let i = 0; i < count; i++) {
      const key = idFromBytes(Uint8Array.from({ length: 32 }, () => Math.floor(256 * chance())))
      const began = performance.now()
      const { owner, hops, timeouts } = await ring.lookup(key, mode)
      const right = owner === ids[successorIndex(ids, key)]
      outcomes.push({ hops, timeouts, right, ms: performance.now() - began })
    }
  }
  return outcomes
}

async function kadLookups(command: Extract<Command, { op: 'kad-lookups' }>): Promise<KadOutcome[]> {
  const { setting, count, seed, peers, addresses } = command
  const chance = seeded(seed)
  const outcomes: KadOutcome[] = []
  for (const { transport, kads } of boxes.values()) {
    const dht = kads.get(setting.k)!
    setAlpha(dht, setting.alpha)
    for (let i = 0; i < count; i++) {
      const key = Uint8Array.from({ length: 32 }, () => Math.floor(256 * chance()))
      const far = addresses && { peers, addresses, roundTrip: farRoundTrips(started!.far ?? 0) }
      const nearest = far && nearestHolder(transport.addresses()[0] ?? '', key, setting.k, far)
      const nearestMs = nearest && nearest !== transport.self ? await bare(transport, nearest) : undefined
      const outcome = await kadLookup(dht, transport.self, key, setting.k, peers)
      outcomes.push({ ...outcome, ...(nearestMs !== undefined && { nearestMs }) })
    }
  }
  return outcomes
}

function tell({ name, names }: Extract<Command, { op: 'tell' }>): void {
  const { chunks } = boxes.get(name)!
  for (const one of names) if (chunks !== undefined) tellName(chunks, one)
}

/** How many members of this process hold each name. */
function held(names: readonly string[]): number[] {
  const all = [...boxes.values()].flatMap(({ chunks }) => chunks ?? [])
  return names.map((name) => all.filter((chunks) => holdsName(chunks, name)).length)
}

async function reads({ names, count, seed }: Extract<Command, { op: 'reads' }>): Promise<FarOutcome[]> {
  const roundTrip = farRoundTrips(started!.far ?? 0)
  const outcomes: FarOutcome[] = []
  for (const [i, { ring, chunks, transport }] of [...boxes.values()].entries()) {
    if (chunks === undefined) continue
    const reader = { ring, chunks, roundTrip, bare: (peer: PeerId) => bare(transport, peer) }
    outcomes.push(...(await timedFarReads(reader, names, count, seed + i)))
  }
  return outcomes
}

/** Who is connected to all others has looked around itself already. */
async function fill(k: number, members: number): Promise<void> {
  for (const { transport, kads } of boxes.values()) {
    const connected = transport.connectedPeers()
    for (const dht of kads.values()) {
      for (const peer of connected) await routingOf(dht).add(peerIdFromString(peer))
    }
    if (connected.length >= members - 1) continue
    const signal = AbortSignal.timeout(10_000)
    try {
      const own = peerIdFromString(transport.self).toMultihash().bytes
      for await (const event of kads.get(k)!.getClosestPeers(own, { signal })) void event
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }
}

let started: Extract<Command, { op: 'start' }> | undefined

function ringOf(
  transport: Libp2pTransport,
  traffic: CountedTransport,
  seed: Uint8Array,
  memory?: RememberedRing,
): RunningRing {
  const { ringId, bootstrap, ring: timing } = started!
  return createRing(
    {
      transport,
      clock,
      random,
      signer: ed25519Signer(seed),
      scheme: ed25519,
      log: quiet,
      options: { ringId, bootstrap, replicas: 2, successors: 16, ...timing },
      ...(memory !== undefined && { memory }),
    },
    {
      addresses: () => transport.addresses(),
      send: (peer, body, options) => traffic.request(RequestRoom.RING, peer, body, options),
    },
  )
}

const seedOf = (name: string): Uint8Array => sha256(new TextEncoder().encode(`${started!.ringId}/${name}`))

/** A member says that it leaves; its node stays. Returns when, Unix ms. */
async function leave(name: string): Promise<number> {
  const at = performance.timeOrigin + performance.now()
  await boxes.get(name)!.ring.stop()
  return at
}

/** It joins anew with what it knew. Returns when it became a member, from when on others can know; Unix ms. */
async function comeBack(name: string): Promise<number> {
  const box = boxes.get(name)!
  const known = box.ring.members()
  const ring = ringOf(box.transport, box.traffic, seedOf(name), {
    persisted: { largest: 1, incarnation: box.ring.self.incarnation },
    known,
  })
  box.ring = ring
  watch(box)
  await ring.start()
  return new Promise((resolve) => {
    const cancel = ring.onChange(() => {
      if (!ring.status().joined) return
      cancel()
      resolve(performance.timeOrigin + performance.now())
    })
  })
}

/** One message of that length to the topic. Returns when, Unix ms. */
async function publish(name: string, event: number, bytes: number): Promise<number> {
  const { pubsub } = boxes.get(name)!
  // Who subscribes is told some time after the connection stands.
  for (let i = 0; i < 100 && pubsub.current!.getSubscribers(TOPIC).length === 0; i++) await pause(200)
  const at = performance.timeOrigin + performance.now()
  const data = random.bytes(bytes)
  data[0] = event
  await pubsub.current!.publish(TOPIC, data)
  return at
}

async function perform(command: Command): Promise<unknown> {
  switch (command.op) {
    case 'start':
      started = command
      return start(command)
    case 'seen':
      return seen()
    case 'lookups':
      return lookups(command)
    case 'begin-kads':
      return beginKads()
    case 'fill':
      return fill(command.k, command.members)
    case 'kad-lookups':
      return kadLookups(command)
    case 'tell':
      return tell(command)
    case 'held':
      return held(command.names)
    case 'reads':
      return reads(command)
    case 'watch':
      watched = command.peers
      return undefined
    case 'heard':
      return heard.splice(0)
    case 'leave':
      return leave(command.name)
    case 'come-back':
      return comeBack(command.name)
    case 'publish':
      return publish(command.name, command.event, command.bytes)
    case 'stop':
      await Promise.all([...boxes.values()].flatMap(({ kads }) => [...kads.values()].map(stoppedKad)))
      await Promise.all([...boxes.values()].map(({ chunks }) => chunks?.stop()))
      await Promise.all([...boxes.values()].map(({ ring }) => ring.stop()))
      await Promise.all([...boxes.values()].map(({ transport }) => transport.close()))
      return undefined
  }
}

let queue: Promise<unknown> = Promise.resolve()
process.on('message', ({ id, command }: { id: number; command: Command }) => {
  queue = queue.then(async () => {
    try {
      process.send?.({ id, result: await perform(command) })
    } catch (error) {
      process.send?.({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
    }
    if (command.op === 'stop') process.disconnect()
  })
})
process.on('disconnect', () => process.exit(0))
