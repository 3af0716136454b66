/** A thread for the tests. */
import { ChordnsError } from '../../../src/base/index.ts'
import { answerCalls } from '../../../src/io/index.ts'

answerCalls((data, log) => {
  const { first } = data as { first: unknown }
  if (typeof first !== 'number') throw new ChordnsError('STORE_UNAVAILABLE', 'it cannot begin', {})
  let sum = first
  return {
    add(value: number) {
      sum += value
      return sum
    },
    fail(code: string) {
      throw new ChordnsError(code, 'as it was asked to', {})
    },
    warn: (message: string) => log.warn({}, message),
    die: () => process.exit(3),
    close() {},
  }
})
