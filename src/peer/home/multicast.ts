/** A query to all machines of the local network, from a port of its own on each interface (RFC 6762 section 5.1). */
import { createSocket, type Socket } from 'node:dgram'
import { networkInterfaces } from 'node:os'
import { addressRdata } from '../../dns/index.ts'
import { isPrivateAddress } from '../../resolver/index.ts'
import { limits } from '../limits.ts'
import type { AskNetwork } from './mdns.ts'

const GROUP = '224.0.0.251'
const PORT = 5353
/** RFC 6762 section 11: who gets it sees that it did not come through a router. */
const TTL = 255

export const askLocalNetwork: AskNetwork = (message, { signal, onReply }) =>
  new Promise((resolve) => {
    const sockets = lanAddresses().map((address) => socketOn(address))
    let isOver = false
    const end = () => {
      if (isOver) return
      isOver = true
      clearTimeout(again)
      clearTimeout(patience)
      signal.removeEventListener('abort', end)
      for (const { socket } of sockets) socket.close()
      resolve()
    }
    const send = () => {
      for (const { socket } of sockets) socket.send(message, PORT, GROUP, () => {})
    }
    const again = setTimeout(send, limits.MDNS_AGAIN_MS)
    const patience = setTimeout(end, limits.MDNS_PATIENCE_MS)
    signal.addEventListener('abort', end)
    for (const { socket } of sockets)
      socket.on('message', (reply) => {
        if (!isOver && onReply(new Uint8Array(reply))) end()
      })
    if (signal.aborted || sockets.length === 0) end()
    else Promise.all(sockets.map(bound)).then(() => isOver || send(), end)
  })

/** IPv4 of interfaces that can have neighbours. */
function lanAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses = []) => addresses)
    .filter(
      ({ family, internal, address }) =>
        family === 'IPv4' && !internal && isPrivateAddress(addressRdata(address).rdata),
    )
    .map(({ address }) => address)
    .slice(0, limits.MAX_MDNS_INTERFACES)
}

interface Placed {
  readonly socket: Socket
  readonly address: string
}

function socketOn(address: string): Placed {
  const socket = createSocket({ type: 'udp4' })
  // An interface that went away meanwhile asks nobody.
  socket.on('error', () => {})
  return { socket, address }
}

function bound({ socket, address }: Placed): Promise<void> {
  return new Promise((resolve) => {
    socket.once('error', () => resolve())
    socket.bind(0, address, () => {
      socket.setMulticastInterface(address)
      socket.setMulticastTTL(TTL)
      resolve()
    })
  })
}
