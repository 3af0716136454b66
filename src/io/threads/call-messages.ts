/** What a thread that does work for this one and this one say to each other: calls by name, and what came of them. */
import { ChordnsError } from '../../base/index.ts'
import type { Failure } from '../disk/background/messages.ts'

/** To the thread. Arguments and results are what can be cloned. */
export interface CallMessage {
  readonly id: number
  readonly name: string
  readonly given: readonly unknown[]
}

/** From the thread. `ready` comes first, with the failure when it cannot work. */
export type CallReply =
  | { readonly kind: 'ready'; readonly failure?: Failure }
  | { readonly kind: 'done'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly failure: Failure }
  | {
      readonly kind: 'log'
      readonly level: 'warn' | 'error'
      readonly detail: object
      readonly message: string
    }

const REPLIES: ReadonlySet<unknown> = new Set<CallReply['kind']>(['ready', 'done', 'failed', 'log'])

/** Throws THREAD_FAILED for what is none. */
export function readCallReply(message: unknown): CallReply {
  const isReply = typeof message === 'object' && message !== null && 'kind' in message && REPLIES.has(message.kind)
  if (isReply) return message as CallReply
  throw new ChordnsError('THREAD_FAILED', 'a message between the threads of this node that neither knows', {})
}
