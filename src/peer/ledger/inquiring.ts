/**
 * The inquiry of D13 and its answer, over the network: the endorser posts the one, the applicant's machine replies with the other. Both are signed and
 * hold no secret, so plain HTTP will do: what stands in between can lose them, and no more. Only the address that the endorser's operator has named, or
 * that the applicant has signed, is spoken to, and only signed answers of the machine in question come through.
 */
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import ipaddr from 'ipaddr.js'
import {
  Charges,
  ChordnsError,
  type Clock,
  type Endpoint,
  errorText,
  isChordnsError,
  type Log,
} from '../../base/index.ts'
import type { Config } from '../../config/index.ts'
import { systemClock } from '../../io/index.ts'
import { inquiryLimits } from '../limits.ts'
import { answerFile, fileText, inquiryFile, parseAs } from './admission-files.ts'
import { type ApplicantMachine, answerTo, checkedAnswer, loadApplicant, readApplication } from './admitting.ts'

export const INQUIRY_PATH = '/ledger/inquiry'

export interface InquiryReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

export interface InquiryDeskDeps {
  readonly machine: ApplicantMachine
  /** Account keys of those whose inquiries are answered, hex: they were obtained in another way (D14). */
  readonly endorsers: ReadonlySet<string>
  readonly clock: Clock
  /** Left out: who waits sees it anyway. */
  readonly log?: Log
}

/** Answers inquiries of the endorsers that it was told of, and nothing else. */
export class InquiryDesk {
  readonly #deps: InquiryDeskDeps
  readonly #charges: Charges

  constructor(deps: InquiryDeskDeps) {
    this.#deps = deps
    const { PER_SECOND, BURST, MAX_ADDRESSES } = inquiryLimits
    this.#charges = new Charges(deps.clock, { perSecond: PER_SECOND, burst: BURST, maxPeers: MAX_ADDRESSES })
  }

  /** `asker`: whose rate it is. */
  answer(method: string, body: Uint8Array, asker: string): InquiryReply {
    const { machine, endorsers, clock, log } = this.#deps
    if (method !== 'POST') return reply(405, { allow: 'POST' })
    if (body.length > inquiryLimits.MAX_BODY_BYTES) return reply(413)
    try {
      const text = Buffer.from(body).toString('utf8')
      const asked = parseAs(inquiryFile, text, 'the inquiry')
      const isOld = Math.abs(clock.now() - asked.at) > inquiryLimits.MAX_AGE_MS
      if (!endorsers.has(asked.endorser) || asked.account !== machine.account || isOld) return reply(403)
      // Signatures cost: of these there are only so many, and a stranger who knows neither key takes none.
      if (this.#charges.isSpent(asker)) return reply(429)
      this.#charges.charge(asker, 1)
      const answer = answerTo(machine, text, { from: 'the inquiry', endorsers })
      log?.info({ endorser: answer.endorser }, 'an inquiry of an endorser was answered')
      return { status: 200, headers: JSON_TYPE, body: Buffer.from(answer.text) }
    } catch (error) {
      if (!isChordnsError(error, 'LEDGER_FILE')) throw error
      log?.debug({ error: errorText(error) }, 'an inquiry was not answered')
      return reply(403)
    }
  }
}

const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' } as const

function reply(status: number, headers: Readonly<Record<string, string>> = {}): InquiryReply {
  return { status, headers, body: new Uint8Array() }
}

export interface AnswerOne {
  readonly listen: Endpoint
  readonly waitMs: number
  /** Account key, hex. */
  readonly endorser: string
  /** It listens now. */
  readonly onReady: (at: Endpoint) => void
}

/**
 * Waits at an address for the inquiry of one endorser, answers it with the keys of this machine, and ends. Resolves with the endorser. Throws KEY_*,
 * LEDGER_UNASKED, STATUS_LISTEN_FAILED.
 */
export async function answerOne(
  config: Pick<Config, 'data' | 'ledger'>,
  { listen, waitMs, endorser, onReady }: AnswerOne,
): Promise<string> {
  const machine = await loadApplicant(config)
  const desk = new InquiryDesk({ machine, endorsers: new Set([endorser]), clock: systemClock() })
  const answered = Promise.withResolvers<string>()
  // Whoever cannot listen does not wait for it.
  answered.promise.catch(() => undefined)
  const server = createServer(
    { maxHeaderSize: inquiryLimits.MAX_HEADER_BYTES, requestTimeout: inquiryLimits.TIMEOUT_MS },
    (request, response) => {
      // Whoever goes away in the middle is nobody's failure.
      answerRequest(desk, request, response).then(
        (isAnswered) => isAnswered && answered.resolve(endorser),
        () => response.destroy(),
      )
    },
  )
  server.maxConnections = inquiryLimits.MAX_CONNECTIONS
  const timer = setTimeout(
    () => answered.reject(new ChordnsError('LEDGER_UNASKED', unaskedText(listen, waitMs), { ...listen })),
    waitMs,
  )
  try {
    await bound(server, listen)
    const at = server.address()
    onReady({ address: listen.address, port: typeof at === 'object' && at !== null ? at.port : listen.port })
    return await answered.promise
  } finally {
    clearTimeout(timer)
    server.close()
    server.closeAllConnections()
  }
}

/** Whether the answer has left. */
async function answerRequest(desk: InquiryDesk, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
  const body = await bodyOf(request)
  const asker = request.socket.remoteAddress ?? ''
  const said = request.url === INQUIRY_PATH ? desk.answer(request.method ?? '', body, asker) : reply(404)
  response.writeHead(said.status, { ...said.headers, 'content-length': said.body.length, connection: 'close' })
  await new Promise<void>((sent) => response.end(said.body, sent))
  return said.status === 200
}

function unaskedText({ address, port }: Endpoint, waitMs: number): string {
  return `no inquiry of that endorser came to ${address} port ${port} within ${waitMs / 1_000} s; tell the endorser this address, see that nothing in between refuses it, and wait again`
}

function bound(server: ReturnType<typeof createServer>, listen: Endpoint): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const text = `cannot listen on ${listen.address} port ${listen.port}: ${cause.code ?? cause.message}; name another address of this machine with --listen`
      reject(new ChordnsError('STATUS_LISTEN_FAILED', text, { ...listen }, { cause }))
    })
    server.listen(listen.port, listen.address, resolve)
  })
}

/** Where an applicant says that its machine is reached: an address and a port at the end of what it signed as its contact. */
export function contactAddress(contact: string): Endpoint | undefined {
  const match = /(?:^|\s)(?:\[([0-9a-fA-F:.]+)\]|(\d+(?:\.\d+){3})):(\d{1,5})$/.exec(contact)
  const address = match?.[1] ?? match?.[2]
  const port = Number(match?.[3])
  if (address === undefined || !ipaddr.isValid(address) || port < 1 || port > 65_535) return undefined
  return { address, port }
}

/**
 * Puts the inquiry to the applicant's machine, and brings its answer. `to`: undefined: where the application says. An address that a stranger has chosen is
 * spoken to only if it is of the public Internet: nothing on this machine or in its network is asked on behalf of others. Throws USAGE, LEDGER_FILE,
 * LEDGER_UNANSWERED.
 */
export async function sendInquiry(
  applicationPath: string,
  inquiry: string,
  to: Endpoint | undefined,
): Promise<{ readonly answer: string; readonly from: Endpoint }> {
  const application = readApplication(applicationPath)
  const from = to ?? publicAddress(application.contact)
  const text = await post(from, inquiry)
  const what = `the answer of ${from.address} port ${from.port}`
  const said = checkedAnswer(application, text, what)
  const asked = parseAs(inquiryFile, inquiry, 'the inquiry')
  if (said.nonce !== asked.nonce || said.at !== asked.at || said.endorser !== asked.endorser)
    throw unanswered(from, 'it answered another inquiry')
  return { answer: fileText(parseAs(answerFile, text, what)), from }
}

function publicAddress(contact: string): Endpoint {
  const found = contactAddress(contact)
  if (found === undefined)
    throw new ChordnsError('USAGE', 'the application names no address: say it with --send ADDRESS:PORT', {})
  if (ipaddr.process(found.address).range() !== 'unicast')
    throw new ChordnsError(
      'USAGE',
      `the application names ${found.address}, which is no public address: say it with --send ADDRESS:PORT if it is right`,
      {},
    )
  return found
}

function post(to: Endpoint, body: string): Promise<string> {
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
  const options = { host: to.address, port: to.port, method: 'POST', path: INQUIRY_PATH, headers }
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(unanswered(to, why))
    const request = httpRequest({ ...options, signal: AbortSignal.timeout(inquiryLimits.TIMEOUT_MS) }, (response) => {
      // Another address is not gone to, whatever it says.
      if (response.statusCode !== 200) {
        response.destroy()
        return fail(STATUS_WORDS[response.statusCode ?? 0] ?? `HTTP status ${response.statusCode}`)
      }
      bodyOf(response).then(
        (bytes) =>
          bytes.length > inquiryLimits.MAX_BODY_BYTES ? fail('too long') : resolve(Buffer.from(bytes).toString('utf8')),
        (error: unknown) => fail(errorText(error)),
      )
    })
    request.on('error', (error: NodeJS.ErrnoException) =>
      fail(
        error.name === 'AbortError' || error.name === 'TimeoutError'
          ? 'no answer in time'
          : (error.code ?? error.message),
      ),
    )
    request.end(body)
  })
}

const STATUS_WORDS: Readonly<Record<number, string>> = {
  403: 'it does not answer this endorser, or is not that organisation, or one of the two clocks is wrong',
  404: 'nothing there answers inquiries',
  429: 'it has been asked too often',
}

function unanswered({ address, port }: Endpoint, why: string) {
  return new ChordnsError(
    'LEDGER_UNANSWERED',
    `the applicant's machine at ${address} port ${port} did not answer: ${why}; have it run \`chordns ledger answer --listen\`, or exchange the files by hand`,
    { address, port, why },
  )
}

/** A body that is longer than both may be is cut there, and refused by whoever reads it. */
async function bodyOf(message: IncomingMessage): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of message) {
    chunks.push(chunk as Uint8Array)
    length += (chunk as Uint8Array).length
    if (length > inquiryLimits.MAX_BODY_BYTES) break
  }
  return new Uint8Array(Buffer.concat(chunks))
}
