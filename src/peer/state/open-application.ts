/** Opens the application of a ledger with its state, in a thread of their own. */
import type { Clock, Log } from '../../base/index.ts'
import {
  type ApplicationPort,
  type PeerName,
  type PieceRequest,
  packedCalls,
  type RemoteState,
  remoteState,
  statePort,
} from '../../chain/index.ts'
import { startCallThread } from '../../io/index.ts'
import type { StateHooks } from './open-state.ts'

export interface ApplicationThread {
  /** Calls `answerApplication`. */
  readonly module: URL
  readonly name: string
  /** For that module; what can be cloned. */
  readonly data: unknown
}

export interface ApplicationDeps {
  readonly clock: Clock
  readonly log: Log
  /** A piece of the state as that peer has it. Rejects when it sends none. */
  readonly fetchPiece: (from: PeerName, request: PieceRequest, signal: AbortSignal) => Promise<Uint8Array>
}

export interface OpenApplication {
  /** For `createStateChain`, and for one chain only. */
  readonly port: ApplicationPort
  /** Reads, proofs, and pieces for others. */
  readonly state: RemoteState
  /** One of the application's questions about the newest decided state. */
  ask(name: string, given: unknown): Promise<unknown>
  /** What was called before is done when it resolves. Twice is harmless. */
  close(): Promise<void>
}

/** Rejects with STORE_BUSY or STORE_UNAVAILABLE, and with what the application failed with. */
export async function openApplication(
  { module, name, data }: ApplicationThread,
  deps: ApplicationDeps,
  hooks: StateHooks,
): Promise<OpenApplication> {
  const thread = await startCallThread({ module, name, data, log: deps.log }, hooks)
  const call = (method: string, given: readonly unknown[]) => thread.call(method, given)
  const state = remoteState(call)
  const end = new AbortController()
  const turn = () => new Promise<void>((resolve) => void deps.clock.after(0, resolve))
  const port = statePort({ call: packedCalls(call, turn), state, ...deps }, end.signal)
  return {
    port,
    state: {
      ...state,
      piece(request) {
        port.hold(request.height)
        return state.piece(request)
      },
    },
    ask: (question, given) => call('ask', [question, given]),
    close() {
      end.abort()
      return thread.close()
    },
  }
}
