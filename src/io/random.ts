import { randomBytes, randomInt } from 'node:crypto'
import type { Random } from '../base/index.ts'

/** The system's cryptographically strong source. */
export function systemRandom(): Random {
  return {
    bytes: (length) => new Uint8Array(randomBytes(length)),
    below: (bound) => randomInt(bound),
  }
}
