/** Views: RDATA decoded on demand and built again, by the table. */
import { malformed } from '../errors.ts'
import { nameFromWire } from '../names/names.ts'
import { type Name, Type } from '../types.ts'
import { RdataReader, RdataWriter } from './cursor.ts'
import { type FieldKind, KINDS } from './kinds.ts'
import { type KnownType, type RdataView, type Shape, shapeOfType, type ViewOf } from './table.ts'

/**
 * The decoded form of uncompressed RDATA; `{ kind: 'opaque', bytes }` for types that are not in the table.
 * Throws DNS_MALFORMED when a known type is not made as its RFC says, or has octets left over.
 */
export function viewRdata<T extends KnownType>(type: T, rdata: Uint8Array): ViewOf<T>
export function viewRdata(type: number, rdata: Uint8Array): RdataView
export function viewRdata(type: number, rdata: Uint8Array): unknown {
  const shape = shapeOfType(type)
  if (shape === undefined) return { kind: 'opaque', bytes: rdata }
  return { type, ...readFields(shape, rdata) }
}

/** The wire form of a view. Throws DNS_TOO_LONG when a value does not fit its field. */
export function buildRdata(view: RdataView): Uint8Array {
  if (view.kind === 'opaque') return view.bytes
  return writeFields(shapeOfType(view.type)!, view as unknown as RdataFields)
}

export type RdataFields = Readonly<Record<string, unknown>>

export function readFields(shape: Shape, rdata: Uint8Array): RdataFields {
  const reader = new RdataReader(rdata)
  const fields: Record<string, unknown> = {}
  for (const [field, kind] of shape.entries) fields[field] = KINDS[kind].read(reader)
  if (reader.left > 0) throw malformed(reader.at, 'octets left over in the rdata')
  return fields
}

export function writeFields(shape: Shape, fields: RdataFields): Uint8Array {
  const writer = new RdataWriter()
  for (const [field, kind] of shape.entries) (KINDS[kind] as FieldKind<unknown>).write(writer, fields[field])
  return writer.finish()
}

/** The target of an NS record. */
export function nsName(rdata: Uint8Array): Name {
  return nameFromWire(rdata)
}

/** The target of a CNAME or DNAME record. */
export function cnameTarget(rdata: Uint8Array): Name {
  return nameFromWire(rdata)
}

export function soaView(rdata: Uint8Array): ViewOf<typeof Type.SOA> {
  return viewRdata(Type.SOA, rdata)
}
