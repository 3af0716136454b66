/** Runs the machine: carries out its effects on the ports, disk first, and turns what happens into events. */
import { type Cancel, isChordnsError, type Store } from '../../base/index.ts'
import type { Application, ApplicationFront } from '../application.ts'
import { ZERO_HASH } from '../blocks/blocks.ts'
import { decodeResume, isResume } from '../blocks/halts.ts'
import { type ChainMessage, decodeMessage } from '../blocks/messages.ts'
import { sortedValidators } from '../blocks/validators.ts'
import { limits } from '../limits.ts'
import { initialState, nothingRemembered, statusOf, step } from '../machine/machine.ts'
import { tendermintRules } from '../machine/rules.ts'
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
import type { StatePoint } from '../state/hosted.ts'
import { type HistoryHashes, historyPath } from '../trees/history.ts'
import type {
  Block,
  BlockCertificate,
  CertifiedBlock,
  CertifiedHeader,
  ChainEquivocation,
  ChainStatus,
  Validator,
} from '../types.ts'
import { blocksFor, PartServing } from './block-serving.ts'
import type { Chain, ChainDeps, ChainHooks, StateChainDeps } from './chain.ts'
import { ChainStore } from './chain-store.ts'
import { type Elsewhere, elsewhere } from './elsewhere.ts'
import { Writing } from './writing.ts'

type DriverDeps<S> = Omit<ChainDeps<S>, 'application'> & {
  readonly trusts?: NonNullable<ChainContext<S>['trusts']>
  readonly application: Application<S> | ApplicationFront<S>
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
  readonly #parts: PartServing
  readonly #timers = new Map<ChainTimer, Cancel>()
  /** Events that effects lead to come after all effects of their step, so that order is the machine's. */
  readonly #queue: ChainEvent<S>[] = []
  #state: ChainState<S>
  #running = false
  #draining = false
  /** What this chain left to be written in its last life is not on disk yet. */
  #waitsForDisk = false
  readonly #writing: Writing

  constructor(deps: DriverDeps<S>, hooks: ChainHooks<S>, options: ChainOptions, other?: Elsewhere<S>) {
    const { chainId, validators, signer, scheme, application, stores } = deps
    this.chainId = chainId
    this.#deps = deps
    this.#hooks = hooks
    this.#writing = new Writing({
      onPersisted: (token) => this.#feed({ kind: 'persisted', token }),
      onFailure: (failure) => this.#fail(failure),
    })
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
    this.#parts = new PartServing(this.#store, other, (to, message) => hooks.send(to, message))
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
    this.#writing.after(this.#votes, () =>
      this.#writing.after(this.#deps.stores.blocks, () =>
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
        afterBlocks: (done) => this.#writing.after(stores.blocks, done),
      },
    )
  }

  stop(): void {
    this.#running = false
    this.#elsewhere?.close()
    this.#parts.stop()
    this.#writing.stop()
    this.#queue.length = 0
    for (const cancel of this.#timers.values()) cancel()
    this.#timers.clear()
  }

  submit(transaction: Uint8Array): void {
    this.#feed({ kind: 'submit', transaction })
  }

  accuse(accusation: ChainEquivocation, validators: readonly Validator[]): void {
    this.#feed({ kind: 'accuse', accusation, validators })
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

  waiting(): Iterable<Uint8Array> {
    return this.#state.pool.values()
  }

  block(height: number): CertifiedBlock | undefined {
    return this.#store.block(height)
  }

  header(height: number): CertifiedHeader | undefined {
    return this.#store.header(height)
  }

  proofs(height: number): readonly BlockCertificate[] {
    return this.#store.proofs(height)
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
        this.#writing.persisted(this.#votes, effect.token)
        return
      case 'persistBlock':
        store.putBlock(effect.decided, effect.snapshot, this.#context.options, effect.made)
        this.#writing.persisted(this.#deps.stores.blocks, effect.token)
        return
      case 'persistSnapshot':
        store.putSnapshot(effect.snapshot)
        this.#writing.persisted(this.#deps.stores.blocks, effect.token)
        return
      case 'send':
        for (const peer of effect.to) this.#hooks.send(peer, effect.message)
        return
      case 'serveBlocks':
        this.#serveBlocks(effect)
        return
      case 'servePart':
        this.#parts.serve(effect)
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
      case 'keepProofs':
        store.putProofs(effect.height, effect.proofs)
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
    this.#store.putHalt({
      chainId,
      height: header.height,
      blockId: id,
      reason: reason.slice(0, limits.MAX_REASON_LETTERS),
      time,
    })
  }

  #serveBlocks(effect: Extract<ChainEffect<S>, { kind: 'serveBlocks' }>): void {
    const { message, bytes } = blocksFor(this.#store, effect)
    if (message !== undefined) this.#hooks.send(effect.to, message)
    if (this.#context.options.schema === 2) this.#feed({ kind: 'served', to: effect.to, bytes })
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
