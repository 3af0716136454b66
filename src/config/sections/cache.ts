import { z } from 'zod'
import { limits } from '../limits.ts'
import { flag, whole } from './values.ts'

const UNITS: Readonly<Record<string, number>> = { '': 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 }
const ERROR = 'must be bytes, or text such as "64MiB", from 1MiB to 64GiB'

export const cache = z
  .strictObject({
    maxBytes: z
      .union([z.number(), z.string()], { error: ERROR })
      .default('64MiB')
      .refine((value) => bytesOf(value) >= limits.LEAST_CACHE_BYTES && bytesOf(value) <= limits.MAX_CACHE_BYTES, {
        error: ERROR,
      })
      .describe('Memory for cached records: bytes, or text such as "64MiB".'),
    minTtl: whole(0, 3_600)
      .default(0)
      .describe('Seconds that a record is kept at least. Above 0 breaks what its owner asked for.'),
    maxTtl: whole(1, 604_800).default(86_400).describe('Seconds that a record is kept at most.'),
    negativeMaxTtl: whole(1, 86_400).default(3_600).describe('Seconds that an absence is kept at most (RFC 2308).'),
    persist: flag()
      .default(true)
      .describe('Write the cache to the data directory now and then, so that a restart begins with it.'),
    prefetch: flag()
      .default(true)
      .describe('Ask again for names that are still asked for when their records are about to expire.'),
  })
  .prefault({})

/** NaN for what is not a whole number of bytes. */
export function bytesOf(value: number | string): number {
  if (typeof value === 'number') return Number.isInteger(value) ? value : Number.NaN
  const match = /^(\d+) ?(|KiB|MiB|GiB)$/.exec(value)
  return match === null ? Number.NaN : Number(match[1]) * UNITS[match[2]!]!
}
