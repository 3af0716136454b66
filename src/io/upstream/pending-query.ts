/** One query to one authority while it is in work: settled once, by a reply that its asker accepts, or by what went wrong. */
import { aborted, type Cancel, ChordnsError, type Clock, type ListPlace, type UpstreamQuery } from '../../base/index.ts'
import { limits } from '../limits.ts'

/** `late`: it was given up as timed out, and its socket is open for a reply that is only slow. */
export type QueryState = 'waiting' | 'pending' | 'answered' | 'failed' | 'given-up' | 'late'

export class PendingQuery {
  readonly query: UpstreamQuery
  place: ListPlace<PendingQuery> | undefined
  /** Where it stands among those that were sent over UDP. */
  turn = 0
  /** Resolves with the reply, or rejects as `Exchange` says. */
  readonly reply: Promise<Uint8Array>
  readonly #clock: Clock
  readonly #onAbort = () => this.#end('given-up', () => this.#settle.reject(aborted(this.query.signal)))
  readonly #releases: (() => void)[] = []
  /** Monotonic ms until when it may wait for a socket. */
  readonly #waitsUntil: number
  #cancelTimer: Cancel = () => {}
  #settle!: { resolve: (reply: Uint8Array) => void; reject: (error: unknown) => void }
  #ignored = 0
  #state: QueryState = 'waiting'

  constructor(clock: Clock, query: UpstreamQuery) {
    this.query = query
    this.#clock = clock
    this.reply = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
    query.signal.addEventListener('abort', this.#onAbort, { once: true })
    this.#waitsUntil = clock.monotonic() + (query.waitMs ?? query.timeoutMs)
  }

  get state(): QueryState {
    return this.#state
  }

  /** It cannot be sent at once: fails with UPSTREAM_BUSY after its `waitMs`. Most can, and need no timer for this. */
  beginWaiting(): void {
    if (this.#state === 'waiting') this.#cancelTimer = this.#patience()
  }

  /** waiting -> pending: it is sent now, and the time for a reply begins. */
  begin(): void {
    if (this.#state !== 'waiting') return
    this.#state = 'pending'
    this.#cancelTimer()
    this.#cancelTimer = this.#clock.after(this.query.timeoutMs, () => this.#onTimeout())
    this.query.onSent?.()
  }

  /** pending -> waiting: the system had no socket for it. */
  putBack(): void {
    if (this.#state !== 'pending') return
    this.#state = 'waiting'
    this.#cancelTimer()
    this.#cancelTimer = this.#patience()
  }

  /** Runs `release` when the query needs no socket any more, or now if it does not. */
  onSettled(release: () => void): void {
    if (this.#isOpen()) this.#releases.push(release)
    else release()
  }

  /** Has its asker look at one message that came. */
  receive(reply: Uint8Array): void {
    if (this.#state !== 'pending' && this.#state !== 'late') return
    const isLate = this.#state === 'late'
    let verdict: string
    try {
      verdict = this.query.classify(reply)
      if (verdict === 'accept' && isLate) this.query.onLate?.(reply)
    } catch (error) {
      // A fault of the asker, and this is the event of a socket, where a throw would end the process.
      this.#end('failed', () => this.#settle.reject(error))
      return
    }
    if (verdict === 'accept') this.#end('answered', () => this.#settle.resolve(reply))
    else if (verdict === 'near-miss') this.fail('UPSTREAM_NEAR_MISS', 'a reply with the right question and a wrong id')
    else if (++this.#ignored > limits.MAX_IGNORED_REPLIES) this.fail('UPSTREAM_TIMEOUT', 'too many wrong replies')
  }

  /** Ends it. One that has timed out already is told nothing more. */
  fail(code: UpstreamCode, what: string, cause?: unknown): void {
    this.#end('failed', () => this.#settle.reject(upstreamError(code, this.query, what, cause)))
  }

  /** Fails as a socket error says. */
  failBy(error: NodeJS.ErrnoException): void {
    this.fail(codeOf(error), error.code ?? error.message, error)
  }

  /** pending -> late, where its asker wants a slow reply; else -> failed. */
  #onTimeout(): void {
    const { lateMs = 0, onLate } = this.query
    if (lateMs <= 0 || onLate === undefined) {
      this.fail('UPSTREAM_TIMEOUT', 'no reply in time')
      return
    }
    this.#state = 'late'
    this.#cancelTimer = this.#clock.after(lateMs, () => this.#end('failed', () => {}))
    this.#settle.reject(upstreamError('UPSTREAM_TIMEOUT', this.query, 'no reply in time'))
  }

  #patience(): Cancel {
    const busy = () => this.fail('UPSTREAM_BUSY', 'waited for a socket of this node in vain')
    return this.#clock.after(Math.max(0, this.#waitsUntil - this.#clock.monotonic()), busy)
  }

  #isOpen(): boolean {
    return this.#state === 'waiting' || this.#state === 'pending' || this.#state === 'late'
  }

  #end(state: QueryState, settle: () => void): void {
    if (!this.#isOpen()) return
    this.#state = state
    this.#cancelTimer()
    this.query.signal.removeEventListener('abort', this.#onAbort)
    for (const release of this.#releases) release()
    // After a time-out this does nothing: the promise is rejected already.
    settle()
  }
}

export type UpstreamCode =
  | 'UPSTREAM_TIMEOUT'
  | 'UPSTREAM_REFUSED'
  | 'UPSTREAM_UNREACHABLE'
  | 'UPSTREAM_CLOSED'
  | 'UPSTREAM_NEAR_MISS'
  | 'UPSTREAM_BUSY'

const CODES: Readonly<Record<string, UpstreamCode>> = {
  ECONNREFUSED: 'UPSTREAM_REFUSED',
  ECONNRESET: 'UPSTREAM_CLOSED',
  EPIPE: 'UPSTREAM_CLOSED',
  ETIMEDOUT: 'UPSTREAM_TIMEOUT',
  // This host's doing, not the server's.
  EMFILE: 'UPSTREAM_BUSY',
  ENFILE: 'UPSTREAM_BUSY',
  ENOBUFS: 'UPSTREAM_BUSY',
  ENOMEM: 'UPSTREAM_BUSY',
  EADDRINUSE: 'UPSTREAM_BUSY',
}

/** What a socket error says of the way to the server, or of this node. */
export function codeOf(error: NodeJS.ErrnoException): UpstreamCode {
  return CODES[error.code ?? ''] ?? 'UPSTREAM_UNREACHABLE'
}

export function upstreamError(code: UpstreamCode, { server, protocol }: UpstreamQuery, what: string, cause?: unknown) {
  const text = `${server.address} port ${server.port} (${protocol}): ${what}`
  return new ChordnsError(code, text, { server, protocol }, { cause })
}
