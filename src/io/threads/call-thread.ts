/** A thread that works for this one: calls go there by name, one after the other, and this thread goes on meanwhile. */
import { Worker } from 'node:worker_threads'
import { ChordnsError, errorText, type Log } from '../../base/index.ts'
import { errorOf } from '../disk/background/messages.ts'
import { limits } from '../limits.ts'
import { type CallMessage, type CallReply, readCallReply } from './call-messages.ts'

export interface CallThread {
  /** Rejects as the method throws there, and with THREAD_FAILED when the thread is gone. */
  call(name: string, given: readonly unknown[]): Promise<unknown>
  /** What was called before is done when it resolves. Twice is harmless. */
  close(): Promise<void>
}

export interface CallThreadDeps {
  /** The module that the thread runs; it calls `answerCalls`. */
  readonly module: URL
  readonly name: string
  /** Handed to the module; what can be cloned. */
  readonly data: unknown
  readonly log: Log
}

export interface CallThreadHooks {
  /** The thread ended though nobody asked it to. Called once, after all calls were rejected. */
  readonly onBroken?: (failure: ChordnsError) => void
}

/** Resolves when the thread can work. Rejects with what it failed with. */
export function startCallThread(deps: CallThreadDeps, hooks: CallThreadHooks = {}): Promise<CallThread> {
  return new Promise((resolve, reject) => {
    const thread: RunningCalls = new RunningCalls(deps, hooks, (failure) => {
      if (failure === undefined) resolve(thread)
      else reject(failure)
    })
  })
}

interface Waiting {
  readonly resolve: (result: unknown) => void
  readonly reject: (failure: ChordnsError) => void
}

class RunningCalls implements CallThread {
  readonly #deps: CallThreadDeps
  readonly #hooks: CallThreadHooks
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  #ready: ((failure?: ChordnsError) => void) | undefined
  #nextId = 1
  #failure: ChordnsError | undefined
  #closing: Promise<void> | undefined

  constructor(deps: CallThreadDeps, hooks: CallThreadHooks, ready: (failure?: ChordnsError) => void) {
    const { module, name, data } = deps
    this.#deps = deps
    this.#hooks = hooks
    this.#ready = ready
    const resourceLimits = {
      maxYoungGenerationSizeMb: limits.THREAD_YOUNG_MB,
      maxOldGenerationSizeMb: limits.THREAD_OLD_MB,
    }
    this.#worker = new Worker(module, { name, workerData: data, resourceLimits })
    this.#worker.on('message', (message: unknown) => this.#heard(readCallReply(message)))
    this.#worker.on('error', (error) => this.#broken(errorText(error)))
    this.#worker.on('exit', (code) => this.#broken(`exit code ${code}`))
  }

  call(name: string, given: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure)
      if (this.#closing !== undefined) return reject(this.#gone('it is closed'))
      this.#post(name, given, { resolve, reject })
    })
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** `CLOSE` is answered after all that was called before. */
  async #close(): Promise<void> {
    if (this.#failure === undefined)
      await new Promise<unknown>((resolve) => this.#post(CLOSE, [], { resolve, reject: resolve }))
    await this.#worker.terminate()
  }

  #post(name: string, given: readonly unknown[], waiting: Waiting): void {
    const message: CallMessage = { id: this.#nextId++, name, given }
    this.#waiting.set(message.id, waiting)
    this.#worker.postMessage(message)
  }

  #heard(reply: CallReply): void {
    if (reply.kind === 'log') this.#deps.log[reply.level](reply.detail, reply.message)
    else if (reply.kind === 'ready') this.#isReady(reply.failure && errorOf(reply.failure))
    else {
      const waiting = this.#waiting.get(reply.id)
      this.#waiting.delete(reply.id)
      if (reply.kind === 'done') waiting?.resolve(reply.result)
      else waiting?.reject(errorOf(reply.failure))
    }
  }

  #isReady(failure: ChordnsError | undefined): void {
    const ready = this.#ready
    this.#ready = undefined
    if (ready !== undefined && failure !== undefined) this.#closing = this.#worker.terminate().then(() => {})
    ready?.(failure)
  }

  #broken(reason: string): void {
    if (this.#failure !== undefined) return
    this.#failure = this.#gone(reason)
    this.#isReady(this.#failure)
    for (const { reject } of this.#waiting.values()) reject(this.#failure)
    this.#waiting.clear()
    if (this.#closing === undefined) this.#hooks.onBroken?.(this.#failure)
  }

  #gone(reason: string): ChordnsError {
    const { name } = this.#deps
    return new ChordnsError('THREAD_FAILED', `the thread ${name} has ended: ${reason}`, { name, reason })
  }
}

/** The name of the call that ends the thread's work. */
export const CLOSE = 'close'
