/**
 * One simulated machine: the composition of a real node (src/peer/composition.ts) on virtual time, with a network, disks and a way
 * to the authorities that can fail, through as many lives as its plan gives it.
 */
import {
  type BulkHandler,
  ChordnsError,
  type Clock,
  type Exchange,
  type Log,
  type PeerId,
  type RequestHandler,
  type Store,
  type Transport,
  toHex,
} from '../../../src/base/index.ts'
import { type Cache, type CacheContents, createCache } from '../../../src/cache/index.ts'
import type { EntrySummary } from '../../../src/chunks/entries/entry.ts'
import { seatsOfChunk } from '../../../src/chunks/seats/seats.ts'
import type { Config } from '../../../src/config/index.ts'
import { decodeCanonical, peerIdFromPublicKey, type SignatureScheme, type Signer } from '../../../src/crypto/index.ts'
import type { TrustAnchor } from '../../../src/dnssec/index.ts'
import { limits as ioLimits } from '../../../src/io/limits.ts'
import { DoorPlaces } from '../../../src/io/peers/places.ts'
import { PeerCapabilities } from '../../../src/peer/capabilities.ts'
import { composePeers, doorkeeperOf, type PeerRooms } from '../../../src/peer/composition.ts'
import type { Core } from '../../../src/peer/core/core.ts'
import { composeCore } from '../../../src/peer/core-composition.ts'
import { Guests } from '../../../src/peer/guests.ts'
import type { PointerRules } from '../../../src/ring/index.ts'
import {
  createMemoryDisk,
  type DiskFaults,
  type DoorPort,
  type MemoryDisk,
  type MemoryNetwork,
  machineClock,
  type SeededRandom,
  soundDisk,
  type VirtualClock,
} from '../../../src/sim/index.ts'

export interface MachineDeps {
  readonly index: number
  readonly clock: VirtualClock
  readonly network: MemoryNetwork
  readonly random: SeededRandom
  readonly signer: Signer
  readonly scheme: SignatureScheme
  readonly config: Config
  /** Of the ring. */
  readonly secret: Uint8Array
  readonly anchors: () => readonly TrustAnchor[]
  readonly exchange: Exchange
  /** Connections at once. */
  readonly maxPeers: number | undefined
  readonly rules?: PointerRules
}

export interface MachineHooks {
  /** Stands between the network and the node: taps and liars. */
  readonly around?: (machine: Machine, transport: Transport) => Transport
  readonly count: (what: string) => void
  /** A node says that a peer has signed two different things in a chain. */
  readonly onAccused: (machine: Machine, peer: PeerId) => void
  /** It votes in a round of a chain, or in a later one of the same height. */
  readonly onVote: (machine: Machine, round: number) => void
  /** It votes in a chain after it has lost what it had voted there. */
  readonly onForgetfulVote: (machine: Machine) => void
  /** The program complained about itself. */
  readonly onError: (machine: Machine, text: string) => void
}

/** What a node is while it runs. */
export interface Life {
  readonly transport: Transport
  readonly cache: Cache & CacheContents
  readonly core: Core
  readonly rooms: PeerRooms
}

const PARTS = ['ring', 'chunks', 'proofs', 'chains', 'votes'] as const
type Part = (typeof PARTS)[number]

/** How long a machine is busy, in spells of so long, and how late its timers are then. Ms. */
const BUSY_MS = 60_000
const BUSY_SPELL_MS = 5_000
const MAX_LATE_MS = 40

export class Machine {
  readonly index: number
  readonly peer: PeerId
  readonly publicKey: Uint8Array
  readonly signer: Signer
  readonly address: string
  readonly faults: DiskFaults = soundDisk()
  /** Undefined while it is down. */
  life: Life | undefined
  lives = 0
  /** It says good-bye, and is not counted any more. */
  isLeaving = false
  /** Bulks that it has requested. */
  bulks = 0
  /** Signatures that it has checked. */
  checks = 0
  /** Chains (hex) in which it has voted, and those of them of which it has lost its votes. */
  readonly #votedIn = new Set<string>()
  readonly #forgotten = new Set<string>()
  /** Ms that its wall clock is ahead. */
  aheadMs = 0
  /** Chains were run under this key, as its identity file says. */
  isUsedKey = false
  readonly #deps: MachineDeps
  readonly #hooks: MachineHooks
  readonly #disks: Readonly<Record<Part, MemoryDisk>>
  #stores: Store[] = []
  /** What is left until it goes out, and what then. */
  #fuse: { effects: number; readonly go: () => void } | undefined

  constructor(deps: MachineDeps, hooks: MachineHooks) {
    const { index, signer, random } = deps
    this.#deps = deps
    this.#hooks = hooks
    this.index = index
    this.signer = signer
    this.publicKey = signer.publicKey
    this.peer = peerIdFromPublicKey(signer.publicKey)
    this.address = `/memory/${index}`
    const disk = (name: Part) =>
      createMemoryDisk({
        random: random.split(`disk ${name}`),
        // A node that cannot keep its votes does not vote: what is asked of a forgetful disk is asked of the others.
        ...(name !== 'votes' && { faults: this.faults }),
      })
    this.#disks = {
      ring: disk('ring'),
      chunks: disk('chunks'),
      proofs: disk('proofs'),
      chains: disk('chains'),
      votes: disk('votes'),
    }
  }

  get isUp(): boolean {
    return this.life !== undefined && !this.isLeaving
  }

  now(): number {
    return Math.floor(this.#deps.clock.now() + this.aheadMs)
  }

  /** Throws what a node that cannot start throws. */
  start(bootstrap: readonly string[]): void {
    const mine = ++this.lives
    const isMine = () => this.lives === mine
    const { network, random, scheme, config: given, exchange, secret } = this.#deps
    const own = random.split(`life ${mine}`)
    const config = { ...given, ring: { ...given.ring, bootstrap } }
    const clock = machineClock(this.#deps.clock, {
      wall: (unixMs) => Math.floor(unixMs + this.aheadMs),
      run: (callback) => isMine() && callback(),
    })
    const log = this.#log(isMine)
    let rooms: PeerRooms | undefined
    const capabilities = new PeerCapabilities()
    const { replicas, chunkBits } = config.ring
    const guests = new Guests({ key: { secret, replicas, chunkBits }, log })
    const door = doorkeeperOf(
      { config, random: own.split('door'), log, secret, capabilities, guests },
      (peer) => rooms?.ring.isExpelled(peer) ?? false,
    )
    const { maxPeers } = this.#deps
    const bare = network.transport(this.peer, door, {
      door: this.#doorstep(() => rooms),
      address: this.address,
      ...(maxPeers !== undefined && { maxPeers }),
    })
    try {
      const transport = this.#watched(this.#hooks.around?.(this, bare) ?? bare, isMine)
      const cache = createCache({ ...config.cache, seed: own.bytes(8), clock })
      const core = composeCore({ cache, exchange, clock, random: own.split('core'), log }, config, {
        ownListeners: () => [],
        rootAnchors: this.#deps.anchors,
        peers: () => rooms,
      })
      const { rules } = this.#deps
      rooms = composePeers(
        {
          config,
          transport,
          clock,
          random: own.split('rooms'),
          log,
          signer: this.#watchedSigner(),
          scheme: {
            verify: (...what) => {
              this.checks++
              return scheme.verify(...what)
            },
          },
          cache,
          recursor: core.recursor,
          capabilities,
          stores: this.#open(),
          guests,
          ...(rules !== undefined && { rules }),
          timers: this.#timers(clock, own.split('late')),
        },
        {
          isAnswering: () => core.isAnswering,
          isPrivate: (question) => core.isPrivate(question),
          onAgreed: (finding) => void core.agreed(finding),
        },
      )
      this.isUsedKey = true
      this.life = { transport, cache, core, rooms }
      this.isLeaving = false
      rooms.begin().catch((error: unknown) => this.#hooks.onError(this, `did not begin: ${String(error)}`))
    } catch (error) {
      network.kill(this.peer, { silent: false })
      this.#end()
      throw error
    }
  }

  /** One machine of four has other things to do in the first minute: its timers fire late, for seconds at a time. */
  #timers(clock: Clock, random: SeededRandom): Pick<Clock, 'after' | 'monotonic'> {
    if (random.below(4) > 0) return clock
    this.#hooks.count('busy machines')
    const until = clock.monotonic() + BUSY_MS
    const isLate = () => clock.monotonic() < until && Math.floor(clock.monotonic() / BUSY_SPELL_MS) % 2 === 0
    return {
      monotonic: () => clock.monotonic(),
      after: (delayMs, callback) => clock.after(delayMs + (isLate() ? random.below(MAX_LATE_MS) : 0), callback),
    }
  }

  /** Down at once, or after so many more messages and writes; `then` runs when it is, with what the node held as a replica. */
  crash(how: 'process' | 'power', effects: number, then: (held: readonly EntrySummary[]) => void): void {
    const mine = this.lives
    const go = () => {
      this.#fuse = undefined
      if (this.life === undefined || this.lives !== mine) return
      const { chunks, ring } = this.life.rooms
      const { chunkBits } = this.#deps.config.ring
      // What it holds for one that is away it may let go of when that one is back.
      const held = chunks
        .held()
        .filter((chunk) => seatsOfChunk(ring, chunk, chunkBits).mine)
        .flatMap((chunk) => chunks.summariesOf(chunk))
        .filter((one): one is EntrySummary => one.class !== 'signed')
      this.#deps.network.kill(this.peer, { silent: how === 'power' })
      this.#end()
      for (const disk of Object.values(this.#disks)) disk.crash(how)
      this.#hooks.count(how === 'power' ? 'power failures' : 'kills')
      if (effects > 0) this.#hooks.count('crashes between effects')
      then(held)
    }
    if (effects === 0) {
      go()
      return
    }
    this.#fuse = { effects, go }
    // A node that has nothing to do goes down all the same.
    this.#deps.clock.after(2_000, () => this.#fuse?.go === go && go())
  }

  async leave(): Promise<void> {
    const { life } = this
    if (life === undefined || this.isLeaving) return
    this.isLeaving = true
    const mine = this.lives
    life.core.stop()
    await life.rooms.end()
    if (this.lives !== mine) return
    await life.transport.close()
    this.#end()
    this.#hooks.count('leaves')
  }

  /** The file is gone; the identity is not. */
  loseVotes(): void {
    for (const chain of this.#votedIn) this.#forgotten.add(chain)
    this.#disks.votes.crash('process')
    const store = this.#disks.votes.open()
    store.batch(
      [...store.range(new Uint8Array())].map(([key]) => ({ kind: 'delete' as const, key })),
      { durable: true },
    )
    store.close()
  }

  #end(): void {
    // Nothing of a life that is over goes on.
    this.life?.core.stop()
    this.life = undefined
    this.lives++
    for (const store of this.#stores) store.close()
    this.#stores = []
  }

  /** The places at the door of a real node. A host is an address without its way. */
  #doorstep(rooms: () => PeerRooms | undefined): DoorPort {
    const hostOf = (address: string) => address.replace('/memory/', '10.77.0.')
    const isKnown = (host: string) =>
      rooms()
        ?.ring.members()
        .some(({ addresses }) => addresses.some((one) => hostOf(one.split('/p2p/')[0]!) === host)) === true
    const places = new DoorPlaces({ isKnown })
    return { hostOf, take: (host, place, now) => places.take(host, place, now), termMs: ioLimits.STRANGER_MS }
  }

  #open() {
    const open = (part: Part): Store => {
      const store = this.#disks[part].open()
      this.#stores.push(store)
      return {
        ...store,
        batch: (writes, options) => {
          store.batch(writes, options)
          this.#burn()
        },
      }
    }
    const [ring, chunks, proofs, data, votes] = PARTS.map(open) as [Store, Store, Store, Store, Store]
    return { ring, chunks, proofs, chains: { data, votes, isUsedKey: this.isUsedKey, damaged: () => 0 } }
  }

  /** Whoever has lost what it signed in a chain signs nothing there again. */
  #watchedSigner(): Signer {
    return {
      publicKey: this.publicKey,
      sign: (message) => {
        const vote = voteOf(message)
        if (vote !== undefined) {
          const { chain, round } = vote
          this.#hooks.onVote(this, round)
          this.#votedIn.add(chain)
          if (this.#forgotten.has(chain)) this.#hooks.onForgetfulVote(this)
        }
        return this.signer.sign(message)
      },
    }
  }

  /** Called at each effect of this life: messages sent, batches written. */
  #burn(): void {
    if (this.#fuse === undefined || this.#fuse.effects-- > 0) return
    this.#fuse.go()
  }

  #watched(inner: Transport, isMine: () => boolean): Transport {
    const over = () => new ChordnsError('PEER_GONE', 'this life is over', {})
    return {
      self: inner.self,
      places: inner.places,
      addresses: () => inner.addresses(),
      connect: (addresses, options) => inner.connect(addresses, options),
      learn: (peer, addresses) => inner.learn(peer, addresses),
      keep: (peers) => inner.keep(peers),
      dismiss: (peer) => inner.dismiss(peer),
      bulk: (peer, body, options) => {
        this.bulks++
        return inner.bulk(peer, body, options)
      },
      onPeerGone: (listener) => inner.onPeerGone(listener),
      connectedPeers: () => inner.connectedPeers(),
      close: () => inner.close(),
      request: (peer, body, options) => {
        this.#burn()
        return inner.request(peer, body, options)
      },
      onRequest(handler: RequestHandler) {
        inner.onRequest((from, body) => {
          if (!isMine()) throw over()
          return handler(from, body)
        })
      },
      onBulk(handler: BulkHandler) {
        inner.onBulk((from, body, signal) => {
          if (!isMine()) throw over()
          return handler(from, body, signal)
        })
      },
    }
  }

  /** What a life says that is over is not heard: its stores were closed under its hands. */
  #log(isMine: () => boolean): Log {
    const note = (detail: object, message: string) => {
      if (message.startsWith('a member has signed two') && 'peer' in detail)
        this.#hooks.onAccused(this, detail.peer as PeerId)
      for (const [start, name] of WORTH_COUNTING) if (message.startsWith(start)) this.#hooks.count(name)
    }
    const onError = (text: string) => this.#hooks.onError(this, text)
    return {
      debug: note,
      info: note,
      warn: note,
      error(detail, message) {
        if (isMine()) onError(`${message}: ${JSON.stringify(detail)}`)
      },
    }
  }
}

/** Where the machines of these indexes listen. */
export function addressesOf(...indexes: readonly number[]): string[] {
  return [...new Set(indexes)].map((index) => `/memory/${index}`)
}

const VOTE_TAG = new TextEncoder().encode('chordns/vote/1')

/** The chain that a vote is for, hex, and its round; undefined for what is no vote. */
function voteOf(message: Uint8Array): { readonly chain: string; readonly round: number } | undefined {
  if (!VOTE_TAG.every((byte, i) => message[i] === byte)) return undefined
  // An array of five: chain, kind, height, round, block.
  const at = message.indexOf(0x85, VOTE_TAG.length)
  if (at < 0) return undefined
  const [chain, , , round] = decodeCanonical(message.subarray(at), { maxBytes: 256 }) as [
    Uint8Array,
    number,
    number,
    number,
  ]
  return { chain: toHex(chain), round }
}

/** Messages that say that something rare has happened. */
const WORTH_COUNTING: readonly (readonly [start: string, name: string])[] = [
  ['a neighbour is silent', 'accusations'],
  ['a member is dead', 'deaths agreed'],
  ['refuted a claim', 'refutations'],
  ['handed entries over', 'hand-overs'],
  ['a certificate was refused', 'certificates refused'],
  ['an answer of this node was another', 'answers healed'],
  ['entries cannot be kept', 'disks that failed'],
]
