/** The network between simulated peers, and its transports. */
import { MemoryTransport } from './memory-transport.ts'
import type { MemoryNetwork, MemoryNetworkOptions } from './types.ts'
import { Wires } from './wires.ts'

export function createMemoryNetwork(options: MemoryNetworkOptions): MemoryNetwork {
  const wires = new Wires(options)
  return {
    transport(peer, doorkeeper, { address = `/memory/${peer}`, maxPeers, door } = {}) {
      const transport = new MemoryTransport({
        self: peer,
        address,
        doorkeeper,
        wires,
        clock: options.clock,
        ...(maxPeers !== undefined && { maxPeers }),
        ...(door !== undefined && { door }),
      })
      wires.attach(transport)
      return transport
    },
    drop: (from, to) => wires.cut([from], [to]),
    partition(side, other) {
      const heals = [wires.cut(side, other), wires.cut(other, side)]
      return () => {
        for (const heal of heals) heal()
      }
    },
    cut: (side, other) => wires.cut(side, other),
    clog: (side, other) => wires.clog(side, other),
    kill: (peer, { silent } = { silent: true }) => wires.kill(peer, silent),
    knock: (host, address) => wires.knockOnly(host, address),
    setDelay: (delayMs) => wires.setDelay(delayMs),
    counters: wires.counters,
  }
}
