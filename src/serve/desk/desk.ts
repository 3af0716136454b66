/** Takes packets from any door, sees that each question ends once, and hands back the bytes of the reply. No sockets. */
import { type Cancel, type Clock, errorText, type ListPlace, type Log, WorkList } from '../../base/index.ts'
import { Ede, type EdnsOption, type ExtendedError, type Message, Opcode, Rcode } from '../../dns/index.ts'
import type { Resolution, Resolver } from '../../resolver/index.ts'
import type { Client } from '../access/access.ts'
import { isBurst, questionShare, Shares } from '../access/fairness.ts'
import { RATE_CUT, RATE_SEND, type ReplyRate } from '../access/rate.ts'
import type { ServeLimits } from '../limits.ts'
import type { BoundAddress, OnNotify, Protocol, QueryEvent, ServeOptions, ServeStats, WireEvent } from '../types.ts'
import type { ServerCookies } from './cookies.ts'
import { type Answered, classify, type PacketClass, type Query, replyTo } from './etiquette.ts'
import { nsidOption } from './identity.ts'
import { cutReply, encodeReply, errorOptions, failureMessage, replyMessage, withLowerQuestion } from './reply.ts'

const NO_EDE: readonly ExtendedError[] = []

/** The sender of one packet, as its door knows it. */
export interface Asker {
  readonly address: string
  readonly port: number
  readonly protocol: Protocol
  /** Called at most once for a packet. */
  readonly send: (bytes: Uint8Array) => void
  /** Called once for a question in work that `receive` returned, after `send` if there was one. */
  readonly settled?: (work: QuestionInWork) => void
}

/** A question in work. */
export interface QuestionInWork {
  readonly query: Query
  readonly asker: Asker
  readonly client: Client
  readonly startedAt: number
  readonly abort: AbortController
  readonly cancelTimer: Cancel
  place: ListPlace<QuestionInWork> | undefined
}

/** Remembers answers, so that whoever asks next need not come here. */
export interface AnswerMemory<Stamp> {
  /** Called before an answer is looked for; what it returns is handed to `keep`. */
  begin(): Stamp
  /** `reply`: whole, with its question in lower case. `options`: what its OPT carries, if the client has one, beside those of its transport. */
  keep(stamp: Stamp, reply: Message, resolution: Resolution, options: readonly EdnsOption[]): void
}

export interface DeskDeps {
  readonly resolver: Resolver
  /** Read anew for each question. */
  readonly options: ServeOptions
  readonly clientOf: (address: string) => Client
  readonly clock: Clock
  readonly log: Log
  readonly limits: ServeLimits
  /** Undefined: cookies are ignored. */
  readonly cookies?: ServerCookies | undefined
  /** Counts replies over UDP by client. */
  readonly rate?: ReplyRate | undefined
  /** All that this server listens on. */
  readonly addresses?: (() => readonly BoundAddress[]) | undefined
  /** Undefined: nothing is remembered. */
  readonly memory?: AnswerMemory<unknown> | undefined
}

export interface DeskHooks {
  /** Hears of every question that is over, answered or not. */
  readonly onQuery: (event: QueryEvent) => void
  /** Hears of the messages themselves. */
  readonly onWire?: ((event: WireEvent) => void) | undefined
  /** Undefined: NOTIFY is not listened to. */
  readonly onNotify?: OnNotify | undefined
}

type Known = Answered

export class Desk {
  readonly #deps: DeskDeps
  readonly #hooks: DeskHooks
  /** In order of arrival: the first is the oldest. */
  readonly #inWork = new WorkList<QuestionInWork>()
  readonly #shares = new Shares()
  readonly #counts = { queries: 0, answered: 0, refused: 0, malformed: 0, dropped: 0, servfail: 0, limited: 0 }
  #whenIdle: (() => void) | undefined

  constructor(deps: DeskDeps, hooks: DeskHooks) {
    this.#deps = deps
    this.#hooks = hooks
  }

  stats(): Omit<ServeStats, 'tcpConnections'> {
    return { ...this.#counts, inFlight: this.#inWork.size }
  }

  /** Deals with one packet: at once, or by a question in work that settles later. Never throws: a door must stay open. */
  receive(packet: Uint8Array, asker: Asker): QuestionInWork | undefined {
    this.#counts.queries++
    try {
      return this.#receive(packet, asker)
    } catch (error) {
      this.#deps.log.error({ error: errorText(error) }, 'a packet failed inside')
      this.#drop(asker)
      return undefined
    }
  }

  #receive(packet: Uint8Array, asker: Asker): QuestionInWork | undefined {
    const { port, protocol } = asker
    const client = this.#deps.clientOf(asker.address)
    const { options, addresses } = this.#deps
    const mayNotify = this.#hooks.onNotify !== undefined
    const name = options.tls?.name
    const found = classify(packet, {
      allowed: client.allowed,
      port,
      protocol,
      identity: options.identity,
      mayNotify,
      designation: name === undefined || addresses === undefined ? undefined : { name, addresses: addresses() },
    })
    if (found.kind === 'ask') {
      this.#tell('query', found.query.message, packet, asker, 0)
      return this.#admit(found.query, asker, client)
    }
    if (found.kind === 'reply' && found.query?.opcode === Opcode.QUERY)
      this.#tell('query', found.query, packet, asker, 0)
    if (found.kind === 'drop') this.#drop(asker)
    else if (found.kind === 'notify') this.#answerKnown(this.#notified(found, asker), asker)
    else this.#answerKnown(found, asker)
    return undefined
  }

  #notified({ query, otherwise }: Extract<PacketClass, { kind: 'notify' }>, asker: Asker): Answered {
    const { message, question } = query
    const verdict = this.#hooks.onNotify?.(question.name, asker.address, question.type)
    if (verdict === 'taken')
      return {
        kind: 'reply',
        because: 'answered',
        query: message,
        reply: { ...replyTo(message, Rcode.NOERROR), aa: true },
      }
    if (verdict === 'refused' || !this.#deps.clientOf(asker.address).allowed) return otherwise
    return { kind: 'reply', because: 'refused', query: message, reply: replyTo(message, Rcode.NOTIMP) }
  }

  /** Counts bytes that were no packet at all: a broken frame on a connection. */
  countMalformed(): void {
    this.#counts.malformed++
  }

  /** Ends a question in work without a reply: its asker is gone. Harmless when it has settled. */
  abandon(work: QuestionInWork): void {
    this.#settle(work, undefined)
  }

  /** Resolves when nothing is in work, or after `timeoutMs`, when what is left has been given up. */
  async drain(timeoutMs: number): Promise<void> {
    if (this.#inWork.size > 0) {
      await new Promise<void>((resolve) => {
        const cancel = this.#deps.clock.after(timeoutMs, resolve)
        this.#whenIdle = () => {
          cancel()
          resolve()
        }
      })
    }
    this.#whenIdle = undefined
    for (const work of this.#inWork.all()) this.abandon(work)
  }

  #admit(query: Query, asker: Asker, client: Client): QuestionInWork | undefined {
    const { limits, clock } = this.#deps
    if (this.#shares.of(client.key) >= questionShare(client, limits) || !this.#makeRoom()) {
      this.#overloaded(query, asker)
      return undefined
    }
    const work: QuestionInWork = {
      query,
      asker,
      client,
      startedAt: clock.monotonic(),
      abort: new AbortController(),
      place: undefined,
      cancelTimer: clock.after(limits.MAX_QUESTION_MS, () => {
        this.#finish(
          work,
          failureMessage(query.message, { code: Ede.NO_REACHABLE_AUTHORITY, text: 'out of time' }),
          undefined,
        )
      }),
    }
    this.#inWork.add(work)
    this.#shares.hold(client.key)
    void this.#resolve(work)
    return work
  }

  /** When all is full, an old question gives way: one that was stuck must not keep out one that can be answered. */
  #makeRoom(): boolean {
    const { limits, clock } = this.#deps
    if (this.#inWork.size < limits.MAX_IN_WORK) return true
    const oldest = this.#inWork.first
    if (oldest === undefined || clock.monotonic() - oldest.startedAt <= limits.JOSTLE_AFTER_MS) return false
    this.#settle(oldest, undefined)
    return true
  }

  /** UDP clients ask again, and a reply would cost what is missing; a TCP client would wait in vain. */
  #overloaded(query: Query, asker: Asker): void {
    if (asker.protocol === 'udp') {
      this.#drop(asker, query)
      return
    }
    this.#counts.servfail++
    const reply = failureMessage(query.message, { code: Ede.OTHER, text: 'too many questions in work' })
    this.#send(reply, query.message, asker)
    this.#report(asker, query, reply.rcode, undefined, 0)
  }

  async #resolve(work: QuestionInWork): Promise<void> {
    const { query, asker, abort } = work
    const { message, question } = query
    const { memory } = this.#deps
    const stamp = memory?.begin()
    try {
      const resolution = await this.#deps.resolver.resolve({
        question,
        recursionDesired: message.rd,
        checkingDisabled: message.cd,
        dnssecOk: message.edns?.do ?? false,
        authenticData: message.ad,
        client: asker.address,
        signal: abort.signal,
      })
      if (!this.#inWork.has(work)) return
      const { explain, minimalResponses } = this.#deps.options
      const reply = replyMessage(query, resolution, { explain, minimalResponses, protocol: asker.protocol })
      this.#finish(work, reply, resolution)
      memory?.keep(stamp, withLowerQuestion(reply), resolution, errorOptions(resolution, { explain }))
    } catch (error) {
      // Those that have settled were aborted on purpose. Anything else is a fault of ours: the client gets SERVFAIL, the log the cause.
      if (!this.#inWork.has(work)) return
      this.#fault(work, error)
    }
  }

  #fault(work: QuestionInWork, error: unknown): void {
    this.#deps.log.error({ error: errorText(error) }, 'a question failed inside')
    const ede: ExtendedError = { code: Ede.OTHER, text: 'internal failure' }
    this.#finish(work, failureMessage(work.query.message, ede), undefined)
  }

  #finish(work: QuestionInWork, reply: Message, resolution: Resolution | undefined): void {
    const { asker, query, client, startedAt } = work
    const { limits, clock } = this.#deps
    // Whoever has our cookie is where he says he is.
    const spoofable = asker.protocol === 'udp' && !client.isLoopback && !this.#hasCookie(query.message, asker.address)
    if (spoofable && isBurst(clock.monotonic() - startedAt, this.#shares.of(client.key), limits)) {
      this.#settle(work, undefined)
      return
    }
    const isSent = this.#send(reply, query.message, asker, clock.monotonic() - startedAt)
    this.#settle(work, isSent ? reply.rcode : undefined, resolution)
  }

  /** The one end of every question in work; `rcode` undefined: nothing was sent. */
  #settle(work: QuestionInWork, rcode: number | undefined, resolution?: Resolution): void {
    if (!this.#inWork.delete(work)) return
    work.cancelTimer()
    this.#shares.release(work.client.key)
    if (rcode === undefined) {
      this.#counts.dropped++
      work.abort.abort()
    } else {
      this.#count(rcode)
      // Tells the resolver that the time-out's SERVFAIL has gone out; nothing happens when it has finished.
      if (resolution === undefined) work.abort.abort()
    }
    this.#report(work.asker, work.query, rcode, resolution, this.#deps.clock.monotonic() - work.startedAt)
    work.asker.settled?.(work)
    if (this.#inWork.size === 0) this.#whenIdle?.()
  }

  #answerKnown({ reply, query, because }: Known, asker: Asker): void {
    const question = query?.questions[0]
    if (!this.#send(reply, query, asker)) {
      this.#drop(asker, query && question && { message: query, question })
      return
    }
    if (because === 'malformed') this.#counts.malformed++
    else if (because === 'refused') this.#counts.refused++
    else this.#count(reply.rcode)
    this.#report(asker, query && question && { message: query, question }, reply.rcode, undefined, 0)
  }

  /** False when nothing goes out, since the client has had its share of replies. */
  #send(whole: Message, query: Message | undefined, asker: Asker, elapsedMs = 0): boolean {
    const reply = this.#withinRate(whole, query, asker)
    if (reply === undefined) return false
    const cookie = query && this.#deps.cookies?.answer(query, asker.address, this.#unixSeconds())
    const added = [cookie, this.#nsid(query, asker)].filter((option) => option !== undefined)
    const full =
      added.length === 0 || reply.edns === undefined
        ? reply
        : { ...reply, edns: { ...reply.edns, options: [...added, ...reply.edns.options] } }
    const bytes = encodeReply(full, query, asker.protocol)
    asker.send(bytes)
    if (query?.opcode === Opcode.QUERY) this.#tell('response', query, bytes, asker, elapsedMs)
    return true
  }

  #tell(
    kind: WireEvent['kind'],
    query: Message | undefined,
    bytes: Uint8Array,
    { protocol, address: client, port }: Asker,
    elapsedMs: number,
  ): void {
    const question = query?.questions[0]
    if (this.#hooks.onWire === undefined || question === undefined) return
    this.#hooks.onWire({ kind, protocol, client, port, question, bytes, elapsedMs })
  }

  /** What may go out: all of it, TC alone, or nothing. Who cannot be somebody else's victim gets all. */
  #withinRate(reply: Message, query: Message | undefined, { address, protocol }: Asker): Message | undefined {
    const { rate, clock, clientOf } = this.#deps
    if (rate === undefined || !rate.isOn || protocol !== 'udp') return reply
    const { isLoopback, high, low } = clientOf(address)
    if ((isLoopback && !rate.countsLoopback) || (query !== undefined && this.#hasCookie(query, address))) return reply
    const verdict = rate.count(high, low, clock.monotonic())
    if (verdict === RATE_SEND) return reply
    this.#counts.limited++
    return verdict === RATE_CUT ? cutReply(reply) : undefined
  }

  #nsid(query: Message | undefined, asker: Asker): EdnsOption | undefined {
    const { options, clientOf } = this.#deps
    if (query === undefined || options.identity?.nsid === undefined || !clientOf(asker.address).allowed)
      return undefined
    return nsidOption(query, options.identity)
  }

  #hasCookie(query: Message, address: string): boolean {
    return this.#deps.cookies?.stateOf(query, address, this.#unixSeconds()) === 'valid'
  }

  #unixSeconds(): number {
    return Math.floor(this.#deps.clock.now() / 1000)
  }

  #count(rcode: number): void {
    if (rcode === Rcode.SERVFAIL) this.#counts.servfail++
    else if (rcode === Rcode.REFUSED) this.#counts.refused++
    else this.#counts.answered++
  }

  #drop(asker: Asker, query?: Query): void {
    this.#counts.dropped++
    this.#report(asker, query, undefined, undefined, 0)
  }

  #report(
    asker: Asker,
    query: Query | undefined,
    rcode: number | undefined,
    resolution: Resolution | undefined,
    elapsedMs: number,
  ): void {
    this.#hooks.onQuery({
      protocol: asker.protocol,
      client: asker.address,
      question: query?.question,
      rcode,
      security: resolution?.security,
      provenance: resolution?.provenance,
      elapsedMs,
      ede: resolution?.ede ?? NO_EDE,
      blockedBy: resolution?.blockedBy,
    })
  }
}
