/**
 * The system calls of the fast path. This is the one file that calls foreign functions: a wrong length in here ends the process, so it
 * holds nothing but their declarations. Linux on 64-bit machines of little endian; everywhere else, and where no package for foreign
 * calls is installed, `loadLibc` says so and the sockets are Node's own.
 */
import { createRequire } from 'node:module'
import { endianness } from 'node:os'

/** Buffers must be views of an ArrayBuffer made on its own: small ones that V8 makes itself may move. */
export type Memory = Uint8Array | Int32Array | Uint32Array | BigUint64Array

/** As in the manual, section 2; -1 is an error, and `errno` says which. */
export interface Libc {
  socket(family: number, type: number, protocol: number): number
  bind(fd: number, address: Memory, length: number): number
  getsockname(fd: number, address: Memory, length: Memory): number
  setsockopt(fd: number, level: number, option: number, value: Memory, length: number): number
  recvmmsg(fd: number, headers: Memory, count: number, flags: number, timeout: null): number
  sendmmsg(fd: number, headers: Memory, count: number, flags: number): number
  sendto(fd: number, bytes: Memory, length: number, flags: number, address: Memory, addressLength: number): number
  poll(fds: Memory, count: number, timeoutMs: number): number
  eventfd(initial: number, flags: number): number
  read(fd: number, bytes: Memory, length: number): number
  write(fd: number, bytes: Memory, length: number): number
  close(fd: number): number
  errno(): number
  /** Where a view's memory lies. */
  addressOf(memory: Memory): bigint
}

const ARCHITECTURES = ['x64', 'arm64', 'riscv64', 'loong64']

/** What is used of koffi. */
interface Koffi {
  load(path: null): { func(declaration: string): (...given: never[]) => number }
  errno(): number
  address(memory: Memory): bigint | number
}

/** Undefined, with the reason, where there is none. */
export function loadLibc(): { readonly libc: Libc } | { readonly libc: undefined; readonly reason: string } {
  if (process.platform !== 'linux' || !ARCHITECTURES.includes(process.arch) || endianness() !== 'LE')
    return { libc: undefined, reason: `not on ${process.platform} ${process.arch}` }
  try {
    return { libc: byKoffi(createRequire(import.meta.url)('koffi') as Koffi) }
  } catch (error) {
    return { libc: undefined, reason: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error) }
  }
}

/** The process itself is the library: whichever libc Node runs on is there already. */
function byKoffi(koffi: Koffi): Libc {
  const self = koffi.load(null)
  const declare = (declaration: string) => self.func(declaration) as never
  return {
    socket: declare('int socket(int, int, int)'),
    bind: declare('int bind(int, void*, uint32)'),
    getsockname: declare('int getsockname(int, void*, void*)'),
    setsockopt: declare('int setsockopt(int, int, int, void*, uint32)'),
    recvmmsg: declare('int recvmmsg(int, void*, uint32, int, void*)'),
    sendmmsg: declare('int sendmmsg(int, void*, uint32, int)'),
    sendto: declare('int64 sendto(int, void*, uint64, int, void*, uint32)'),
    poll: declare('int poll(void*, uint64, int)'),
    eventfd: declare('int eventfd(uint32, int)'),
    read: declare('int64 read(int, void*, uint64)'),
    write: declare('int64 write(int, void*, uint64)'),
    close: declare('int close(int)'),
    errno: () => koffi.errno(),
    addressOf: (memory) => BigInt(koffi.address(memory)),
  }
}
