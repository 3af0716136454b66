/** The Exchange port of a resolver, answered by the world's servers without sockets: works in virtual time. */
import { aborted, ChordnsError, type Clock, type Exchange, type UpstreamQuery } from '../../src/base/index.ts'
import type { World } from './world.ts'

/** Time-outs are those of the query; a stopped server refuses; an address that nobody has is unreachable. */
export function worldExchange(world: World, clock: Clock, from: string): Exchange {
  let nextPort = 40_000
  return {
    families: () => world.network.families(),
    exchange(query) {
      const fromPort = nextPort++
      if (nextPort > 65_000) nextPort = 40_000
      return ask(world, clock, query, from, fromPort)
    },
  }
}

function ask(world: World, clock: Clock, query: UpstreamQuery, from: string, fromPort: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const { server: to, protocol, message, signal } = query
    if (signal.aborted) return reject(aborted(signal))
    const cancels: (() => void)[] = []
    const end = (settle: () => void) => {
      for (const cancel of cancels) cancel()
      signal.removeEventListener('abort', onAbort)
      settle()
    }
    const onAbort = () => end(() => reject(aborted(signal)))
    let isLate = false
    const onTimeout = () => {
      const { lateMs = 0, onLate } = query
      if (lateMs <= 0 || onLate === undefined) {
        fail('UPSTREAM_TIMEOUT')
        return
      }
      isLate = true
      cancels.push(clock.after(lateMs, () => end(() => {})))
      reject(new ChordnsError('UPSTREAM_TIMEOUT', `${to.address}: late`, { server: to, protocol }))
    }
    const fail = (code: string) =>
      end(() => reject(new ChordnsError(code, `${code}: ${to.address} port ${to.port}`, { server: to, protocol })))
    signal.addEventListener('abort', onAbort, { once: true })
    cancels.push(clock.after(query.timeoutMs, onTimeout))
    query.onSent?.()

    const way = world.network.wayTo(to.address, protocol)
    if (way.kind === 'no-route') return fail('UPSTREAM_UNREACHABLE')
    // Lost on the way there: the query's time-out is all that comes.
    if (way.kind !== 'open') return
    const server = [...world.servers.values()].find(({ addresses }) => addresses.includes(to.address))
    if (server === undefined) return fail('UPSTREAM_UNREACHABLE')
    if (!world.isRunning(server.name) || to.port !== world.port) return fail('UPSTREAM_REFUSED')
    if (protocol === 'tcp' && server.behaviour.noTcp) return fail('UPSTREAM_CLOSED')
    for (const { bytes, afterMs } of server.receive(message, to.address, from, fromPort, protocol)) {
      cancels.push(
        clock.after(afterMs + way.rttMs, () => {
          if (world.network.wayTo(to.address, protocol).kind !== 'open') return
          const verdict = query.classify(bytes)
          if (verdict === 'accept' && isLate) query.onLate?.(bytes)
          if (verdict === 'accept') end(() => resolve(bytes))
          if (verdict === 'near-miss') fail('UPSTREAM_NEAR_MISS')
        }),
      )
    }
  })
}
