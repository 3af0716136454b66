/**
 * A load of questions over UDP from one core: `sockets` sockets, each with `window` questions outstanding, in batches; every answer is
 * checked. A process of its own, which prints one line of JSON. Arguments: one JSON object, see `LoadOrder`.
 */
import { fileURLToPath } from 'node:url'
import { parseName } from '../../src/dns/index.ts'
import { toSockaddr } from '../../src/serve/fast/system/addresses.ts'
import { type Libc, loadLibc } from '../../src/serve/fast/system/libc.ts'
import { openSocket } from '../../src/serve/fast/system/sockets.ts'
import { DatagramBatch } from '../../src/serve/fast/threads/batch.ts'
import { histogramQuantile } from './histogram.ts'
import { isRight, type LoadOrder, type LoadResult, OPT, OPT_DO } from './load.ts'

const POLLIN = 1
const HEADER_BYTES = 12
const LOST_MS = 1_000
const MAX_US = 500_000
const STRIDE = 1_600
const LOOPBACK = { address: '127.0.0.1', port: 0 }

/** One socket and its questions: number w is in slot w, and comes back with w in its id. */
class Client {
  readonly fd: number
  readonly queries: readonly Uint8Array[]
  readonly sentAt: Float64Array
  readonly lengths: Int32Array

  constructor(libc: Libc, { window }: LoadOrder) {
    this.fd = openSocket(libc, LOOPBACK, { bufferBytes: 4_194_304, isShared: false }).fd
    this.queries = Array.from({ length: window }, () => new Uint8Array(320))
    this.sentAt = new Float64Array(window)
    this.lengths = new Int32Array(window)
  }
}

class Load {
  readonly #libc: Libc
  readonly #order: LoadOrder
  readonly #wires: readonly Uint8Array[]
  readonly #clients: readonly Client[]
  readonly #received: DatagramBatch
  readonly #sent: DatagramBatch
  readonly #sizes: Int32Array
  readonly #histogram = new Uint32Array(MAX_US + 1)
  readonly #polled: Int32Array
  readonly #opt: Uint8Array | undefined
  #next = 0
  #asked = 0
  #seed = 12_345
  ok = 0
  wrong = 0
  lost = 0

  constructor(libc: Libc, order: LoadOrder) {
    const { names, zone, sockets, window, address, port } = order
    this.#libc = libc
    this.#order = order
    this.#opt = order.dnssec === true ? OPT_DO : order.edns ? OPT : undefined
    this.#wires = Array.from({ length: names }, (_, i) => parseName(`host${i}.${zone}`).wire)
    this.#clients = Array.from({ length: sockets }, () => new Client(libc, order))
    this.#received = new DatagramBatch(libc, { most: window, stride: STRIDE, maxQuery: STRIDE })
    this.#sent = new DatagramBatch(libc, { most: window, stride: STRIDE, maxQuery: STRIDE })
    this.#sizes = new Int32Array(window)
    for (let j = 0; j < window; j++) this.#sent.senders.set(toSockaddr({ address, port }), j * this.#sent.senderStride)
    this.#polled = new Int32Array(new ArrayBuffer(Math.max(128, sockets * 8)))
    for (const [i, { fd }] of this.#clients.entries()) this.#polled.set([fd, POLLIN], i * 2)
  }

  run(): LoadResult {
    const { seconds, window } = this.#order
    const started = performance.now()
    for (const client of this.#clients) {
      for (let w = 0; w < window; w++) this.#prepare(client, w, w)
      this.#send(client, window)
    }
    let lookedAt = started
    for (let now = started; now < started + seconds * 1000; now = performance.now()) {
      let isBusy = false
      for (const client of this.#clients) if (this.#take(client)) isBusy = true
      if (now > lookedAt + 200) {
        lookedAt = now
        for (const client of this.#clients) this.#again(client, now)
      }
      if (!isBusy) this.#libc.poll(this.#polled, this.#clients.length, 50)
    }
    const elapsed = (performance.now() - started) / 1000
    const { ok, wrong, lost } = this
    return {
      qps: ok / elapsed,
      ok,
      wrong,
      lost,
      p50us: histogramQuantile(this.#histogram, 0.5),
      p99us: histogramQuantile(this.#histogram, 0.99),
    }
  }

  #take(client: Client): boolean {
    const { buffer, sizes, sizesFrom, sizesStep } = this.#received
    const count = this.#received.receive(client.fd)
    if (count === 0) return false
    const now = performance.now()
    let ready = 0
    for (let j = 0; j < count; j++) {
      const at = j * STRIDE
      const w = buffer[at + 1]!
      const since = client.sentAt[w]
      if (since === undefined || since === 0 || buffer[at] !== client.queries[w]![0]) {
        this.wrong++
        continue
      }
      if (this.#isRight(client, w, at, sizes[sizesFrom + j * sizesStep]!)) this.ok++
      else this.wrong++
      const us = Math.min(MAX_US, Math.round((now - since) * 1000))
      this.#histogram[us]!++
      this.#prepare(client, w, ready++)
    }
    this.#send(client, ready)
    return true
  }

  #isRight(client: Client, w: number, at: number, size: number): boolean {
    const { buffer } = this.#received
    const asked = client.lengths[w]!
    if (this.#order.isEcho) return size === asked && (buffer[at + 2]! & 0x80) !== 0
    return isRight(buffer, at, size, client.queries[w]!, 0, this.#order)
  }

  /** Mostly one that is known. */
  #nextWire(): Uint8Array {
    const { missEvery = 0, salt = '', zone } = this.#order
    if (missEvery > 0 && ++this.#asked % missEvery === 0) return parseName(`new${this.#asked}-${salt}.${zone}`).wire
    const wire = this.#wires[this.#next]!
    this.#next = (this.#next + 1) % this.#wires.length
    return wire
  }

  /** The next name as question w, in slot `slot` of what is sent next. */
  #prepare(client: Client, w: number, slot: number): void {
    const query = client.queries[w]!
    const wire = this.#nextWire()
    const opt = this.#opt
    query[0] = (query[0]! + 1) & 0xff
    query[1] = w
    query[2] = 1
    query[5] = 1
    query[11] = opt === undefined ? 0 : 1
    query.set(wire, HEADER_BYTES)
    let end = HEADER_BYTES + wire.length
    if (this.#order.edns) this.#mixCase(query, end)
    query[end + 1] = 1
    query[end] = query[end + 2] = 0
    query[end + 3] = 1
    end += 4
    if (opt !== undefined) {
      query.set(opt, end)
      end += opt.length
    }
    client.lengths[w] = end
    client.sentAt[w] = performance.now()
    this.#sent.buffer.set(query.subarray(0, end), slot * STRIDE)
    this.#sizes[slot] = end
  }

  #mixCase(query: Uint8Array, end: number): void {
    this.#seed = (Math.imul(this.#seed, 1_664_525) + 1_013_904_223) | 0
    for (let i = HEADER_BYTES; i < end; i++) {
      const octet = query[i]!
      if (octet >= 97 && octet <= 122 && ((this.#seed >>> (i & 31)) & 1) === 1) query[i] = octet - 32
    }
  }

  #send(client: Client, count: number): void {
    if (count > 0) this.#sent.send(client.fd, 2, count, this.#sizes)
  }

  #again(client: Client, now: number): void {
    let ready = 0
    for (let w = 0; w < this.#order.window; w++) {
      if (now - client.sentAt[w]! < LOST_MS) continue
      this.lost++
      this.#prepare(client, w, ready++)
    }
    this.#send(client, ready)
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const loaded = loadLibc()
  if (loaded.libc === undefined) throw new Error(loaded.reason)
  console.log(JSON.stringify(new Load(loaded.libc, JSON.parse(process.argv[2]!) as LoadOrder).run()))
}
