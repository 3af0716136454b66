/** Lines of the log to a file descriptor. Nothing that happens to it (terminal closed, disk full, a reader that stalls) stops the node or its end. */
import type { Cancel } from '../base/index.ts'
import { limits } from './limits.ts'

/** The system calls, and a timer. */
export interface LineWriterPorts {
  /** Like `fs.write`: hands back how many bytes were written, or why none were. */
  readonly write: (
    bytes: Uint8Array,
    done: (error: { readonly code?: string | undefined } | null, written: number) => void,
  ) => void
  /** Like `fs.writeSync`; throws. */
  readonly writeNow: (bytes: Uint8Array) => number
  readonly after: (ms: number, run: () => void) => Cancel
}

export interface LineWriter {
  /** Never throws. Beyond MAX_PENDING_LOG_BYTES, and while nothing can be written, lines are lost, and counted. */
  readonly write: (line: string) => void
  /** What is still waiting, at the exit of the process: as far as it can be written at once. */
  readonly flushNow: () => void
}

/** `lostLine` makes the line that says how many are missing, written as soon as one can be written again. */
export function createLineWriter(ports: LineWriterPorts, lostLine: (count: number) => string): LineWriter {
  let waiting: string[] = []
  let waitingBytes = 0
  let isWriting = false
  /** What a slow reader did not take yet. */
  let held: Uint8Array | undefined
  let lost = 0
  /** Set while the last attempt has failed. */
  let retry: Cancel | undefined

  const next = () => {
    if (isWriting || retry !== undefined || waiting.length === 0) return
    const text = lost === 0 ? waiting.join('') : lostLine(lost) + waiting.join('')
    lost = 0
    waiting = []
    waitingBytes = 0
    send(Buffer.from(text))
  }

  const send = (bytes: Uint8Array) => {
    isWriting = true
    held = undefined
    ports.write(bytes, (error, written) => {
      isWriting = false
      if (error !== null) failed(bytes, error.code === 'EAGAIN')
      else if (written < bytes.length) send(bytes.subarray(written))
      else next()
    })
  }

  const failed = (bytes: Uint8Array, isSlow: boolean) => {
    if (isSlow) held = bytes
    else lost += linesIn(bytes)
    retry = ports.after(isSlow ? limits.LOG_SLOW_MS : limits.LOG_RETRY_MS, () => {
      retry = undefined
      if (held === undefined) next()
      else send(held)
    })
  }

  return {
    write: (line) => {
      const bytes = Buffer.byteLength(line)
      if (waitingBytes + bytes > limits.MAX_PENDING_LOG_BYTES) {
        lost++
        return
      }
      waiting.push(line)
      waitingBytes += bytes
      next()
    },
    flushNow: () => {
      // What is being written ends by itself.
      const rest = [...(held === undefined ? [] : [held]), Buffer.from(waiting.join(''))]
      waiting = []
      waitingBytes = 0
      held = undefined
      try {
        for (const bytes of rest) for (let at = 0; at < bytes.length; ) at += ports.writeNow(bytes.subarray(at))
      } catch {
        // The process ends, and there is nowhere to say it.
      }
    },
  }
}

function linesIn(bytes: Uint8Array): number {
  return bytes.reduce((count, byte) => count + Number(byte === 10), 0)
}
