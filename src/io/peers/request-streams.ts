/**
 * The streams that requests go over: our own to each peer, which we open when we need it, and one that each peer opened to us.
 * What goes over a stream is in streams/peer-stream.ts.
 */
import type { Connection, Stream } from '@libp2p/interface'
import {
  asPeerId,
  ChordnsError,
  type Clock,
  type Doorkeeper,
  errorText,
  isChordnsError,
  type Log,
  type PeerId,
  type RequestHandler,
} from '../../base/index.ts'
import { asError, asRefusal, gone } from '../streams/failures.ts'
import { type PeerLoad, PeerStream } from '../streams/peer-stream.ts'
import type { Connect, Dialler } from './dialler.ts'
import { withFewWindowUpdates } from './few-packets.ts'
import type { Strangers } from './strangers.ts'

export const PEER_PROTOCOL = '/chordns/peer/1'

export interface RequestStreamsDeps {
  readonly self: PeerId
  readonly doorkeeper: Doorkeeper
  readonly dialler: Dialler
  readonly strangers: Strangers
  readonly clock: Clock
  readonly log: Log
}

export interface RequestStreamsHooks {
  /** What answers requests of peers; undefined: not yet set, and they are answered with an error. */
  readonly handler: () => RequestHandler | undefined
}

export class RequestStreams {
  readonly counters = { accepted: 0, refused: 0, malformed: 0 }
  readonly #deps: RequestStreamsDeps
  readonly #hooks: RequestStreamsHooks
  /** Our own stream to each peer: requests go out on it. */
  readonly #outbound = new Map<PeerId, Promise<PeerStream>>()
  /** The stream that a peer's requests come in on. */
  readonly #inbound = new Map<PeerId, PeerStream>()
  readonly #streams = new Set<PeerStream>()
  readonly #loads = new Map<PeerId, PeerLoad>()
  #closed = false

  constructor(deps: RequestStreamsDeps, hooks: RequestStreamsHooks) {
    this.#deps = deps
    this.#hooks = hooks
  }

  /** The stream that requests to the peer go out on; opened when there is none, once at a time. Rejects with PEER_*. */
  to(peer: PeerId): Promise<PeerStream> {
    if (this.#closed) return Promise.reject(gone(peer))
    return this.over(peer, (anew) => this.#deps.dialler.connectionTo(peer, anew))
  }

  /** The same; when there is none yet, it is opened on the connection that `connect` gives. */
  over(peer: PeerId, connect: Connect): Promise<PeerStream> {
    this.#deps.strangers.used(peer)
    const open = this.#outbound.get(peer)
    if (open !== undefined) return open
    const opening = this.#open(peer, connect)
    this.#outbound.set(peer, opening)
    opening.catch(() => {
      if (this.#outbound.get(peer) === opening) this.#outbound.delete(peer)
    })
    return opening
  }

  /** A stream that the other side opened: its requests come in here. Runs without an await before the reader is attached. */
  accept(stream: Stream, connection: Connection): void {
    const peer = asPeerId(connection.remotePeer.toString())
    this.counters.accepted++
    try {
      this.#wrap(stream, peer, 'listener')
    } catch (error) {
      // The doorkeeper does not even want to hear this peer.
      stream.abort(asError(error))
      this.#onRefused(peer, error)
    }
  }

  /** A request is on its way to the peer, or is being answered. */
  isBusy(peer: PeerId): boolean {
    if ((this.#loads.get(peer)?.inWork ?? 0) > 0) return true
    for (const stream of this.#streams) if (stream.remote === peer && stream.isWaiting) return true
    return false
  }

  /** The last connection to the peer is gone. */
  end(peer: PeerId): void {
    for (const stream of [...this.#streams]) if (stream.remote === peer) stream.close(gone(peer))
  }

  /** What an earlier connection of a peer left in work counts still, or to reconnect would lift its bound. */
  forgetIdle(): void {
    const inUse = new Set([...this.#streams].map(({ remote }) => remote))
    for (const [peer, load] of this.#loads) if (load.inWork === 0 && !inUse.has(peer)) this.#loads.delete(peer)
  }

  close(): void {
    this.#closed = true
    for (const stream of [...this.#streams]) stream.close(gone(stream.remote))
  }

  async #open(peer: PeerId, connect: Connect): Promise<PeerStream> {
    const { dialler, strangers } = this.#deps
    let stream: Stream | undefined
    try {
      stream = await dialler.newStream(peer, connect, PEER_PROTOCOL)
      const opened = this.#wrap(stream, peer, 'dialer')
      await opened.admitted
      return opened
    } catch (cause) {
      stream?.abort(asError(cause))
      const failure = stream === undefined ? cause : asRefusal(peer, cause, stream.status === 'reset')
      if (isChordnsError(failure, 'PEER_REFUSED')) {
        dialler.failed(peer)
        strangers.hangUp(peer)
      }
      throw failure
    }
  }

  #wrap(stream: Stream, remote: PeerId, role: 'dialer' | 'listener'): PeerStream {
    const { doorkeeper, self, clock } = this.#deps
    const peerStream = new PeerStream(
      {
        pipe: pipeOf(withFewWindowUpdates(stream)),
        remote,
        role,
        hello: doorkeeper.hello(self, remote, role),
        clock,
        load: this.#loadOf(remote),
      },
      {
        handler: () => {
          this.#deps.strangers.used(remote)
          return this.#hooks.handler()
        },
        onAdmitted: (admitted) => this.#onAdmitted(admitted),
        onDeaf: (deaf, since) => this.#onDeaf(deaf, since),
        onClosed: (closed, reason) => this.#onClosed(closed, reason),
      },
    )
    this.#streams.add(peerStream)
    stream.addEventListener('message', ({ data }) => peerStream.receive(data.subarray()))
    stream.addEventListener('drain', () => peerStream.drained())
    stream.addEventListener('remoteCloseWrite', () => peerStream.close(gone(remote)))
    stream.addEventListener('close', (event) => peerStream.close(gone(remote, event.error)))
    // It may have ended while its protocol was agreed on: then none of these events comes any more.
    if (stream.status !== 'open') peerStream.close(gone(remote))
    return peerStream
  }

  #loadOf(peer: PeerId): PeerLoad {
    const known = this.#loads.get(peer)
    if (known !== undefined) return known
    const load = { inWork: 0 }
    this.#loads.set(peer, load)
    return load
  }

  #onAdmitted(stream: PeerStream): void {
    const { remote } = stream
    this.#deps.dialler.reached(remote)
    if (!this.#deps.strangers.admit(remote)) {
      stream.close(new ChordnsError('PEER_BUSY', 'all connections are in use', { peer: remote }))
      return
    }
    if (stream.role === 'dialer') return
    // One stream a peer and direction: a peer that opens another has given up the one before.
    const before = this.#inbound.get(remote)
    this.#inbound.set(remote, stream)
    before?.close(gone(remote))
  }

  /** Where the peer is heard on another stream, this one alone is of no use; otherwise its connections are. */
  #onDeaf(stream: PeerStream, since: number): void {
    const { remote } = stream
    const others = [...this.#streams].filter((one) => one !== stream && one.remote === remote)
    this.#deps.log.info({ peer: remote }, 'nothing comes from a peer any more: it is dialled anew')
    if (!others.some(({ heardAt }) => heardAt >= since)) this.#deps.strangers.abandon(remote)
    stream.close(gone(remote))
  }

  #onClosed(stream: PeerStream, reason: Error): void {
    const { remote, role } = stream
    this.#streams.delete(stream)
    if (this.#inbound.get(remote) === stream) this.#inbound.delete(remote)
    // Only the stream in use sits there, or one that is being opened, which this cannot be.
    if (role === 'dialer' && stream.wasAdmitted) this.#outbound.delete(remote)
    if (isChordnsError(reason, 'PEER_MALFORMED')) this.counters.malformed++
    if (role === 'listener' && !stream.wasAdmitted) this.#onRefused(remote, reason)
    else this.#deps.log.debug({ peer: remote, role, reason: errorText(reason) }, 'a peer stream ended')
  }

  #onRefused(peer: PeerId, reason: unknown): void {
    this.counters.refused++
    this.#deps.log.info({ peer, reason: errorText(reason) }, 'a peer was not admitted')
    this.#deps.strangers.onRefused(peer)
  }
}

function pipeOf(stream: Stream) {
  return {
    send: (bytes: Uint8Array) => stream.send(bytes),
    pause: () => {
      if (stream.readStatus === 'readable') stream.pause()
    },
    resume: () => {
      if (stream.readStatus === 'paused') stream.resume()
    },
    abort: (error: Error) => stream.abort(error),
  }
}
