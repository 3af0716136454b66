/** The body of a request to the status API, as its path takes it. Pure. */
import { z } from 'zod'
import { ChordnsError } from '../base/index.ts'

/** Throws USAGE. */
export function parsedBody<T>(schema: z.ZodType<T>, body: string): T {
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch (cause) {
    throw new ChordnsError('USAGE', 'the body is not JSON', {}, { cause })
  }
  const read = schema.safeParse(value)
  if (!read.success)
    throw new ChordnsError('USAGE', `the body is not what this path takes: ${z.prettifyError(read.error)}`, {})
  return read.data
}
