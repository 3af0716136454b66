/** One query to one authority, over a socket of its own: the port is as random as the id. */
import { createSocket, type Socket } from 'node:dgram'
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import {
  aborted,
  type Cancel,
  ChordnsError,
  type Clock,
  type Exchange,
  type Random,
  type UpstreamQuery,
} from '../base/index.ts'
import { AVOIDED_PORTS, limits } from './limits.ts'

export interface ExchangeOptions {
  readonly clock: Clock
  readonly random: Random
  /** Source addresses; one of the server's family is chosen by chance. Empty: the system's choice. */
  readonly bind: readonly string[]
}

export interface SystemExchange extends Exchange {
  /** Ends what is open; queries in work reject with UPSTREAM_CLOSED. */
  close(): Promise<void>
}

export function createExchange(options: ExchangeOptions): SystemExchange {
  const open = { udp: new Set<Ending>(), tcp: new Set<Ending>() }
  let families = { ipv4: true, ipv6: false }
  let familiesUntil = Number.NEGATIVE_INFINITY
  return {
    exchange(query) {
      if (query.signal.aborted) return Promise.reject(aborted(query.signal))
      const sockets = open[query.protocol]
      const most = query.protocol === 'udp' ? limits.MAX_UDP_SOCKETS : limits.MAX_TCP_CONNECTIONS
      if (sockets.size >= most) return Promise.reject(failure('UPSTREAM_BUSY', query, 'too many sockets are open'))
      return new Promise((resolve, reject) => {
        const ending = new Ending(options.clock, query, sockets, resolve, reject)
        if (query.protocol === 'udp') overUdp(options, query, ending)
        else overTcp(options, query, ending)
      })
    },
    families() {
      if (options.clock.monotonic() > familiesUntil) {
        families = readFamilies()
        familiesUntil = options.clock.monotonic() + limits.FAMILIES_MS
      }
      return families
    },
    async close() {
      for (const ending of [...open.udp, ...open.tcp]) ending.fail('UPSTREAM_CLOSED', 'this node is stopping')
    },
  }
}

/** Settles an exchange once, and closes whatever it opened. */
class Ending {
  readonly #query: UpstreamQuery
  readonly #registry: Set<Ending>
  readonly #resolve: (reply: Uint8Array) => void
  readonly #reject: (error: Error) => void
  readonly #cancelTimer: Cancel
  readonly #onAbort = () => this.#end(() => this.#reject(aborted(this.#query.signal)))
  #ignored = 0
  #settled = false
  #close: () => void = () => {}

  constructor(
    clock: Clock,
    query: UpstreamQuery,
    registry: Set<Ending>,
    resolve: (reply: Uint8Array) => void,
    reject: (error: Error) => void,
  ) {
    this.#query = query
    this.#registry = registry
    this.#resolve = resolve
    this.#reject = reject
    registry.add(this)
    query.signal.addEventListener('abort', this.#onAbort, { once: true })
    this.#cancelTimer = clock.after(query.timeoutMs, () => this.fail('UPSTREAM_TIMEOUT', 'no reply in time'))
  }

  get settled(): boolean {
    return this.#settled
  }

  onEnd(close: () => void): void {
    this.#close = close
  }

  /** Judges one message; false when the exchange is over. */
  take(reply: Uint8Array): boolean {
    if (this.#settled) return false
    const verdict = this.#query.judge(reply)
    if (verdict === 'accept') this.#end(() => this.#resolve(reply))
    else if (verdict === 'near-miss') this.fail('UPSTREAM_NEAR_MISS', 'a reply with the right question and a wrong id')
    else if (++this.#ignored > limits.MAX_IGNORED_REPLIES) this.fail('UPSTREAM_TIMEOUT', 'too many wrong replies')
    return !this.#settled
  }

  fail(code: string, what: string, cause?: unknown): void {
    this.#end(() => this.#reject(failure(code, this.#query, what, cause)))
  }

  #end(settle: () => void): void {
    if (this.#settled) return
    this.#settled = true
    this.#cancelTimer()
    this.#query.signal.removeEventListener('abort', this.#onAbort)
    this.#registry.delete(this)
    this.#close()
    settle()
  }
}

function failure(code: string, query: UpstreamQuery, what: string, cause?: unknown): Error {
  const { server, protocol } = query
  const text = `${server.address} port ${server.port} (${protocol}): ${what}`
  return new ChordnsError(code, text, { server, protocol }, { cause })
}

function overUdp(options: ExchangeOptions, query: UpstreamQuery, ending: Ending): void {
  const { server, message } = query
  const v6 = server.address.includes(':')
  const source = sourceAddress(options, v6)
  const attempt = (tries: number) => {
    if (ending.settled) return
    const socket: Socket = createSocket({ type: v6 ? 'udp6' : 'udp4', reuseAddr: false })
    ending.onEnd(() => socket.close())
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // Another socket has the port already: another one will do.
      if (error.code === 'EADDRINUSE' && tries < limits.MAX_PORT_TRIES) {
        ending.onEnd(() => {})
        socket.close()
        attempt(tries + 1)
      } else failBy(ending, error)
    })
    socket.on('message', (reply) => void ending.take(new Uint8Array(reply)))
    socket.bind({ port: randomPort(options.random), ...(source !== undefined && { address: source }) }, () => {
      if (ending.settled) return
      // Connected: the kernel drops what comes from elsewhere, and ICMP errors arrive here.
      socket.connect(server.port, server.address, (error?: Error) => {
        if (ending.settled) return
        if (error !== undefined && error !== null) return failBy(ending, error)
        socket.send(message, (sendError) => {
          if (sendError !== null) failBy(ending, sendError)
        })
      })
    })
  }
  attempt(0)
}

function overTcp(options: ExchangeOptions, query: UpstreamQuery, ending: Ending): void {
  const { server, message } = query
  const source = sourceAddress(options, server.address.includes(':'))
  const socket = connect({
    host: server.address,
    port: server.port,
    noDelay: true,
    ...(source !== undefined && { localAddress: source }),
  })
  ending.onEnd(() => socket.destroy())
  const frames = new TcpFrames()
  socket.on('error', (error: NodeJS.ErrnoException) => failBy(ending, error))
  socket.on('close', () => ending.fail('UPSTREAM_CLOSED', 'the connection was closed'))
  socket.on('data', (data: Buffer) => {
    for (const reply of frames.feed(data)) if (!ending.take(reply)) return
  })
  const framed = new Uint8Array(message.length + 2)
  framed[0] = message.length >> 8
  framed[1] = message.length
  framed.set(message, 2)
  socket.write(framed)
}

/** Takes messages out of a TCP stream; the two length bytes may come apart (RFC 1035 section 4.2.2). */
export class TcpFrames {
  #held: Buffer[] = []
  #size = 0;

  *feed(data: Buffer): Generator<Uint8Array> {
    this.#held.push(data)
    this.#size += data.length
    while (this.#size >= 2) {
      const all = this.#held.length === 1 ? this.#held[0]! : Buffer.concat(this.#held)
      this.#held = [all]
      const length = all.readUInt16BE(0)
      if (all.length < 2 + length) return
      const rest = all.subarray(2 + length)
      this.#held = rest.length > 0 ? [rest] : []
      this.#size = rest.length
      yield new Uint8Array(all.subarray(2, 2 + length))
    }
  }
}

const CODES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'UPSTREAM_REFUSED',
  ECONNRESET: 'UPSTREAM_CLOSED',
  EPIPE: 'UPSTREAM_CLOSED',
  ETIMEDOUT: 'UPSTREAM_TIMEOUT',
}

function failBy(ending: Ending, error: NodeJS.ErrnoException): void {
  ending.fail(CODES[error.code ?? ''] ?? 'UPSTREAM_UNREACHABLE', error.code ?? error.message, error)
}

function randomPort(random: Random): number {
  for (;;) {
    const port = limits.MIN_PORT + random.below(limits.MAX_PORT - limits.MIN_PORT + 1)
    if (!AVOIDED_PORTS.has(port)) return port
  }
}

function sourceAddress({ bind, random }: ExchangeOptions, v6: boolean): string | undefined {
  const fitting = bind.filter((address) => address.includes(':') === v6)
  return fitting.length === 0 ? undefined : fitting[random.below(fitting.length)]
}

/** A family has a route when an interface other than loopback has a global address of it; loopback counts for IPv4. */
function readFamilies(): { ipv4: boolean; ipv6: boolean } {
  const addresses = Object.values(networkInterfaces()).flatMap((one) => one ?? [])
  return {
    ipv4: addresses.some((one) => one.family === 'IPv4'),
    ipv6: addresses.some((one) => one.family === 'IPv6' && !one.internal && !/^fe[89ab]/i.test(one.address)),
  }
}
