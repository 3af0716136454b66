/** Runs the machine: carries out its effects on the ports, disk first, and turns what happens into events. */
import { type Cancel, type Clock, equalBytes, isChordnsError, type Log, type Store } from '../../base/index.ts'
import type { SignatureScheme, Signer } from '../../crypto/index.ts'
import type { Application, ApplicationFront } from '../application.ts'
import { ZERO_HASH } from '../blocks/blocks.ts'
import { decodeResume, isResume } from '../blocks/halts.ts'
import { type ChainMessage, decodeMessage } from '../blocks/messages.ts'
import { bareOf, isInline } from '../blocks/parts.ts'
import { sortedValidators } from '../blocks/validators.ts'
import { limits } from '../limits.ts'
import { initialState, nothingRemembered, statusOf, step } from '../machine/machine.ts'
import { partsOf } from '../machine/part-sending.ts'
import { type ConsensusRules, tendermintRules } from '../machine/rules.ts'
import type {
  ChainContext,
  ChainEffect,
  ChainEvent,
  ChainPast,
  ChainState,
  ChainTimer,
  PeerName,
} from '../machine/state.ts'
import { type ChainOptions, chunkChainOptions, ledgerChainOptions } from '../options.ts'
import type { StateApplication, StatePoint } from '../state/hosted.ts'
import { type HistoryHashes, historyPath } from '../trees/history.ts'
import type { Block, CertifiedBlock, CertifiedHeader, ChainEquivocation, ChainStatus, Validator } from '../types.ts'
import { ChainStore } from './chain-store.ts'
import { type ApplicationPort, type Elsewhere, elsewhere } from './elsewhere.ts'

/** Characters of a reason that are kept. */
const MAX_REASON = 256

export interface ChainDeps<S> {
  /** 32 bytes. */
  readonly chainId: Uint8Array
  /** The set of the first heights, in any order. */
  readonly validators: readonly Validator[]
  readonly signer: Signer
  readonly scheme: SignatureScheme
  readonly application: Application<S>
  readonly stores: EngineStores
  readonly clock: Clock
  readonly log: Log
  /** Tests put known mistakes in here. */
  readonly rules?: ConsensusRules
}

/** What a chain needs whose application works where its state is on disk. */
export interface StateChainDeps extends Omit<ChainDeps<StatePoint>, 'application'> {
  /** Of it only what is asked without a state. */
  readonly application: Pick<StateApplication, 'ticket' | 'knowsRules'>
  /** Where the rest of it is. */
  readonly port: ApplicationPort
  /** The newest header that this node trusts from elsewhere: who begins with a checkpoint needs it to take a state. */
  readonly trusts?: NonNullable<ChainContext<StatePoint>['trusts']>
}

export interface EngineStores {
  /** Blocks and snapshots. */
  readonly blocks: Store
  /** The sign guard, if it has its own file; default: `blocks`. */
  readonly votes?: Store
}

/** Of a message with these blocks; a header and two certificates are a kilobyte or more. */
function roughBytes(blocks: readonly CertifiedBlock[]): number {
  const bytes = blocks.reduce(
    (sum, { block }) => sum + block.transactions.reduce((all, one) => all + one.length, 1_500),
    0,
  )
  return Math.min(limits.MAX_MESSAGE_BYTES, bytes + 1_000)
}

type DriverDeps<S> = Omit<ChainDeps<S>, 'application'> & {
  readonly trusts?: NonNullable<ChainContext<S>['trusts']>
  readonly application: Application<S> | ApplicationFront<S>
}

/** What throws in a hook ends the step, and is thrown on to whoever caused the step. */
export interface ChainHooks<S> {
  /**
   * To validators and followers by the hex of their id. Owes one try: messages may be lost, doubled and late. It must not
   * throw, and must not call this chain before it returns.
   */
  readonly send: (to: PeerName, message: ChainMessage) => void
  /**
   * The block is written, and on disk before anything leaves that depends on it. `caughtUp`: taken with its certificate instead of
   * by own votes. `results`: schema 2, one for each transaction, as bytes.
   */
  readonly onDecided?: (decided: CertifiedBlock, state: S, caughtUp: boolean, results: readonly Uint8Array[]) => void
  readonly onEvidence?: (equivocation: ChainEquivocation) => void
  /** A store did not take what had been handed to it: the chain has stopped. It must not throw. */
  readonly onStoreFailure?: (failure: Error) => void
}

export interface Chain<S> {
  readonly chainId: Uint8Array
  start(): void
  stop(): void
  /** Offers a transaction to this and all other validators. */
  submit(transaction: Uint8Array): void
  receive(from: PeerName, message: ChainMessage): void
  /** The same from bytes; false when they are malformed, which counts against the peer. */
  receiveBytes(from: PeerName, bytes: Uint8Array): boolean
  /**
   * Lets a halted chain go on from its head: a statement signed by a quorum of the set that decided the head. False when it is none, or the
   * chain is not halted. Throws CHAIN_MALFORMED.
   */
  resume(statement: Uint8Array): boolean
  /** The application's state after the last decided block. */
  state(): S
  /** Throws CHAIN_MALFORMED when the stored block is damaged. */
  block(height: number): CertifiedBlock | undefined
  /** The same without reading what is in the block. */
  header(height: number): CertifiedHeader | undefined
  /** Schema 2: the hashes of the history, as far as they are kept. */
  readonly historyHashes: HistoryHashes
  /** Of the height before, this one, and the next. */
  sets(): readonly (readonly Validator[])[]
  status(): ChainStatus
}

/** Opens the chain from the stores. Throws CHAIN_STORE, CHAIN_VALIDATORS or CHAIN_MALFORMED when it cannot. */
export function createChain<S>(
  deps: ChainDeps<S>,
  hooks: ChainHooks<S>,
  options: Partial<ChainOptions> = {},
): Chain<S> {
  return new ChainDriver(deps, hooks, { ...chunkChainOptions, ...options })
}

/**
 * The same for a ledger: application and state are elsewhere (`hostedMethods`, in a thread of its own), and are there for nobody else. The chain
 * is where it was some time after `start`; until then `status` says height 0. Throws CHAIN_STORE and CHAIN_VALIDATORS.
 */
export function createStateChain(
  deps: StateChainDeps,
  hooks: ChainHooks<StatePoint>,
  options: Partial<ChainOptions> = {},
): Chain<StatePoint> {
  const { ticket, knowsRules } = deps.application
  const application: ApplicationFront<StatePoint> = {
    worksElsewhere: true,
    initial: () => ({ height: 0, root: ZERO_HASH }),
    root: ({ root }) => root,
    ...(ticket && { ticket }),
    ...(knowsRules && { knowsRules }),
  }
  const given = { ...ledgerChainOptions, ...options }
  // A state is durable as of the snapshot before the last: blocks since then may have to be applied again.
  const keepBlocks = given.keepBlocks === undefined ? undefined : Math.max(given.keepBlocks, given.snapshotEvery)
  return new ChainDriver({ ...deps, application }, hooks, { ...given, keepBlocks }, elsewhere(deps.port))
}

class ChainDriver<S> implements Chain<S> {
  readonly chainId: Uint8Array
  readonly #deps: DriverDeps<S>
  readonly #hooks: ChainHooks<S>
  readonly #context: ChainContext<S>
  readonly #store: ChainStore
  readonly #elsewhere: Elsewhere<S> | undefined
  readonly #timers = new Map<ChainTimer, Cancel>()
  /** Events that effects lead to come after all effects of their step, so that order is the machine's. */
  readonly #queue: ChainEvent<S>[] = []
  #state: ChainState<S>
  #running = false
  #draining = false
  /** What this chain left to be written in its last life is not on disk yet. */
  #waitsForDisk = false
  /** What is not on disk yet, in the order of tokens. */
  #unwritten: { readonly token: number; isWritten: boolean }[] = []
  /** Another one after each stop: what was begun before does not go on. */
  #life = {}

  constructor(deps: DriverDeps<S>, hooks: ChainHooks<S>, options: ChainOptions, other?: Elsewhere<S>) {
    const { chainId, validators, signer, scheme, application, stores } = deps
    this.chainId = chainId
    this.#deps = deps
    this.#hooks = hooks
    this.#store = new ChainStore(chainId, stores.blocks, stores.votes ?? stores.blocks)
    const past: ChainPast = {
      header: (height) => this.#store.header(height)?.header,
      path: (of, within) => historyPath(this.#store.historyHash, of - 1, within - 1),
    }
    this.#context = {
      past,
      chainId,
      genesis: sortedValidators(validators),
      signer,
      scheme,
      application,
      options,
      rules: deps.rules ?? tendermintRules(options.quorum),
      ...(deps.trusts && { trusts: deps.trusts }),
    }
    this.#elsewhere = other
    const remembered = other === undefined ? this.#store.remembered() : nothingRemembered
    this.#state = initialState(this.#context, remembered, deps.clock.now())
    this.#state.halted = this.#store.halt()?.reason
  }

  start(): void {
    if (this.#running) return
    this.#running = true
    this.#queue.push({ kind: 'start' })
    this.#waitsForDisk = true
    // A record that was read may still be on its way to the disk: nothing that it stands for is sent before it is there.
    this.#afterWriting(this.#votes, () =>
      this.#afterWriting(this.#deps.stores.blocks, () =>
        this.#open(() => {
          this.#waitsForDisk = false
          this.#drain()
        }),
      ),
    )
  }

  /** Where the application is elsewhere, the chain is as it was once that one has said where it is. */
  #open(next: () => void) {
    if (this.#elsewhere === undefined) return next()
    const { clock, stores } = this.#deps
    const { keepVersions } = this.#context.options
    this.#elsewhere.open(
      { context: this.#context, store: this.#store, now: clock.now(), keepVersions },
      {
        onOpen: (state) => {
          this.#state = state
          state.halted = this.#store.halt()?.reason
          next()
        },
        onEvent: (event) => this.#feed(event),
        onFailure: (failure) => this.#fail(failure),
        afterBlocks: (done) => this.#afterWriting(stores.blocks, done),
      },
    )
  }

  stop(): void {
    this.#running = false
    this.#elsewhere?.close()
    this.#life = {}
    this.#queue.length = 0
    this.#unwritten = []
    for (const cancel of this.#timers.values()) cancel()
    this.#timers.clear()
  }

  submit(transaction: Uint8Array): void {
    this.#feed({ kind: 'submit', transaction })
  }

  receive(from: PeerName, message: ChainMessage): void {
    this.#feed({ kind: 'message', from, message })
  }

  receiveBytes(from: PeerName, bytes: Uint8Array): boolean {
    try {
      this.#feed({ kind: 'message', from, message: decodeMessage(this.chainId, bytes) })
      return true
    } catch (error) {
      if (!isChordnsError(error, 'CHAIN_MALFORMED')) throw error
      this.#state.stats.malformed++
      return false
    }
  }

  resume(statement: Uint8Array): boolean {
    const { height, headId } = this.status()
    const { previousValidators } = this.#state
    const { scheme, rules } = this.#context
    const quorum = rules.quorum(previousValidators.length)
    const head = { chainId: this.chainId, height, headId }
    if (
      this.#state.halted === undefined ||
      !isResume(scheme, previousValidators, quorum, head, decodeResume(statement))
    )
      return false
    this.#store.dropHalt()
    this.#state.halted = undefined
    // What was found wrong may be right by the release that goes on.
    this.#state.executions.clear()
    this.#state.executing.clear()
    this.#feed({ kind: 'start' })
    return true
  }

  state(): S {
    return this.#state.app
  }

  block(height: number): CertifiedBlock | undefined {
    return this.#store.block(height)
  }

  header(height: number): CertifiedHeader | undefined {
    return this.#store.header(height)
  }

  get historyHashes(): HistoryHashes {
    return this.#store.historyHash
  }

  sets(): readonly (readonly Validator[])[] {
    const { previousValidators, validators, nextValidators } = this.#state
    return [previousValidators, validators, nextValidators]
  }

  status(): ChainStatus {
    return statusOf(this.#context, this.#state)
  }

  #feed(event: ChainEvent<S>): void {
    if (!this.#running) return
    // While the disk is waited for: messages may be lost.
    if (event.kind === 'message' && this.#queue.length >= limits.MAX_QUEUED_EVENTS) return
    this.#queue.push(event)
    this.#drain()
  }

  #drain(): void {
    if (this.#draining || this.#waitsForDisk) return
    this.#draining = true
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        const result = step(this.#context, this.#state, next, this.#deps.clock.now())
        this.#state = result.state
        if (!this.#performAll(result.effects)) return
      }
    } finally {
      this.#draining = false
    }
  }

  /** False when the chain has stopped in the middle. */
  #performAll(effects: readonly ChainEffect<S>[]): boolean {
    try {
      for (const effect of effects) this.#perform(effect)
      return true
    } catch (error) {
      // A chunk chain's owner sees to its stores; a ledger ends cleanly, and nothing of what follows is done or sent.
      if (this.#context.options.schema === 1 || !isChordnsError(error) || !error.code.startsWith('STORE_')) throw error
      this.#fail(error)
      return false
    }
  }

  #perform(effect: ChainEffect<S>): void {
    const { log } = this.#deps
    const store = this.#store
    const { height } = this.#state
    switch (effect.kind) {
      case 'persistVote':
        store.putRecord(effect.record)
        this.#tellWhenPersisted(this.#votes, effect.token)
        return
      case 'persistBlock':
        store.putBlock(effect.decided, effect.snapshot, this.#context.options, effect.made)
        this.#tellWhenPersisted(this.#deps.stores.blocks, effect.token)
        return
      case 'persistSnapshot':
        store.putSnapshot(effect.snapshot)
        this.#tellWhenPersisted(this.#deps.stores.blocks, effect.token)
        return
      case 'send':
        for (const peer of effect.to) this.#hooks.send(peer, effect.message)
        return
      case 'serveBlocks':
        this.#serveBlocks(effect)
        return
      case 'servePart':
        this.#servePart(effect)
        return
      case 'execute':
      case 'build':
      case 'admit':
      case 'commit':
      case 'fetchState':
        this.#elsewhere?.perform(effect)
        return
      case 'timer':
        this.#startTimer(effect)
        return
      case 'decided':
        this.#hooks.onDecided?.(effect.decided, effect.app, effect.caughtUp, effect.results)
        return
      case 'adopted':
        log.info({ height: effect.head.header.height }, 'took over a snapshot')
        return
      case 'evidence':
        log.warn({ kind: effect.evidence.kind, height: effect.evidence.first.height }, 'a validator signed twice')
        this.#hooks.onEvidence?.(effect.evidence)
        return
      case 'warn':
        log.warn({ reason: effect.reason, height }, 'no block in our turn')
        return
      case 'noSnapshot':
        log.error({ bytes: effect.bytes, height }, 'the state is too large for a snapshot: none is taken')
        return
      case 'halt':
        if (effect.invalid !== undefined) this.#keepHalt(effect.reason, effect.invalid)
        log.error({ reason: effect.reason, height }, 'the chain halts')
        return
    }
  }

  get #votes(): Store {
    const { blocks, votes } = this.#deps.stores
    return votes ?? blocks
  }

  /** Two files may be written in another order than they were handed out: the machine hears of tokens in theirs. */
  #tellWhenPersisted(store: Store, token: number): void {
    const one = { token, isWritten: false }
    this.#unwritten.push(one)
    this.#afterWriting(store, () => {
      one.isWritten = true
      const stillOpen = this.#unwritten.findIndex(({ isWritten }) => !isWritten)
      const done = this.#unwritten.splice(0, stillOpen === -1 ? this.#unwritten.length : stillOpen).at(-1)
      if (done !== undefined) this.#feed({ kind: 'persisted', token: done.token })
    })
  }

  /** Goes on once what was just written is on disk. What cannot be kept ends the chain here. */
  #afterWriting(store: Store, next: () => void): void {
    const life = this.#life
    store.written((failure) => {
      if (this.#life !== life) return
      if (failure === undefined) next()
      else this.#fail(failure)
    })
  }

  /** What was not kept must not be built upon: the chain stops, says why, and is where it was when it is started again. */
  #fail(failure: Error): void {
    if (!this.#running) return
    this.stop()
    this.#state.halted = failure.message
    this.#hooks.onStoreFailure?.(failure)
  }

  /** Of ledgers only: a chunk chain that halts is replaced by the next one of its chunk. */
  #keepHalt(reason: string, { id, header }: Block): void {
    if (this.#context.options.schema === 1) return
    const { chainId } = this
    const time = this.#deps.clock.now()
    this.#store.putHalt({ chainId, height: header.height, blockId: id, reason: reason.slice(0, MAX_REASON), time })
  }

  #serveBlocks({ to, from, snapshot }: Extract<ChainEffect<S>, { kind: 'serveBlocks' }>): void {
    const blocks = this.#store.blocksFrom(from)
    const [first] = blocks
    if (first !== undefined && !isInline(first.block)) {
      this.#hooks.send(to, { type: 'bare-block', bare: bareOf(first.block), certificate: first.certificate })
    } else if (first !== undefined) this.#hooks.send(to, { type: 'blocks', blocks })
    else if (snapshot !== undefined) this.#hooks.send(to, { type: 'snapshot', head: snapshot })
    if (this.#context.options.schema === 2) this.#feed({ kind: 'served', to, bytes: roughBytes(blocks) })
  }

  #servePart({ to, height, blockId, from }: Extract<ChainEffect<S>, { kind: 'servePart' }>): void {
    const block = this.#store.blockToServe(height)?.block
    if (block === undefined || !equalBytes(block.id, blockId)) return
    const part = partsOf(block).from(from)
    if (part !== undefined) this.#hooks.send(to, { type: 'part', height, blockId, part })
  }

  #startTimer({ timer, afterMs, height, round }: Extract<ChainEffect<S>, { kind: 'timer' }>): void {
    this.#timers.get(timer)?.()
    this.#timers.set(
      timer,
      this.#deps.clock.after(afterMs, () => {
        this.#timers.delete(timer)
        this.#feed({ kind: 'timer', timer, height, round })
      }),
    )
  }
}
