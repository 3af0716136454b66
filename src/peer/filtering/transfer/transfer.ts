/**
 * Fetches a zone from a primary by TCP into a file of its messages, as they came: two bytes of length before each. Before that the SOA is asked for on the same connection: a
 * zone of the same serial is not fetched again. A newer one comes as differences from the one that is known (IXFR, RFC 1995), where the primary gives them, else whole
 * (AXFR, RFC 5936). Nothing that the primary says of lengths or ends is believed: bytes, records and time are bounded here.
 */
import { randomInt } from 'node:crypto'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { type Endpoint, errorText, isChordnsError } from '../../../base/index.ts'
import {
  Class,
  encodeMessage,
  framedForTcp,
  makeQuery,
  type Name,
  nameToText,
  type ResourceRecord,
  rcodeToText,
  sameName,
  TcpMessageReader,
  Type,
} from '../../../dns/index.ts'
import { limits } from '../../limits.ts'
import { Incoming, isNewer, type TransferKind } from './incoming.ts'
import { sign, type TsigCheck, type TsigKey } from './tsig.ts'
import { broken, type FoundSoa, type Walked, walk } from './walk.ts'

export interface TransferDeps {
  readonly zone: Name
  readonly key: TsigKey | undefined
  /** Of the copy that is there; undefined: there is none. */
  readonly known: number | undefined
  /** Whether differences from that copy will do. Default: false. */
  readonly takesDifferences?: boolean
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
  /** What `file` has: the zone, or what differs from the one that is known; undefined: nothing, since it is that one. */
  readonly brought: TransferKind | undefined
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

/** Whoever refuses differences, or gives such as cannot be, is asked for the zone. */
async function fetchFrom(primary: Endpoint, file: string, deps: TransferDeps): Promise<Transferred> {
  const found = await fetchOnce(primary, file, deps)
  return found ?? fetchFrom(primary, file, { ...deps, takesDifferences: false })
}

/** Undefined: it has no differences. */
async function fetchOnce(primary: Endpoint, file: string, deps: TransferDeps): Promise<Transferred | undefined> {
  const { patience = PATIENCE, signal, known, takesDifferences = false } = deps
  const control = AbortSignal.any([signal, AbortSignal.timeout(patience.all)])
  const socket = connect({ host: primary.address, port: primary.port, signal: control })
  // The reading below hears of it; an event that nobody hears would end the process.
  socket.on('error', () => {})
  socket.setTimeout(patience.idle, () => socket.destroy(broken('the primary says nothing')))
  const stream = new Exchange(socket, deps)
  let from: number | undefined
  try {
    const soa = await stream.soa()
    if (soa.serial === known) return { timers: timersOf(soa), brought: undefined }
    // A serial that went back has no differences: it is another zone.
    if (takesDifferences && known !== undefined && isNewer(soa.serial, known)) from = known
    const handle = await open(file, 'w', 0o600)
    try {
      const { last, kind } = await stream.zone(handle, from)
      return { timers: timersOf(last), brought: kind }
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (from !== undefined && !signal.aborted) return undefined
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

  /** Resolves when all of it is in the file. `from`: the serial that differences may begin at; undefined: the zone is wanted whole. */
  async zone(to: FileHandle, from: number | undefined): Promise<{ last: FoundSoa; kind: TransferKind }> {
    const { zone, maxBytes } = this.#deps
    const { id, check } = from === undefined ? this.#ask(Type.AXFR) : this.#ask(Type.IXFR, from)
    const incoming = new Incoming(zone, from)
    let bytes = 0
    for (;;) {
      const { message, walked } = await this.#next(id, check)
      bytes += message.length
      if (bytes > maxBytes) throw broken(`more than ${maxBytes} bytes`)
      const last = incoming.take(walked)
      await to.write(framedForTcp(message))
      if (last === undefined) continue
      check?.end()
      return { last, kind: incoming.kind }
    }
  }

  #ask(type: number, from?: number): { readonly id: number; readonly check: TsigCheck | undefined } {
    const { zone, key, now } = this.#deps
    const id = randomInt(0x10000)
    const query = makeQuery({ id, name: zone, type, rd: false })
    const bytes = encodeMessage(from === undefined ? query : { ...query, authorities: [soaOf(zone, from)] })
    const signed = key && sign(bytes, key, now())
    this.#socket.write(framedForTcp(signed?.bytes ?? bytes))
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

/** Of which only the serial counts (RFC 1995 section 3). */
function soaOf(name: Name, serial: number): ResourceRecord {
  const rdata = new Uint8Array(22)
  new DataView(rdata.buffer).setUint32(2, serial)
  return { name, type: Type.SOA, class: Class.IN, ttl: 0, rdata }
}

function timersOf({ serial, refresh, retry, expire }: FoundSoa): ZoneTimers {
  return { serial, refresh, retry, expire }
}
