/**
 * A load of questions over TCP or TLS from one core: `sockets` connections, each with `window` questions outstanding, what is due in one turn in
 * one write; every answer is checked. A process of its own, which prints one line of JSON. Arguments: one JSON object, a `LoadOrder`.
 */
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { parseName, TcpMessageReader } from '../../src/dns/index.ts'
import { histogramQuantile } from './histogram.ts'
import { isRight, type LoadOrder, type LoadResult, OPT, OPT_DO } from './load.ts'

const MAX_US = 500_000
const HEADER_BYTES = 12
const LENGTH_BYTES = 2

class Load {
  readonly #order: LoadOrder
  readonly #wires: readonly Uint8Array[]
  readonly #histogram = new Uint32Array(MAX_US + 1)
  #next = 0
  ok = 0
  wrong = 0

  constructor(order: LoadOrder) {
    this.#order = order
    this.#wires = Array.from({ length: order.names }, (_, i) => parseName(`host${i}.${order.zone}`).wire)
  }

  async run(): Promise<LoadResult> {
    const { sockets, seconds } = this.#order
    const clients = await Promise.all(Array.from({ length: sockets }, () => this.#connect()))
    const started = performance.now()
    for (const { begin } of clients) begin()
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
    const elapsed = (performance.now() - started) / 1000
    const { ok, wrong } = this
    for (const { socket } of clients) socket.destroy()
    return {
      qps: ok / elapsed,
      ok,
      wrong,
      lost: 0,
      p50us: histogramQuantile(this.#histogram, 0.5),
      p99us: histogramQuantile(this.#histogram, 0.99),
    }
  }

  async #connect(): Promise<{ readonly socket: Socket; readonly begin: () => void }> {
    const { address: host, port, window, protocol } = this.#order
    const socket =
      protocol === 'tls' ? connectTls({ host, port, rejectUnauthorized: false }) : connectTcp({ host, port })
    await new Promise((resolve, reject) => {
      socket.once(protocol === 'tls' ? 'secureConnect' : 'connect', resolve)
      socket.once('error', reject)
    })
    socket.setNoDelay(true)
    socket.on('error', () => {})
    const queries: Uint8Array[] = []
    const sentAt = new Float64Array(window)
    const reader = new TcpMessageReader()
    socket.on('data', (chunk) => {
      const now = performance.now()
      const due: Uint8Array[] = []
      for (const reply of reader.feed(chunk)) {
        const w = (reply[0]! << 8) | reply[1]!
        const query = queries[w]
        if (query === undefined) {
          this.wrong++
          continue
        }
        if (isRight(reply, 0, reply.length, query, LENGTH_BYTES, this.#order)) this.ok++
        else this.wrong++
        this.#histogram[Math.min(MAX_US, Math.round((now - sentAt[w]!) * 1000))]!++
        sentAt[w] = now
        queries[w] = this.#query(w)
        due.push(queries[w])
      }
      if (due.length > 0) socket.write(due.length === 1 ? due[0]! : Buffer.concat(due))
    })
    const begin = () => {
      sentAt.fill(performance.now())
      for (let w = 0; w < window; w++) queries.push(this.#query(w))
      socket.write(Buffer.concat(queries))
    }
    return { socket, begin }
  }

  /** Behind its length. */
  #query(id: number): Uint8Array {
    const wire = this.#wires[this.#next]!
    this.#next = (this.#next + 1) % this.#wires.length
    const { edns, dnssec } = this.#order
    const opt = dnssec === true ? OPT_DO : edns ? OPT : new Uint8Array()
    const bytes = HEADER_BYTES + wire.length + 4 + opt.length
    const query = new Uint8Array(LENGTH_BYTES + bytes)
    query.set([bytes >> 8, bytes & 255, id >> 8, id & 255, 1, 0, 0, 1])
    query[LENGTH_BYTES + 11] = opt.length > 0 ? 1 : 0
    query.set(wire, LENGTH_BYTES + HEADER_BYTES)
    query.set([0, 1, 0, 1], LENGTH_BYTES + HEADER_BYTES + wire.length)
    query.set(opt, LENGTH_BYTES + HEADER_BYTES + wire.length + 4)
    return query
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const load = new Load(JSON.parse(process.argv[2]!) as LoadOrder)
  console.log(JSON.stringify(await load.run()))
}
