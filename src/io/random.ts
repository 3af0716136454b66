import { randomFillSync, randomInt } from 'node:crypto'
import type { Random } from '../base/index.ts'

/** Drawn at once: a call for a few bytes costs as much as one for thousands, and each query to a server needs some. */
const POOL_BYTES = 4_096

/** The system's cryptographically strong source. */
export function systemRandom(): Random {
  const pool = new Uint8Array(POOL_BYTES)
  let used = POOL_BYTES
  return {
    bytes: (length) => {
      if (length > POOL_BYTES / 16) return randomFillSync(new Uint8Array(length))
      if (used + length > POOL_BYTES) {
        randomFillSync(pool)
        used = 0
      }
      const drawn = pool.slice(used, used + length)
      // Nobody who sees this memory later learns what was drawn.
      pool.fill(0, used, used + length)
      used += length
      return drawn
    },
    below: (bound) => randomInt(bound),
  }
}
