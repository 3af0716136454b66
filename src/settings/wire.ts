/**
 * What boxes say to each other of their documents: canonical CBOR.
 *
 *     tell      [1, [change ...]]        reply: the replier's root, after it has taken them
 *     compare   [2, root]                reply: empty where the roots are equal, else the replier's parts
 *     pull      [3, parts as bits]       a bulk of messages of the form of `tell`
 *
 * A root has 16 bytes, the parts 64 times as many, the bits 8.
 */
import { type CborValue, encodeCanonical } from '../crypto/index.ts'
import {
  changeFromValue,
  changeToValue,
  malformed,
  readBytes,
  readCbor,
  readList,
  readRow,
  type SignedChange,
} from './change.ts'
import { limits } from './limits.ts'

const Kind = { TELL: 1, COMPARE: 2, PULL: 3 } as const

export type SettingsMessage =
  | { readonly kind: 'tell'; readonly changes: readonly SignedChange[] }
  | { readonly kind: 'compare'; readonly root: Uint8Array }
  | { readonly kind: 'pull'; readonly parts: ReadonlySet<number> }

/** As many messages as they need. */
export function* tellings(changes: Iterable<SignedChange>): Generator<Uint8Array> {
  let batch: CborValue[] = []
  let bytes = 0
  for (const change of changes) {
    const value = changeToValue(change)
    const size = encodeCanonical(value).length + 3
    if (batch.length >= limits.CHANGES_A_MESSAGE || (batch.length > 0 && bytes + size > limits.MESSAGE_BYTES)) {
      yield encodeCanonical([Kind.TELL, batch])
      batch = []
      bytes = 0
    }
    batch.push(value)
    bytes += size
  }
  if (batch.length > 0) yield encodeCanonical([Kind.TELL, batch])
}

export function comparison(root: Uint8Array): Uint8Array {
  return encodeCanonical([Kind.COMPARE, root])
}

export function pulling(parts: Iterable<number>): Uint8Array {
  const bits = new Uint8Array(limits.PARTS / 8)
  for (const part of parts) bits[part >> 3]! |= 1 << (part & 7)
  return encodeCanonical([Kind.PULL, bits])
}

/** Throws SETTINGS_MALFORMED. */
export function decodeSettingsMessage(bytes: Uint8Array): SettingsMessage {
  const [kind, content] = readRow(readCbor(bytes, limits.MESSAGE_BYTES + 1_024, 'message'), 2, 'message')
  if (kind === Kind.TELL) {
    const changes = readList(content, limits.CHANGES_A_MESSAGE, 'changes', changeFromValue)
    // Or a source that sends none could go on for ever.
    if (changes.length === 0) throw malformed('no changes')
    return { kind: 'tell', changes }
  }
  if (kind === Kind.COMPARE)
    return { kind: 'compare', root: readBytes(content, limits.PART_BYTES, limits.PART_BYTES, 'root') }
  if (kind !== Kind.PULL) throw malformed('kind of message')
  const bits = readBytes(content, limits.PARTS / 8, limits.PARTS / 8, 'parts')
  const parts = new Set<number>()
  for (let part = 0; part < limits.PARTS; part++) if ((bits[part >> 3]! & (1 << (part & 7))) !== 0) parts.add(part)
  return { kind: 'pull', parts }
}

/** The reply to a comparison: undefined where both have the same. Throws SETTINGS_MALFORMED. */
export function readParts(reply: Uint8Array): Uint8Array | undefined {
  if (reply.length === 0) return undefined
  if (reply.length !== limits.PARTS * limits.PART_BYTES) throw malformed('parts')
  return reply
}
