/** One query to one authority while it is in work: settled once, by a reply that its asker accepts, or by what went wrong. */
import { aborted, type Cancel, ChordnsError, type Clock, type UpstreamQuery } from '../../base/index.ts'
import { limits } from '../limits.ts'

export type QueryState = 'pending' | 'answered' | 'failed' | 'given-up'

export class PendingQuery {
  readonly query: UpstreamQuery
  /** Resolves with the reply, or rejects as `Exchange` says. */
  readonly reply: Promise<Uint8Array>
  readonly #cancelTimer: Cancel
  readonly #onAbort = () => this.#end('given-up', () => this.#settle.reject(aborted(this.query.signal)))
  readonly #releases: (() => void)[] = []
  #settle!: { resolve: (reply: Uint8Array) => void; reject: (error: unknown) => void }
  #ignored = 0
  #state: QueryState = 'pending'

  constructor(clock: Clock, query: UpstreamQuery) {
    this.query = query
    this.reply = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
    query.signal.addEventListener('abort', this.#onAbort, { once: true })
    this.#cancelTimer = clock.after(query.timeoutMs, () => this.fail('UPSTREAM_TIMEOUT', 'no reply in time'))
  }

  get state(): QueryState {
    return this.#state
  }

  /** Runs `release` when the query is settled, or now if it is. */
  onSettled(release: () => void): void {
    if (this.#state !== 'pending') release()
    else this.#releases.push(release)
  }

  /** A message came, which may be a forgery. */
  receive(reply: Uint8Array): void {
    if (this.#state !== 'pending') return
    let verdict: string
    try {
      verdict = this.query.classify(reply)
    } catch (error) {
      // A fault of the asker, and this is the event of a socket, where a throw would end the process.
      this.#end('failed', () => this.#settle.reject(error))
      return
    }
    if (verdict === 'accept') this.#end('answered', () => this.#settle.resolve(reply))
    else if (verdict === 'near-miss') this.fail('UPSTREAM_NEAR_MISS', 'a reply with the right question and a wrong id')
    else if (++this.#ignored > limits.MAX_IGNORED_REPLIES) this.fail('UPSTREAM_TIMEOUT', 'too many wrong replies')
  }

  fail(code: UpstreamCode, what: string, cause?: unknown): void {
    this.#end('failed', () => this.#settle.reject(upstreamError(code, this.query, what, cause)))
  }

  /** Fails as a socket error says. */
  failBy(error: NodeJS.ErrnoException): void {
    this.fail(CODES[error.code ?? ''] ?? 'UPSTREAM_UNREACHABLE', error.code ?? error.message, error)
  }

  #end(outcome: QueryState, settle: () => void): void {
    if (this.#state !== 'pending') return
    this.#state = outcome
    this.#cancelTimer()
    this.query.signal.removeEventListener('abort', this.#onAbort)
    for (const release of this.#releases) release()
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
  EADDRINUSE: 'UPSTREAM_BUSY',
}

export function upstreamError(code: UpstreamCode, { server, protocol }: UpstreamQuery, what: string, cause?: unknown) {
  const text = `${server.address} port ${server.port} (${protocol}): ${what}`
  return new ChordnsError(code, text, { server, protocol }, { cause })
}
