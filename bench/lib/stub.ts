/** Stubs that ask one resolver from one address over one socket, by id. */
import { createSocket, type Socket } from 'node:dgram'
import { encodeMessage, makeQuery, parseName, typeFromText } from '../../src/dns/index.ts'

/** Ids that may be open at once. */
const MAX_OPEN = 60_000

export interface StubAnswer {
  /** -1: nothing came in time. */
  readonly rcode: number
  readonly elapsedMs: number
}

export class Stub {
  readonly #socket: Socket
  readonly #open = new Map<number, (rcode: number) => void>()
  readonly #to: { readonly address: string; readonly port: number }
  #nextId = 1

  private constructor(socket: Socket, to: { readonly address: string; readonly port: number }) {
    this.#socket = socket
    this.#to = to
    socket.on('message', (reply) => {
      if (reply.length >= 12) this.#open.get(reply.readUInt16BE(0))?.(reply[3]! & 15)
    })
  }

  static async open(from: string, to: { readonly address: string; readonly port: number }): Promise<Stub> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 22 })
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.bind(0, from, resolve)
    })
    return new Stub(socket, to)
  }

  /** Throws a RangeError for a type that has no name here. */
  ask(name: string, timeoutMs: number, typeText = 'A'): Promise<StubAnswer> {
    const type = typeFromText(typeText)
    if (type === undefined) throw new RangeError(`${typeText} is no type of record`)
    if (this.#open.size >= MAX_OPEN) throw new Error('too many questions are open')
    while (this.#open.has(this.#nextId)) this.#nextId = (this.#nextId + 1) & 0xffff
    const id = this.#nextId
    this.#nextId = (this.#nextId + 1) & 0xffff
    const bytes = encodeMessage(makeQuery({ id, name: parseName(name), type, rd: true }))
    const started = performance.now()
    return new Promise((resolve) => {
      const end = (rcode: number) => {
        clearTimeout(timer)
        this.#open.delete(id)
        resolve({ rcode, elapsedMs: performance.now() - started })
      }
      const timer = setTimeout(() => end(-1), timeoutMs)
      this.#open.set(id, end)
      this.#socket.send(bytes, this.#to.port, this.#to.address)
    })
  }

  /** What is open ends as unanswered. */
  close(): void {
    for (const end of [...this.#open.values()]) end(-1)
    this.#socket.close()
  }
}
