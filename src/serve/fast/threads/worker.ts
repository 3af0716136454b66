/**
 * A worker: takes datagrams from its sockets in batches, answers what the table has, and hands the rest to the main thread. It never
 * comes back to its event loop: what the main thread says is in shared memory, and a write to `wakeFd` makes it look.
 */
import { flushCompileCache } from 'node:module'
import { parentPort, workerData } from 'node:worker_threads'
import { RATE_CUT, RATE_SEND, ReplyRate } from '../../access/rate.ts'
import { type Libc, loadLibc } from '../system/libc.ts'
import { BatchAnswerer, MISS } from '../table/answerer.ts'
import type { SharedTable } from '../table/layout.ts'
import { AccessView, FAMILY_IPV4 } from './access-view.ts'
import { DatagramBatch } from './batch.ts'
import { COUNTER, MAX_SOCKETS, systemMonotonic, WorkerControl, type WorkerSocket } from './control.ts'
import { CookieDesk } from './cookie-desk.ts'
import { giveBack } from './give-back.ts'
import { KIND_HINT, KIND_QUERY, PacketPutter } from './queue.ts'

/** What a worker is given. */
export interface WorkerData {
  readonly table: SharedTable
  readonly access: SharedArrayBuffer
  readonly rate: SharedArrayBuffer
  /** Undefined: queries with a cookie are for the main thread. */
  readonly cookieSecret: Uint8Array | undefined
  readonly control: SharedArrayBuffer
  readonly queue: SharedArrayBuffer
  readonly wakeFd: number
  readonly maxReply: number
  readonly minReply: number
  readonly maxQuery: number
  readonly batch: number
}

const POLLIN = 1
const POLL_MS = 1_000
const POLLFD_WORDS = 2
/** Batches of one socket before the others have their turn. */
const BATCHES_IN_A_ROW = 16
/** A batch of so many says that more is on its way: it is looked for without waiting. */
const BUSY = 4
/** Not sent, and not for the main thread either. */
const DROPPED = -1
/** Slots are not a power of two apart, or their beginnings would all fall into the same lines of the cache. */
const CACHE_LINE = 64

class FastWorker {
  readonly #libc: Libc
  readonly #data: WorkerData
  readonly #control: WorkerControl
  readonly #access: AccessView
  readonly #queue: PacketPutter
  readonly #rate: ReplyRate
  readonly #cookies: CookieDesk | undefined
  readonly #batch: DatagramBatch
  readonly #answerer: BatchAnswerer
  readonly #polled = new Int32Array(new ArrayBuffer((MAX_SOCKETS + 1) * POLLFD_WORDS * 4))
  readonly #woken = new BigUint64Array(new ArrayBuffer(128))
  /** Ms between this thread's clock and the system's. */
  readonly #aheadMs = systemMonotonic() - performance.now()
  readonly #stride: number
  #sockets: readonly WorkerSocket[] = []

  constructor(libc: Libc, data: WorkerData) {
    const { maxQuery, maxReply, minReply, batch } = data
    this.#libc = libc
    this.#data = data
    this.#control = new WorkerControl(data.control)
    this.#access = new AccessView(data.access)
    this.#queue = new PacketPutter(data.queue)
    this.#rate = new ReplyRate(data.rate)
    const longest = maxQuery + maxReply
    const stride = (Math.ceil(longest / CACHE_LINE) | 1) * CACHE_LINE
    this.#batch = new DatagramBatch(libc, { most: batch, stride, maxQuery })
    this.#answerer = new BatchAnswerer(data.table, {
      buffer: this.#batch.buffer,
      stride,
      most: batch,
      maxReply,
      minReply,
      takesCookies: data.cookieSecret !== undefined,
    })
    this.#cookies = data.cookieSecret && new CookieDesk(data.cookieSecret, this.#batch, this.#answerer)
    this.#stride = stride
  }

  run(): void {
    this.#polled[0] = this.#data.wakeFd
    this.#polled[1] = POLLIN
    let isFresh = true
    while (!this.#control.isStopped) {
      this.#takeNews()
      const ready = this.#libc.poll(this.#polled, this.#sockets.length + 1, POLL_MS)
      // The first second without a question: what the start has left is in nobody's way.
      if (ready === 0 && isFresh) {
        isFresh = false
        giveBack()
      }
      if (ready <= 0) continue
      if (this.#isReady(0)) this.#libc.read(this.#data.wakeFd, this.#woken, 8)
      for (let i = 0; i < this.#sockets.length; i++) if (this.#isReady(i + 1)) this.#serve(this.#sockets[i]!)
      if (this.#queue.shouldWake()) parentPort?.postMessage('packets')
    }
  }

  #isReady(index: number): boolean {
    return this.#polled[index * POLLFD_WORDS + 1]! >>> 16 !== 0
  }

  #takeNews(): void {
    this.#access.refresh()
    const sockets = this.#control.news()
    if (sockets === undefined) return
    this.#sockets = sockets
    for (const [index, { fd }] of sockets.entries()) {
      this.#polled[(index + 1) * POLLFD_WORDS] = fd
      this.#polled[(index + 1) * POLLFD_WORDS + 1] = POLLIN
    }
  }

  /** Batch after batch, as long as they come full. */
  #serve(socket: WorkerSocket): void {
    for (let i = 0; i < BATCHES_IN_A_ROW; i++) {
      const count = this.#batch.receive(socket.fd)
      if (count === 0) return
      this.#answer(socket, count)
      if (count < BUSY) return
      if (this.#queue.shouldWake()) parentPort?.postMessage('packets')
    }
  }

  #answer(socket: WorkerSocket, count: number): void {
    const { sizes, sizesFrom, sizesStep, senderView, senderStride } = this.#batch
    const { counters } = this.#control
    // Who may not ask gets nothing from here. The size stays for handing over, so it is turned round only for the answerer.
    for (let j = 0; j < count; j++) {
      const at = sizesFrom + j * sizesStep
      if (!this.#access.allows(senderView, j * senderStride)) sizes[at] = ~sizes[at]!
    }
    const now = performance.now() + this.#aheadMs + counters[COUNTER.offsetMs]!
    this.#answerer.answer(count, sizes, sizesFrom, sizesStep, now)
    const { lengths, hints } = this.#answerer
    this.#cookies?.settle(count, Math.floor((now + counters[COUNTER.wallMs]!) / 1000))
    if (this.#rate.isOn) this.#limit(count, now)
    const unsent = this.#batch.send(socket.fd, socket.family, count, lengths)
    let answered = 0
    for (let j = 0; j < count; j++) {
      if (lengths[j] === MISS) {
        const size = sizes[sizesFrom + j * sizesStep]!
        this.#handOver(socket, KIND_QUERY, j, size < 0 ? ~size : size)
        continue
      }
      if (lengths[j] === DROPPED) continue
      answered++
      if ((this.#batch.buffer[j * this.#stride + 2]! & 2) !== 0) counters[COUNTER.cut]!++
      if (hints[j] === 1) this.#handOver(socket, KIND_HINT, j, lengths[j]!)
    }
    counters[COUNTER.answered]! += answered
    counters[COUNTER.unsent]! += unsent
    counters[COUNTER.batches]!++
  }

  /** Whoever has had its replies of this second gets no more, or one that is cut, unless its address cannot be forged. */
  #limit(count: number, now: number): void {
    const { senderView, senderStride } = this.#batch
    const { lengths, hints } = this.#answerer
    const { counters } = this.#control
    const { countsLoopback } = this.#rate
    for (let j = 0; j < count; j++) {
      const at = j * senderStride
      if (lengths[j] === MISS || this.#cookies?.valid[j] === 1) continue
      if (!countsLoopback && this.#access.isLoopback(senderView, at)) continue
      const isShort = senderView.getUint16(at, true) === FAMILY_IPV4
      const high = isShort ? 0 : senderView.getInt32(at + 8)
      const low = isShort ? senderView.getInt32(at + 4) : senderView.getInt32(at + 12)
      const verdict = this.#rate.count(high, low, now)
      if (verdict === RATE_SEND) continue
      counters[COUNTER.limited]!++
      if (verdict === RATE_CUT) this.#answerer.cut(j)
      else {
        lengths[j] = DROPPED
        hints[j] = 0
      }
    }
  }

  #handOver({ door }: WorkerSocket, kind: number, j: number, size: number): void {
    const { buffer, senders, senderStride } = this.#batch
    const { counters } = this.#control
    counters[kind === KIND_HINT ? COUNTER.hints : COUNTER.handedOver]!++
    if (!this.#queue.put({ kind, door }, buffer, j * this.#stride, size, senders, j * senderStride))
      counters[COUNTER.lost]!++
  }
}

const loaded = loadLibc()
if (loaded.libc === undefined) throw new Error(loaded.reason)
// It never comes to an end at which Node would do this by itself: what it has compiled is kept for the next start (docs/decisions/0145).
flushCompileCache()
new FastWorker(loaded.libc, workerData as WorkerData).run()
