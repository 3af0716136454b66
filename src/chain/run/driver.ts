/** Runs the machine: carries out its effects on the ports, disk first, and turns what happens into events. */
import { type Cancel, type Clock, isChordnsError, type Log, type Store } from '../../base/index.ts'
import type { SignatureScheme, Signer } from '../../crypto/index.ts'
import { sortedValidators } from '../blocks/blocks.ts'
import { type ChainMessage, decodeMessage } from '../blocks/messages.ts'
import { initialState, statusOf, step } from '../machine/machine.ts'
import { type ConsensusRules, tendermintRules } from '../machine/rules.ts'
import type { ChainContext, ChainEffect, ChainEvent, ChainState, ChainTimer, PeerName } from '../machine/state.ts'
import {
  type Application,
  type CertifiedBlock,
  type ChainEquivocation,
  type ChainOptions,
  type ChainStatus,
  chunkChainOptions,
  type Validator,
} from '../types.ts'
import { chainStore } from './store.ts'

export interface ChainParts<S> {
  /** 32 bytes. */
  readonly chainId: Uint8Array
  /** The set of the first heights, in any order. */
  readonly validators: readonly Validator[]
  readonly signer: Signer
  readonly scheme: SignatureScheme
  readonly application: Application<S>
  /** Blocks and snapshots. */
  readonly store: Store
  /** The sign guard, if it has its own file; default: `store`. */
  readonly votes?: Store
  readonly clock: Clock
  /** To validators and followers by the hex of their id. Messages may be lost, doubled and late; it must not throw. */
  readonly send: (to: PeerName, message: ChainMessage) => void
  readonly log: Log
  readonly options?: Partial<ChainOptions>
  /** `caughtUp`: taken with its certificate instead of by own votes. */
  readonly onDecided?: (decided: CertifiedBlock, state: S, caughtUp: boolean) => void
  readonly onEvidence?: (evidence: ChainEquivocation) => void
  /** Tests put known mistakes in here. */
  readonly rules?: ConsensusRules
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
  /** The application's state after the last decided block. */
  state(): S
  /** Throws CHAIN_MALFORMED when the stored block is damaged. */
  block(height: number): CertifiedBlock | undefined
  status(): ChainStatus
}

/** Opens the chain from the stores. Throws CHAIN_STORE, CHAIN_VALIDATORS or CHAIN_MALFORMED when it cannot. */
export function createChain<S>(parts: ChainParts<S>): Chain<S> {
  const { chainId, clock, log } = parts
  const options: ChainOptions = { ...chunkChainOptions, ...parts.options }
  const context: ChainContext<S> = {
    chainId,
    genesis: sortedValidators(parts.validators),
    signer: parts.signer,
    scheme: parts.scheme,
    application: parts.application,
    options,
    rules: parts.rules ?? tendermintRules(options.quorum),
  }
  const store = chainStore(chainId, parts.store, parts.votes ?? parts.store)
  let state: ChainState<S> = initialState(context, store.remembered(), clock.now())
  const timers = new Map<ChainTimer, Cancel>()
  let running = false

  /** Events that effects lead to come after all effects of their step, so that order is the machine's. */
  const queue: ChainEvent[] = []
  let draining = false

  function feed(event: ChainEvent): void {
    if (!running) return
    queue.push(event)
    if (draining) return
    draining = true
    try {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const result = step(context, state, next, clock.now())
        state = result.state
        for (const effect of result.effects) perform(effect)
      }
    } finally {
      draining = false
    }
  }

  function perform(effect: ChainEffect<S>) {
    switch (effect.kind) {
      case 'persistVote':
        store.putRecord(effect.record)
        queue.push({ kind: 'persisted', token: effect.token })
        return
      case 'persistBlock':
        store.putBlock(effect.decided, effect.snapshot, options.keepBlocks)
        queue.push({ kind: 'persisted', token: effect.token })
        return
      case 'persistSnapshot':
        store.putSnapshot(effect.snapshot)
        queue.push({ kind: 'persisted', token: effect.token })
        return
      case 'send':
        for (const peer of effect.to) parts.send(peer, effect.message)
        return
      case 'serveBlocks': {
        const blocks = store.blocksFrom(effect.from)
        if (blocks.length > 0) parts.send(effect.to, { type: 'blocks', blocks })
        else if (effect.snapshot !== undefined) parts.send(effect.to, { type: 'snapshot', head: effect.snapshot })
        return
      }
      case 'timer':
        return startTimer(effect)
      case 'decided':
        parts.onDecided?.(effect.decided, effect.app, effect.caughtUp)
        return
      case 'adopted':
        log.info({ height: effect.head.header.height }, 'took over a snapshot')
        return
      case 'evidence':
        log.warn({ kind: effect.evidence.kind, height: effect.evidence.first.height }, 'a validator signed twice')
        parts.onEvidence?.(effect.evidence)
        return
      case 'warn':
        log.warn({ reason: effect.reason, height: state.height }, 'no block in our turn')
        return
      case 'halt':
        log.error({ reason: effect.reason, height: state.height }, 'the chain halts')
        return
    }
  }

  function startTimer({ timer, afterMs, height, round }: Extract<ChainEffect<S>, { kind: 'timer' }>): void {
    timers.get(timer)?.()
    timers.set(
      timer,
      clock.after(afterMs, () => {
        timers.delete(timer)
        feed({ kind: 'timer', timer, height, round })
      }),
    )
  }

  return {
    chainId,
    start() {
      if (running) return
      running = true
      feed({ kind: 'start' })
    },
    stop() {
      running = false
      queue.length = 0
      for (const cancel of timers.values()) cancel()
      timers.clear()
    },
    submit: (transaction) => feed({ kind: 'submit', transaction }),
    receive: (from, message) => feed({ kind: 'message', from, message }),
    receiveBytes(from, bytes) {
      try {
        feed({ kind: 'message', from, message: decodeMessage(chainId, bytes) })
        return true
      } catch (error) {
        if (!isChordnsError(error, 'CHAIN_MALFORMED')) throw error
        state.stats.malformed++
        return false
      }
    },
    state: () => state.app,
    block: (height) => store.block(height),
    status: () => statusOf(context, state),
  }
}
