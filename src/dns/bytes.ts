/**
 * The same octets as a true Uint8Array. A Node Buffer's `slice` is a view, where all other typed arrays copy: names taken from
 * a socket's buffer would change with the next packet.
 */
export function plain(bytes: Uint8Array): Uint8Array {
  return bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
}
