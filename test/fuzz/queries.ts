/**
 * Mutated queries through the real front end: sockets, UDP and TCP, with the resolver and the embedded world behind it.
 */
import { createSocket, type Socket } from 'node:dgram'
import { connect } from 'node:net'
import { concatBytes } from '../../src/base/index.ts'
import { decodeMessage, encodeMessage } from '../../src/dns/index.ts'
import { createFrontEnd, type FrontEnd } from '../../src/serve/index.ts'
import { defaultConfig, makeStack, type StackClock } from '../attacks/stack.ts'
import { ask, queryFor, simpleWorld, systemClock, texts } from '../world/index.ts'
import { type Below, damaged, randomBytes, seededBelow } from './mutate.ts'
import { cpuMs, type EpochReport, type Finding, type Fuzzer } from './types.ts'

/** Datagrams on their way at once: what a socket's buffer surely holds. */
const WINDOW = 100
const CONTROL_EVERY = 500
const TCP_EVERY = 20
const STALL_MS = 3_000
/** RFC 1035 section 4.2.1 and DNS flag day 2020: the most that a datagram of ours has. */
const MAX_UDP = 1_232

const SEEDLINGS: readonly Uint8Array[] = [
  queryFor({ name: 'www.example.com' }, { do: true }),
  queryFor({ name: 'a.very.long.name.with.many.labels.example.com', type: 'HTTPS' }, { edns: false }),
  queryFor({ name: '.', type: 'NS' }),
  queryFor({ name: 'big.example.com', type: 'TXT' }, { edns: 65_535, ad: true }),
  queryFor({ name: 'alias.example.com', type: 'AAAA' }, { cd: true }),
  queryFor({ name: 'version.bind', type: 'TXT', class: 3 }),
  queryFor({ name: '1.2.0.192.in-addr.arpa', type: 'PTR' }),
  queryFor({ name: 'example.com', type: 'ANY' }),
  queryFor(
    { name: 'missing.example.com', type: 'TYPE65280' },
    {
      options: [
        { code: 10, data: new Uint8Array(24) },
        { code: 12, data: new Uint8Array(100) },
      ],
    },
  ),
].map((message) => encodeMessage(message))

export async function queryFuzzer(): Promise<Fuzzer> {
  const door = await openDoor()
  return {
    epochSize: 5_000,
    run: (seed, epoch, count) => runEpoch(door, seed, epoch, count),
    close: () => door.close(),
  }
}

interface Door {
  readonly frontEnd: FrontEnd
  readonly address: string
  readonly port: number
  readonly faults: readonly string[]
  /** The world keeps a log of what it was asked: that is not the node's memory. */
  forget(): void
  close(): Promise<void>
}

async function openDoor(): Promise<Door> {
  const zones = {
    'com.': '',
    'example.com.': `www A 192.0.2.80\nalias CNAME www\nbig TXT ${Array.from({ length: 10 }, () => `"${'x'.repeat(200)}"`).join(' ')}\n*.wild A 192.0.2.9\ncontrol A 192.0.2.7`,
  }
  const world = await simpleWorld(zones, { sockets: false })
  const clock: StackClock = { ...systemClock, run: (promise) => promise }
  const stack = makeStack({ world, clock, config: { 'cache.maxBytes': '4MiB' } })
  const faults: string[] = []
  const config = defaultConfig()
  const frontEnd = await createFrontEnd({
    resolver: stack.resolver,
    options: {
      listen: { udp: ['127.0.0.1:0'], tcp: ['127.0.0.1:0'] },
      access: config.access,
      explain: true,
      minimalResponses: true,
    },
    clock: systemClock,
    log: {
      debug() {},
      info() {},
      warn() {},
      error: (detail, message) => void faults.push(`${message}: ${JSON.stringify(detail)}`),
    },
  })
  const { address, port } = frontEnd.addresses[0]!
  return { frontEnd, address, port, faults, forget: () => world.clearLog(), close: () => frontEnd.close(0) }
}

async function runEpoch(door: Door, seed: number, epoch: number, count: number): Promise<EpochReport> {
  const below = seededBelow(Math.imul(seed, 1_000_033) + epoch)
  const findings: Finding[] = []
  const found = (what: string, detail: string) => void findings.push({ kind: 'queries', seed, epoch, what, detail })
  const faultsBefore = door.faults.length
  const socket = await openSocket()
  let taken = 0
  socket.on('message', (reply) => {
    taken++
    const text = fault(new Uint8Array(reply))
    if (text !== undefined) found('bad reply', `${text}: ${reply.toString('hex').slice(0, 200)}`)
  })
  let controls = 0
  let worstMs = 0
  for (let sent = 0; sent < count && findings.length === 0; ) {
    const before = cpuMs()
    if (below(TCP_EVERY) === 0) {
      const packets = Math.min(1 + below(20), count - sent)
      await overTcp(door, packets, below)
      sent += packets
    } else {
      const packets = Math.min(WINDOW, count - sent)
      const queries = door.frontEnd.stats().queries
      for (let i = 0; i < packets; i++) socket.send(query(below), door.port, door.address)
      sent += packets
      await arrived(() => door.frontEnd.stats().queries >= queries + packets)
    }
    worstMs = Math.max(worstMs, cpuMs() - before)
    if (worstMs > STALL_MS) found('stall', `${WINDOW} packets took ${Math.round(worstMs)} ms`)
    if (Math.floor(sent / CONTROL_EVERY) > controls) {
      controls = Math.floor(sent / CONTROL_EVERY)
      await control(door, controls, found)
    }
  }
  socket.close()
  door.forget()
  for (const text of door.faults.slice(faultsBefore)) found('fault', text)
  const { queries, dropped, malformed, refused, answered, servfail, inFlight } = door.frontEnd.stats()
  if (queries > dropped + malformed + refused + answered + servfail + inFlight)
    found('lost count', JSON.stringify(door.frontEnd.stats()))
  return { mutations: count, questions: count, taken, controls, findings, worstMs }
}

function query(below: Below): Uint8Array {
  if (below(50) === 0) return randomBytes(below(600), below)
  return damaged(SEEDLINGS[below(SEEDLINGS.length)]!, below).slice(0, 2_000)
}

function fault(reply: Uint8Array): string | undefined {
  try {
    if (reply.length > MAX_UDP) return `a datagram of ${reply.length} bytes`
    const message = decodeMessage(reply)
    if (!message.qr) return 'not a reply'
    const internal = message.edns?.options.some(({ data }) => new TextDecoder().decode(data).includes('internal'))
    return internal === true ? 'internal error' : undefined
  } catch (error) {
    return String(error)
  }
}

async function control(door: Door, number: number, found: (what: string, detail: string) => void): Promise<void> {
  const protocol = number % 2 === 0 ? 'udp' : 'tcp'
  try {
    const reply = await ask(
      { address: door.address, port: door.port, protocol },
      { name: 'control.example.com' },
      { timeoutMs: 3_000 },
    )
    if (texts(reply.answers).join() !== 'A 192.0.2.7') found('control question', `${protocol} ${reply.rcode}`)
  } catch (error) {
    found('control question', `${protocol}: ${String(error)}`)
  }
}

/** A connection with broken and true frames; ends when the server closes it or everything was written. */
function overTcp(door: Door, packets: number, below: Below): Promise<void> {
  return new Promise((resolve) => {
    const connection = connect({ host: door.address, port: door.port })
    const end = () => {
      connection.destroy()
      resolve()
    }
    connection.on('error', end)
    connection.on('close', end)
    connection.on('data', () => {})
    connection.on('connect', () => {
      for (let i = 0; i < packets; i++) {
        const packet = query(below)
        const length = below(10) === 0 ? below(65_536) : packet.length
        connection.write(concatBytes(Uint8Array.of(length >> 8, length & 255), packet))
      }
      // The front end reads all of it before it sees the end.
      connection.end()
      setTimeout(end, 200).unref()
    })
  })
}

async function openSocket(): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 22 })
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.bind(0, '127.0.0.1', resolve)
  })
  return socket
}

/** Waits a little: a datagram may be lost even on loopback, when its buffer is full. */
async function arrived(check: () => boolean): Promise<void> {
  const until = performance.now() + 1_000
  while (!check() && performance.now() < until) await new Promise((resolve) => setImmediate(resolve))
}
