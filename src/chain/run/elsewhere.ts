/** The application in another thread: the machine's effects become calls there, in order, and what comes back becomes events. */
import { isChordnsError, toHex } from '../../base/index.ts'
import { encodeCanonical } from '../../crypto/index.ts'
import { snapshotHeadFromValue, snapshotHeadToValue } from '../blocks/messages.ts'
import { limits } from '../limits.ts'
import { onExecuted } from '../machine/execute.ts'
import { HeightLog } from '../machine/log.ts'
import { broken, initialState, replay, startFrom } from '../machine/machine.ts'
import type {
  ChainContext,
  ChainState,
  ChainWork,
  ExecutionEffect,
  ExecutionEvent,
  PeerName,
} from '../machine/state.ts'
import { readCbor } from '../reading.ts'
import type { CatchUpTarget } from '../state/catch-up.ts'
import type { HostedMethod, HostedMethods, HostedState, StatePoint } from '../state/hosted.ts'
import { MerkleHashes } from '../trees/merkle-hashes.ts'
import type { CertifiedBlock, SnapshotHead } from '../types.ts'
import type { ChainStore } from './chain-store.ts'

/** What was called gave a result, or failed. */
export type CallOutcome<T> = { readonly result: T } | { readonly failure: Error }

/** Where the application and its state are. All is done in the order in which it was asked for; `done` comes later, once. */
export interface ApplicationPort {
  call<M extends HostedMethod>(
    method: M,
    given: Parameters<HostedMethods[M]>,
    done: (outcome: CallOutcome<ReturnType<HostedMethods[M]>>) => void,
  ): void
  /** Gets the state of a certified header from those peers, in pieces. When it fails, what was gathered is given up. */
  fetch(target: CatchUpTarget, from: readonly PeerName[], done: (failure: Error | undefined) => void): void
  /** Removes, when there is time, what only versions below this height need. */
  prune(below: number): void
}

/** What the driver owes the application, and what it hears of it. */
export interface ElsewhereHooks<S> {
  readonly onOpen: (state: ChainState<S>) => void
  readonly onEvent: (event: ExecutionEvent<S>) => void
  /** Nothing more is done. Called once. */
  readonly onFailure: (failure: Error) => void
  /** Calls back once all blocks that were stored are on disk. */
  readonly afterBlocks: (next: () => void) => void
}

export interface Elsewhere<S> {
  /** The chain as it was: `onOpen` comes, or `onFailure`. */
  open(parts: OpeningParts<S>, hooks: ElsewhereHooks<S>): void
  perform(effect: ExecutionEffect): void
  /** The tree of a block's transactions: `done` comes later, unless the chain stops. */
  hashes(transactions: readonly Uint8Array[], done: (hashes: MerkleHashes) => void): void
  /** Nothing of what was begun goes on. */
  close(): void
}

export interface OpeningParts<S> {
  readonly context: ChainContext<S>
  readonly store: ChainStore
  readonly now: number
  /** Versions of the state that are kept. */
  readonly keepVersions: number
}

export function elsewhere(port: ApplicationPort): Elsewhere<StatePoint> {
  let life: Life | undefined
  return {
    open(parts, hooks) {
      life?.close()
      life = new Life(port, parts, hooks)
      life.open()
    },
    perform: (effect) => life?.perform(effect),
    hashes: (transactions, done) => life?.hashes(transactions, done),
    close() {
      life?.close()
      life = undefined
    },
  }
}

/** From a start of the chain to its stop. */
class Life {
  readonly #port: ApplicationPort
  readonly #parts: OpeningParts<StatePoint>
  readonly #hooks: ElsewhereHooks<StatePoint>
  /** What was not called yet, since blocks before it are not on disk. */
  readonly #waiting: { readonly call: () => void; readonly needsBlocks: boolean }[] = []
  #waitsForDisk = false
  #isOver = false
  readonly #toAdmit: Extract<ExecutionEffect, { kind: 'admit' }>[] = []
  #isAdmitting = false
  /** Takes the events of the blocks that are applied again at the start. */
  #onEvent: (event: ExecutionEvent<StatePoint>) => void

  constructor(port: ApplicationPort, parts: OpeningParts<StatePoint>, hooks: ElsewhereHooks<StatePoint>) {
    this.#port = port
    this.#parts = parts
    this.#hooks = hooks
    this.#onEvent = hooks.onEvent
  }

  close(): void {
    this.#isOver = true
    this.#waiting.length = 0
  }

  perform(effect: ExecutionEffect) {
    switch (effect.kind) {
      case 'execute': {
        const { height, id, content } = effect
        return this.#call('execute', [content], (result) => this.#tell({ kind: 'executed', height, id, result }))
      }
      case 'build': {
        const { round, place, around } = effect
        const { height } = place
        return this.#call('build', [place, around], (built) => this.#tell({ kind: 'built', height, round, built }))
      }
      case 'admit': {
        this.#toAdmit.push(effect)
        return this.#admit()
      }
      case 'commit': {
        const { content, head } = effect
        const { height, stateRoot } = head.header
        const { snapshotEvery } = this.#parts.context.options
        // Blocks below a snapshot may go: the state is past them for good then.
        const isDurable = snapshotEvery > 0 && height % snapshotEvery === 0
        this.#call('decide', [content, stateRoot, encodeNote(head), isDurable], () => {}, true)
        const below = height - this.#parts.keepVersions + 1
        if (below > 1) this.#port.prune(below)
        return
      }
      case 'fetchState':
        return this.#fetch(effect.head, effect.from)
    }
  }

  /** What comes while the application is asked is asked together after that: most come one by one, and each call costs as much as a signature. */
  #admit(): void {
    if (this.#isAdmitting || this.#toAdmit.length === 0) return
    this.#isAdmitting = true
    const asked = this.#toAdmit.splice(0, 1)
    let count = asked[0]!.transactions.length
    for (let next = this.#toAdmit[0]; next !== undefined; next = this.#toAdmit[0]) {
      count += next.transactions.length
      if (count > limits.ADMITTED_AT_ONCE) break
      asked.push(next)
      this.#toAdmit.shift()
    }
    const all = asked.flatMap(({ transactions }) => transactions)
    this.#call('admit', [all], (verdicts) => {
      let at = 0
      for (const { transactions, keys, of } of asked) {
        const own = verdicts.slice(at, at + transactions.length)
        at += transactions.length
        this.#tell({ kind: 'admitted', transactions, keys, verdicts: own, of })
      }
      this.#isAdmitting = false
      this.#admit()
    })
  }

  hashes(transactions: readonly Uint8Array[], done: (hashes: MerkleHashes) => void): void {
    this.#call('hashes', [transactions], (bytes) => done(new MerkleHashes(transactions.length, bytes)))
  }

  #call<M extends HostedMethod>(
    method: M,
    given: Parameters<HostedMethods[M]>,
    done: (result: ReturnType<HostedMethods[M]>) => void,
    needsBlocks = false,
  ): void {
    const call = () =>
      this.#port.call(method, given, (outcome) => {
        if (this.#isOver) return
        if ('failure' in outcome) this.#fail(outcome.failure)
        else done(outcome.result)
      })
    this.#waiting.push({ call, needsBlocks })
    this.#callWaiting()
  }

  /** In order; a state is written after its block, so that none is there whose block is not. */
  #callWaiting(): void {
    if (this.#waitsForDisk) return
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (next.needsBlocks) {
        this.#waitsForDisk = true
        this.#waiting[0] = { ...next, needsBlocks: false }
        let isNow = true
        this.#hooks.afterBlocks(() => {
          this.#waitsForDisk = false
          if (!isNow) this.#callWaiting()
        })
        isNow = false
        if (this.#waitsForDisk) return
        continue
      }
      this.#waiting.shift()
      next.call()
    }
  }

  #fetch(head: SnapshotHead, from: readonly PeerName[]): void {
    const { height, stateRoot: root } = head.header
    const call = () =>
      this.#port.fetch({ height, root }, from, (failure) => {
        if (this.#isOver) return
        if (failure === undefined)
          return this.#call('adopt', [height, encodeNote(head)], (app) => this.#tell({ kind: 'fetched', head, app }))
        if (isChordnsError(failure, 'CHAIN_NO_SOURCE')) this.#tell({ kind: 'fetched', head, app: undefined })
        else this.#fail(failure)
      })
    this.#waiting.push({ call, needsBlocks: true })
    this.#callWaiting()
  }

  #tell(event: ExecutionEvent<StatePoint>): void {
    this.#onEvent(event)
  }

  /** What a hook throws is not ours. */
  #failOn(error: unknown): void {
    if (!isChordnsError(error)) throw error
    this.#fail(error)
  }

  #fail(failure: Error): void {
    if (this.#isOver) return
    this.close()
    this.#hooks.onFailure(failure)
  }

  open(): void {
    this.#call('open', [], (hosted) => {
      try {
        this.#goOn(hosted)
      } catch (error) {
        this.#failOn(error)
      }
    })
  }

  /** From the state on disk; blocks that it lacks are applied again. */
  #goOn({ point, note, assembling }: HostedState): void {
    const { context, store, now } = this.#parts
    const state = initialState(context, { snapshot: undefined, blocks: [], record: store.record() }, now)
    state.app = point
    const stored = store.snapshot()
    if (point.height > 0) startFrom(state, headOfState(point, [readNote(note), stored?.head]), point)
    if (stored !== undefined && stored.head.header.height < state.height) state.snapshot = stored
    const { height } = state
    // What is put together from pieces has its head in the store of blocks; nothing can be applied before it is whole.
    const resumed = assembling !== undefined && stored?.head.header.height === assembling ? stored.head : undefined
    const blocks = resumed === undefined ? store.blocks(height) : []
    const work: ChainWork<StatePoint> = { context, state, now, effects: [] }
    this.#replay(work, blocks[Symbol.iterator](), () => {
      this.#onEvent = this.#hooks.onEvent
      // The blocks may have changed the set.
      state.log = new HeightLog(state.validators)
      if (resumed !== undefined) state.sync = { peer: '', deadline: now, download: undefined, isFetching: true }
      this.#hooks.onOpen(state)
      if (resumed !== undefined) this.#fetch(resumed, sourcesOf(resumed))
    })
  }

  #replay(work: ChainWork<StatePoint>, blocks: Iterator<CertifiedBlock>, done: () => void) {
    const next = blocks.next()
    if (next.done === true) return done()
    const goOn = () => {
      try {
        const verdict = replay(work, next.value)
        for (const effect of work.effects.splice(0)) this.perform(effect as ExecutionEffect)
        if (verdict === 'done') this.#replay(work, blocks, done)
      } catch (error) {
        this.#failOn(error)
      }
    }
    this.#onEvent = (event) => {
      if (event.kind === 'executed') onExecuted(work, event.height, event.id, event.result)
      goOn()
    }
    goOn()
  }
}

function headOfState(point: StatePoint, candidates: readonly (SnapshotHead | undefined)[]): SnapshotHead {
  const head = candidates.find((one) => one?.header.height === point.height)
  if (head === undefined || toHex(head.header.stateRoot) !== toHex(point.root))
    throw broken(point.height, 'the state on disk is of no header that is known')
  return head
}

function encodeNote(head: SnapshotHead): Uint8Array {
  return encodeCanonical(snapshotHeadToValue(head))
}

/** Throws CHAIN_MALFORMED. */
function readNote(note: Uint8Array | undefined): SnapshotHead | undefined {
  return note === undefined ? undefined : snapshotHeadFromValue(readCbor(note, limits.MAX_MESSAGE_BYTES, 'note'))
}

/** Who may have a state that was being fetched before a restart. */
function sourcesOf({ validators, nextValidators, afterValidators }: SnapshotHead): readonly PeerName[] {
  return [...new Set([...validators, ...nextValidators, ...afterValidators].map(({ id }) => toHex(id)))]
}
