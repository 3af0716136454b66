/** Headers of the system for a batch of datagrams (struct mmsghdr of 64-bit Linux), received into slots of one buffer and sent from there. */
import type { Libc } from '../system/libc.ts'
import { SOCKADDR_BYTES, sockaddrBytes } from '../system/sockaddr.ts'

const MSG_DONTWAIT = 0x40
const MSG_NOSIGNAL = 0x4000
const EAGAIN = 11
/** struct mmsghdr: name u64, length of name u32, vectors u64, their number u64, control u64 and its length u64, flags u32; bytes u32. */
const HEADER_WORDS = 16
const NAME_LENGTH = 2
const FLAGS = 12
const BYTES = 14
/** struct iovec: address u64, length u64. */
const VECTOR_WORDS = 4
const NAME_STRIDE = 32
const MSG_TRUNC = 0x20
const CUT = 0

export interface BatchSize {
  readonly most: number
  /** Bytes from slot to slot. */
  readonly stride: number
  /** Longest datagram that is taken. */
  readonly maxQuery: number
}

export class DatagramBatch {
  readonly buffer: Uint8Array<ArrayBuffer>
  /** Of each datagram received: its sender, in slots of `senderStride`. */
  readonly senders: Uint8Array<ArrayBuffer>
  readonly senderView: DataView
  readonly senderStride = NAME_STRIDE
  /** Of each datagram received: its bytes, at `sizesFrom + j * sizesStep`. */
  readonly sizes: Int32Array
  readonly sizesFrom = BYTES
  readonly sizesStep = HEADER_WORDS
  readonly #libc: Libc
  readonly #size: BatchSize
  readonly #received: Int32Array
  readonly #sent: Int32Array
  readonly #vectors: Int32Array
  readonly #slotAddresses: Int32Array
  readonly #nameAddresses: Int32Array
  /** Views of the headers from each one on, made once. */
  readonly #sentFrom: readonly Int32Array[]
  /** The system knows its memory by address only: it must live as long as this. */
  readonly kept: Int32Array

  constructor(libc: Libc, size: BatchSize) {
    const { most, stride, maxQuery } = size
    this.#libc = libc
    this.#size = size
    this.buffer = new Uint8Array(new ArrayBuffer(most * stride))
    this.senders = new Uint8Array(new ArrayBuffer(most * NAME_STRIDE))
    this.senderView = new DataView(this.senders.buffer)
    this.#received = words(most * HEADER_WORDS)
    this.#sent = words(most * HEADER_WORDS)
    this.sizes = this.#received
    this.#vectors = words(most * VECTOR_WORDS)
    const receiving = words(most * VECTOR_WORDS)
    const slots = addresses(libc.addressOf(this.buffer), stride, most)
    const names = addresses(libc.addressOf(this.senders), NAME_STRIDE, most)
    this.#slotAddresses = slots
    this.#nameAddresses = names
    for (let j = 0; j < most; j++) {
      put64(receiving, j * VECTOR_WORDS, slots, j)
      receiving[j * VECTOR_WORDS + 2] = maxQuery
    }
    prepare(this.#received, addresses(libc.addressOf(receiving), VECTOR_WORDS * 4, most), names)
    prepare(this.#sent, addresses(libc.addressOf(this.#vectors), VECTOR_WORDS * 4, most), names)
    this.#sentFrom = Array.from({ length: most }, (_, j) => this.#sent.subarray(j * HEADER_WORDS))
    this.kept = receiving
  }

  /** How many came; 0 when there is nothing, or nothing to be had. Those that were cut have the size 0, so that nothing but a drop comes of them. */
  receive(fd: number): number {
    const { most } = this.#size
    const headers = this.#received
    for (let j = 0; j < most; j++) headers[j * HEADER_WORDS + NAME_LENGTH] = SOCKADDR_BYTES
    const count = this.#libc.recvmmsg(fd, headers, most, MSG_DONTWAIT, null)
    if (count <= 0) return 0
    for (let j = 0; j < count; j++)
      if ((headers[j * HEADER_WORDS + FLAGS]! & MSG_TRUNC) !== 0) headers[j * HEADER_WORDS + BYTES] = CUT
    return count
  }

  /** Sends the slots whose length is above 0, each to its sender. Returns how many the system did not take. */
  send(fd: number, family: number, count: number, lengths: Int32Array): number {
    const headers = this.#sent
    const vectors = this.#vectors
    const nameBytes = sockaddrBytes(family)
    let ready = 0
    for (let j = 0; j < count; j++) {
      if (lengths[j]! <= 0) continue
      put64(vectors, ready * VECTOR_WORDS, this.#slotAddresses, j)
      vectors[ready * VECTOR_WORDS + 2] = lengths[j]!
      put64(headers, ready * HEADER_WORDS, this.#nameAddresses, j)
      headers[ready * HEADER_WORDS + NAME_LENGTH] = nameBytes
      ready++
    }
    let unsent = 0
    for (let done = 0; done < ready; ) {
      const sent = this.#libc.sendmmsg(fd, this.#sentFrom[done]!, ready - done, MSG_DONTWAIT | MSG_NOSIGNAL)
      if (sent > 0) {
        done += sent
        continue
      }
      // Full: a late datagram is worth less than the memory. Anything else is about the first of them, such as a firewall's no.
      if (this.#libc.errno() === EAGAIN) return unsent + ready - done
      unsent++
      done++
    }
    return unsent
  }
}

function words(count: number): Int32Array {
  return new Int32Array(new ArrayBuffer(count * 4))
}

/** Addresses as pairs of words, low one first. */
function addresses(start: bigint, stride: number, count: number): Int32Array {
  const pairs = new BigUint64Array(new ArrayBuffer(count * 8))
  for (let j = 0; j < count; j++) pairs[j] = start + BigInt(j * stride)
  return new Int32Array(pairs.buffer)
}

function put64(to: Int32Array, at: number, pairs: Int32Array, j: number): void {
  to[at] = pairs[j * 2]!
  to[at + 1] = pairs[j * 2 + 1]!
}

function prepare(headers: Int32Array, vectors: Int32Array, names: Int32Array): void {
  for (let j = 0; j < headers.length / HEADER_WORDS; j++) {
    put64(headers, j * HEADER_WORDS, names, j)
    headers[j * HEADER_WORDS + NAME_LENGTH] = SOCKADDR_BYTES
    put64(headers, j * HEADER_WORDS + 4, vectors, j)
    headers[j * HEADER_WORDS + 6] = 1
  }
}
