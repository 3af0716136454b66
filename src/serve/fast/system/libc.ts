/**
 * The system calls of the fast path. This is the one file that calls foreign functions: a wrong length in here ends the process, so it
 * holds nothing but their declarations, by either of two ways: `node:ffi` where Node has it (26), else the package `koffi`. Linux on 64-bit
 * machines of little endian; everywhere else, and where neither is to be had, `loadLibc` says so and the sockets are Node's own.
 */
import { createRequire } from 'node:module'
import { endianness } from 'node:os'

/** Buffers must be views of an ArrayBuffer made on its own: small ones that V8 makes itself may move. */
export type Memory = Uint8Array | Int32Array | Uint32Array | BigUint64Array

/** As in the manual, section 2; -1 is an error, and `errno` says which, if it is asked at once. */
export interface Libc {
  socket(family: number, type: number, protocol: number): number
  bind(fd: number, address: Memory, length: number): number
  getsockname(fd: number, address: Memory, length: Memory): number
  getsockopt(fd: number, level: number, option: number, value: Memory, length: Memory): number
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

type Loaded = { readonly libc: Libc } | { readonly libc: undefined; readonly reason: string }

const ARCHITECTURES = ['x64', 'arm64', 'riscv64', 'loong64']

/** Undefined, with the reason, where there is none. */
export function loadLibc(): Loaded {
  if (process.platform !== 'linux' || !ARCHITECTURES.includes(process.arch) || endianness() !== 'LE')
    return { libc: undefined, reason: `not on ${process.platform} ${process.arch}` }
  try {
    const ffi = process.getBuiltinModule('node:ffi') as NodeFfi | undefined
    if (ffi !== undefined) return { libc: byNodeFfi(ffi) }
  } catch {
    // Switched off, or forbidden (--permission): koffi may still be allowed.
  }
  try {
    return { libc: byKoffi(createRequire(import.meta.url)('koffi') as Koffi) }
  } catch (error) {
    return { libc: undefined, reason: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error) }
  }
}

/** What is used of koffi. */
interface Koffi {
  load(path: null): { func(declaration: string): (...given: never[]) => number }
  errno(): number
  address(memory: Memory): bigint | number
}

/** The process itself is the library: whichever libc Node runs on is there already. */
function byKoffi(koffi: Koffi): Libc {
  const self = koffi.load(null)
  const declare = (declaration: string) => self.func(declaration) as never
  return {
    socket: declare('int socket(int, int, int)'),
    bind: declare('int bind(int, void*, uint32)'),
    getsockname: declare('int getsockname(int, void*, void*)'),
    getsockopt: declare('int getsockopt(int, int, int, void*, void*)'),
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

/** What is used of `node:ffi`. Integers of 64 bits are bigints there, those of 32 are numbers. */
export interface NodeFfi {
  dlopen(
    path: null,
    definitions: Readonly<Record<string, { readonly return: string; readonly arguments: readonly string[] }>>,
  ): { readonly functions: Readonly<Record<string, (...given: unknown[]) => never>> }
  getRawPointer(memory: Memory): bigint
  getInt32(pointer: bigint): number
}

const NODE_FFI_CALLS = {
  socket: { return: 'int32', arguments: ['int32', 'int32', 'int32'] },
  bind: { return: 'int32', arguments: ['int32', 'pointer', 'uint32'] },
  getsockname: { return: 'int32', arguments: ['int32', 'pointer', 'pointer'] },
  getsockopt: { return: 'int32', arguments: ['int32', 'int32', 'int32', 'pointer', 'pointer'] },
  setsockopt: { return: 'int32', arguments: ['int32', 'int32', 'int32', 'pointer', 'uint32'] },
  recvmmsg: { return: 'int32', arguments: ['int32', 'pointer', 'uint32', 'int32', 'pointer'] },
  sendmmsg: { return: 'int32', arguments: ['int32', 'pointer', 'uint32', 'int32'] },
  sendto: { return: 'int64', arguments: ['int32', 'pointer', 'uint64', 'int32', 'pointer', 'uint32'] },
  poll: { return: 'int32', arguments: ['pointer', 'uint64', 'int32'] },
  eventfd: { return: 'int32', arguments: ['uint32', 'int32'] },
  read: { return: 'int64', arguments: ['int32', 'pointer', 'uint64'] },
  write: { return: 'int64', arguments: ['int32', 'pointer', 'uint64'] },
  close: { return: 'int32', arguments: ['int32'] },
  __errno_location: { return: 'pointer', arguments: [] },
} as const

export function byNodeFfi(ffi: NodeFfi): Libc {
  const { functions } = ffi.dlopen(null, NODE_FFI_CALLS)
  const call = (name: keyof typeof NODE_FFI_CALLS) => functions[name] as (...given: unknown[]) => unknown
  const [sendto, poll, read, write] = [call('sendto'), call('poll'), call('read'), call('write')]
  const errnoAt = call('__errno_location')
  return {
    socket: call('socket') as Libc['socket'],
    bind: call('bind') as Libc['bind'],
    getsockname: call('getsockname') as Libc['getsockname'],
    getsockopt: call('getsockopt') as Libc['getsockopt'],
    setsockopt: call('setsockopt') as Libc['setsockopt'],
    recvmmsg: call('recvmmsg') as Libc['recvmmsg'],
    sendmmsg: call('sendmmsg') as Libc['sendmmsg'],
    sendto: (fd, bytes, length, flags, address, addressLength) =>
      Number(sendto(fd, bytes, BigInt(length), flags, address, addressLength)),
    poll: (fds, count, timeoutMs) => poll(fds, BigInt(count), timeoutMs) as number,
    eventfd: call('eventfd') as Libc['eventfd'],
    read: (fd, bytes, length) => Number(read(fd, bytes, BigInt(length))),
    write: (fd, bytes, length) => Number(write(fd, bytes, BigInt(length))),
    close: call('close') as Libc['close'],
    // Each thread has its own.
    errno: () => ffi.getInt32(errnoAt() as bigint),
    addressOf: (memory) => ffi.getRawPointer(memory),
  }
}
