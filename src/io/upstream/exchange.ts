/** The Exchange over the machine's sockets: one query to one authority, one reply. */
import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { aborted, type Clock, type Exchange, type Random } from '../../base/index.ts'
import { limits } from '../limits.ts'
import { PendingQuery, upstreamError } from './pending-query.ts'
import { SocketQueue } from './socket-queue.ts'
import { TcpPool } from './tcp-pool.ts'
import { askByUdp } from './udp.ts'

export interface ExchangeOptions {
  readonly clock: Clock
  readonly random: Random
  /** Source addresses; one of the server's family is chosen by chance. Empty: the system's choice. */
  readonly bind: readonly string[]
  /** UDP sockets open at once; further queries wait. Default: limits.MAX_UDP_SOCKETS. */
  readonly maxUdpSockets?: number
}

export interface SystemExchange extends Exchange {
  /** Ends what is open; queries in work reject with UPSTREAM_CLOSED, and so do later ones. */
  close(): Promise<void>
}

export function createExchange({ clock, random, bind, maxUdpSockets }: ExchangeOptions): SystemExchange {
  const pool = new TcpPool(clock)
  let families = { ipv4: true, ipv6: false, network: '' }
  let familiesUntil = Number.NEGATIVE_INFINITY
  let closed = false

  const sourceFor = (address: string): string | undefined => {
    const fitting = bind.filter((one) => isIP(one) === isIP(address))
    return fitting.length === 0 ? undefined : fitting[random.below(fitting.length)]
  }

  const sockets = new SocketQueue(
    clock,
    (pending) =>
      askByUdp(pending, {
        random,
        source: sourceFor(pending.query.server.address),
        onRefused: () => sockets.refused(pending),
      }),
    maxUdpSockets,
  )

  return {
    exchange(query) {
      const { server, protocol, signal } = query
      if (signal.aborted) return Promise.reject(aborted(signal))
      if (closed) return Promise.reject(upstreamError('UPSTREAM_CLOSED', query, 'this node is stopping'))
      // A name here would be looked up by the system's resolver, which may be this very node.
      if (isIP(server.address) === 0 || !isPort(server.port))
        return Promise.reject(upstreamError('UPSTREAM_UNREACHABLE', query, 'no address and port'))
      const pending = new PendingQuery(clock, query)
      if (protocol === 'udp') sockets.add(pending)
      else pool.ask(pending, sourceFor(server.address))
      return pending.reply
    },
    families() {
      if (clock.monotonic() > familiesUntil) {
        families = readFamilies()
        familiesUntil = clock.monotonic() + limits.FAMILIES_MS
      }
      return families
    },
    async close() {
      closed = true
      sockets.close()
      pool.close()
    },
  }
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port > 0 && port < 65_536
}

/**
 * A family has a route when an interface other than loopback has a routable address of it. IPv4 counts as routed on a
 * machine that has nothing but loopback, where servers can only be local ones.
 */
function readFamilies(): { ipv4: boolean; ipv6: boolean; network: string } {
  const outside = Object.values(networkInterfaces()).flatMap((one) => one?.filter(({ internal }) => !internal) ?? [])
  const ipv6 = outside.some(({ family, address }) => family === 'IPv6' && !/^fe[89ab]/i.test(address))
  const network = outside
    .map(({ address }) => address)
    .sort()
    .join(' ')
  return { network, ipv4: !ipv6 || outside.some(({ family }) => family === 'IPv4'), ipv6 }
}
