/** One pass over uncompressed RDATA by the steps of its shape: where its names are, and canonical form. */
import { malformed } from '../errors.ts'
import { LOWER, skipPlainName } from '../names/names.ts'
import { Class } from '../types.ts'
import { type Shape, shapeOfType } from './table.ts'

const A6 = 38

/**
 * Canonical form: RFC 4034 section 6.2 as corrected by RFC 6840 section 5.1. The same array where nothing is to be changed.
 * Throws DNS_MALFORMED when the names cannot be found.
 */
export function canonicalRdata(type: number, rdata: Uint8Array): Uint8Array {
  let out = rdata
  const lower = (from: number, to: number) => {
    out = lowered(rdata, out, from, to)
  }
  if (type === A6) {
    const from = a6NameOffset(rdata)
    if (from < rdata.length) lower(from, skipPlainName(rdata, from, rdata.length))
    return out
  }
  const shape = shapeOfType(type)
  if (shape?.lowerCase === true) eachName(shape, rdata, lower)
  return out
}

/**
 * The shape by which a record of this type and class is checked when it is decoded; undefined means opaque.
 * ANY and NONE may come without rdata (RFC 2136 section 2.4).
 */
export function checkedShape(type: number, klass: number, rdataLength: number): Shape | undefined {
  const shape = shapeOfType(type)
  if (shape?.checked === undefined) return undefined
  if (shape.internetOnly === true && klass !== Class.IN) return undefined
  if (rdataLength === 0 && (klass === Class.ANY || klass === Class.NONE)) return undefined
  return shape
}

/** Calls back with the borders of each name. Throws DNS_MALFORMED when the steps do not fill the rdata exactly. */
export function eachName(shape: Shape, rdata: Uint8Array, onName: (from: number, to: number) => void): void {
  let at = 0
  for (const step of shape.steps) {
    if (step === 'rest') return
    if (step === 'name') {
      const end = skipPlainName(rdata, at, rdata.length)
      onName(at, end)
      at = end
      continue
    }
    if (step === 'string' && at >= rdata.length) throw malformed(at, 'the rdata ends early')
    at += step === 'string' ? 1 + rdata[at]! : step
    if (at > rdata.length) throw malformed(rdata.length, 'the rdata ends early')
  }
  if (at !== rdata.length) throw malformed(at, 'octets left over in the rdata')
}

/** RFC 2874 section 3.1: prefix length, the octets of the suffix, and a name unless the prefix is 0. */
function a6NameOffset(rdata: Uint8Array): number {
  const prefix = rdata[0] ?? 0
  return prefix === 0 ? rdata.length : 1 + Math.ceil(Math.max(0, 128 - prefix) / 8)
}

function lowered(rdata: Uint8Array, out: Uint8Array, from: number, to: number): Uint8Array {
  let result = out
  for (let i = from; i < to; i++) {
    const octet = rdata[i]!
    if (LOWER[octet] === octet) continue
    if (result === rdata) result = rdata.slice()
    result[i] = LOWER[octet]!
  }
  return result
}
