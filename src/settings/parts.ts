/** The document in parts: what two boxes compare to see where they differ. Kept up with each change, not made anew. Pure. */
import { concatBytes } from '../base/index.ts'
import { sha256 } from '../crypto/index.ts'
import { markOf, type SignedChange } from './change.ts'
import { limits } from './limits.ts'

/** Which part a key is in. */
export function partOf(key: string): number {
  return sha256(new TextEncoder().encode(key))[0]! % limits.PARTS
}

/** The exclusive or of the marks of each part. Members believe each other: nobody makes changes up to collide. */
export class DocumentParts {
  readonly #parts = Array.from({ length: limits.PARTS }, () => new Uint8Array(limits.PART_BYTES))
  #root: Uint8Array | undefined

  /** Adds a change, or takes one out that was added. */
  toggle(change: SignedChange): void {
    const part = this.#parts[partOf(change.key)]!
    const mark = markOf(change)
    for (let at = 0; at < part.length; at++) part[at]! ^= mark[at]!
    this.#root = undefined
  }

  /** PARTS times PART_BYTES. */
  bytes(): Uint8Array {
    return concatBytes(...this.#parts)
  }

  root(): Uint8Array {
    this.#root ??= rootOf(this.bytes())
    return this.#root
  }
}

export function rootOf(parts: Uint8Array): Uint8Array {
  return sha256(parts).slice(0, limits.PART_BYTES)
}

/** The numbers of the parts that are not equal. */
export function differing(own: Uint8Array, other: Uint8Array): number[] {
  const numbers: number[] = []
  for (let part = 0; part < limits.PARTS; part++) {
    const at = part * limits.PART_BYTES
    for (let i = at; i < at + limits.PART_BYTES; i++) {
      if (own[i] === other[i]) continue
      numbers.push(part)
      break
    }
  }
  return numbers
}
