/** Where in its part of the state the module keeps what: a tag, the list's number, and what it is about. */
import { concatBytes } from '../../../base/index.ts'

export function listKey(list: number): Uint8Array {
  return concatBytes(Uint8Array.of(1), u16(list))
}

export function organisationKey(list: number, account: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(2), u16(list), account)
}

/** Whose a ring key is. */
export function ringKeyKey(list: number, ringKey: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(3), u16(list), ringKey)
}

export function pageKey(list: number, page: number): Uint8Array {
  return concatBytes(Uint8Array.of(4), u16(list), u16(page))
}

export function tallyKey(list: number, subject: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(5), u16(list), subject)
}

export const BEACON_KEY: Uint8Array = Uint8Array.of(6)

export function drawKey(draw: number): Uint8Array {
  return concatBytes(Uint8Array.of(7), u32(draw))
}

function u16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 255)
}

function u32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255)
}
