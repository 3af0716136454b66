/**
 * Whole nodes in virtual time, as `src/peer/composition.ts` puts them together: the core over an embedded Internet without sockets,
 * ring, chunks, chains and household over a network and disks in memory. One process, one thread, the same for the same seed.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { type Exchange, errorText, type Log } from '../../src/base/index.ts'
import { createCache } from '../../src/cache/index.ts'
import { type Config, loadConfig } from '../../src/config/index.ts'
import { ed25519, ed25519Signer, peerIdFromPublicKey, sha256 } from '../../src/crypto/index.ts'
import { Class, parseName, Type, typeFromText } from '../../src/dns/index.ts'
import { PeerCapabilities } from '../../src/peer/capabilities.ts'
import { composePeers, doorkeeperOf, type PeerRooms } from '../../src/peer/composition.ts'
import { composeCore } from '../../src/peer/core-composition.ts'
import {
  createMemoryDisk,
  createMemoryNetwork,
  type MemoryNetwork,
  machineClock,
  type SeededRandom,
  seededRandom,
  type VirtualClock,
  virtualClock,
} from '../../src/sim/index.ts'
import { type AskQuestion, createWorld, type World, type WorldSpec } from '../lib/world-parts.ts'

export interface VirtualOptions {
  readonly nodes: number
  readonly seed: number
  readonly world: WorldSpec
  /** DS lines of the world's root; undefined: nothing is validated. */
  readonly anchor?: string | undefined
  /** Of the configuration; `ring.enabled: false` leaves the ring out. */
  readonly config: Readonly<Record<string, unknown>>
  /** One way, between members. Ms. */
  readonly peerDelayMs: number
}

export interface VirtualNode {
  readonly rooms: PeerRooms | undefined
  /** Resolves with the rcode, as `Stub` does; -1: the resolver failed. */
  ask(question: AskQuestion): Promise<number>
  stop(): Promise<void>
}

const SECRET = new Uint8Array(32).fill(7)
const FORM_MS = 120_000

export class VirtualNodes {
  readonly clock: VirtualClock
  readonly world: World
  readonly nodes: VirtualNode[] = []
  /** What the program complained of: there should be nothing. */
  readonly faults: string[] = []
  readonly #random: SeededRandom
  readonly #network: MemoryNetwork
  readonly #options: VirtualOptions
  readonly #dir: string

  static async begin(options: VirtualOptions): Promise<VirtualNodes> {
    // Signatures of a world are made for the day that they are made on.
    const clock = virtualClock({ settle: () => setImmediate(), startUnixMs: Date.now() })
    const world = await createWorld(options.world, { sockets: false, clock })
    const all = new VirtualNodes(options, clock, world)
    await all.#form()
    return all
  }

  private constructor(options: VirtualOptions, clock: VirtualClock, world: World) {
    this.#options = options
    this.clock = clock
    this.world = world
    this.#random = seededRandom(`nodes ${options.seed}`)
    const jitter = this.#random.split('jitter')
    this.#network = createMemoryNetwork({
      clock,
      random: this.#random.split('network'),
      delayMs: () => options.peerDelayMs * (0.8 + jitter.below(400) / 1_000),
    })
    this.#dir = mkdtempSync(join(tmpdir(), 'chordns-virtual-'))
    writeFileSync(join(this.#dir, 'root.hints'), world.hintsText())
    if (options.anchor !== undefined) writeFileSync(join(this.#dir, 'root.anchors'), options.anchor)
  }

  /** Messages between members: requests, replies, and what opens connections. */
  get messages(): number {
    return this.#network.counters.sent
  }

  async end(): Promise<void> {
    const all = Promise.all(this.nodes.map((node) => node.stop()))
    await this.clock.run(all)
    rmSync(this.#dir, { recursive: true, force: true })
  }

  async #form(): Promise<void> {
    const { nodes } = this.#options
    for (let index = 0; index < nodes; index++) {
      this.nodes.push(this.#add(index))
      await this.clock.advanceAsync(300)
    }
    const formed = () => this.nodes.every(({ rooms }) => rooms === undefined || rooms.ring.members().length === nodes)
    for (let waited = 0; !formed(); waited += 500) {
      if (waited > FORM_MS) throw new Error('the nodes do not become one ring')
      await this.clock.advanceAsync(500)
    }
  }

  #add(index: number): VirtualNode {
    const { world } = this
    // Clocks say whole milliseconds of the day: what is signed holds no fractions.
    const clock = machineClock(this.clock, { wall: Math.floor })
    const config = this.#configOf(index)
    const random = this.#random.split(`node ${index}`)
    const log = this.#log(index)
    const cache = createCache({ ...config.cache, seed: random.bytes(8), clock })
    let rooms: PeerRooms | undefined
    const exchange: Exchange = world.exchange(addressOf(index))
    const core = composeCore({ cache, exchange, clock, random, log }, config, {
      ownListeners: () => [],
      peers: () => rooms,
    })
    const signer = ed25519Signer(sha256(new TextEncoder().encode(`node ${this.#options.seed}/${index}`)))
    const peer = peerIdFromPublicKey(signer.publicKey)
    if (config.ring.enabled) {
      const capabilities = new PeerCapabilities()
      const doorkeeper = doorkeeperOf({ config, random, log, secret: SECRET, capabilities }, () => false)
      const transport = this.#network.transport(peer, doorkeeper, { address: memoryAddress(index) })
      const disk = (name: string) => createMemoryDisk({ random: random.split(name) }).open()
      const stores = {
        ring: disk('ring'),
        chunks: disk('chunks'),
        proofs: disk('proofs'),
        chains: { data: disk('chains'), votes: disk('votes') },
      }
      const { recursor } = core
      rooms = composePeers(
        { config, transport, clock, random, log, signer, scheme: ed25519, cache, recursor, stores, capabilities },
        {
          isAnswering: () => core.isAnswering,
          isPrivate: (question) => core.isPrivate(question),
          onAgreed: (finding) => void core.agreed(finding),
        },
      )
      void rooms.begin()
    }
    const client = `client ${index}`
    return {
      rooms,
      async ask({ name, type = 'A' }) {
        const question = { name: parseName(name), type: typeFromText(String(type)) ?? Type.A, class: Class.IN }
        const resolution = await core.resolver.resolve({
          question,
          recursionDesired: true,
          checkingDisabled: false,
          dnssecOk: false,
          authenticData: false,
          client,
          signal: new AbortController().signal,
        })
        return resolution.rcode
      },
      async stop() {
        core.stop()
        await rooms?.end()
      },
    }
  }

  #configOf(index: number): Config {
    const { anchor, config } = this.#options
    const bootstrap = index === 0 ? [] : [memoryAddress(0)]
    const overrides = {
      'iterator.rootHints': join(this.#dir, 'root.hints'),
      'iterator.port': this.world.port,
      'iterator.queryLoopback': true,
      'iterator.ipv6': false,
      'dnssec.validate': anchor !== undefined,
      ...(anchor !== undefined && { 'dnssec.trustAnchors': join(this.#dir, 'root.anchors') }),
      'ring.enabled': true,
      'ring.id': 'virtual',
      'ring.secretFile': join(this.#dir, 'none'),
      'chunks.admitAfter': 'auto',
      data: this.#dir,
      ...config,
    }
    const loaded = loadConfig({ env: {}, overrides, readFile: () => undefined }).config
    return { ...loaded, ring: { ...loaded.ring, bootstrap } }
  }

  #log(index: number): Log {
    const complain = (detail: object, message: string) =>
      void this.faults.push(`node ${index}: ${message}: ${errorText(JSON.stringify(detail))}`)
    return { debug: () => {}, info: () => {}, warn: () => {}, error: complain }
  }
}

const memoryAddress = (index: number): string => `/memory/${index}`

/** Authorities see each node at an address of its own, as those of strangers are. */
function addressOf(index: number): string {
  return `10.${80 + Math.floor(index / 250)}.${index % 250}.1`
}
