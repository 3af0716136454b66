/**
 * The fast path: workers own the UDP sockets and answer from a table what this thread has answered before. `FastPath` is this thread's
 * side: it fills the table, empties it when the cache changes, takes over what the workers do not answer, and opens the sockets.
 */
import type { Clock, Endpoint, Log } from '../../base/index.ts'
import { type Name, type Question, readName } from '../../dns/index.ts'
import type { Resolver } from '../../resolver/index.ts'
import type { Desk } from '../desk/desk.ts'
import type { Door } from '../doors/udp.ts'
import type { ServeLimits } from '../limits.ts'
import type { AccessOptions, FastPathStats, ServeOptions } from '../types.ts'
import { AnswerKeeper } from './keeper.ts'
import { StreamAnswers } from './stream-answers.ts'
import { fromSockaddr } from './system/addresses.ts'
import { type Libc, loadLibc } from './system/libc.ts'
import { adoptSocket, openSocket, sendTo, type UdpSocket } from './system/sockets.ts'
import { AnswerTable } from './table/table.ts'
import { Crew } from './threads/crew.ts'
import { KIND_HINT, type QueuedPacket } from './threads/queue.ts'

export interface FastPathDeps {
  readonly resolver: Resolver
  readonly clock: Clock
  readonly log: Log
  readonly limits: ServeLimits
  /** Threads. Each takes a core when it is asked enough. */
  readonly workers: number
  /** Bytes of the table. */
  readonly tableBytes: number
  /** 8 random bytes, that the table's hash is keyed with. */
  readonly seed: Uint8Array
  readonly access: AccessOptions
  /** Nothing is kept: every question is answered by the main thread. */
  readonly tellsAll: boolean
  readonly rate: SharedArrayBuffer
  readonly cookieSecret: Uint8Array | undefined
  /** Whether answers to a question hold until the cache changes or their time is over. */
  readonly mayRemember: (question: Question) => boolean
}

interface OpenDoor {
  readonly sockets: readonly UdpSocket[]
  readonly desk: Desk
  /** False: what workers hand over still is not taken any more. */
  isTaking: boolean
  isClosed: boolean
}

const HEADER_BYTES = 12

/** Undefined, with the reason in the log, where this machine has no such sockets. */
export function createFastPath(deps: FastPathDeps): FastPath | undefined {
  const loaded = loadLibc()
  if (loaded.libc !== undefined) return new FastPath(deps, loaded.libc)
  deps.log.info({ reason: loaded.reason }, 'no fast path on this machine: the main thread answers all questions')
  return undefined
}

export class FastPath {
  readonly #deps: FastPathDeps
  readonly #libc: Libc
  readonly #table: AnswerTable
  readonly #crew: Crew
  /** What this thread has answered goes through it. */
  readonly keeper: AnswerKeeper
  /** For connections. */
  readonly answers: StreamAnswers
  readonly #doors = new Map<number, OpenDoor>()
  #nextDoor = 1

  constructor(deps: FastPathDeps, libc: Libc) {
    const { tableBytes, seed, clock, workers, log, limits, access, rate, cookieSecret } = deps
    this.#deps = deps
    this.#libc = libc
    this.#table = new AnswerTable({ bytes: tableBytes, seed })
    this.keeper = new AnswerKeeper(this.#table, deps)
    this.#crew = new Crew(
      { libc, table: this.#table.shared, rate, cookieSecret, workers, clock, log, limits },
      { onPacket: (packet) => this.#received(packet) },
    )
    this.answers = new StreamAnswers(
      { table: this.#table.shared, clock, limits, cookieSecret },
      { onHint: (reply) => this.#refresh(reply) },
    )
    this.#crew.allow(access.allow)
    this.#crew.start()
  }

  stats(): FastPathStats {
    const { entries, bytes, evictions, drops } = this.#table.stats()
    const of = (counter: Parameters<Crew['count']>[0]) => this.#crew.count(counter)
    return {
      workers: this.#crew.size,
      answered: of('answered') + this.answers.answered,
      overTcp: this.answers.answered,
      cut: of('cut'),
      handedOver: of('handedOver'),
      lost: of('lost'),
      unsent: of('unsent'),
      hints: of('hints'),
      limited: of('limited'),
      restarts: this.#crew.restarts,
      tableEntries: entries,
      tableBytes: bytes,
      tableEvictions: evictions,
      tableDrops: drops,
    }
  }

  /** The cache was changed under a name; undefined: as a whole. */
  changed(name: Name | undefined): void {
    if (name === undefined) this.#table.drop()
    else this.#table.changed(name.wire)
  }

  /** Who may ask, or what replies look like, has changed. */
  reconfigure({ access, tellsAll = false }: Pick<ServeOptions, 'access' | 'tellsAll'>): void {
    this.keeper.tellsAll = tellsAll
    this.#table.drop()
    this.#crew.allow(access.allow)
  }

  /** Binds, or rejects with the system's error (EADDRINUSE, EACCES ...). `fd`: a socket that is bound to that address already. */
  async openUdp(endpoint: Endpoint, desk: Desk, fd?: number): Promise<Door> {
    const sockets = fd === undefined ? this.#openSockets(endpoint) : this.#adopted(fd, endpoint)
    const door = this.#nextDoor++
    const open: OpenDoor = { sockets, desk, isTaking: true, isClosed: false }
    this.#doors.set(door, open)
    this.#crew.add(sockets.map(({ fd, family }) => ({ fd, family, door })))
    const stopTaking = () => {
      open.isTaking = false
      return this.#crew.remove(door)
    }
    const close = async () => {
      if (open.isClosed) return
      await stopTaking()
      open.isClosed = true
      this.#doors.delete(door)
      for (const fd of new Set(sockets.map((socket) => socket.fd))) this.#libc.close(fd)
    }
    return { endpoint: sockets[0]!.endpoint, stopTaking, close, withdraw: close }
  }

  async close(): Promise<void> {
    await this.#crew.close()
  }

  /**
   * One for each worker. Sockets that are shared among workers could be shared with another program of the same user, too, unnoticed:
   * so the address is tried alone first.
   */
  #openSockets(endpoint: Endpoint): UdpSocket[] {
    const { size } = this.#crew
    const bufferBytes = this.#deps.limits.UDP_BUFFER
    const first = openSocket(this.#libc, endpoint, { bufferBytes, isShared: false })
    if (size === 1) return [first]
    this.#libc.close(first.fd)
    const sockets: UdpSocket[] = []
    try {
      for (let i = 0; i < size; i++)
        sockets.push(openSocket(this.#libc, first.endpoint, { bufferBytes, isShared: true }))
      return sockets
    } catch (error) {
      for (const { fd } of sockets) this.#libc.close(fd)
      throw error
    }
  }

  /** All workers read the one there is. */
  #adopted(fd: number, endpoint: Endpoint): UdpSocket[] {
    const socket = adoptSocket(this.#libc, fd, endpoint, this.#deps.limits.UDP_BUFFER)
    return Array.from({ length: this.#crew.size }, () => socket)
  }

  #received({ kind, door, sender, packet }: QueuedPacket): void {
    const open = this.#doors.get(door)
    if (open?.isTaking !== true) return
    if (kind === KIND_HINT) {
      this.#refresh(packet)
      return
    }
    const { address, port } = fromSockaddr(sender)
    const [socket] = open.sockets
    open.desk.receive(packet, {
      address,
      port,
      protocol: 'udp',
      send: (bytes) => {
        // The address that was asked is gone, and a reply from another one would be dropped by the client.
        if (!open.isClosed) sendTo(this.#libc, socket!, bytes, sender)
      },
    })
  }

  /** An answer is about to end, and still asked for: asked once more by the long way, the resolver sees to what is to be fetched again. */
  #refresh(reply: Uint8Array): void {
    const { resolver, log } = this.#deps
    const { name, next } = readName(reply, HEADER_BYTES)
    const question: Question = { name, type: (reply[next]! << 8) | reply[next + 1]!, class: 1 }
    resolver
      .resolve({
        question,
        recursionDesired: true,
        checkingDisabled: (reply[3]! & 0x10) !== 0,
        dnssecOk: false,
        authenticData: false,
        client: 'refresh',
        signal: new AbortController().signal,
      })
      .catch((error: unknown) => log.debug({ failure: error }, 'an answer was not fetched again'))
  }
}
