/** UDP sockets by system calls: made by the main thread, read by a worker, written by both. */
import { getSystemErrorName } from 'node:util'
import type { Endpoint } from '../../../base/index.ts'
import { fromSockaddr, toSockaddr } from './addresses.ts'
import type { Libc } from './libc.ts'
import { AF_INET6, SOCKADDR_BYTES, sockaddrBytes } from './sockaddr.ts'

const SOCK_DGRAM = 2
const SOCK_NONBLOCK = 0x800
const SOCK_CLOEXEC = 0x80000
const SOL_SOCKET = 1
const SO_SNDBUF = 7
const SO_RCVBUF = 8
const SO_REUSEPORT = 15
const IPPROTO_IPV6 = 41
const IPV6_V6ONLY = 26
const MSG_DONTWAIT = 0x40

export interface UdpSocket {
  readonly fd: number
  readonly family: number
  readonly endpoint: Endpoint
}

export interface SocketOptions {
  readonly bufferBytes: number
  /** Several sockets on one address: the system deals queries out among them. */
  readonly isShared: boolean
}

/** Binds, or throws an Error with the system's code (EADDRINUSE, EACCES ...). */
export function openSocket(libc: Libc, endpoint: Endpoint, { bufferBytes, isShared }: SocketOptions): UdpSocket {
  const address = toSockaddr(endpoint)
  const family = address[0]!
  const fd = libc.socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)
  if (fd < 0) throw systemError(libc)
  try {
    if (family === AF_INET6) setOption(libc, fd, IPPROTO_IPV6, IPV6_V6ONLY, 1)
    if (isShared) setOption(libc, fd, SOL_SOCKET, SO_REUSEPORT, 1)
    // The system gives what it allows.
    setOption(libc, fd, SOL_SOCKET, SO_RCVBUF, bufferBytes)
    setOption(libc, fd, SOL_SOCKET, SO_SNDBUF, bufferBytes)
    if (libc.bind(fd, address, address.length) !== 0) throw systemError(libc)
    return { fd, family, endpoint: { address: endpoint.address, port: boundPort(libc, fd) } }
  } catch (error) {
    libc.close(fd)
    throw error
  }
}

/** One that is bound already. Throws an Error with the system's code. */
export function adoptSocket(libc: Libc, fd: number, { address }: Endpoint, bufferBytes: number): UdpSocket {
  const family = toSockaddr({ address, port: 0 })[0]!
  setOption(libc, fd, SOL_SOCKET, SO_RCVBUF, bufferBytes)
  setOption(libc, fd, SOL_SOCKET, SO_SNDBUF, bufferBytes)
  return { fd, family, endpoint: { address, port: boundPort(libc, fd) } }
}

/** True when it was sent. A late datagram is worth less than the memory, so what does not go now is lost. */
export function sendTo(libc: Libc, { fd, family }: UdpSocket, bytes: Uint8Array, sender: Uint8Array): boolean {
  return libc.sendto(fd, bytes, bytes.length, MSG_DONTWAIT, sender, sockaddrBytes(family)) === bytes.length
}

function setOption(libc: Libc, fd: number, level: number, option: number, value: number): void {
  const bytes = new Int32Array(new ArrayBuffer(128))
  bytes[0] = value
  if (libc.setsockopt(fd, level, option, bytes.subarray(0, 1), 4) !== 0) throw systemError(libc)
}

function boundPort(libc: Libc, fd: number): number {
  const address = new Uint8Array(new ArrayBuffer(128))
  const length = new Int32Array(new ArrayBuffer(128))
  length[0] = SOCKADDR_BYTES
  if (libc.getsockname(fd, address, length) !== 0) throw systemError(libc)
  return fromSockaddr(address.subarray(0, SOCKADDR_BYTES)).port
}

function systemError(libc: Libc): Error {
  const code = getSystemErrorName(-libc.errno())
  return Object.assign(new Error(code), { code })
}
