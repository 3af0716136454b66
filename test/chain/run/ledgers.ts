/** Ledger nodes in virtual time whose state is on a disk of its own, and whose application answers after a while. */
import { setImmediate as settle } from 'node:timers/promises'
import { type Store, toHex } from '../../../src/base/index.ts'
import {
  type ApplicationPort,
  type CertifiedBlock,
  type Chain,
  type ChainMessage,
  type ChainOptions,
  createStateChain,
  type HostedMethod,
  hostedMethods,
  packedCalls,
  packedMethods,
  type RemoteState,
  type StateApplication,
  type StateChainDeps,
  type StatePoint,
  statePort,
  type Validator,
} from '../../../src/chain/index.ts'
import { type StateMethods, stateMethods } from '../../../src/chain/state/methods.ts'
import {
  createMemoryDisk,
  type DiskFaults,
  type MemoryDisk,
  seededRandom,
  soundDisk,
  type VirtualClock,
  virtualClock,
} from '../../../src/sim/index.ts'
import { stateApplication } from '../../sim/chain/application.ts'
import { SimDisk } from '../../sim/chain/disk.ts'
import { chainId, people, scheme } from '../one.ts'
import { localState } from '../state/local-state.ts'

export interface LedgersGiven {
  readonly n?: number
  /** Who is no validator at the start. */
  readonly spares?: number
  readonly options?: Partial<ChainOptions>
  /** How long the application takes for a call, ms. */
  readonly callMs?: number
  readonly application?: (validators: readonly Validator[]) => StateApplication
  /** What a node trusts from elsewhere. */
  readonly trusts?: StateChainDeps['trusts']
  /** Who has its blocks on a disk that can fail: `blockFaults` says how. */
  readonly failing?: number
  /** What becomes of a message on its way. */
  readonly twist?: (from: number, message: ChainMessage, to: number) => readonly ChainMessage[]
  /** Bytes of a piece as they come. */
  readonly twistPiece?: (from: number, bytes: Uint8Array) => Uint8Array
}

export class Ledgers {
  readonly clock: VirtualClock = virtualClock({ settle })
  readonly validators: readonly Validator[]
  readonly signers
  readonly names: readonly string[]
  readonly blocks: readonly SimDisk[]
  readonly states: readonly MemoryDisk[]
  readonly stateFaults: readonly DiskFaults[]
  readonly blockFaults: DiskFaults = soundDisk()
  readonly failingBlocks: MemoryDisk
  readonly chains: (Chain<StatePoint> | undefined)[] = []
  readonly decided: CertifiedBlock[][]
  readonly failures: string[] = []
  readonly sent: ChainMessage['type'][] = []
  readonly #given: LedgersGiven
  readonly #ends: AbortController[] = []
  readonly #stores: Store[] = []
  readonly #methods: (StateMethods | undefined)[] = []
  readonly #start: number
  readonly #muted = new Set<number>()

  constructor(given: LedgersGiven = {}) {
    const { n = 4, spares = 0 } = given
    this.#given = given
    this.#start = this.clock.now()
    const everybody = people(n + spares)
    this.validators = everybody.validators
    this.signers = everybody.signers
    this.names = this.validators.map(({ id }) => toHex(id))
    this.blocks = this.validators.map(() => new SimDisk())
    this.stateFaults = this.validators.map(soundDisk)
    this.states = this.validators.map((_, index) =>
      createMemoryDisk({ random: seededRandom(index), faults: this.stateFaults[index]! }),
    )
    this.failingBlocks = createMemoryDisk({ random: seededRandom(99), faults: this.blockFaults })
    this.decided = this.validators.map(() => [])
    for (let index = 0; index < n; index++) this.open(index)
  }

  open(index: number): Chain<StatePoint> {
    const { n = 4, options, twist = (_, message) => [message] } = this.#given
    const application = (this.#given.application ?? stateApplication)(this.validators)
    const end = new AbortController()
    this.#ends[index] = end
    const chain = createStateChain(
      {
        chainId,
        validators: this.validators.slice(0, n),
        signer: this.signers[index]!,
        scheme,
        application,
        ...(this.#given.trusts && { trusts: this.#given.trusts }),
        port: this.#port(index, application, end.signal),
        stores: {
          blocks: index === this.#given.failing ? this.failingBlocks.open() : this.blocks[index]!.open({ touch() {} }),
        },
        clock: this.clock,
        log: { debug() {}, info() {}, warn() {}, error: (_, message) => this.failures.push(message) },
      },
      {
        send: (to, message) => {
          const at = this.names.indexOf(to)
          if (this.#muted.has(index)) return
          this.sent.push(message.type)
          for (const one of twist(index, message, at))
            this.clock.after(5, () => this.chains[at]?.receive(this.names[index]!, one))
        },
        onDecided: (block) => this.decided[index]!.push(block),
        onStoreFailure: (failure) => this.failures.push(failure.message),
      },
      { genesisTime: this.#start - 60_000, snapshotEvery: 0, idleTickMs: 1_000, ...options },
    )
    this.chains[index] = chain
    chain.start()
    return chain
  }

  /** From now on it hears, and says nothing. */
  mute(index: number): void {
    this.#muted.add(index)
  }

  close(index: number): void {
    this.chains[index]?.stop()
    this.chains[index] = undefined
    this.#ends[index]?.abort()
    this.#methods[index] = undefined
    // What was not synced is lost.
    this.states[index]!.crash('power')
    if (index === this.#given.failing) this.failingBlocks.crash('process')
  }

  stateOf(index: number): RemoteState {
    return localState(this.#stores[index]!)
  }

  heights(): (number | undefined)[] {
    return this.chains.map((chain) => chain?.status().height)
  }

  roots(): (string | undefined)[] {
    return this.chains.map((chain) => chain && toHex(chain.status().stateRoot))
  }

  run(ms: number): Promise<void> {
    return this.clock.advanceAsync(ms)
  }

  #port(index: number, application: StateApplication, signal: AbortSignal): ApplicationPort {
    const { callMs = 3, twistPiece = (_, bytes) => bytes } = this.#given
    const store = this.states[index]!.open()
    this.#methods[index] = stateMethods(store)
    this.#stores[index] = store
    // As between threads: packed, and copied.
    const hosted = packedMethods(hostedMethods(store, application))
    const call = packedCalls(
      async (name, given) => {
        const one = hosted[name as HostedMethod] as (...list: readonly unknown[]) => unknown
        return structuredClone(one.call(hosted, ...(structuredClone(given) as unknown[])))
      },
      () => Promise.resolve(),
    )
    const port = statePort(
      {
        state: localState(store),
        call: async () => {
          throw new TypeError('calls go through the clock')
        },
        clock: this.clock,
        log: { debug() {}, info() {}, warn() {}, error() {} },
        fetchPiece: async (from, request) => {
          const at = this.names.indexOf(from)
          const methods = this.#methods[at]
          if (methods === undefined) throw new Error('nobody is there')
          return twistPiece(at, methods.piece(request))
        },
      },
      signal,
    )
    return {
      ...port,
      call: (method, given, done) => {
        const outcome = call(method, given).then(
          (result) => ({ result }),
          (failure: Error) => ({ failure }),
        )
        this.clock.after(callMs, () => void outcome.then((one) => done(one as never)))
      },
    }
  }
}
