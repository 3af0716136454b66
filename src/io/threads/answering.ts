/** The other side of `call-thread.ts`: what a module that is a thread does with its calls. */
import { parentPort, workerData } from 'node:worker_threads'
import { ChordnsError, errorText, type Log } from '../../base/index.ts'
import { failureOf } from '../disk/background/messages.ts'
import type { CallMessage, CallReply } from './call-messages.ts'

/** What a thread can be asked for, by name. `close` is called last. Arguments are what the other side handed in: typed there. */
export type CallMethods = Readonly<Record<string, (...given: never[]) => unknown>> & { readonly close: () => void }

/**
 * Answers calls until the thread ends. `open` gets what `startCallThread` was given, and a log that speaks there; what it throws ends the
 * thread before it was ready. Only in a module that is a thread.
 */
export function answerCalls(open: (data: unknown, log: Log) => CallMethods): void {
  const port = parentPort
  if (port === null) throw new TypeError('this module is a thread, and was not started as one')
  const say = (reply: CallReply) => port.postMessage(reply)
  const heed = (level: 'warn' | 'error') => (detail: object, message: string) =>
    say({ kind: 'log', level, detail, message })
  let methods: CallMethods
  try {
    methods = open(workerData, { debug() {}, info() {}, warn: heed('warn'), error: heed('error') })
  } catch (error) {
    say({ kind: 'ready', failure: failureOf(coded(error)) })
    return
  }
  port.on('message', ({ id, name, given }: CallMessage) => {
    try {
      const method = Object.hasOwn(methods, name) ? methods[name] : undefined
      if (method === undefined) throw new ChordnsError('THREAD_FAILED', `no method ${name}`, { name })
      say({ kind: 'done', id, result: method(...(given as never[])) })
    } catch (error) {
      say({ kind: 'failed', id, failure: failureOf(coded(error)) })
    }
  })
  say({ kind: 'ready' })
}

function coded(error: unknown): ChordnsError {
  if (error instanceof ChordnsError) return error
  return new ChordnsError('THREAD_FAILED', errorText(error), {})
}
