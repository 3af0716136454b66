/** Frames to a reader behind a socket, Unix or TCP: both sides say that they are ready, and that it was all. A reader that hangs is left. */
import { connect, type NetConnectOpts, type Socket } from 'node:net'
import type { Clock } from '../../base/index.ts'
import { limits } from '../limits.ts'
import { type ControlFrame, ControlReader, type ControlType, controlFrame, DNSTAP_CONTENT } from './frame-streams.ts'
import type { Outlet } from './outlet.ts'

export interface SocketOutletLimits {
  readonly DNSTAP_HELLO_MS: number
  readonly DNSTAP_HANG_MS: number
  readonly DNSTAP_FINISH_MS: number
}

/** Somebody waits for a control frame, or for the end. */
interface Waiting {
  readonly type: ControlType
  readonly done: (frame: ControlFrame) => void
  readonly failed: (error: Error) => void
}

export class SocketOutlet implements Outlet {
  readonly #to: NetConnectOpts
  readonly #clock: Clock
  readonly #limits: SocketOutletLimits
  #socket: Socket | undefined
  #waiting: Waiting | undefined

  constructor(to: NetConnectOpts, clock: Clock, bounds: SocketOutletLimits = limits) {
    this.#to = to
    this.#clock = clock
    this.#limits = bounds
  }

  async open(onGone: () => void): Promise<void> {
    const socket = connect(this.#to)
    this.#socket = socket
    const reader = new ControlReader()
    let isOpen = false
    let why: Error | undefined
    socket.on('error', (error) => {
      why = error
    })
    socket.once('close', () => {
      if (this.#socket !== socket) return
      this.#waiting?.failed(why ?? new Error('the reader has gone'))
      if (isOpen) onGone()
    })
    // Only a connection that is read shows that the other side has ended it.
    socket.on('data', (chunk) => this.#heard(socket, reader, chunk))
    const accepted = this.#expect('accept', this.#limits.DNSTAP_HELLO_MS)
    socket.write(controlFrame('ready', DNSTAP_CONTENT))
    const { contentTypes } = await accepted
    if (contentTypes.length > 0 && !contentTypes.includes(DNSTAP_CONTENT)) {
      socket.destroy()
      throw new Error(`the reader does not take ${DNSTAP_CONTENT}`)
    }
    isOpen = true
    await this.write(controlFrame('start', DNSTAP_CONTENT))
  }

  write(bytes: Uint8Array): Promise<void> {
    const socket = this.#socket
    return new Promise((resolve, reject) => {
      if (socket === undefined || socket.destroyed) return void reject(new Error('the reader has gone'))
      const cancel = this.#clock.after(this.#limits.DNSTAP_HANG_MS, () => {
        reject(new Error('the reader takes nothing'))
        socket.destroy()
      })
      socket.write(bytes, (error) => {
        cancel()
        if (error) reject(error)
        else resolve()
      })
    })
  }

  async finish(): Promise<void> {
    try {
      const finished = this.#expect('finish', this.#limits.DNSTAP_FINISH_MS)
      finished.catch(() => {})
      await this.write(controlFrame('stop'))
      await finished
    } catch {
      // It has gone, or says nothing: all that can be done is done.
    }
    this.destroy()
  }

  destroy(): void {
    const socket = this.#socket
    this.#socket = undefined
    socket?.destroy()
    this.#waiting?.failed(new Error('it was given up'))
  }

  #heard(socket: Socket, reader: ControlReader, chunk: Uint8Array): void {
    try {
      for (const frame of reader.push(chunk)) {
        if (frame.type !== this.#waiting?.type) throw new Error(`the reader says ${frame.type} out of turn`)
        this.#waiting.done(frame)
      }
    } catch (error) {
      socket.destroy(error as Error)
    }
  }

  #expect(type: ControlType, patienceMs: number): Promise<ControlFrame> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        cancel()
        this.#waiting = undefined
        act()
      }
      const failed = (error: Error) => settle(() => reject(error))
      const cancel = this.#clock.after(patienceMs, () => {
        failed(new Error(`the reader does not say ${type}`))
        this.#socket?.destroy()
      })
      this.#waiting = { type, done: (frame) => settle(() => resolve(frame)), failed }
    })
  }
}
