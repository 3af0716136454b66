/**
 * The chains that are open: opened when somebody needs one, closed when idle, put to rest when they find no quorum.
 *
 *     closed -> open      wake: an entry is to be recorded, or a replica sends a message of the engine
 *     open -> closed      idle for a while; the least useful one when another needs the room; the ring changed who may vote
 *     open -> resting     no block for a long time: closed, and not woken by others for a while
 *     open -> failed      the disk failed: closed, and not opened for a while
 *     closed -> open      what is stored is damaged: it is dropped, and taken anew from the other replicas, once
 *     open -> broken      it is damaged again: closed for as long as this node runs
 */
import { type Cancel, type Clock, isChordnsError, type Log, type PeerId } from '../../base/index.ts'
import { type CertifiedBlock, type ChainEquivocation, isRetired } from '../../chain/index.ts'
import type { Signer } from '../../crypto/index.ts'
import type { TrustAnchor } from '../../dnssec/index.ts'
import type { KnownChain } from '../disk/book.ts'
import type { ChainsDisk } from '../disk/disk.ts'
import { type OpenChain, openChain } from '../disk/open.ts'
import { startOver } from '../disk/start-over.ts'
import { limits } from '../limits.ts'
import type { ChangeChecks } from '../state/context.ts'
import type { ChunkState } from '../state/state.ts'
import type { Groups } from './groups.ts'
import { type OnRecorded, recordBlock, recordBlocksLeft } from './recording.ts'

export interface RunningChainsDeps {
  readonly disk: ChainsDisk
  readonly groups: Groups
  readonly clock: Clock
  readonly log: Log
  readonly signer: Signer
  readonly checks: ChangeChecks
  /** The trust anchors of this node. */
  readonly anchors: () => readonly TrustAnchor[]
  readonly chunkBits: number
}

export interface RunningChainsHooks {
  /** Owes one try to bring a message of the engine to a replica; it must not throw. */
  readonly send: (known: KnownChain, to: PeerId, bytes: Uint8Array) => void
  readonly onRecorded: OnRecorded
  /** A replica has signed twice. Owes nothing. */
  readonly onEvidence: (evidence: ChainEquivocation) => void
}

export class RunningChains {
  readonly #deps: RunningChainsDeps
  readonly #hooks: RunningChainsHooks
  readonly #opened = new Map<string, OpenChain>()
  /** Until when those that rest are not woken by others, monotonic ms. */
  readonly #resting = new Map<string, number>()
  /** Until when those whose disk failed are not opened, monotonic ms. */
  readonly #failed = new Map<string, number>()
  /** Chains that were dropped since they were damaged, and are taken anew. */
  readonly #startedOver = new Set<string>()
  readonly counts = { decided: 0, caughtUp: 0, evidence: 0 }
  #tending: Cancel | undefined
  #stopped = false
  #toldAt = Number.NEGATIVE_INFINITY

  constructor(deps: RunningChainsDeps, hooks: RunningChainsHooks) {
    this.#deps = deps
    this.#hooks = hooks
  }

  get size(): number {
    return this.#opened.size
  }

  get(id: string): OpenChain | undefined {
    return this.#opened.get(id)
  }

  /** Chains that have something to do, less those that have not got on for a while. */
  atWork(): number {
    const since = this.#deps.clock.monotonic() - limits.AT_WORK_MS
    let count = 0
    for (const open of this.#opened.values()) if (open.advanced > since && !isIdle(open)) count++
    return count
  }

  isAtWork(id: string): boolean {
    const open = this.#opened.get(id)
    return open !== undefined && !isIdle(open)
  }

  isResting(id: string): boolean {
    return (this.#resting.get(id) ?? 0) > this.#deps.clock.monotonic()
  }

  /** closed -> open. Undefined when it cannot be opened now. `byPeer`: a replica's message must not end the rest of a chain. */
  wake(known: KnownChain, byPeer = false): OpenChain | undefined {
    const { disk, clock } = this.#deps
    const before = this.#opened.get(known.id)
    if (before !== undefined || this.#stopped) return before
    if (known.broken !== undefined || disk.book.bytes > limits.MAX_TOTAL_BYTES) return undefined
    if ((this.#failed.get(known.id) ?? 0) > clock.monotonic()) return undefined
    if (byPeer && this.isResting(known.id)) return undefined
    if (this.#opened.size >= limits.MAX_OPEN && !this.#makeRoom()) return undefined
    try {
      return this.#openAnyhow(known)
    } catch (error) {
      if (!isChordnsError(error)) throw error
      this.#fail(known, error.code, error.message)
      return undefined
    }
  }

  /** One that is damaged is passed over. Throws what `openChain` throws. */
  #openAnyhow(known: KnownChain): OpenChain | undefined {
    try {
      return this.#open(known)
    } catch (error) {
      if (!isChordnsError(error) || !error.code.startsWith('CHAIN_') || this.#startedOver.has(known.id)) throw error
      const { disk, log } = this.#deps
      this.#startedOver.add(known.id)
      startOver(disk, known)
      log.error(
        { chain: known.id, chunk: known.descriptor.chunk, code: error.code, reason: error.message },
        'a chunk chain is damaged on the disk: it is dropped here, and taken anew from the other replicas',
      )
      return this.#open(known)
    }
  }

  /** open -> closed */
  close(id: string): void {
    this.#opened.get(id)?.close()
    this.#opened.delete(id)
  }

  /** The ring changed, and with it who may vote: chains in the wrong mode are closed, and opened in the right one when needed. */
  ringChanged(): void {
    for (const open of [...this.#opened.values()]) if (open.mode !== this.#modeOf(open.known)) this.close(open.known.id)
  }

  stop(): void {
    this.#stopped = true
    this.#tending?.()
    for (const id of [...this.#opened.keys()]) this.close(id)
  }

  /** Throws what `openChain` throws. */
  #open(known: KnownChain): OpenChain | undefined {
    const { disk, clock, log, signer, checks, anchors, chunkBits } = this.#deps
    let hasFailed = false
    const open = openChain(
      { known, mode: this.#modeOf(known), chunkBits, signer, checks, anchors, clock, log, disk },
      {
        send: (to, bytes) => this.#hooks.send(known, to, bytes),
        onDecided: (decided, state, caughtUp) => this.#decided(known, decided, state, caughtUp),
        onEvidence: (evidence) => {
          this.counts.evidence++
          const { kind } = evidence
          log.warn({ chunk: known.descriptor.chunk, kind }, 'a replica signed two different things')
          this.#hooks.onEvidence(evidence)
        },
        onFailure: (code, reason) => {
          hasFailed = true
          this.#fail(known, code, reason)
        },
      },
    )
    if (hasFailed) return undefined
    this.#opened.set(known.id, open)
    this.#resting.delete(known.id)
    if (open.chain.status().height > known.totals.height)
      recordBlocksLeft(disk, known, open.chain.state(), this.#hooks.onRecorded)
    this.#tending ??= clock.after(limits.TEND_MS, () => this.#tend())
    return open
  }

  #modeOf(known: KnownChain): 'vote' | 'follow' {
    const { disk, groups, clock } = this.#deps
    const isCurrent =
      groups.of(known.descriptor.chunk)?.key === known.group && disk.book.current(known.group, clock.now()) === known
    try {
      const mayVote = isCurrent && !disk.seals.isSealed(known.chainId) && !isRetired(known.chainId, disk.votes)
      return mayVote ? 'vote' : 'follow'
    } catch (error) {
      // Who cannot say whether it may sign does not.
      if (isChordnsError(error)) return 'follow'
      throw error
    }
  }

  /** open -> failed, open -> broken */
  #fail(known: KnownChain, code: string, reason: string): void {
    const { clock, log } = this.#deps
    this.close(known.id)
    if (code.startsWith('STORE_')) this.#failed.set(known.id, clock.monotonic() + limits.FAILED_REST_MS)
    else known.broken = reason
    log.error(
      { chain: known.id, chunk: known.descriptor.chunk, code, reason },
      'a chunk chain cannot go on here: its entries are served as before; see `chordns chain verify`',
    )
  }

  /** Closes the one that was of no use for longest; false when all are in use. */
  #makeRoom(): boolean {
    const idle = [...this.#opened.values()].filter(isIdle).sort((a, b) => a.touched - b.touched)[0]
    if (idle !== undefined) this.close(idle.known.id)
    return idle !== undefined
  }

  /** open -> closed for those that are idle, open -> resting for those that find no quorum. */
  #tend(): void {
    this.#tending = undefined
    const { clock, log } = this.#deps
    const now = clock.monotonic()
    for (const open of [...this.#opened.values()]) {
      if (isIdle(open)) {
        if (now - open.touched >= limits.IDLE_CLOSE_MS) this.close(open.known.id)
      } else if (now - open.advanced >= limits.STALL_CLOSE_MS) {
        this.close(open.known.id)
        this.#rest(open.known.id)
        log.debug({ chunk: open.known.descriptor.chunk }, 'a chunk chain finds no quorum: it rests')
      }
    }
    if (this.#opened.size > 0 && !this.#stopped) this.#tending = clock.after(limits.TEND_MS, () => this.#tend())
  }

  #rest(id: string): void {
    this.#resting.set(id, this.#deps.clock.monotonic() + limits.STALL_REST_MS)
    if (this.#resting.size > limits.MAX_KNOWN) this.#resting.delete(this.#resting.keys().next().value!)
  }

  #decided(known: KnownChain, decided: CertifiedBlock, state: ChunkState, caughtUp: boolean): void {
    this.counts.decided++
    if (caughtUp) this.counts.caughtUp++
    this.#resting.delete(known.id)
    recordBlock(this.#deps.disk, known, decided, state, this.#hooks.onRecorded)
    if (caughtUp) this.#logCatchUp(known)
  }

  #logCatchUp(known: KnownChain): void {
    const { clock, log } = this.#deps
    const target = this.#opened.get(known.id)?.chain.status().target ?? 0
    const { height } = known.totals
    if (target <= height + 1 || clock.monotonic() - this.#toldAt < limits.TELL_PROGRESS_MS) return
    this.#toldAt = clock.monotonic()
    log.info({ chunk: known.descriptor.chunk, height, target }, 'catching up with a chunk chain')
  }
}

function isIdle({ chain }: OpenChain): boolean {
  const { waiting, step, height, target } = chain.status()
  return waiting === 0 && step === 'idle' && target <= height
}
