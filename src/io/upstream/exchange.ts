/** The Exchange over the machine's sockets: one query to one authority, one reply. */
import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { aborted, type Clock, type Exchange, type Random } from '../../base/index.ts'
import { limits } from '../limits.ts'
import { PendingQuery, upstreamError } from './pending-query.ts'
import { TcpPool } from './tcp-pool.ts'
import { askByUdp } from './udp.ts'

export interface ExchangeOptions {
  readonly clock: Clock
  readonly random: Random
  /** Source addresses; one of the server's family is chosen by chance. Empty: the system's choice. */
  readonly bind: readonly string[]
}

export interface SystemExchange extends Exchange {
  /** Ends what is open; queries in work reject with UPSTREAM_CLOSED, and so do later ones. */
  close(): Promise<void>
}

/** Beside the codes of `Exchange` it rejects with UPSTREAM_BUSY: this node has too many sockets open already. */
export function createExchange({ clock, random, bind }: ExchangeOptions): SystemExchange {
  const pool = new TcpPool(clock)
  const inWork = { udp: new Set<PendingQuery>(), tcp: new Set<PendingQuery>() }
  let families = { ipv4: true, ipv6: false }
  let familiesUntil = Number.NEGATIVE_INFINITY
  let closed = false

  const sourceFor = (address: string): string | undefined => {
    const fitting = bind.filter((one) => isIP(one) === isIP(address))
    return fitting.length === 0 ? undefined : fitting[random.below(fitting.length)]
  }

  return {
    async exchange(query) {
      const { server, protocol, signal } = query
      if (signal.aborted) throw aborted(signal)
      if (closed) throw upstreamError('UPSTREAM_CLOSED', query, 'this node is stopping')
      // A name here would be looked up by the system's resolver, which may be this very node.
      if (isIP(server.address) === 0 || !isPort(server.port))
        throw upstreamError('UPSTREAM_UNREACHABLE', query, 'no address and port')
      if (protocol === 'udp' && inWork.udp.size >= limits.MAX_UDP_SOCKETS)
        throw upstreamError('UPSTREAM_BUSY', query, 'too many sockets are open')
      const pending = new PendingQuery(clock, query)
      const mine = inWork[protocol]
      mine.add(pending)
      pending.onSettled(() => mine.delete(pending))
      const source = sourceFor(server.address)
      if (protocol === 'udp') askByUdp(pending, { random, source })
      else pool.ask(pending, source)
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
      for (const pending of [...inWork.udp, ...inWork.tcp]) pending.fail('UPSTREAM_CLOSED', 'this node is stopping')
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
function readFamilies(): { ipv4: boolean; ipv6: boolean } {
  const outside = Object.values(networkInterfaces()).flatMap((one) => one?.filter(({ internal }) => !internal) ?? [])
  const ipv6 = outside.some(({ family, address }) => family === 'IPv6' && !/^fe[89ab]/i.test(address))
  return { ipv4: !ipv6 || outside.some(({ family }) => family === 'IPv4'), ipv6 }
}
