/** `npm run bench -- soak`: a long load with churn; every answer is judged, and memory watched from its beginning to its end. */
import { createSocket, type Socket } from 'node:dgram'
import { encodeMessage, makeQuery, parseName, Rcode } from '../src/dns/index.ts'
import { type ResolverProcess, startChordns } from './lib/processes.ts'
import { median, round } from './lib/stats.ts'
import { type Benchmark, type BenchResult, numberOption, target } from './lib/types.ts'
import { createWorld } from './lib/world-parts.ts'
import { type Asked, changingWorld, comparable, faultOf, KINDS, type Kind, questionOf } from './worlds/changing.ts'

const TIMEOUT_MS = 4_000
const TICK_MS = 20
/** One of so many questions goes to the node without the fast path, too. */
const COMPARED = 16
const RELOAD_MS = 60_000
const SAMPLE_MS = 5_000
const MOST_FAULTS_SHOWN = 20
const FIRST_ID = 1

type Pending = Omit<Asked, 'receivedAt'> & {
  readonly sentAt: number
  /** What is called with the reply, if it is compared. */
  readonly compare: ((bytes: Uint8Array | undefined) => void) | undefined
}

interface Counts {
  asked: number
  right: number
  /** SERVFAIL: all servers of the names are in the process of the benchmark, and late when the machine is busy. */
  failed: number
  lost: number
  compared: number
  different: number
  readonly faults: string[]
  wrong: number
}

export const benchmark: Benchmark = {
  summary: 'a long load with churn: each answer judged, and octet by octet beside a node without the fast path; memory',
  namespace: true,
  programs: [],
  options: {
    minutes: { type: 'string', help: 'how long', default: '60' },
    rate: { type: 'string', help: 'questions a second', default: '1000' },
    names: { type: 'string', help: 'names of each kind; few of them are asked often', default: '4000' },
    table: { type: 'string', help: 'serve.tableBytes: less than the answers need', default: '1MiB' },
    cache: { type: 'string', help: 'cache.maxBytes: less than the answers need', default: '4MiB' },
    seed: { type: 'string', help: 'seed of the questions', default: '1' },
  },
  async run(values, say) {
    const { spec, anchor } = changingWorld(53, () => performance.now())
    const world = await createWorld(spec)
    const upstream = { hints: world.hintsText(), port: 53, anchor }
    const config = (fast: boolean) => ({
      serve: { fast, tableBytes: values['table'] as string },
      cache: { maxBytes: values['cache'] as string, persist: false },
      resolver: { serveStale: false },
      ring: { enabled: false },
    })
    const nodes: ResolverProcess[] = []
    try {
      nodes.push(await startChordns(upstream, config(true)), await startChordns(upstream, config(false)))
      const [fast, slow] = nodes as [ResolverProcess, ResolverProcess]
      const soak = new Soak(fast, slow, {
        rate: numberOption(values, 'rate'),
        names: numberOption(values, 'names'),
        seed: numberOption(values, 'seed'),
      })
      const memory = await soak.run(numberOption(values, 'minutes') * 60_000, say, () => world.clearLog())
      return summarise(soak.counts, memory, fast.cpuMs())
    } finally {
      await Promise.all(nodes.map((node) => node.stop()))
      await world.stopAll()
    }
  },
}

class Soak {
  readonly counts: Counts = { asked: 0, right: 0, failed: 0, lost: 0, compared: 0, different: 0, wrong: 0, faults: [] }
  readonly #fast: Line
  readonly #slow: Line
  readonly #process: ResolverProcess
  readonly #order: { readonly rate: number; readonly names: number }
  #seed: number

  constructor(
    fast: ResolverProcess,
    slow: ResolverProcess,
    order: { readonly rate: number; readonly names: number; readonly seed: number },
  ) {
    const take = (pending: Pending, bytes: Uint8Array | undefined) => this.#take(pending, bytes)
    this.#fast = new Line(fast, take)
    this.#slow = new Line(slow, take)
    this.#process = fast
    this.#order = order
    this.#seed = order.seed
  }

  /** Resolves with samples of the fast node's resident memory, bytes. */
  async run(ms: number, say: (line: string) => void, each: () => void): Promise<number[]> {
    const started = performance.now()
    const memory: number[] = []
    let [reloaded, sampled, said] = [started, started, started]
    for (let now = started; now - started < ms; now = performance.now()) {
      const due = Math.floor(((now - started) / 1000) * this.#order.rate)
      while (this.counts.asked < due) this.#askOne()
      for (const line of [this.#fast, this.#slow]) line.expire(now)
      if (now - reloaded > RELOAD_MS) {
        reloaded = now
        process.kill(this.#process.pid, 'SIGHUP')
      }
      if (now - sampled > SAMPLE_MS) {
        sampled = now
        memory.push(this.#process.rssBytes())
        each()
      }
      if (now - said > 60_000) {
        said = now
        const { asked, failed, wrong, different, lost } = this.counts
        const mib = round((memory.at(-1) ?? 0) / 2 ** 20, 0)
        say(
          `${Math.round((now - started) / 60_000)} min: ${asked} asked, ${wrong} wrong, ${different} different, ${failed} SERVFAIL, ${lost} lost, ${mib} MiB`,
        )
      }
      await new Promise((resolve) => setTimeout(resolve, TICK_MS))
    }
    await new Promise((resolve) => setTimeout(resolve, TIMEOUT_MS))
    for (const line of [this.#fast, this.#slow]) line.close()
    return memory
  }

  #chance(below: number): number {
    this.#seed = (Math.imul(this.#seed, 1_664_525) + 1_013_904_223) | 0
    return Math.floor(((this.#seed >>> 8) / 2 ** 24) * below)
  }

  #askOne(): void {
    const { names } = this.#order
    const kind = KINDS[this.#chance(KINDS.length)]!
    // Few are asked often.
    const number = Math.min(this.#chance(names), this.#chance(names), this.#chance(names))
    const { name, type } = questionOf(kind, number)
    const letters = this.#chance(2) === 0 ? name : this.#mixed(name)
    const [hasEdns, wantsProof, cd, ad] = [
      this.#chance(2) === 0,
      this.#chance(2) === 0,
      this.#chance(8) === 0,
      this.#chance(4) === 0,
    ]
    const query = makeQuery({
      id: 0,
      name: parseName(letters),
      type,
      rd: true,
      cd,
      ad,
      ...(hasEdns && {
        edns: { udpSize: this.#chance(2) === 0 ? 512 : 1232, do: wantsProof, version: 0, options: [] },
      }),
    })
    this.counts.asked++
    if (this.counts.asked % COMPARED !== 0) {
      this.#fast.send(kind, query)
      return
    }
    const replies: (Uint8Array | undefined)[] = []
    const compare = (bytes: Uint8Array | undefined) => {
      if (replies.push(bytes) === 2) this.#compare(letters, replies)
    }
    this.#fast.send(kind, query, compare)
    this.#slow.send(kind, query, compare)
  }

  #mixed(name: string): string {
    return [...name].map((letter) => (this.#chance(2) === 0 ? letter.toUpperCase() : letter)).join('')
  }

  #take(pending: Pending, bytes: Uint8Array | undefined): void {
    pending.compare?.(bytes)
    if (bytes === undefined) {
      this.counts.lost++
      return
    }
    if (isFailure(bytes)) {
      this.counts.failed++
      return
    }
    const fault = faultOf(bytes, { ...pending, receivedAt: performance.now() })
    if (fault === undefined) this.counts.right++
    else {
      this.counts.wrong++
      this.#note(
        `${pending.kind}: ${fault}: ${Buffer.from(pending.queryBytes).toString('hex')} -> ${Buffer.from(bytes).toString('hex')}`,
      )
    }
  }

  #compare(name: string, [a, b]: readonly (Uint8Array | undefined)[]): void {
    if (a === undefined || b === undefined || isFailure(a) || isFailure(b)) return
    this.counts.compared++
    const zero = (bytes: Uint8Array) => comparable(bytes).slice(2)
    if (zero(a) === zero(b)) return
    this.counts.different++
    this.#note(`different: ${name}: ${Buffer.from(a).toString('hex')} and ${Buffer.from(b).toString('hex')}`)
  }

  #note(text: string): void {
    if (this.counts.faults.length < MOST_FAULTS_SHOWN) this.counts.faults.push(text)
  }
}

function isFailure(bytes: Uint8Array): boolean {
  return (bytes[3]! & 15) === Rcode.SERVFAIL
}

/** Questions to one node over one socket, by id. */
class Line {
  readonly #socket: Socket
  readonly #open = new Map<number, Pending>()
  readonly #to: ResolverProcess
  readonly #take: (pending: Pending, bytes: Uint8Array | undefined) => void
  #next = FIRST_ID

  constructor(to: ResolverProcess, take: (pending: Pending, bytes: Uint8Array | undefined) => void) {
    this.#to = to
    this.#take = take
    this.#socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 22 })
    this.#socket.on('message', (bytes) => {
      const id = bytes.length < 2 ? 0 : bytes.readUInt16BE(0)
      const pending = this.#open.get(id)
      if (pending === undefined) return
      this.#open.delete(id)
      this.#take(pending, bytes)
    })
  }

  send(kind: Kind, query: Asked['query'], compare?: Pending['compare']): void {
    const id = this.#next
    this.#next = this.#next === 0xffff ? FIRST_ID : this.#next + 1
    const pending = this.#open.get(id)
    if (pending !== undefined) throw new Error('too many questions are open: ask fewer a second')
    const asked = { ...query, id }
    const queryBytes = encodeMessage(asked)
    this.#open.set(id, { kind, query: asked, queryBytes, sentAt: performance.now(), compare })
    this.#socket.send(queryBytes, this.#to.port, this.#to.address)
  }

  /** Ids are given in turn, so the oldest is the first. */
  expire(now: number): void {
    for (const [id, pending] of this.#open) {
      if (now - pending.sentAt < TIMEOUT_MS) return
      this.#open.delete(id)
      this.#take(pending, undefined)
    }
  }

  close(): void {
    this.expire(Number.POSITIVE_INFINITY)
    this.#socket.close()
  }
}

function summarise(counts: Counts, memory: readonly number[], cpuMs: number): BenchResult {
  const tenths = Array.from({ length: 10 }, (_, i) =>
    median(memory.slice(Math.floor((memory.length * i) / 10), Math.floor((memory.length * (i + 1)) / 10))),
  )
  const mib = tenths.map((bytes) => round(bytes / 2 ** 20, 1))
  const { asked, right, failed, wrong, lost, compared, different, faults } = counts
  return {
    tables: [
      {
        title: 'a long load with churn, to a node whose cache and table are too small; lists read again each minute',
        columns: ['asked', 'right', 'SERVFAIL', 'wrong', 'lost', 'compared', 'different', 'CPU us a question'],
        rows: [[asked, right, failed, wrong, lost, compared, different, round((cpuMs * 1000) / asked, 1)]],
      },
      {
        title: 'resident memory, MiB: medians of tenths of the time',
        columns: mib.map((_, i) => String(i + 1)),
        rows: [mib],
      },
    ],
    targets: [
      target('wrong answers', wrong, 0),
      target('replies that differ from those without the fast path', different, 0),
      target('questions of a million without an answer', round(((lost + failed) / asked) * 1e6, 1), 100),
      target('memory of the last tenth of the time over that of the third', round(tenths[9]! / tenths[2]!), 1.05),
    ],
    data: { counts: { ...counts }, memory, faults },
  }
}
