/**
 * A client's query, or the reply to it, without what could tell one client from another or say which it is: EDNS carries cookies (RFC 7873), subnets (RFC 7871) and, from some
 * routers, hardware addresses; a signature names a key. Pure.
 */
import { OptionCode, readName, Type } from '../../dns/index.ts'

const HEADER_BYTES = 12
/** Octets of an OPT record: owner, type, size, TTL, length. */
const OPT_BYTES = 11

/** Header, question, and OPT without options; undefined for what has not one question. */
export function unmarkedQuery(bytes: Uint8Array): Uint8Array | undefined {
  const places = placesOf(bytes)
  if (places === undefined) return undefined
  const { questionEnd, opt } = places
  const made = new Uint8Array(questionEnd + (opt === undefined ? 0 : OPT_BYTES))
  made.set(bytes.subarray(0, questionEnd))
  made.fill(0, 6, HEADER_BYTES)
  if (opt === undefined) return made
  made[11] = 1
  // All but its length, which is 0 now.
  made.set(bytes.subarray(opt.start, opt.start + OPT_BYTES - 2), questionEnd)
  return made
}

/** With padding (RFC 7830) in the place of every option but extended errors, which say nothing of clients; undefined likewise. */
export function unmarkedReply(bytes: Uint8Array): Uint8Array | undefined {
  const places = placesOf(bytes)
  if (places === undefined) return undefined
  const made = bytes.slice()
  if (places.opt === undefined) return made
  const view = new DataView(made.buffer)
  const { start, end } = places.opt
  let at = start + OPT_BYTES
  while (at < end) {
    const next = at + 4 + (end - at < 4 ? 0 : view.getUint16(at + 2))
    if (next > end) return undefined
    if (view.getUint16(at) !== OptionCode.EDE) {
      view.setUint16(at, OptionCode.PADDING)
      made.fill(0, at + 4, next)
    }
    at = next
  }
  return made
}

interface Places {
  readonly questionEnd: number
  readonly opt: { readonly start: number; readonly end: number } | undefined
}

/** Undefined for what is no whole message with one question, or has two OPT records. */
function placesOf(bytes: Uint8Array): Places | undefined {
  if (bytes.length < HEADER_BYTES) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (view.getUint16(4) !== 1) return undefined
  try {
    const questionEnd = readName(bytes, HEADER_BYTES).next + 4
    const records = view.getUint16(6) + view.getUint16(8) + view.getUint16(10)
    let at = questionEnd
    let opt: Places['opt']
    for (let i = 0; i < records; i++) {
      const start = at
      const fixed = skipName(bytes, at)
      at = fixed + 10 + view.getUint16(fixed + 8)
      if (view.getUint16(fixed) !== Type.OPT) continue
      if (opt !== undefined || fixed !== start + 1) return undefined
      opt = { start, end: at }
    }
    return at <= bytes.length ? { questionEnd, opt } : undefined
  } catch {
    return undefined
  }
}

/** Where a name ends, which may be one that ends in a pointer. Throws RangeError behind the end. */
function skipName(bytes: Uint8Array, from: number): number {
  let at = from
  for (;;) {
    const length = bytes[at]
    if (length === undefined || (length > 63 && length < 0xc0)) throw new RangeError('a name that does not end')
    if (length >= 0xc0) return at + 2
    at += 1 + length
    if (length === 0) return at
  }
}
