/**
 * The fast path: workers own the UDP sockets and answer from a table what this thread has answered before. `FastPath` is this thread's
 * side: it fills the table, empties it when the cache changes, takes over what the workers do not answer, and opens the sockets.
 */
import type { Clock, Endpoint, Log } from '../../base/index.ts'
import { type EdnsOption, type Message, type Name, type Question, readName } from '../../dns/index.ts'
import type { Resolution, Resolver } from '../../resolver/index.ts'
import type { AnswerMemory, Desk } from '../desk/desk.ts'
import type { Door } from '../doors/udp.ts'
import type { ServeLimits } from '../limits.ts'
import type { AccessOptions, FastPathStats } from '../types.ts'
import { StreamAnswers } from './stream-answers.ts'
import { fromSockaddr } from './system/addresses.ts'
import { type Libc, loadLibc } from './system/libc.ts'
import { openSocket, sendTo, type UdpSocket } from './system/sockets.ts'
import { isStale, packAnswer } from './table/pack.ts'
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
  readonly rate: SharedArrayBuffer
  readonly cookieSecret: Uint8Array | undefined
  /** Whether answers to a question hold until the cache changes or their time is over. */
  readonly mayRemember: (question: Question) => boolean
}

/** When an answer began to be looked for. */
interface Stamp {
  readonly change: number
  readonly turn: number
}

interface OpenDoor {
  readonly sockets: readonly UdpSocket[]
  readonly desk: Desk
  /** False: what workers hand over still is not taken any more. */
  isTaking: boolean
  isClosed: boolean
}

const HEADER_BYTES = 12

/** Undefined, with the reason in the log, where this machine has no such sockets. `isWanted`: the operator asked for it by name. */
export function createFastPath(deps: FastPathDeps, isWanted: boolean): FastPath | undefined {
  const loaded = loadLibc()
  if (loaded.libc !== undefined) return new FastPath(deps, loaded.libc)
  const { reason } = loaded
  if (isWanted)
    deps.log.warn({ reason }, 'serve.fast: there is no fast path on this machine, so the main thread answers all')
  else deps.log.info({ reason }, 'no fast path on this machine')
  return undefined
}

export class FastPath implements AnswerMemory<Stamp> {
  readonly #deps: FastPathDeps
  readonly #libc: Libc
  readonly #table: AnswerTable
  readonly #crew: Crew
  /** For connections. */
  readonly answers: StreamAnswers
  readonly #doors = new Map<number, OpenDoor>()
  #nextDoor = 1
  #turn = 0
  #isTurnWatched = false
  /** By how much the wall clock was ahead of the monotonic one at the last answer. */
  #aheadMs: number

  constructor(deps: FastPathDeps, libc: Libc) {
    const { tableBytes, seed, clock, workers, log, limits, access, rate, cookieSecret } = deps
    this.#deps = deps
    this.#libc = libc
    this.#table = new AnswerTable({ bytes: tableBytes, seed })
    this.#crew = new Crew(
      { libc, table: this.#table.shared, rate, cookieSecret, workers, clock, log, limits },
      { onPacket: (packet) => this.#received(packet) },
    )
    this.answers = new StreamAnswers(
      { table: this.#table.shared, clock, limits, cookieSecret },
      { onHint: (reply) => this.#refresh(reply) },
    )
    this.#aheadMs = clock.now() - clock.monotonic()
    this.#crew.allow(access.allow)
    this.#crew.start()
  }

  stats(): FastPathStats {
    const { entries, bytes, evictions, drops } = this.#table.stats()
    const of = (counter: Parameters<Crew['count']>[0]) => this.#crew.count(counter)
    return {
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

  /** Called before an answer is looked for. */
  begin(): Stamp {
    if (!this.#isTurnWatched) {
      this.#isTurnWatched = true
      setImmediate(() => {
        this.#isTurnWatched = false
        this.#turn++
      })
    }
    return { change: this.#table.stamp, turn: this.#turn }
  }

  /**
   * Puts an answer into the table if the next one who asks would get it from the cache, too: it was there at once, without anything
   * that had to be waited for, and the cache was not changed meanwhile. So a name is kept when it is asked for the second time. A stale answer was
   * waited for, in vain: who asks next should not have to wait as long.
   */
  keep({ change, turn }: Stamp, reply: Message, resolution: Resolution, options: readonly EdnsOption[]): void {
    const { clock, limits, mayRemember } = this.#deps
    if (turn !== this.#turn && !isStale(resolution)) return
    if (!resolution.findings.every(({ question }) => mayRemember(question))) return
    const [now, monotonic] = [clock.now(), clock.monotonic()]
    this.#noticeStep(now - monotonic)
    const answer = packAnswer({ reply, resolution, options }, { now, monotonic }, limits.MAX_UDP_REPLY)
    if (answer !== undefined) this.#table.put(answer, change)
  }

  /** The cache was changed under a name; undefined: as a whole. */
  changed(name: Name | undefined): void {
    if (name === undefined) this.#table.drop()
    else this.#table.changed(name.wire)
  }

  /** Who may ask, or what replies look like, has changed. */
  reconfigure({ allow }: AccessOptions): void {
    this.#table.drop()
    this.#crew.allow(allow)
  }

  /** Binds, or rejects with the system's error (EADDRINUSE, EACCES ...). */
  async openUdp(endpoint: Endpoint, desk: Desk): Promise<Door> {
    const sockets = this.#openSockets(endpoint)
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
      for (const { fd } of sockets) this.#libc.close(fd)
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

  /** What holds until a time by the wall clock, such as a signature, is looked at anew when that clock is set. */
  #noticeStep(aheadMs: number): void {
    if (Math.abs(aheadMs - this.#aheadMs) < this.#deps.limits.FAST_CLOCK_STEP_MS) return
    this.#aheadMs = aheadMs
    this.#table.drop()
  }
}
