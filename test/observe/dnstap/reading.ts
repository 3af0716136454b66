/** A reader of dnstap of its own, for tests: it shares nothing with what writes, and refuses what it does not know. */

export interface Fields {
  readonly numbers: ReadonlyMap<number, number>
  readonly octets: ReadonlyMap<number, Uint8Array>
}

/** Of protobuf: varints, fixed 32 bits, and octets; each field once. */
export function fieldsOf(bytes: Uint8Array): Fields {
  const numbers = new Map<number, number>()
  const octets = new Map<number, Uint8Array>()
  const view = Buffer.from(bytes)
  let at = 0
  const varint = () => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const octet = view.readUInt8(at++)
      value |= BigInt(octet & 0x7f) << shift
      if (octet < 0x80) return Number(value)
    }
  }
  while (at < view.length) {
    const key = varint()
    const field = key >> 3
    if (numbers.has(field) || octets.has(field)) throw new Error(`field ${field} twice`)
    if ((key & 7) === 0) numbers.set(field, varint())
    else if ((key & 7) === 5) {
      numbers.set(field, view.readUInt32LE(at))
      at += 4
    } else if ((key & 7) === 2) {
      const length = varint()
      if (at + length > view.length) throw new Error('octets that end early')
      octets.set(field, Uint8Array.from(view.subarray(at, at + length)))
      at += length
    } else throw new Error(`wire type ${key & 7}`)
  }
  return { numbers, octets }
}

export interface Frames {
  /** Types of control frames: ACCEPT 1, START 2, STOP 3, READY 4, FINISH 5. */
  readonly control: readonly number[]
  readonly payloads: readonly Uint8Array[]
  /** Octets behind the last whole frame. */
  readonly rest: number
}

export function framesOf(bytes: Uint8Array): Frames {
  const view = Buffer.from(bytes)
  const control: number[] = []
  const payloads: Uint8Array[] = []
  let at = 0
  for (;;) {
    const isControl = at + 8 <= view.length && view.readUInt32BE(at) === 0
    const start = at + (isControl ? 8 : 4)
    if (start > view.length) return { control, payloads, rest: view.length - at }
    const end = start + view.readUInt32BE(start - 4)
    if (end > view.length) return { control, payloads, rest: view.length - at }
    if (isControl) control.push(view.readUInt32BE(start))
    else payloads.push(Uint8Array.from(view.subarray(start, end)))
    at = end
  }
}

const text = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString()

/** The fields of dnstap.proto by their names. */
export function messageOf(payload: Uint8Array) {
  const outer = fieldsOf(payload)
  const { numbers, octets } = fieldsOf(outer.octets.get(14)!)
  return {
    identity: text(outer.octets.get(1)),
    version: text(outer.octets.get(2)),
    extra: text(outer.octets.get(3)),
    kind: outer.numbers.get(15),
    type: numbers.get(1),
    family: numbers.get(2),
    protocol: numbers.get(3),
    queryAddress: octets.get(4),
    responseAddress: octets.get(5),
    queryPort: numbers.get(6),
    responsePort: numbers.get(7),
    querySeconds: numbers.get(8),
    queryNanoseconds: numbers.get(9),
    query: octets.get(10),
    zone: octets.get(11),
    responseSeconds: numbers.get(12),
    responseNanoseconds: numbers.get(13),
    response: octets.get(14),
  }
}
