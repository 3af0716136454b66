/** One UDP socket for each address: a reply leaves the socket that was asked, so its source is what the client expects. */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'
import { type Endpoint, errorText, type Log } from '../../base/index.ts'
import type { Desk } from '../desk/desk.ts'
import type { ServeLimits } from '../limits.ts'

export interface Door {
  readonly endpoint: Endpoint
  /** No more questions are taken; answers still go out. */
  stopTaking(): Promise<void>
  close(): Promise<void>
  /** Its address is gone: no more is taken or sent there, and the other doors stay as they are. */
  withdraw(): Promise<void>
}

export interface UdpDeps {
  readonly log: Log
  readonly limits: ServeLimits
  /** Of a socket that is bound to that address already, which is taken over. Undefined: one is made. */
  readonly fd?: number | undefined
}

/** Binds, or rejects with the system's error (EADDRINUSE, EACCES ...). */
export async function openUdp(endpoint: Endpoint, desk: Desk, { log, limits, fd }: UdpDeps): Promise<Door> {
  const { address, port } = endpoint
  const type = isIPv6(address) ? 'udp6' : 'udp4'
  const socket = createSocket({
    type,
    ipv6Only: type === 'udp6',
    recvBufferSize: limits.UDP_BUFFER,
    sendBufferSize: limits.UDP_BUFFER,
    // Destinations are IP literals: Node's own look-up would put off every reply by a tick.
    lookup: (literal, _options, done) => done(null, literal, type === 'udp6' ? 6 : 4),
  })
  try {
    const listening = once(socket, 'listening')
    socket.bind(fd === undefined ? { address, port, exclusive: true } : { fd })
    await listening
  } catch (error) {
    socket.close()
    throw error
  }
  socket.on('error', (error) => log.warn({ address, error: errorText(error) }, 'UDP socket error'))
  const send = sender(socket, log, limits)
  socket.on('message', (packet, { address: from, port: fromPort }) => {
    // A plain view: what leaves this room must not inherit Buffer's slice(), which does not copy.
    const bytes = new Uint8Array(packet.buffer, packet.byteOffset, packet.byteLength)
    desk.receive(bytes, {
      address: from,
      port: fromPort,
      protocol: 'udp',
      send: (reply) => send(reply, fromPort, from),
    })
  })
  const close = async () => {
    const closed = once(socket, 'close')
    socket.close()
    await closed
  }
  return {
    endpoint: { address, port: socket.address().port },
    async stopTaking() {
      socket.removeAllListeners('message')
    },
    close,
    withdraw: close,
  }
}

function sender(
  socket: Socket,
  log: Log,
  limits: ServeLimits,
): (bytes: Uint8Array, port: number, address: string) => void {
  let isClosed = false
  socket.once('close', () => {
    isClosed = true
  })
  return (bytes, port, address) => {
    // The address that was asked is gone, and a reply from another one would be dropped by the client.
    if (isClosed) return
    // The system does not take more for now: a late datagram is worth less than the memory.
    if (socket.getSendQueueSize() > limits.UDP_BUFFER) return
    socket.send(bytes, port, address, (error) => {
      // The client's own network refused it (EHOSTUNREACH, EPERM by a firewall): nobody is left to tell.
      if (error) log.debug({ address, error: errorText(error) }, 'UDP reply was not sent')
    })
  }
}
