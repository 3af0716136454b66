/** One dnstap message as protobuf octets, after dnstap.proto of the dnstap project. Pure; the few parts of protobuf that it needs are at the end. */

/** `Message.Type` of dnstap.proto. */
const MESSAGE_TYPES = {
  'resolver-query': 3,
  'resolver-response': 4,
  'client-query': 5,
  'client-response': 6,
  'forwarder-query': 7,
  'forwarder-response': 8,
} as const
export type TapMessageType = keyof typeof MESSAGE_TYPES

/** `SocketProtocol`. */
const PROTOCOLS = { udp: 1, tcp: 2, tls: 3, https: 4 } as const

export interface TapMessage {
  readonly type: TapMessageType
  readonly family: 4 | 6
  readonly protocol: keyof typeof PROTOCOLS
  /** Who asked; left out where nobody may know. 4 or 16 octets. */
  readonly asker?: { readonly address: Uint8Array; readonly port: number } | undefined
  /** Whom this resolver asked. */
  readonly server?: { readonly address: Uint8Array; readonly port: number } | undefined
  /** Unix ms, with a fraction. */
  readonly queryAt: number
  /** The same; of responses only. */
  readonly responseAt?: number | undefined
  /** The query or the response, as its type says. */
  readonly message: Uint8Array
  /** Wire form of the name of the zone whose server is asked. */
  readonly zone?: Uint8Array | undefined
}

/** What each message of one server begins with. Undefined: not said. */
export interface TapSender {
  readonly identity?: string | undefined
  readonly version?: string | undefined
}

/** `extra`: a text beside the message, as dnstap lets everybody add. */
export function encodePayload(message: TapMessage, { identity, version }: TapSender, extra?: string): Uint8Array {
  const out = new ProtobufWriter(message.message.length + 256)
  if (identity !== undefined) out.octets(1, new TextEncoder().encode(identity))
  if (version !== undefined) out.octets(2, new TextEncoder().encode(version))
  if (extra !== undefined) out.octets(3, new TextEncoder().encode(extra))
  out.octets(14, encodeMessage(message))
  out.number(15, 1)
  return out.bytes()
}

function encodeMessage({ type, family, protocol, asker, server, queryAt, responseAt, message, zone }: TapMessage) {
  const isResponse = type.endsWith('-response')
  const out = new ProtobufWriter(message.length + 128)
  out.number(1, MESSAGE_TYPES[type])
  out.number(2, family === 4 ? 1 : 2)
  out.number(3, PROTOCOLS[protocol])
  if (asker !== undefined) out.octets(4, asker.address)
  if (server !== undefined) out.octets(5, server.address)
  if (asker !== undefined) out.number(6, asker.port)
  if (server !== undefined) out.number(7, server.port)
  out.time(8, queryAt)
  if (!isResponse) out.octets(10, message)
  if (zone !== undefined) out.octets(11, zone)
  if (responseAt !== undefined) out.time(12, responseAt)
  if (isResponse) out.octets(14, message)
  return out.bytes()
}

/** Wire types of protobuf. */
const VARINT = 0
const LENGTH = 2
const FIXED_32 = 5

/** Fields of one protobuf message, in the order they are written in. */
class ProtobufWriter {
  #bytes: Uint8Array
  #length = 0

  /** `size`: about how many octets it will be. */
  constructor(size: number) {
    this.#bytes = new Uint8Array(size)
  }

  /** A whole number from 0 to 2^53 - 1. */
  number(field: number, value: number): void {
    this.#room(20)
    this.#varint(field * 8 + VARINT)
    this.#varint(value)
  }

  octets(field: number, value: Uint8Array): void {
    this.#room(20 + value.length)
    this.#varint(field * 8 + LENGTH)
    this.#varint(value.length)
    this.#bytes.set(value, this.#length)
    this.#length += value.length
  }

  /** dnstap has seconds in one field, and nanoseconds in the next. `at`: Unix ms. */
  time(field: number, at: number): void {
    const seconds = Math.floor(at / 1_000)
    this.number(field, seconds)
    this.#room(20)
    this.#varint((field + 1) * 8 + FIXED_32)
    const nanoseconds = Math.min(999_999_999, Math.round((at - seconds * 1_000) * 1e6))
    new DataView(this.#bytes.buffer).setUint32(this.#length, nanoseconds, true)
    this.#length += 4
  }

  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  #varint(value: number): void {
    let rest = value
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.#bytes[this.#length++] = rest
  }

  #room(more: number): void {
    if (this.#length + more <= this.#bytes.length) return
    const larger = new Uint8Array(2 * (this.#length + more))
    larger.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = larger
  }
}
