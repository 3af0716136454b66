/** Opens the state of a ledger, in a thread of its own. */
import type { ChordnsError, Log } from '../../base/index.ts'
import { type RemoteState, remoteState } from '../../chain/index.ts'
import { startCallThread } from '../../io/index.ts'

export interface StateFile {
  readonly file: string
  /** The file never grows above it: a block that would make it is refused with STORE_FULL. */
  readonly maxBytes: number
}

export interface OpenState {
  readonly state: RemoteState
  /** What was called before is done when it resolves. Twice is harmless. */
  close(): Promise<void>
}

export interface StateHooks {
  /** The thread ended though nobody asked it to: no call is answered any more. Called once. */
  readonly onBroken: (failure: ChordnsError) => void
}

/** In the package this file is JavaScript, and so is that one. */
const THREAD = new URL(import.meta.url.endsWith('.ts') ? './state-thread.ts' : './state-thread.js', import.meta.url)

/** Rejects with STORE_BUSY or STORE_UNAVAILABLE. */
export async function openState(
  file: StateFile,
  { log }: { readonly log: Log },
  hooks: StateHooks,
): Promise<OpenState> {
  const thread = await startCallThread({ module: THREAD, name: 'state', data: file, log }, hooks)
  return { state: remoteState((name, given) => thread.call(name, given)), close: () => thread.close() }
}
