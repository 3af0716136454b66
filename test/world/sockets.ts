/** The sockets of a world: each address of each server, UDP and TCP, on one port. */
import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Socket, type Server as TcpListener } from 'node:net'
import type { Clock } from '../../src/base/index.ts'
import type { WorldServer } from './server.ts'

/** The open sockets of one server. */
export class Listening {
  readonly #udp: UdpSocket[] = []
  readonly #tcp: TcpListener[] = []
  readonly #connections = new Set<Socket>()
  readonly #server: WorldServer
  readonly #clock: Clock

  private constructor(server: WorldServer, clock: Clock) {
    this.#server = server
    this.#clock = clock
  }

  /** Rejects with the system's error (EADDRINUSE ...) and leaves nothing open. */
  static async open(server: WorldServer, port: number, clock: Clock): Promise<Listening> {
    const listening = new Listening(server, clock)
    const bound = await Promise.allSettled(
      server.addresses.flatMap((address) => [listening.#bindUdp(address, port), listening.#bindTcp(address, port)]),
    )
    const failed = bound.find((result) => result.status === 'rejected')
    if (failed === undefined) return listening
    await listening.close()
    throw failed.reason
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) connection.destroy()
    const closed = [
      ...this.#udp.map((socket) => new Promise<void>((resolve) => socket.close(() => resolve()))),
      ...this.#tcp.map((listener) => new Promise<void>((resolve) => listener.close(() => resolve()))),
    ]
    this.#udp.length = 0
    this.#tcp.length = 0
    await Promise.all(closed)
  }

  async #bindUdp(address: string, port: number): Promise<void> {
    const socket = createSocket({ type: address.includes(':') ? 'udp6' : 'udp4', recvBufferSize: 1 << 20 })
    const failed = new Promise<never>((_, reject) => socket.once('error', reject))
    socket.bind({ address, port, exclusive: true })
    await Promise.race([once(socket, 'listening'), failed])
    socket.removeAllListeners('error')
    // An ICMP error of an asker that has gone away is not the server's concern.
    socket.on('error', () => {})
    socket.on('message', (bytes, from) => {
      for (const { bytes: reply, afterMs } of this.#server.receive(bytes, address, from.address, from.port, 'udp')) {
        this.#at(afterMs, () => this.#udp.includes(socket) && socket.send(reply, from.port, from.address, () => {}))
      }
    })
    this.#udp.push(socket)
  }

  async #bindTcp(address: string, port: number): Promise<void> {
    const listener = createServer((connection) => this.#talk(connection, address))
    const failed = new Promise<never>((_, reject) => listener.once('error', reject))
    listener.listen({ host: address, port, exclusive: true })
    await Promise.race([once(listener, 'listening'), failed])
    this.#tcp.push(listener)
  }

  #talk(connection: Socket, address: string): void {
    if (this.#server.behaviour.noTcp) return void connection.destroy()
    this.#connections.add(connection)
    connection.on('close', () => this.#connections.delete(connection))
    connection.on('error', () => connection.destroy())
    const from = connection.remoteAddress ?? ''
    const fromPort = connection.remotePort ?? 0
    let held = Buffer.alloc(0)
    connection.on('data', (chunk) => {
      held = Buffer.concat([held, chunk])
      while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
        const message = held.subarray(2, 2 + held.readUInt16BE(0))
        held = held.subarray(2 + message.length)
        for (const { bytes, afterMs } of this.#server.receive(message, address, from, fromPort, 'tcp')) {
          this.#at(afterMs, () => this.#write(connection, bytes))
        }
      }
    })
  }

  #write(connection: Socket, bytes: Uint8Array): void {
    if (connection.destroyed) return
    const framed = Buffer.alloc(2 + bytes.length)
    framed.writeUInt16BE(bytes.length, 0)
    framed.set(bytes, 2)
    const piece = this.#server.behaviour.tcpPieces ?? framed.length
    connection.setNoDelay(true)
    for (let at = 0; at < framed.length; at += piece) connection.write(framed.subarray(at, at + piece))
  }

  #at(afterMs: number, send: () => void): void {
    if (afterMs <= 0) send()
    else this.#clock.after(afterMs, send)
  }
}
