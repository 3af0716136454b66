/** Text files of any size, line by line, and written through a buffer. For commands: they have nobody waiting. */
import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { ChordnsError, fileTrouble, systemCodeOf } from '../../base/index.ts'

const CHUNK_BYTES = 1 << 18
const NEW_LINE = 0x0a

/** Undefined when there is no such file. Throws FILE_UNREADABLE. */
export function linesOf(file: string): Iterable<string> | undefined {
  let descriptor: number
  try {
    descriptor = openSync(file, 'r')
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined
    throw new ChordnsError('FILE_UNREADABLE', fileTrouble(file, error), { file }, { cause: error })
  }
  return readLines(descriptor)
}

function* readLines(descriptor: number): Iterable<string> {
  try {
    const chunk = Buffer.alloc(CHUNK_BYTES)
    let rest = ''
    for (;;) {
      const bytes = readSync(descriptor, chunk, 0, CHUNK_BYTES, null)
      if (bytes === 0) break
      // A zone file is ASCII: no letter is cut in two.
      const lines = (rest + chunk.toString('latin1', 0, bytes)).split('\n')
      rest = lines.pop()!
      yield* lines
    }
    if (rest !== '') yield rest
  } finally {
    closeSync(descriptor)
  }
}

/** Bytes wait, and not lines: a line that was read is a part of the text around it, which would be held for as long as the line. */
export class TextFile {
  readonly #file: string
  readonly #descriptor: number
  readonly #waiting = Buffer.allocUnsafe(CHUNK_BYTES)
  #length = 0

  /** Makes it anew. Throws FILE_UNWRITABLE. */
  constructor(file: string) {
    this.#file = file
    this.#descriptor = this.#doing(() => openSync(file, 'w', 0o644))
  }

  line(text: string): void {
    const bytes = text.length + 1
    if (this.#length + bytes > CHUNK_BYTES) this.#flush()
    if (bytes > CHUNK_BYTES) {
      this.#write(Buffer.from(`${text}\n`, 'latin1'))
      return
    }
    this.#length += this.#waiting.write(text, this.#length, 'latin1')
    this.#waiting[this.#length++] = NEW_LINE
  }

  /** Throws FILE_UNWRITABLE. */
  close(): void {
    this.#flush()
    closeSync(this.#descriptor)
  }

  #flush(): void {
    this.#write(this.#waiting.subarray(0, this.#length))
    this.#length = 0
  }

  #write(bytes: Uint8Array): void {
    this.#doing(() => {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#descriptor, bytes, at)
    })
  }

  #doing<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw new ChordnsError(
        'FILE_UNWRITABLE',
        fileTrouble(this.#file, error, 'write'),
        { file: this.#file },
        { cause: error },
      )
    }
  }
}
