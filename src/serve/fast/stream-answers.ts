/**
 * The same table for connections, on this thread: what a client sent in one piece is answered in one piece, as far as the table has it; the
 * rest is for the desk. Its client has shown that it is where it says, so nothing is cut, and no replies are counted.
 */
import type { Clock, Endpoint } from '../../base/index.ts'
import { OptionCode } from '../../dns/index.ts'
import { paddingBytes } from '../desk/padding.ts'
import type { ConnectionAnswers, FromTable } from '../doors/connections.ts'
import type { ServeLimits } from '../limits.ts'
import { limits } from '../limits.ts'
import { toSockaddr } from './system/addresses.ts'
import { BatchAnswerer, MISS } from './table/answerer.ts'
import type { SharedTable } from './table/layout.ts'
import { OPT_BYTES, OPTION_HEAD_BYTES } from './table/query-reader.ts'
import { CookieDesk } from './threads/cookie-desk.ts'

export interface StreamAnswersDeps {
  readonly table: SharedTable
  readonly clock: Clock
  readonly limits: ServeLimits
  readonly cookieSecret: Uint8Array | undefined
}

export interface StreamAnswersHooks {
  /** The answer whose header and question these are is worth fetching again. */
  readonly onHint: (reply: Uint8Array) => void
}

/** No plain question is longer, padded to a multiple of 128 bytes (RFC 8467) or not. */
const MAX_QUERY = limits.MAX_PLAIN_QUERY
/** Of padding, its option's head included. */
const MAX_PADDING = limits.MAX_PADDING
const LENGTH_BYTES = 2
const CACHE_LINE = 64

export class StreamAnswers implements ConnectionAnswers {
  answered = 0
  readonly #deps: StreamAnswersDeps
  readonly #hooks: StreamAnswersHooks
  readonly #buffer: Uint8Array<ArrayBuffer>
  readonly #stride: number
  readonly #sizes: Int32Array
  readonly #answerer: BatchAnswerer
  readonly #cookies: CookieDesk | undefined
  /** One address, that of the connection whose turn it is. */
  readonly #senders = new Uint8Array(new ArrayBuffer(128))

  constructor(deps: StreamAnswersDeps, hooks: StreamAnswersHooks) {
    const { table, limits, cookieSecret } = deps
    const most = limits.FAST_BATCH
    this.#deps = deps
    this.#hooks = hooks
    this.#stride = (Math.ceil((MAX_QUERY + limits.MAX_UDP_REPLY + MAX_PADDING) / CACHE_LINE) | 1) * CACHE_LINE
    this.#buffer = new Uint8Array(new ArrayBuffer(most * this.#stride))
    this.#sizes = new Int32Array(most)
    this.#answerer = new BatchAnswerer(table, {
      buffer: this.#buffer,
      stride: this.#stride,
      most,
      maxReply: limits.MAX_UDP_REPLY,
      minReply: limits.MIN_UDP_REPLY,
      takesCookies: cookieSecret !== undefined,
      isStream: true,
    })
    const senders = { senders: this.#senders, senderView: new DataView(this.#senders.buffer), senderStride: 0 }
    this.#cookies = cookieSecret && new CookieDesk(cookieSecret, { buffer: this.#buffer, ...senders }, this.#answerer)
  }

  get most(): number {
    return this.#sizes.length
  }

  senderOf(client: Endpoint): Uint8Array {
    return toSockaddr(client)
  }

  answer(messages: readonly Uint8Array[], sender: Uint8Array, isPadded: boolean): FromTable {
    const { clock } = this.#deps
    const { lengths, hints } = this.#answerer
    for (const [j, message] of messages.entries()) {
      const isShort = message.length <= MAX_QUERY
      this.#sizes[j] = isShort ? message.length : -1
      if (isShort) this.#buffer.set(message, j * this.#stride)
    }
    this.#answerer.answer(messages.length, this.#sizes, 0, 1, clock.monotonic())
    this.#senders.set(sender)
    this.#cookies?.settle(messages.length, Math.floor(clock.now() / 1000))
    const misses: Uint8Array[] = []
    let bytes = 0
    for (const [j, message] of messages.entries()) {
      if (lengths[j] === MISS) {
        misses.push(message)
        continue
      }
      if (isPadded && this.#answerer.reader.padded[j] === 1) this.#pad(j)
      bytes += LENGTH_BYTES + lengths[j]!
    }
    if (bytes === 0) return { replies: undefined, misses }
    this.answered += messages.length - misses.length
    const replies = this.#framed(messages.length, bytes)
    for (let j = 0; j < messages.length; j++) if (hints[j] === 1) this.#hooks.onHint(this.#replyAt(j).slice())
    return { replies, misses }
  }

  /** An option more, at the end of OPT, which is the end of the reply: its place has room for it. */
  #pad(j: number): void {
    const { lengths, optsAt } = this.#answerer
    const buffer = this.#buffer
    const at = j * this.#stride + lengths[j]!
    const padding = paddingBytes(lengths[j]!)
    const optionBytes = at - optsAt[j]! - OPT_BYTES + OPTION_HEAD_BYTES + padding
    buffer[optsAt[j]! + OPT_BYTES - 2] = optionBytes >> 8
    buffer[optsAt[j]! + OPT_BYTES - 1] = optionBytes
    buffer.set([0, OptionCode.PADDING, padding >> 8, padding & 255], at)
    buffer.fill(0, at + OPTION_HEAD_BYTES, at + OPTION_HEAD_BYTES + padding)
    lengths[j] = lengths[j]! + OPTION_HEAD_BYTES + padding
  }

  #replyAt(j: number): Uint8Array {
    return this.#buffer.subarray(j * this.#stride, j * this.#stride + this.#answerer.lengths[j]!)
  }

  /** One after the other, each behind its length. */
  #framed(count: number, bytes: number): Uint8Array {
    const { lengths } = this.#answerer
    const framed = new Uint8Array(bytes)
    let at = 0
    for (let j = 0; j < count; j++) {
      const length = lengths[j]!
      if (length === MISS) continue
      framed[at] = length >> 8
      framed[at + 1] = length
      framed.set(this.#replyAt(j), at + LENGTH_BYTES)
      at += LENGTH_BYTES + length
    }
    return framed
  }
}
