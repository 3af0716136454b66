/** Bulks between peers in memory: as over libp2p, each on a way of its own, and only between peers that let each other in. */
import {
  type BulkFrame,
  type BulkHandler,
  BulkKind,
  BulkReader,
  BulkWriter,
  type Clock,
  type PeerId,
  type RequestOptions,
} from '../base/index.ts'
import { gone } from './failures.ts'
import { limits } from './limits.ts'
import { type BulkMessage, checkFits } from './wires.ts'

export interface MemoryBulksHooks {
  /** Unique in the network. */
  readonly newId: () => number
  /** The link to a peer that let us in. Rejects with PEER_*. */
  readonly connect: (peer: PeerId) => Promise<number>
  readonly isAdmitted: (peer: PeerId) => boolean
  /** Drops the message when its link is gone. */
  readonly send: (message: BulkMessage) => void
}

interface Reading {
  readonly link: number
  readonly reader: BulkReader
}

interface Writing {
  readonly link: number
  readonly peer: PeerId
  readonly writer: BulkWriter
}

export class MemoryBulks {
  readonly #clock: Clock
  readonly #hooks: MemoryBulksHooks
  readonly #readers = new Map<number, Reading>()
  readonly #writers = new Map<number, Writing>()
  #handler: BulkHandler | undefined

  constructor(clock: Clock, hooks: MemoryBulksHooks) {
    this.#clock = clock
    this.#hooks = hooks
  }

  onBulk(handler: BulkHandler): void {
    this.#handler = handler
  }

  async *request(peer: PeerId, body: Uint8Array, options: RequestOptions): AsyncGenerator<Uint8Array, void, undefined> {
    checkFits(body)
    const link = await this.#hooks.connect(peer)
    const id = this.#hooks.newId()
    const { timeoutMs, signal } = options
    const reader = new BulkReader(
      { peer, clock: this.#clock, timeoutMs, signal },
      {
        send: (frame) => this.#send(link, id, 'source', frame),
        onEnd: () => {
          if (this.#readers.delete(id)) this.#send(link, id, 'source', undefined)
        },
      },
    )
    this.#readers.set(id, { link, reader })
    reader.request(body)
    yield* reader.frames()
  }

  receive(from: PeerId, message: BulkMessage): void {
    const { bulk: id, to, frame, link } = message
    if (to === 'requester') {
      const reader = this.#readers.get(id)?.reader
      if (frame === undefined) reader?.close(gone(from))
      else reader?.receive(frame)
      return
    }
    const writing = this.#writers.get(id)
    if (frame === undefined) writing?.writer.close()
    else if (writing === undefined) {
      if (frame.kind === BulkKind.REQUEST) this.#serve(from, link, id, frame)
    } else {
      try {
        writing.writer.receive(frame)
      } catch {
        writing.writer.close()
        this.#send(link, id, 'requester', undefined)
      }
    }
  }

  linkEnded(link: number, peer: PeerId): void {
    for (const { reader } of [...this.#readers.values()].filter((one) => one.link === link)) reader.close(gone(peer))
    for (const { writer } of [...this.#writers.values()].filter((one) => one.link === link)) writer.close()
  }

  #serve(peer: PeerId, link: number, id: number, request: BulkFrame): void {
    const mine = [...this.#writers.values()].filter((one) => one.peer === peer).length
    if (!this.#hooks.isAdmitted(peer)) {
      this.#send(link, id, 'requester', undefined)
      return
    }
    const handler = this.#handler
    if (handler === undefined || mine >= limits.MAX_BULKS_PER_PEER) {
      const code = handler === undefined ? 'PEER_NOT_READY' : 'PEER_BUSY'
      this.#send(link, id, 'requester', { kind: BulkKind.ERROR, payload: new TextEncoder().encode(code) })
      return
    }
    const writer = new BulkWriter(
      { peer, clock: this.#clock, handler },
      {
        send: (frame) => this.#send(link, id, 'requester', { kind: frame.kind, payload: frame.payload.slice() }),
        onEnd: () => this.#writers.delete(id),
      },
    )
    this.#writers.set(id, { link, peer, writer })
    writer.receive(request)
  }

  #send(link: number, bulk: number, to: BulkMessage['to'], frame: BulkFrame | undefined): void {
    this.#hooks.send({ kind: 'bulk', link, bulk, to, frame })
  }
}
