import { expect } from 'vitest'
import { type ChordnsError, isChordnsError } from '../../src/base/index.ts'
import type { MalformedDetail } from '../../src/dns/index.ts'

/** Runs `work`, which must throw a ChordnsError of this code; returns the error for a closer look. */
export function thrownBy(work: () => unknown, code: string): ChordnsError {
  try {
    work()
  } catch (error) {
    if (!isChordnsError(error)) throw error
    expect(error.code).toBe(code)
    return error
  }
  throw new Error(`nothing was thrown where ${code} should be`)
}

export function malformedBy(work: () => unknown): MalformedDetail {
  return thrownBy(work, 'DNS_MALFORMED').detail as MalformedDetail
}
