/**
 * Members of a ring find each other through a Kademlia DHT of others: each says there, under a key that only the ring's secret
 * gives, where it is, and looks who else did. The DHT learns that peer and those addresses, and decides nothing: what it names
 * is a candidate, and hello decides. On a libp2p node of its own that accepts no connection, since whoever speaks to the ring's
 * node must be a member.
 */
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import type { Libp2p } from '@libp2p/interface'
import { EventTypes, type KadDHT, kadDHT, MessageType, passthroughMapper } from '@libp2p/kad-dht'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import ipaddr from 'ipaddr.js'
import { createLibp2p } from 'libp2p'
import { CID } from 'multiformats/cid'
import { create as digestOf } from 'multiformats/hashes/digest'
import {
  asPeerId,
  type Cancel,
  ChordnsError,
  type Clock,
  errorText,
  type Log,
  type PeerAddress,
  type PeerId,
} from '../../base/index.ts'
import { limits } from '../limits.ts'
import { isPlainAddress, parseAddress } from './addresses.ts'

export interface RendezvousOptions {
  /** The Ed25519 seed of the member's identity: a DHT takes a record from the peer itself only. */
  readonly seed: Uint8Array
  /** Nodes of the DHT to begin with. */
  readonly through: readonly PeerAddress[]
  readonly protocol: string
  /** 32 bytes; see `rendezvousKey`. */
  readonly key: Uint8Array
  /** Where this member is. */
  readonly addresses: readonly PeerAddress[]
  readonly clock: Clock
  readonly log: Log
  /** Called for each member that a search names. */
  readonly onFound: (peer: PeerId, addresses: readonly PeerAddress[]) => void
  /** This node knows no other member. */
  readonly isAlone: () => boolean
  /** Whether this member is one of those that are to be found: of a large ring some are enough. */
  readonly isToBeFound: () => boolean
}

export interface RendezvousStats {
  readonly said: number
  readonly searches: number
  readonly failed: number
  /** Members that searches named, each time. */
  readonly found: number
}

export interface Rendezvous {
  stats(): RendezvousStats
  stop(): Promise<void>
}

/** Begins at once, and goes on in the background: a DHT that cannot be reached is tried again, and holds nobody up. */
export async function startRendezvous(options: RendezvousOptions): Promise<Rendezvous> {
  const isAllowed = rule(options.through)
  const visitor = new Visitor(await createDhtNode(options, isAllowed), isAllowed, options)
  visitor.begin()
  return visitor
}

type DhtNode = Libp2p<{ identify: unknown; ping: unknown; dht: KadDHT }>

/** Visits the DHT from time to time: looks who is there, and says where this member is. */
class Visitor implements Rendezvous {
  readonly #node: DhtNode
  readonly #isAllowed: (address: Multiaddr) => boolean
  readonly #options: RendezvousOptions
  readonly #key: CID
  readonly #stopping = new AbortController()
  readonly #counts = { said: 0, searches: 0, failed: 0, found: 0 }
  #timer: Cancel | undefined
  #visiting: Promise<void> | undefined
  #saidAt = Number.NEGATIVE_INFINITY
  /** The last visit failed, and was logged. */
  #failing = false

  constructor(node: DhtNode, isAllowed: (address: Multiaddr) => boolean, options: RendezvousOptions) {
    this.#node = node
    this.#isAllowed = isAllowed
    this.#options = options
    // SHA2-256 is what the library takes keys for: the key is a hash already.
    this.#key = CID.createV1(RAW, digestOf(SHA2_256, options.key))
  }

  begin(): void {
    this.#visiting = this.#visit().finally(() => {
      this.#visiting = undefined
      if (this.#stopping.signal.aborted) return
      const soon = this.#failing || this.#options.isAlone()
      const waitMs = soon ? limits.RENDEZVOUS_ALONE_MS : limits.RENDEZVOUS_SEARCH_MS
      this.#timer = this.#options.clock.after(waitMs, () => this.begin())
    })
  }

  stats(): RendezvousStats {
    return { ...this.#counts }
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#timer?.()
    await this.#node.stop()
    await this.#visiting
  }

  /** Never rejects. */
  async #visit(): Promise<void> {
    const { clock, log, isToBeFound } = this.#options
    try {
      await this.#connect()
      await this.#search()
      if (isToBeFound() && clock.monotonic() - this.#saidAt >= limits.RENDEZVOUS_SAY_MS) await this.#say()
      if (this.#failing) log.info({}, 'the rendezvous answers again')
      this.#failing = false
    } catch (error) {
      if (this.#stopping.signal.aborted) return
      this.#counts.failed++
      if (!this.#failing) log.warn({ error: errorText(error) }, 'no rendezvous: it is tried again')
      this.#failing = true
    }
  }

  /** To one node of the DHT at least. */
  async #connect(): Promise<void> {
    const node = this.#node
    if (node.getConnections().length > 0) return
    const dials = this.#options.through.map((address) => node.dial(parseAddress(address), { signal: this.#deadline() }))
    try {
      await Promise.any(dials)
    } catch (cause) {
      const why = cause instanceof AggregateError ? cause.errors.map(errorText).join('; ') : errorText(cause)
      throw new ChordnsError('PEER_UNREACHABLE', `no node of the DHT can be reached: ${why}`, {}, { cause })
    }
    // Whether it speaks the protocol is known when it has said what it speaks.
    await this.#untilRouted()
  }

  async #untilRouted(): Promise<void> {
    const { clock, protocol } = this.#options
    const routing = this.#node.services.dht as KadDHT & { readonly routingTable: { readonly size: number } }
    for (let waited = 0; routing.routingTable.size === 0; waited += ROUTED_POLL_MS) {
      if (waited >= limits.DIAL_TIMEOUT_MS || this.#stopping.signal.aborted)
        throw new ChordnsError('PEER_UNREACHABLE', `who answers does not speak ${protocol}`, {})
      await new Promise<void>((resolve) => void clock.after(ROUTED_POLL_MS, resolve))
    }
  }

  async #search(): Promise<void> {
    const node = this.#node
    this.#counts.searches++
    const heard = new Set<PeerId>()
    for await (const event of node.services.dht.findProviders(this.#key, { signal: this.#deadline() })) {
      if (event.type !== EventTypes.PROVIDER) continue
      for (const { id, multiaddrs } of event.providers) {
        const peer = asPeerId(id.toString())
        if (id.equals(node.peerId) || heard.has(peer)) continue
        // Some come twice, with and without the peer's id.
        const addresses = new Set(multiaddrs.filter(this.#isAllowed).map((one) => one.toString().split('/p2p/')[0]!))
        if (addresses.size === 0) continue
        heard.add(peer)
        this.#counts.found++
        this.#options.onFound(peer, [...addresses].slice(0, limits.MAX_ADDRESSES_PER_PEER))
        if (heard.size >= limits.MAX_RENDEZVOUS_FOUND) return
      }
    }
  }

  async #say(): Promise<void> {
    let taken = 0
    for await (const event of this.#node.services.dht.provide(this.#key, { signal: this.#deadline() }))
      if (event.type === EventTypes.PEER_RESPONSE && event.messageType === MessageType.ADD_PROVIDER) taken++
    if (taken === 0) throw new ChordnsError('PEER_UNREACHABLE', 'no node of the DHT took our record', {})
    this.#saidAt = this.#options.clock.monotonic()
    this.#counts.said++
    this.#options.log.debug({ taken }, 'said at the rendezvous where this member is')
  }

  #deadline(): AbortSignal {
    return AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(limits.RENDEZVOUS_TIMEOUT_MS)])
  }
}

/** Multicodec numbers: raw bytes, SHA2-256. */
const RAW = 0x55
const SHA2_256 = 0x12
const ROUTED_POLL_MS = 50

/**
 * What a DHT says is dialled by IP address only: a name would be a query of its choice to the system's resolver. And a public
 * DHT has no business in this machine's own network.
 */
function rule(through: readonly PeerAddress[]): (address: Multiaddr) => boolean {
  const isLocal = through.some((address) => isPrivateAddress(multiaddr(address)))
  return (address) => isPlainAddress(address.toString()) && (isLocal || !isPrivateAddress(address))
}

function isPrivateAddress(address: Multiaddr): boolean {
  const [host] = address.getComponents()
  return host?.value === undefined || !ipaddr.isValid(host.value) || ipaddr.process(host.value).range() !== 'unicast'
}

/** A client of the DHT: it answers nothing, stores nothing, and is dialled by nobody. */
async function createDhtNode(
  { seed, protocol, addresses }: RendezvousOptions,
  isAllowed: (address: Multiaddr) => boolean,
): Promise<DhtNode> {
  return createLibp2p({
    privateKey: await generateKeyPairFromSeed('Ed25519', seed),
    addresses: { listen: [], announce: [...addresses] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux({ streamOptions: { maxStreamWindowSize: limits.MAX_STREAM_WINDOW } })],
    connectionGater: { denyDialMultiaddr: (address) => !isAllowed(address) },
    connectionManager: {
      maxConnections: limits.MAX_RENDEZVOUS_CONNECTIONS,
      dialTimeout: limits.DIAL_TIMEOUT_MS,
      addressDialTimeout: limits.DIAL_TIMEOUT_MS,
      resolvers: {},
    },
    connectionMonitor: { enabled: false },
    services: {
      identify: identify(),
      ping: ping(),
      // Which addresses are dialled is the gater's to say.
      dht: kadDHT({ protocol, clientMode: true, peerInfoMapper: passthroughMapper }),
    },
  })
}
