/** A query by UDP: a connected socket of its own on a port of chance, so that a forger has to guess the port with the id. */
import { createSocket } from 'node:dgram'
import type { Random } from '../../base/index.ts'
import { AVOIDED_PORTS, limits } from '../limits.ts'
import { codeOf, type PendingQuery } from './pending-query.ts'

export interface UdpOptions {
  readonly random: Random
  /** The address to send from; undefined: the system's choice. */
  readonly source: string | undefined
  /** The system has no socket to give: its file table or its memory is full. The query was not sent. */
  readonly onRefused: () => void
}

export function askByUdp(pending: PendingQuery, options: UdpOptions, tries = 0): void {
  const { server, message } = pending.query
  let isSent = false
  const isIPv6 = server.address.includes(':')
  const socket = createSocket({
    type: isIPv6 ? 'udp6' : 'udp4',
    // Addresses are IP literals: Node's own look-up would cost two ticks and their promises for each query.
    lookup: (literal, _options, done) => done(null, literal, isIPv6 ? 6 : 4),
  })
  let isOpen = true
  const close = () => {
    if (isOpen) socket.close()
    isOpen = false
  }
  pending.onSettled(close)
  socket.on('error', (error: NodeJS.ErrnoException) => {
    if (!isOpen) return
    // Another socket has the port already: another one will do.
    if (error.code === 'EADDRINUSE' && tries < limits.MAX_PORT_TRIES) {
      close()
      askByUdp(pending, options, tries + 1)
    } else if (!isSent && codeOf(error) === 'UPSTREAM_BUSY') {
      close()
      options.onRefused()
    } else pending.failBy(error)
  })
  const place = { port: randomPort(options.random), ...(options.source !== undefined && { address: options.source }) }
  // By events, each of which comes once: a callback costs listeners that are set and removed again.
  socket.on('listening', () => {
    if (!isOpen) return
    // Connected: the kernel drops what comes from elsewhere, and ICMP errors arrive here.
    // By event, since a callback would get the errors, too: those are for the handler above.
    socket.on('connect', () => {
      if (!isOpen) return
      // An IPv4 address has one form; one of IPv6 is compared as the system writes it.
      const there = isIPv6 ? socket.remoteAddress() : server
      socket.on('message', (reply, from) => {
        // What came from elsewhere between bind and connect is in the buffer still. The memory is this datagram's own: no copy.
        if (from.port === there.port && from.address === there.address)
          pending.receive(new Uint8Array(reply.buffer, reply.byteOffset, reply.length))
      })
      isSent = true
      socket.send(message, (error) => {
        if (error !== null) pending.failBy(error)
      })
    })
    socket.connect(server.port, server.address)
  })
  socket.bind(place)
}

/** Uniform over all ports that may be used: 15.98 bits beside the 16 of the id (RFC 5452 section 9.2). */
export function randomPort(random: Random): number {
  for (;;) {
    const port = limits.MIN_PORT + random.below(limits.MAX_PORT - limits.MIN_PORT + 1)
    if (!AVOIDED_PORTS.has(port)) return port
  }
}
