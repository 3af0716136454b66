/** Nodes that run Root and a TLD chain with all modules, follow both, and do their duties, as a real node is put together; in virtual time. */
import { setImmediate as settle } from 'node:timers/promises'
import { asPeerId, ChordnsError, type PeerId, scopedStore, toHex } from '../../../src/base/index.ts'
import { type ChainMessage, decodeMessage } from '../../../src/chain/blocks/messages.ts'
import {
  type ApplicationPort,
  decodeTransaction,
  encodeMessage,
  FollowServer,
  type Genesis,
  hostedMethods,
  LightFollower,
  ledgerChainId,
  lightRules,
  originOf,
  statePort,
  transactionId,
  trustGenesis,
} from '../../../src/chain/index.ts'
import { stateMethods } from '../../../src/chain/state/methods.ts'
import { type Signer, sha256 } from '../../../src/crypto/index.ts'
import {
  createLedgerApplication,
  Duties,
  drawDuty,
  FaultDuty,
  type FetchPiece,
  foundChains,
  type LedgerGenesis,
  Ledgers,
  Linking,
  ledgerModules,
  linkedOf,
  mayCarry,
  memberIdOf,
  type OpenedApplication,
  ReviewDuty,
  RunningChain,
  type StateReader,
} from '../../../src/ledger/index.ts'
import { decodeLedgerRequest, encodeLedgerRequest, LedgerRequestKind } from '../../../src/ledger/node/messages.ts'
import { createMemoryDisk, seededRandom, virtualClock } from '../../../src/sim/index.ts'
import { scheme } from '../../chain/one.ts'
import { localState } from '../../chain/state/local-state.ts'
import { SimDisk } from '../../sim/chain/disk.ts'

const quiet = { debug() {}, info() {}, warn() {}, error() {} }
const key = (text: string) => sha256(new TextEncoder().encode(text))

export interface LinkedNode {
  readonly ledgers: Ledgers
  readonly follower: LightFollower
  readonly server: FollowServer
  readonly account: Signer
  readonly voting: Signer
  readonly memberId: Uint8Array
}

export interface LinkedWorldOptions {
  readonly nodes?: number
  /** Nodes that run Root only, and follow the other chain as anybody does. */
  readonly rootOnly?: readonly number[]
  /** Nodes without an account. */
  readonly noAccount?: readonly number[]
  /** Organisations that found the chains and run no node, after those that do; the first leads reviews. */
  readonly others?: number
  /** What becomes of a genesis before all begin with it. */
  readonly change?: (genesis: Genesis) => Genesis
  /** Nodes reply to reviews by what they find. */
  readonly repliesToReviews?: boolean
}

export class LinkedWorld {
  readonly clock = virtualClock({ settle })
  readonly all: readonly LedgerGenesis[]
  readonly nodes: LinkedNode[] = []
  readonly peers: readonly PeerId[]
  readonly broken: string[] = []
  /** Nodes that answer nobody. */
  readonly deaf = new Set<number>()
  /** What becomes of a message of the engine on its way; undefined: it is lost. */
  onTheWay:
    | ((chain: RunningChain, from: number, to: number, message: ChainMessage) => ChainMessage | undefined)
    | undefined
  readonly #names: readonly string[]
  readonly #options: LinkedWorldOptions

  private constructor(options: LinkedWorldOptions) {
    this.#options = options
    const { nodes = 4, others = 0, change = (genesis) => genesis } = options
    const people = Array.from({ length: nodes }, (_, index) => index)
    this.peers = people.map((index) => asPeerId(`peer ${index}`))
    this.#names = people.map((index) => toHex(memberIdOf(key(`member ${index}`))))
    const organisations = Array.from({ length: nodes + others }, (_, index) => index)
    const founders = organisations.map((index) => ({
      name: `organisation ${index}`,
      account: scheme.signer(key(`account ${index}`)).publicKey,
      memberKey: key(`member ${index}`),
      votingKey: index < nodes ? scheme.signer(key(`voting ${index}`)).publicKey : undefined,
      isEndorser: true,
      leads: index === nodes,
    }))
    const time = this.clock.now() - 60_000
    const given = { ringId: 'home', time, chainNames: ['root', 'p2p'], founders, modules: ledgerModules }
    const chains = foundChains({ ...given, heartbeatMs: 20_000, intervalMs: 500, epochBlocks: 50 })
    this.all = chains.map(change).map((genesis) => ({ genesis, chainId: ledgerChainId(genesis) }))
  }

  static async open(options: LinkedWorldOptions = {}): Promise<LinkedWorld> {
    const world = new LinkedWorld(options)
    for (let index = 0; index < world.peers.length; index++) world.nodes.push(await world.#node(index))
    for (const node of world.nodes) {
      node.ledgers.start()
      for (const { genesis } of world.all) node.follower.follow({ name: genesis.name, trusted: trustGenesis(genesis) })
    }
    return world
  }

  /** In slices, so that the followers look often enough. */
  async run(seconds: number): Promise<void> {
    for (let i = 0; i < seconds; i += 30) {
      await this.clock.advanceAsync(30_000)
      for (const { follower } of this.nodes) for (const { chainId } of this.all) void follower.look(chainId)
    }
  }

  /** Of an organisation, whether it runs a node or not. */
  account(index: number): Signer {
    return scheme.signer(key(`account ${index}`))
  }

  genesisOf(name: string): LedgerGenesis {
    return this.all.find(({ genesis }) => genesis.name === name)!
  }

  origin(name: string): string {
    return originOf('home', name)
  }

  chain(node: number, name: string): RunningChain {
    return this.nodes[node]!.ledgers.runningOf(this.genesisOf(name).chainId)!
  }

  /** What the newest state of a chain says. */
  read<T>(name: string, read: (state: StateReader) => T, node = 0): T {
    return read(this.#states.get(`${node} ${name}`)!())
  }

  linked(of: string, on: string, node = 0) {
    return this.read(on, (state) => linkedOf(state, this.origin(of)), node)
  }

  /** What stands in the blocks of a chain: kinds of payload, and who sent them. */
  sent(
    name: string,
    kind: number,
    node = 0,
  ): { readonly account: string; readonly height: number; readonly code: number }[] {
    return this.#sent.filter((one) => one.node === node && one.chain === name && one.kind === kind)
  }

  readonly #states = new Map<string, () => StateReader>()
  readonly #sent: { node: number; chain: string; kind: number; account: string; height: number; code: number }[] = []

  async #node(index: number): Promise<LinkedNode> {
    const { rootOnly = [], noAccount = [] } = this.#options
    const memberId = memberIdOf(key(`member ${index}`))
    const account = scheme.signer(key(`account ${index}`))
    const voting = scheme.signer(key(`voting ${index}`))
    const disk = new SimDisk().open({ touch() {} })
    const server = new FollowServer({ clock: this.clock })
    const follower = new LightFollower(
      {
        clock: this.clock,
        random: seededRandom(index),
        log: quiet,
        rules: lightRules(scheme),
        store: scopedStore(disk, Uint8Array.of(9)),
        members: {
          of: (chainId) => this.peers.filter((_, one) => this.nodes[one]?.ledgers.runningOf(chainId) !== undefined),
          request: (peer, body) => this.#follow(index, peer, body),
        },
      },
      {
        onConflict: ({ chainId }, conflict) => this.nodes[index]?.ledgers.runningOf(chainId)?.show(conflict),
      },
    )
    const duties = new Duties({
      clock: this.clock,
      log: quiet,
      account,
      duties: [
        drawDuty({ votingSeed: key(`voting ${index}`), account: account.publicKey, memberId }),
        new FaultDuty({ clock: this.clock, scheme, memberId }),
        ...(this.#options.repliesToReviews === true ? [new ReviewDuty({ scheme, account: account.publicKey })] : []),
        new Linking({
          clock: this.clock,
          scheme,
          all: this.all,
          account: account.publicKey,
          memberId,
          follower,
          runningOf: (chainId) => this.nodes[index]?.ledgers.runningOf(chainId),
        }),
      ],
    })
    const running: RunningChain[] = []
    for (const genesis of this.all) {
      if (rootOnly.includes(index) && genesis.genesis.name !== 'root') continue
      const scope = (part: number) => scopedStore(disk, Uint8Array.of(part, genesis.genesis.name.length))
      const chain = await RunningChain.open(
        {
          genesis,
          keeps: 'full',
          trusts: () => follower.head(genesis.chainId),
          signer: voting,
          scheme,
          stores: { blocks: scope(1), sets: scope(2), cosigned: scope(3) },
          memberId,
          clock: this.clock,
          log: quiet,
          application: this.#application(genesis),
          open: async (fetchPiece) => this.#hosted(index, genesis, fetchPiece),
        },
        {
          ...this.#hooks(index),
          onDecided: (one) => {
            this.#note(index, one)
            if (!noAccount.includes(index)) void duties.decided(one)
          },
        },
      )
      running.push(chain)
      server.serve({
        ...chain.served,
        conflict: () => follower.conflict(genesis.chainId),
        onConflict: (conflict) => void follower.show(genesis.chainId, conflict),
        checkpoint: (size) => chain.cosigning.checkpointOf(size),
        onNote: (note) => (note === undefined ? chain.cosigning.checkpoint : chain.cosigning.receive(note)),
      })
    }
    const ledgers = new Ledgers({ all: this.all, running, clock: this.clock }, this.#hooks(index))
    return { ledgers, follower, server, account, voting, memberId }
  }

  #note(node: number, chain: RunningChain): void {
    const { height } = chain.status()
    const decided = chain.chain.block(height)
    const application = this.#application(chain.genesis)
    for (const bytes of decided?.block.transactions ?? []) {
      const transaction = decodeTransaction(bytes)
      const { kind } = application.describe(transaction.payload)
      const code = chain.outcomeOf(transactionId(bytes))?.result.code ?? -1
      const account = toHex(transaction.account)
      this.#sent.push({ node, chain: chain.name, kind: Number(kind), account, height, code })
    }
  }

  #hooks(index: number) {
    return {
      send: (peer: PeerId, body: Uint8Array) => this.#request(index, peer, body),
      follow: (peer: PeerId, body: Uint8Array) => this.#follow(index, peer, body),
      bulk: (peer: PeerId, body: Uint8Array) =>
        this.nodes[this.peers.indexOf(peer)]!.ledgers.supply(this.peers[index]!, body),
      peerOf: (name: string) => this.peers[this.#names.indexOf(name)],
      nameOf: (peer: PeerId) => this.#names[this.peers.indexOf(peer)],
      members: () => this.peers.filter((_, other) => other !== index),
      onBroken: (_: RunningChain, failure: Error) => void this.broken.push(failure.message),
    }
  }

  #application({ genesis, chainId }: LedgerGenesis) {
    const { name: chainName, time: genesisTime, validators, application } = genesis
    const given = { chainName, genesisTime, validators, genesis: application, modules: ledgerModules, scheme }
    return createLedgerApplication({ ...given, chainId, mayCarry })
  }

  #hosted(index: number, genesis: LedgerGenesis, fetchPiece: FetchPiece): OpenedApplication {
    const store = createMemoryDisk({ random: seededRandom(index) }).open()
    const application = this.#application(genesis)
    // The newest state, for the test to read.
    let newest: StateReader = { get: () => undefined }
    const read = {
      read(view: StateReader) {
        newest = view
      },
    }
    const hosted = hostedMethods(
      store,
      Object.assign(application, { questions: { ...application.questions, ...read } }),
    )
    this.#states.set(`${index} ${genesis.genesis.name}`, () => {
      hosted.ask('read', undefined)
      return newest
    })
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
    const passed = this.#passed(from, to, body)
    if (passed === undefined) return Promise.resolve(new Uint8Array())
    return this.#travel(to, (node) => node.ledgers.handle(this.peers[from]!, passed))
  }

  #passed(from: number, to: PeerId, body: Uint8Array): Uint8Array | undefined {
    const { onTheWay } = this
    const request = decodeLedgerRequest(body)
    if (onTheWay === undefined || request.kind !== LedgerRequestKind.CHAIN) return body
    const chain = this.nodes[from]!.ledgers.runningOf(request.chainId)!
    const message = decodeMessage(request.chainId, request.body)
    const passed = onTheWay(chain, from, this.peers.indexOf(to), message)
    return passed && encodeLedgerRequest({ ...request, body: encodeMessage(request.chainId, passed) })
  }

  #follow(from: number, to: PeerId, body: Uint8Array): Promise<Uint8Array> {
    return this.#travel(to, (node) => node.server.answer(this.peers[from]!, body))
  }

  #travel(to: PeerId, answer: (node: LinkedNode) => Uint8Array | Promise<Uint8Array>): Promise<Uint8Array> {
    const at = this.peers.indexOf(to)
    return new Promise((resolve, reject) => {
      this.clock.after(5, () => {
        if (this.deaf.has(at)) return reject(new ChordnsError('PEER_TIMEOUT', 'deaf', {}))
        Promise.resolve()
          .then(() => answer(this.nodes[at]!))
          .then(resolve, reject)
      })
    })
  }
}
