/**
 * Frame Streams, as the fstrm library of Farsight has it: data frames of any content, and control frames that begin and end them. Pure.
 *
 * A data frame is its length (32 bits) and its octets. Length 0 is the escape: the length of a control frame and its octets follow.
 * Both ways (sockets): READY ->, <- ACCEPT, START ->, data ->, STOP ->, <- FINISH. One way (files): START, data, STOP.
 */
import { limits } from '../limits.ts'

const TYPES = { accept: 1, start: 2, stop: 3, ready: 4, finish: 5 } as const
export type ControlType = keyof typeof TYPES
/** The one field that control frames have. */
const FIELD_CONTENT_TYPE = 1

export const DNSTAP_CONTENT = 'protobuf:dnstap.Dnstap'

export interface ControlFrame {
  readonly type: ControlType
  /** Empty: whatever comes. */
  readonly contentTypes: readonly string[]
}

/** READY and START say what comes. */
export function controlFrame(type: ControlType, contentType?: string): Uint8Array {
  const content = contentType === undefined ? undefined : new TextEncoder().encode(contentType)
  const length = 4 + (content === undefined ? 0 : 8 + content.length)
  const bytes = new Uint8Array(8 + length)
  const view = new DataView(bytes.buffer)
  view.setUint32(4, length)
  view.setUint32(8, TYPES[type])
  if (content === undefined) return bytes
  view.setUint32(12, FIELD_CONTENT_TYPE)
  view.setUint32(16, content.length)
  bytes.set(content, 20)
  return bytes
}

/** All payloads behind each other, each with its length. */
export function dataFrames(payloads: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(payloads.reduce((sum, { length }) => sum + 4 + length, 0))
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const payload of payloads) {
    view.setUint32(at, payload.length)
    bytes.set(payload, at + 4)
    at += 4 + payload.length
  }
  return bytes
}

/** Reads what comes from the other side, which may say nothing but control frames. */
export class ControlReader {
  #bytes = new Uint8Array()

  /** What is whole now. Throws for what is no control frame, or a longer one than there is. */
  push(chunk: Uint8Array): ControlFrame[] {
    this.#bytes = joined(this.#bytes, chunk)
    const frames: ControlFrame[] = []
    for (;;) {
      const view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.length)
      if (view.byteLength >= 4 && view.getUint32(0) !== 0) throw new Error('the reader sends data')
      if (view.byteLength < 8) return frames
      const length = view.getUint32(4)
      if (length < 4 || length > limits.MAX_CONTROL_FRAME) throw new Error(`a control frame of ${length} octets`)
      if (view.byteLength < 8 + length) return frames
      frames.push(readControl(this.#bytes.subarray(8, 8 + length)))
      this.#bytes = this.#bytes.slice(8 + length)
    }
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(a.length + b.length)
  bytes.set(a)
  bytes.set(b, a.length)
  return bytes
}

function readControl(bytes: Uint8Array): ControlFrame {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const found = Object.entries(TYPES).find(([, number]) => number === view.getUint32(0))
  if (found === undefined) throw new Error(`control frame of type ${view.getUint32(0)}, which is unknown`)
  const contentTypes: string[] = []
  let at = 4
  while (at < bytes.length) {
    if (bytes.length - at < 8) throw new Error('a control frame that ends early')
    const [field, length] = [view.getUint32(at), view.getUint32(at + 4)]
    at += 8
    if (field !== FIELD_CONTENT_TYPE || length > bytes.length - at) throw new Error('a control frame that ends early')
    contentTypes.push(new TextDecoder('latin1').decode(bytes.subarray(at, at + length)))
    at += length
  }
  return { type: found[0] as ControlType, contentTypes }
}
