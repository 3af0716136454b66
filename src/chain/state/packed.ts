/** The changes of a block as one piece of bytes: thousands of small arrays would stop the thread that sends them for longer than all else. */
import type { StateChange } from '../trees/versioned/change.ts'

const HEAD_BYTES = 6
/** In the place of a value's length. */
const DELETED = 0xffff_ffff

/** For each change the length of the key, that of the value, both. */
export function packChanges(changes: readonly StateChange[]): Uint8Array {
  let length = 0
  for (const { key, value } of changes) length += HEAD_BYTES + key.length + (value?.length ?? 0)
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const { key, value } of changes) {
    if (key.length > 0xffff) throw new RangeError(`a key of ${key.length} bytes`)
    view.setUint16(at, key.length)
    view.setUint32(at + 2, value === undefined ? DELETED : value.length)
    at += HEAD_BYTES
    bytes.set(key, at)
    at += key.length
    if (value === undefined) continue
    bytes.set(value, at)
    at += value.length
  }
  return bytes
}

/** Of what `packChanges` made; keys and values are parts of `bytes`. */
export function unpackChanges(bytes: Uint8Array): StateChange[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const changes: StateChange[] = []
  for (let at = 0; at < bytes.length; ) {
    const keyAt = at + HEAD_BYTES
    const valueAt = keyAt + view.getUint16(at)
    const valueLength = view.getUint32(at + 2)
    const isDeleted = valueLength === DELETED
    at = isDeleted ? valueAt : valueAt + valueLength
    const value = isDeleted ? undefined : bytes.subarray(valueAt, at)
    changes.push({ key: bytes.subarray(keyAt, valueAt), value })
  }
  return changes
}
