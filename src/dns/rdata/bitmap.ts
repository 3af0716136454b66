/** Type bitmaps of NSEC, NSEC3 and CSYNC: RFC 4034 section 4.1.2. */
import type { RdataReader, RdataWriter } from './cursor.ts'

/** Types ascending. Windows must ascend, be 1 to 32 octets, and not end in a zero octet. */
export function readBitmap(reader: RdataReader): number[] {
  const types: number[] = []
  let last = -1
  while (reader.left > 0) {
    const window = reader.uint(1)
    if (window <= last) throw reader.fail('bitmap windows do not ascend')
    last = window
    const length = reader.uint(1)
    if (length < 1 || length > 32) throw reader.fail('a bitmap window is 1 to 32 octets')
    const bits = reader.take(length)
    if (bits[length - 1] === 0) throw reader.fail('a bitmap window ends in a zero octet')
    for (let i = 0; i < length; i++) {
      for (let bit = 0; bit < 8; bit++) if (bits[i]! & (0x80 >> bit)) types.push(window * 256 + i * 8 + bit)
    }
  }
  return types
}

export function writeBitmap(writer: RdataWriter, types: readonly number[]): void {
  const windows = new Map<number, Uint8Array>()
  for (const type of [...types].sort((a, b) => a - b)) {
    const window = type >> 8
    const old = windows.get(window)
    const bits = new Uint8Array(((type & 0xff) >> 3) + 1)
    if (old !== undefined) bits.set(old)
    bits[(type & 0xff) >> 3]! |= 0x80 >> (type & 7)
    windows.set(window, bits)
  }
  for (const [window, bits] of windows) {
    writer.uint(1, window)
    writer.counted(bits)
  }
}
