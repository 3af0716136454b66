/** The port to an application whose calls are promises, such as one in a thread; pieces of a state come from peers by requests. */
import type { Clock, Log } from '../../base/index.ts'
import { limits } from '../limits.ts'
import type { PeerName } from '../machine/state.ts'
import { catchUp } from '../state/catch-up.ts'
import type { RemoteState } from '../state/methods.ts'
import type { PieceRequest } from '../state/pieces.ts'
import type { ApplicationPort } from './elsewhere.ts'

export interface StatePortDeps {
  /** Carries a method of `hostedMethods` and its arguments to where they are. In order; rejects as the method throws. */
  readonly call: (name: string, given: readonly unknown[]) => Promise<unknown>
  readonly state: Pick<RemoteState, 'begin' | 'take' | 'abandon' | 'pruneSome'>
  readonly clock: Clock
  readonly log: Log
  /** A piece of the state as that peer has it. Rejects when it sends none. */
  readonly fetchPiece: (from: PeerName, request: PieceRequest, signal: AbortSignal) => Promise<Uint8Array>
}

export interface StatePort extends ApplicationPort {
  /** Somebody gets the state of this height in pieces: it is kept until nobody has asked for a while. */
  hold(height: number): void
}

/** `signal` ends what is being fetched. */
export function statePort({ call, state, clock, log, fetchPiece }: StatePortDeps, signal: AbortSignal): StatePort {
  /** When a piece of a height was asked for last. */
  const held = new Map<number, number>()
  let pruneBelow = 0
  let isPruning = false

  /** Bit by bit, so that others have their turn in between. */
  async function pruneAll(): Promise<void> {
    isPruning = true
    try {
      for (let done = 0; done < pruneBelow && !signal.aborted; ) {
        const below = pruneBelow
        if (!(await state.pruneSome(below))) done = below
      }
    } catch (error) {
      // What cannot be removed takes room and does no harm; what cannot be written shows with the next block.
      log.warn({ error: String(error) }, 'old versions of the state are not removed')
    } finally {
      isPruning = false
    }
  }

  /** A chain with a block a second is past what it keeps before a state of a million names is sent; but nobody may hold all versions. */
  function unheld(below: number): number {
    let lowest = below
    for (const [height, at] of held)
      if (clock.monotonic() - at > limits.HELD_VERSION_MS) held.delete(height)
      else lowest = Math.min(lowest, height)
    return Math.max(lowest, below - limits.MAX_HELD_VERSIONS)
  }

  return {
    hold(height) {
      held.delete(height)
      held.set(height, clock.monotonic())
      if (held.size > limits.MAX_HELD_VERSIONS) held.delete(held.keys().next().value!)
    },
    call(method, given, done) {
      call(method, given).then(
        (result) => done({ result: result as never }),
        (failure: Error) => done({ failure }),
      )
    },
    fetch(target, from, done) {
      const sources = from.map((name) => ({
        name,
        fetch: (request: PieceRequest, ended: AbortSignal) => fetchPiece(name, request, ended),
      }))
      const failed = (failure: Error) => {
        if (signal.aborted) return
        state.abandon().then(() => done(failure), done)
      }
      catchUp({ state, sources, clock, log }, target, signal).then(() => done(undefined), failed)
    },
    prune(below) {
      const until = unheld(below)
      if (until <= pruneBelow) return
      pruneBelow = until
      if (!isPruning) void pruneAll()
    },
  }
}
