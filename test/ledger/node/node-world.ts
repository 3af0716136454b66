/** Nodes of a ledger in virtual time: each with its chain, its state on a disk of its own, and requests that take 5 ms. */
import { setImmediate as settle } from 'node:timers/promises'
import { asPeerId, ChordnsError, type PeerId, scopedStore, toHex } from '../../../src/base/index.ts'
import {
  type ApplicationPort,
  type Genesis,
  hostedMethods,
  ledgerChainId,
  statePort,
} from '../../../src/chain/index.ts'
import { stateMethods } from '../../../src/chain/state/methods.ts'
import type { Signer } from '../../../src/crypto/index.ts'
import {
  accounts,
  createLedgerApplication,
  encodeApplicationGenesis,
  type FetchPiece,
  Ledgers,
  type OpenedApplication,
  RunningChain,
} from '../../../src/ledger/index.ts'
import { createMemoryDisk, seededRandom, virtualClock } from '../../../src/sim/index.ts'
import { people, scheme } from '../../chain/one.ts'
import { localState } from '../../chain/state/local-state.ts'
import { SimDisk } from '../../sim/chain/disk.ts'

const quiet = { debug() {}, info() {}, warn() {}, error() {} }

export interface NodeWorldOptions {
  readonly validators?: number
  /** Nodes that run no chain. */
  readonly light?: number
  readonly balances?: readonly (readonly [Uint8Array, number])[]
}

export class NodeWorld {
  readonly clock = virtualClock({ settle })
  readonly genesis: Genesis
  readonly chainId: Uint8Array
  readonly signers: readonly Signer[]
  readonly nodes: Ledgers[] = []
  readonly peers: readonly PeerId[]
  readonly broken: string[] = []
  readonly #members: readonly string[]
  /** Nodes that answer nobody. */
  readonly deaf = new Set<number>()

  private constructor(options: NodeWorldOptions) {
    const { validators: n = 4, light = 0, balances = [] } = options
    const { validators, signers } = people(n + light)
    this.signers = signers
    this.#members = validators.map(({ id }) => toHex(id))
    this.peers = validators.map((_, index) => asPeerId(`peer ${index}`))
    const application = encodeApplicationGenesis({
      modules: new Map([[accounts.id, balances.map(([key, value]) => [key, value])]]),
      quotaADay: 1_000,
    })
    const time = this.clock.now() - 60_000
    const shape = { ringId: 'home', name: 'root', time, heartbeatMs: 60_000, intervalMs: 1_000, rules: 1 }
    this.genesis = { ...shape, validators: validators.slice(0, n), application }
    this.chainId = ledgerChainId(this.genesis)
  }

  static async open(options: NodeWorldOptions = {}): Promise<NodeWorld> {
    const world = new NodeWorld(options)
    const { validators = 4 } = options
    for (let index = 0; index < world.peers.length; index++)
      world.nodes.push(await world.#node(index, index < validators))
    for (const node of world.nodes) node.start()
    return world
  }

  run(ms: number): Promise<void> {
    return this.clock.advanceAsync(ms)
  }

  async #node(index: number, runs: boolean): Promise<Ledgers> {
    const genesis = { genesis: this.genesis, chainId: this.chainId }
    const hooks = {
      send: (peer: PeerId, body: Uint8Array) => this.#request(index, peer, body),
      follow: (): Promise<Uint8Array> => Promise.reject(new ChordnsError('PEER_UNKNOWN_ROOM', 'no followers', {})),
      bulk: (peer: PeerId, body: Uint8Array) => this.nodes[this.peers.indexOf(peer)]!.supply(this.peers[index]!, body),
      peerOf: (name: string) => this.peers[this.#members.indexOf(name)],
      nameOf: (peer: PeerId) => this.#members[this.peers.indexOf(peer)],
      members: () => this.peers.filter((_, other) => other !== index),
      onBroken: (_: RunningChain, failure: Error) => void this.broken.push(failure.message),
    }
    const blocks = new SimDisk().open({ touch() {} })
    const running = runs
      ? [
          await RunningChain.open(
            {
              genesis,
              keeps: 'full',
              trusts: () => undefined,
              signer: this.signers[index]!,
              scheme,
              stores: {
                blocks: scopedStore(blocks, Uint8Array.of(1)),
                sets: scopedStore(blocks, Uint8Array.of(2)),
                cosigned: scopedStore(blocks, Uint8Array.of(3)),
              },
              memberId: this.genesis.validators[index]!.id,
              clock: this.clock,
              log: quiet,
              application: this.#application(),
              open: async (fetchPiece) => this.#hosted(index, fetchPiece),
            },
            hooks,
          ),
        ]
      : []
    return new Ledgers({ all: [genesis], running, clock: this.clock }, hooks)
  }

  #application() {
    const { name: chainName, time: genesisTime, validators, application } = this.genesis
    const given = { chainName, genesisTime, validators, genesis: application, modules: [accounts], scheme }
    return createLedgerApplication({ ...given, chainId: this.chainId, mayCarry: () => true })
  }

  #hosted(index: number, fetchPiece: FetchPiece): OpenedApplication {
    const store = createMemoryDisk({ random: seededRandom(index) }).open()
    const hosted = hostedMethods(store, this.#application())
    const state = localState(store)
    const end = new AbortController()
    const call = async (name: string, given: readonly unknown[]) =>
      (hosted[name as keyof typeof hosted] as (...list: readonly unknown[]) => unknown)(...given)
    const port: ApplicationPort = statePort({ call, state, clock: this.clock, log: quiet, fetchPiece }, end.signal)
    const methods = stateMethods(store)
    return {
      port,
      state: {
        status: async () => methods.status(),
        read: async (height, keys) => methods.read(height, keys),
        prove: async (height, keys) => methods.prove(height, keys),
        piece: async (request) => methods.piece(request),
      },
      ask: async (name, given) => hosted.ask(name, given),
      close: async () => end.abort(),
    }
  }

  #request(from: number, to: PeerId, body: Uint8Array): Promise<Uint8Array> {
    const at = this.peers.indexOf(to)
    return new Promise((resolve, reject) => {
      this.clock.after(5, () => {
        if (this.deaf.has(at)) return reject(new ChordnsError('PEER_TIMEOUT', 'deaf', {}))
        this.nodes[at]!.handle(this.peers[from]!, body).then(resolve, reject)
      })
    })
  }
}
