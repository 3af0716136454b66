/**
 * Sockets that the service manager has opened for this program (sd_listen_fds(3)): file descriptors from 3 on, as many as LISTEN_FDS says, if LISTEN_PID is this process. The port is
 * had without a capability, and what comes while a node starts anew waits in the socket. Linux only, as such service managers are: what a descriptor is, is read from /proc.
 */
import { closeSync, readFileSync, readlinkSync } from 'node:fs'
import { ChordnsError, type Endpoint, errorText, type Log } from '../../base/index.ts'
import { endpointText, isWildcard } from '../access/addresses.ts'
import { limits } from '../limits.ts'
import type { InheritedSocket, ListenOptions } from '../types.ts'

const FIRST_FD = 3
const TABLES = [
  { file: 'udp', kind: 'datagram' },
  { file: 'udp6', kind: 'datagram' },
  { file: 'tcp', kind: 'stream' },
  { file: 'tcp6', kind: 'stream' },
] as const
/** Of a row of /proc/net/tcp; what is connected is no listener. */
const TCP_LISTEN = '0A'
const SOCKET = /^socket:\[(\d+)\]$/

/** What is read of /proc. */
export interface ProcFiles {
  /** Where a descriptor of this process points. Throws where there is none. */
  readonly link: (fd: number) => string
  /** The text of /proc/self/net/NAME; empty where the system has none. */
  readonly table: (name: string) => string
}

const ofThisProcess: ProcFiles = {
  link: (fd) => readlinkSync(`/proc/self/fd/${fd}`),
  table: (name) => {
    try {
      return readFileSync(`/proc/self/net/${name}`, 'latin1')
    } catch {
      // A machine without IPv6 has no table of it; a socket that stands in none is told by its descriptor.
      return ''
    }
  },
}

/**
 * Takes LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES out of `env`, so that no child takes them for its own. Throws LISTEN_INHERITED when what was handed over is
 * no UDP or listening TCP socket on an address of its own.
 */
export function inheritedSockets(
  env: Record<string, string | undefined>,
  pid: number,
  files: ProcFiles = ofThisProcess,
): InheritedSocket[] {
  const [process, fds] = ['PID', 'FDS', 'FDNAMES'].map((name) => {
    const value = env[`LISTEN_${name}`]
    delete env[`LISTEN_${name}`]
    return value
  })
  if (fds === undefined || process !== String(pid)) return []
  const count = Number(fds)
  if (!/^\d{1,4}$/.test(fds) || count > limits.MAX_INHERITED)
    throw refused(`LISTEN_FDS is ${JSON.stringify(fds)}: must be a number, at most ${limits.MAX_INHERITED}`)
  const known = TABLES.flatMap(({ file, kind }) => rowsOf(files.table(file), kind))
  return Array.from({ length: count }, (_, index) => identified(FIRST_FD + index, files, known))
}

interface Row {
  readonly inode: string
  readonly kind: InheritedSocket['kind']
  readonly endpoint: Endpoint
}

function identified(fd: number, files: ProcFiles, known: readonly Row[]): InheritedSocket {
  let link: string
  try {
    link = files.link(fd)
  } catch (cause) {
    throw refused(`descriptor ${fd} was to be a socket, and is not open`, cause)
  }
  const inode = SOCKET.exec(link)?.[1]
  const row = known.find((one) => one.inode === inode)
  if (row === undefined) throw refused(`descriptor ${fd} (${link}) is neither a UDP socket nor a listening TCP socket`)
  const { kind, endpoint } = row
  if (isWildcard(endpoint.address))
    throw refused(
      `descriptor ${fd} is a socket of all addresses (${endpointText(endpoint)}), whose replies would leave from another address than was asked: name addresses (ListenDatagram=, ListenStream=)`,
    )
  return { fd, kind, endpoint }
}

/** Rows of /proc/net/udp and the like (proc(5)): `sl local_address rem_address st ... inode`, addresses in words of the machine's byte order. */
function rowsOf(table: string, kind: Row['kind']): Row[] {
  const rows: Row[] = []
  for (const line of table.split('\n').slice(1)) {
    const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/)
    const [, address, port] = /^([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})$/.exec(local) ?? []
    if (address === undefined || port === undefined || (kind === 'stream' && state !== TCP_LISTEN)) continue
    rows.push({ inode, kind, endpoint: { address: addressOf(address), port: Number.parseInt(port, 16) } })
  }
  return rows
}

/** Little-endian words, as on all machines that Node has builds for. */
function addressOf(hex: string): string {
  const octets = (hex.match(/.{8}/g) ?? []).flatMap((word) => (word.match(/../g) ?? []).reverse())
  if (octets.length === 4) return octets.map((octet) => Number.parseInt(octet, 16)).join('.')
  const groups = Array.from({ length: 8 }, (_, i) => `${octets[2 * i]}${octets[2 * i + 1]}`)
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1)
}

function refused(reason: string, cause?: unknown): ChordnsError<'LISTEN_INHERITED', { readonly reason: string }> {
  return new ChordnsError(
    'LISTEN_INHERITED',
    `the service manager handed over what is of no use: ${reason}`,
    { reason },
    { cause },
  )
}

/** Each is given to the first door that opens at its address. */
export class SocketStock {
  readonly #left: InheritedSocket[]

  constructor(sockets: readonly InheritedSocket[]) {
    this.#left = [...sockets]
  }

  /** With `auto` what was handed over, if there is anything, and nothing else. */
  listen(options: ListenOptions): ListenOptions {
    if (options !== 'auto' || this.#left.length === 0) return options
    const of = (kind: InheritedSocket['kind']) =>
      this.#left.filter((one) => one.kind === kind).map(({ endpoint }) => endpointText(endpoint))
    return { udp: of('datagram'), tcp: of('stream') }
  }

  /** The descriptor, which belongs to the caller from then on; undefined: there is none for this address. */
  take(kind: InheritedSocket['kind'], { address, port }: Endpoint): number | undefined {
    const index = this.#left.findIndex(
      (one) => one.kind === kind && one.endpoint.address === address && one.endpoint.port === port,
    )
    return index < 0 ? undefined : this.#left.splice(index, 1)[0]!.fd
  }

  /** What no door took is closed: a socket that nobody reads would look like a server that is silent. */
  closeRest(log: Pick<Log, 'warn'>): void {
    for (const { fd, kind, endpoint } of this.#left.splice(0)) {
      log.warn(
        { address: endpointText(endpoint), kind },
        'the service manager handed over a socket that `listen` does not name: it is closed',
      )
      try {
        closeSync(fd)
      } catch (error) {
        log.warn({ error: errorText(error) }, 'it could not be closed')
      }
    }
  }
}
