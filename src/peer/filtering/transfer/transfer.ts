/**
 * Fetches a zone from a primary by TCP (AXFR, RFC 5936) into a file of its messages, as they came: two bytes of length before each. Before that the SOA is asked for on the same connection: a
 * zone of the same serial is not fetched again. Nothing that the primary says of lengths or ends is believed: bytes, records and time are bounded here.
 */
import { randomInt } from 'node:crypto'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { type Endpoint, errorText, isChordnsError } from '../../../base/index.ts'
import {
  encodeMessage,
  framedForTcp,
  makeQuery,
  type Name,
  nameToText,
  rcodeToText,
  sameName,
  TcpMessageReader,
  Type,
} from '../../../dns/index.ts'
import { limits } from '../../limits.ts'
import { sign, type TsigCheck, type TsigKey } from './tsig.ts'
import { broken, type FoundSoa, type Walked, walk } from './walk.ts'

export interface TransferDeps {
  readonly zone: Name
  readonly key: TsigKey | undefined
  /** Of the copy that is there; undefined: there is none. */
  readonly known: number | undefined
  readonly maxBytes: number
  readonly signal: AbortSignal
  /** Ms of wall clock. */
  readonly now: () => number
  /** Ms; left out: as long as a long zone takes over a slow line. */
  readonly patience?: { readonly all: number; readonly idle: number }
}

/** Of the zone that is there now, as its SOA says. Seconds. */
export interface ZoneTimers {
  readonly serial: number
  readonly refresh: number
  readonly retry: number
  readonly expire: number
}

export interface Transferred {
  readonly timers: ZoneTimers
  /** Whether `file` has the zone; else it is the one that is known. */
  readonly isNew: boolean
}

const PATIENCE = { all: limits.LIST_FETCH_MS, idle: limits.LIST_IDLE_MS }

/** From the first primary that gives it. Rejects with TRANSFER_FAILED, and then `file` is not there. */
export async function transfer(primaries: readonly Endpoint[], file: string, deps: TransferDeps): Promise<Transferred> {
  const failures: string[] = []
  for (const primary of primaries)
    try {
      return await fetchFrom(primary, file, deps)
    } catch (error) {
      await rm(file, { force: true })
      if (deps.signal.aborted) throw error
      failures.push(`${primary.address}: ${errorText(error)}`)
    }
  throw broken(failures.join('; '))
}

async function fetchFrom(primary: Endpoint, file: string, deps: TransferDeps): Promise<Transferred> {
  const { patience = PATIENCE, signal } = deps
  const control = AbortSignal.any([signal, AbortSignal.timeout(patience.all)])
  const socket = connect({ host: primary.address, port: primary.port, signal: control })
  // The reading below hears of it; an event that nobody hears would end the process.
  socket.on('error', () => {})
  socket.setTimeout(patience.idle, () => socket.destroy(broken('the primary says nothing')))
  const stream = new Exchange(socket, deps)
  try {
    const soa = await stream.soa()
    if (soa.serial === deps.known) return { timers: timersOf(soa), isNew: false }
    const handle = await open(file, 'w', 0o600)
    try {
      return { timers: timersOf(await stream.zone(handle)), isNew: true }
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (isChordnsError(error, 'TRANSFER_FAILED')) throw error
    const why = control.aborted && !signal.aborted ? 'it takes too long' : errorText(error)
    throw broken(why, error)
  } finally {
    socket.destroy()
  }
}

/** Requests over one connection, one after the other. */
class Exchange {
  readonly #socket: Socket
  readonly #deps: TransferDeps
  readonly #chunks: AsyncIterator<Uint8Array>
  readonly #reader = new TcpMessageReader({ minBytes: 12 })

  constructor(socket: Socket, deps: TransferDeps) {
    this.#socket = socket
    this.#deps = deps
    this.#chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
  }

  async soa(): Promise<FoundSoa> {
    const { id, check } = this.#ask(Type.SOA)
    const { walked } = await this.#next(id, check)
    check?.end()
    const [soa] = walked.soas
    if (soa === undefined) throw broken('the primary knows no SOA of the zone')
    return this.#ofZone(soa)
  }

  /** Resolves with the SOA when all of the zone is in the file. */
  async zone(to: FileHandle): Promise<FoundSoa> {
    const { id, check } = this.#ask(Type.AXFR)
    let first: FoundSoa | undefined
    let records = 0
    let bytes = 0
    for (;;) {
      const { message, walked } = await this.#next(id, check)
      records += walked.answers
      bytes += message.length
      if (walked.answers === 0) throw broken('a message without records')
      if (records > limits.MAX_ZONE_RECORDS) throw broken(`more than ${limits.MAX_ZONE_RECORDS} records`)
      if (bytes > this.#deps.maxBytes) throw broken(`more than ${this.#deps.maxBytes} bytes`)
      const soas = walked.soas.map((soa) => this.#ofZone(soa))
      if (first === undefined && soas[0]?.index !== 0) throw broken('the zone does not begin with its SOA')
      const isBegin = first === undefined
      first ??= soas[0]!
      const last = soas[isBegin ? 1 : 0]
      await to.write(framedForTcp(message))
      if (last === undefined) continue
      if (last.index !== walked.answers - 1) throw broken('records behind the end of the zone')
      if (last.serial !== first.serial) throw broken('the zone has changed while it came')
      check?.end()
      return first
    }
  }

  #ask(type: number): { readonly id: number; readonly check: TsigCheck | undefined } {
    const { zone, key, now } = this.#deps
    const id = randomInt(0x10000)
    const query = encodeMessage(makeQuery({ id, name: zone, type, rd: false }))
    const signed = key && sign(query, key, now())
    this.#socket.write(framedForTcp(signed?.bytes ?? query))
    return { id, check: signed?.check }
  }

  async #next(id: number, check: TsigCheck | undefined): Promise<{ message: Uint8Array; walked: Walked }> {
    const message = await this.#message()
    const walked = walk(message)
    if (!walked.isReply || walked.id !== id) throw broken('a message that was not asked for')
    if (walked.rcode !== 0 && walked.tsig === undefined) throw refused(walked.rcode)
    check?.take(message, walked.tsig, this.#deps.now())
    if (walked.rcode !== 0) throw refused(walked.rcode)
    return { message, walked }
  }

  async #message(): Promise<Uint8Array> {
    for (;;) {
      const message = this.#reader.next()
      if (message !== undefined) return message
      if (this.#reader.broken) throw broken('a message without a header')
      const { value, done } = await this.#chunks.next()
      if (done === true) throw broken('the primary ends before the zone does')
      this.#reader.push(value)
    }
  }

  #ofZone(soa: FoundSoa): FoundSoa {
    if (!sameName(soa.owner, this.#deps.zone)) throw broken(`it is the zone ${nameToText(soa.owner)}`)
    return soa
  }
}

function refused(rcode: number) {
  return broken(`the primary says ${rcodeToText(rcode)}`)
}

function timersOf({ serial, refresh, retry, expire }: FoundSoa): ZoneTimers {
  return { serial, refresh, retry, expire }
}
