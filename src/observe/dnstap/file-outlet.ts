/**
 * Frames into a file, one way. A file that is full, or there before, becomes `FILE.1` in place of the one of before: so much is kept and not more. What a full
 * disk took of a frame is cut off again, so that the file can be read at any time.
 */
import { type FileHandle, lstat, open, rename } from 'node:fs/promises'
import { limits } from '../limits.ts'
import { controlFrame, DNSTAP_CONTENT } from './frame-streams.ts'
import type { Outlet } from './outlet.ts'

const START = controlFrame('start', DNSTAP_CONTENT)
const STOP = controlFrame('stop')

export class FileOutlet implements Outlet {
  readonly #path: string
  readonly #maxBytes: number
  readonly #openFile: typeof open
  #handle: FileHandle | undefined
  /** Where the next frame goes: behind the last whole one. */
  #end = 0

  constructor(path: string, maxBytes: number = limits.MAX_DNSTAP_FILE, openFile = open) {
    this.#path = path
    this.#maxBytes = maxBytes
    this.#openFile = openFile
  }

  /** After a failure the same file goes on. */
  async open(): Promise<void> {
    if (this.#handle === undefined) {
      await this.#putAside()
      // Never what somebody else put there since, such as a link.
      this.#handle = await this.#openFile(this.#path, 'wx', 0o600)
      this.#end = 0
    }
    if (this.#end === 0) await this.#append(START)
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#end > START.length && this.#end + bytes.length + STOP.length > this.#maxBytes) {
      await this.finish()
      await this.open()
    }
    await this.#append(bytes)
  }

  async finish(): Promise<void> {
    const handle = this.#handle
    this.#handle = undefined
    try {
      await handle?.write(STOP, 0, STOP.length, this.#end)
    } catch {
      await handle?.truncate(this.#end).catch(() => {})
    }
    await handle?.close().catch(() => {})
  }

  /** A write to a disk cannot be taken back: it ends, or the process does. */
  destroy(): void {}

  /** A device or a pipe keeps its name. */
  async #putAside(): Promise<void> {
    const there = await lstat(this.#path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    })
    if (there === undefined) return
    if (!there.isFile()) throw new Error(`${this.#path} is no file`)
    await rename(this.#path, `${this.#path}.1`)
  }

  async #append(bytes: Uint8Array): Promise<void> {
    const handle = this.#handle
    if (handle === undefined) throw new Error('the file is closed')
    try {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, this.#end + done)
        done += bytesWritten
      }
      this.#end += bytes.length
    } catch (error) {
      await handle.truncate(this.#end).catch(() => {})
      throw error
    }
  }
}
