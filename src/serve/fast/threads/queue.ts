/**
 * Packets from one worker to the main thread, in a ring of shared memory: copied once, in order, and lost when the ring is full, as a
 * socket's buffer would lose them. One side puts, the other takes; neither waits for the other.
 */

/** Why a packet is handed over. */
export const KIND_QUERY = 0
/** The reply has gone out already; it is worth asking again. The packet is that reply's header and question. */
export const KIND_HINT = 1

export interface QueuedPacket {
  readonly kind: number
  readonly door: number
  /** The system's form of the sender's address; a view, good until the next `take`. */
  readonly sender: Uint8Array
  /** A copy. */
  readonly packet: Uint8Array
}

/** Bytes of a sender's address, at most. */
export const SENDER_BYTES = 28
const HEAD_BYTES = 12
const CONTROL_WORDS = 4
/** Words of control: where the next goes, and where the next is taken, in bytes of all that ever went through; the taker sleeps. */
const AT_PUT = 0
const AT_TAKEN = 1
const AT_ASLEEP = 2
/** In place of a length: the rest of the ring is not used. */
const SKIP = 0

export function queueMemory(bytes: number): SharedArrayBuffer {
  return new SharedArrayBuffer(CONTROL_WORDS * 4 + 2 ** Math.floor(Math.log2(bytes)))
}

class Ends {
  protected readonly control: Int32Array
  protected readonly bytes: Uint8Array
  protected readonly words: Int32Array
  protected readonly size: number

  constructor(memory: SharedArrayBuffer) {
    this.control = new Int32Array(memory, 0, CONTROL_WORDS)
    this.bytes = new Uint8Array(memory, CONTROL_WORDS * 4)
    this.words = new Int32Array(memory, CONTROL_WORDS * 4)
    this.size = this.bytes.length
  }
}

/** The worker's end. */
export class PacketPutter extends Ends {
  /**
   * Copies a packet in. False when there is no room. `packet[at..at+length)`; `senders[from..from+SENDER_BYTES)`.
   */
  put(
    { kind, door }: { readonly kind: number; readonly door: number },
    packet: Uint8Array,
    at: number,
    length: number,
    senders: Uint8Array,
    from: number,
  ): boolean {
    const needed = (HEAD_BYTES + SENDER_BYTES + length + 7) & ~7
    let put = this.control[AT_PUT]! >>> 0
    const used = (put - Atomics.load(this.control, AT_TAKEN)) >>> 0
    const left = this.size - (put & (this.size - 1))
    const skipped = left < needed ? left : 0
    if (used + skipped + needed > this.size) return false
    if (skipped > 0) {
      this.words[(put & (this.size - 1)) >> 2] = SKIP
      put = (put + skipped) >>> 0
    }
    const start = put & (this.size - 1)
    this.words[start >> 2] = needed
    this.words[(start >> 2) + 1] = door
    this.words[(start >> 2) + 2] = length | (kind << 16)
    let to = start + HEAD_BYTES
    for (let i = 0; i < SENDER_BYTES; i++) this.bytes[to++] = senders[from + i]!
    for (let i = 0; i < length; i++) this.bytes[to++] = packet[at + i]!
    Atomics.store(this.control, AT_PUT, (put + needed) | 0)
    return true
  }

  /** True when the taker is to be woken: once for all that was put since it fell asleep. */
  shouldWake(): boolean {
    return Atomics.load(this.control, AT_ASLEEP) === 1 && Atomics.exchange(this.control, AT_ASLEEP, 0) === 1
  }
}

/** The main thread's end. */
export class PacketTaker extends Ends {
  take(): QueuedPacket | undefined {
    let taken = this.control[AT_TAKEN]! >>> 0
    if ((Atomics.load(this.control, AT_PUT) - taken) >>> 0 === 0) return undefined
    let start = taken & (this.size - 1)
    if (this.words[start >> 2] === SKIP) {
      taken = (taken + this.size - start) >>> 0
      start = 0
    }
    const needed = this.words[start >> 2]!
    const door = this.words[(start >> 2) + 1]!
    const sizes = this.words[(start >> 2) + 2]!
    const from = start + HEAD_BYTES
    const sender = this.bytes.slice(from, from + SENDER_BYTES)
    const packet = this.bytes.slice(from + SENDER_BYTES, from + SENDER_BYTES + (sizes & 0xffff))
    Atomics.store(this.control, AT_TAKEN, (taken + needed) | 0)
    return { kind: sizes >>> 16, door, sender, packet }
  }

  /** Says that the taker is to be woken. False when something came meanwhile: it goes on instead. */
  sleep(): boolean {
    Atomics.store(this.control, AT_ASLEEP, 1)
    const isEmpty = Atomics.load(this.control, AT_PUT) === this.control[AT_TAKEN]
    if (!isEmpty) Atomics.store(this.control, AT_ASLEEP, 0)
    return isEmpty
  }
}
