/** What a node says to the service manager that started it (sd_notify): one datagram to the socket that NOTIFY_SOCKET names. */
import { type Libc, loadLibc } from './libc.ts'

const AF_UNIX = 1
const SOCK_DGRAM = 2
const SOCK_CLOEXEC = 0x80000
const MSG_DONTWAIT_NOSIGNAL = 0x4040
/** The format of sockaddr_un: its family, and what a path may have. */
const FAMILY_BYTES = 2
const MAX_PATH = 108

/** True when it was told. Nobody waits to hear it where NOTIFY_SOCKET is not set; without foreign calls nobody can be told. */
export function tellSupervisor(
  state: 'READY=1' | 'STOPPING=1',
  env: NodeJS.ProcessEnv = process.env,
  libc: Libc | undefined = undefined,
): boolean {
  const path = env['NOTIFY_SOCKET']
  if (path === undefined || path === '') return false
  const calls = libc ?? loadLibc().libc
  const address = unixAddress(path)
  if (calls === undefined || address === undefined) return false
  const fd = calls.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)
  if (fd < 0) return false
  try {
    const bytes = new Uint8Array(new ArrayBuffer(128))
    const { written } = new TextEncoder().encodeInto(state, bytes)
    return calls.sendto(fd, bytes, written, MSG_DONTWAIT_NOSIGNAL, address, address.length) === written
  } finally {
    calls.close(fd)
  }
}

/** "@" stands for the octet 0: a name that is in no file system. */
function unixAddress(path: string): Uint8Array<ArrayBuffer> | undefined {
  const octets = new TextEncoder().encode(path)
  if (octets.length >= MAX_PATH || !/^[/@]./.test(path)) return undefined
  const isAbstract = octets[0] === 0x40
  const length = FAMILY_BYTES + octets.length + (isAbstract ? 0 : 1)
  const address = new Uint8Array(new ArrayBuffer(128), 0, length)
  address[0] = AF_UNIX
  address.set(octets, FAMILY_BYTES)
  if (isAbstract) address[FAMILY_BYTES] = 0
  return address
}
