/**
 * An application where its state is: it is asked by calls of plain data, in order, from the thread that the chain runs in. Blocks are tried on
 * views of the newest version; the one that was decided is written.
 */
import { ChordnsError, toHex } from '../../base/index.ts'
import type { Application, BlockContent, BuildPlace, Built, Executed } from '../application.ts'
import { limits } from '../limits.ts'
import { MerkleHashes } from '../trees/merkle-hashes.ts'
import { assemblyIn } from './assembly.ts'
import { rowKey, STATE_ROW } from './rows.ts'
import { type StatePairs, VersionedState } from './versioned-state.ts'
import { type StateView, StateViews } from './view.ts'

/**
 * What runs on a ledger chain: an `Application` over a view of the state on disk. `ticket` and `knowsRules` are asked where the chain runs,
 * without a state; all else where the state is.
 */
export type StateApplication = Omit<Application<StateView>, 'initial' | 'root' | 'snapshot' | 'restore'> & {
  /** The state before the first block. */
  begin(empty: StateView): StateView
  /** What others may ask of the newest decided state, by name; arguments and answers are plain data. */
  readonly questions?: Readonly<Record<string, (view: StateView, given: unknown) => unknown>>
}

/** A decided state as the chain knows it. */
export interface StatePoint {
  /** 0: before the first block. */
  readonly height: number
  readonly root: Uint8Array
}

export interface HostedState {
  /** The newest state that is written. */
  readonly point: StatePoint
  /** What the chain had written beside it. */
  readonly note: Uint8Array | undefined
  /** The height of what is being put together from pieces. */
  readonly assembling: number | undefined
}

export interface HostedMethods {
  open(): HostedState
  /** Undefined when the block is not valid. Throws CHAIN_STATE_ORDER when it does not follow the newest state that is written. */
  execute(block: BlockContent): Executed<StatePoint> | undefined
  build(place: BuildPlace, around: Pick<BlockContent, 'proposer' | 'consensus'>): Built<StatePoint>
  /** One verdict for each. */
  admit(transactions: readonly Uint8Array[]): readonly boolean[]
  /** Writes the state after the block, and the note beside it, in one batch; `isDurable`: it, and all before it, survives the loss of power. */
  decide(block: BlockContent, root: Uint8Array, note: Uint8Array, isDurable: boolean): void
  /** The state of this height was put together from pieces: what stands beside it. */
  adopt(height: number, note: Uint8Array): StatePoint
  /** All hashes of the tree of a block's transactions, for who must prove parts of it: the work is done here. */
  hashes(transactions: readonly Uint8Array[]): Uint8Array
  /** One of the application's questions. Throws a RangeError when it has none of this name, and as the question does. */
  ask(name: string, given: unknown): unknown
}

export type HostedMethod = keyof HostedMethods

export const HOSTED_METHODS = [
  'open',
  'execute',
  'build',
  'admit',
  'decide',
  'adopt',
  'hashes',
  'ask',
] as const satisfies readonly HostedMethod[]

export function hostedMethods(pairs: StatePairs, application: StateApplication): HostedMethods {
  const hosted = new Hosted(pairs, application)
  return {
    open: () => hosted.open(),
    execute: (block) => hosted.execute(block),
    build: (place, around) => hosted.build(place, around),
    admit: (transactions) => hosted.admit(transactions),
    decide: (block, root, note, isDurable) => hosted.decide(block, root, note, isDurable),
    adopt: (height, note) => hosted.adopt(height, note),
    hashes: (transactions) => hosted.hashes(transactions),
    ask: (name, given) => hosted.ask(name, given),
  }
}

class Hosted implements HostedMethods {
  readonly #pairs: StatePairs
  readonly #application: StateApplication
  readonly #state: VersionedState
  readonly #views: StateViews
  readonly #genesis: StateView
  /** Blocks of the next height that were tried, by their root: the newest last. */
  #tried = new Map<string, StateView>()

  constructor(pairs: StatePairs, application: StateApplication) {
    this.#pairs = pairs
    this.#application = application
    this.#state = new VersionedState(pairs)
    this.#views = new StateViews(this.#state)
    this.#genesis = application.begin(this.#views.empty())
  }

  open(): HostedState {
    return {
      point: this.#point(),
      note: this.#pairs.get(rowKey(STATE_ROW.note)),
      assembling: assemblyIn(this.#pairs)?.height,
    }
  }

  execute(block: BlockContent): Executed<StatePoint> | undefined {
    const executed = this.#apply(block)
    return executed && { ...executed, isVotedFor: this.#application.votesFor?.(block) ?? true }
  }

  build(place: BuildPlace, around: Pick<BlockContent, 'proposer' | 'consensus'>): Built<StatePoint> {
    const application = this.#application
    const { height, time } = place
    const view = this.#before(height)
    const transactions: Uint8Array[] = []
    const refused: Uint8Array[] = []
    for (const one of place.transactions) (application.admits(view, one) ? transactions : refused).push(one)
    const made = application.build(view, { height, time, transactions })
    const executed = this.#apply({ height, time, ...made, ...around })
    return { ...made, executed: executed && { ...executed, isVotedFor: true }, refused }
  }

  admit(transactions: readonly Uint8Array[]): readonly boolean[] {
    const view = this.#newest()
    return transactions.map((one) => this.#application.admits(view, one))
  }

  decide(block: BlockContent, root: Uint8Array, note: Uint8Array, isDurable: boolean): void {
    const { height } = block
    if (this.#tried.get(triedKey(height, root)) === undefined) this.#apply(block)
    const view = this.#tried.get(triedKey(height, root))
    if (view === undefined) {
      const text = `the block of height ${height} does not lead to the state that was decided`
      throw new ChordnsError('CHAIN_STATE_ORDER', text, { height })
    }
    this.#views.commit(view, height, [{ kind: 'put', key: rowKey(STATE_ROW.note), value: note }], isDurable)
    this.#tried.clear()
  }

  adopt(height: number, note: Uint8Array): StatePoint {
    const point = this.#point()
    if (point.height !== height)
      throw new ChordnsError('CHAIN_STATE_ORDER', `the state is of height ${point.height}, not ${height}`, { height })
    this.#pairs.batch([{ kind: 'put', key: rowKey(STATE_ROW.note), value: note }], { durable: false })
    this.#tried.clear()
    return point
  }

  hashes(transactions: readonly Uint8Array[]): Uint8Array {
    return MerkleHashes.of(transactions).bytes
  }

  ask(name: string, given: unknown): unknown {
    const { questions = {} } = this.#application
    const question = Object.hasOwn(questions, name) ? questions[name] : undefined
    if (question === undefined) throw new RangeError(`no question ${name}`)
    return question(this.#newest(), given)
  }

  #apply(block: BlockContent) {
    const { height } = block
    const applied = this.#application.apply(this.#before(height), block)
    if (applied === undefined) return undefined
    const root = applied.state.root()
    const key = triedKey(height, root)
    this.#tried.delete(key)
    this.#tried.set(key, applied.state)
    if (this.#tried.size > limits.MAX_PREPARED) this.#tried.delete(this.#tried.keys().next().value!)
    return { ...applied, state: { height, root } }
  }

  #before(height: number): StateView {
    const head = this.#state.head()?.height ?? 0
    if (height !== head + 1)
      throw new ChordnsError('CHAIN_STATE_ORDER', `a block of height ${height} on the state of ${head}`, { height })
    return this.#newest()
  }

  #newest(): StateView {
    const head = this.#state.head()
    return head === undefined ? this.#genesis : this.#views.at(head.height)
  }

  #point(): StatePoint {
    const head = this.#state.head()
    return head === undefined ? { height: 0, root: this.#genesis.root() } : { height: head.height, root: head.root }
  }
}

function triedKey(height: number, root: Uint8Array): string {
  return `${height} ${toHex(root)}`
}
