/** Why a transaction did nothing: the code and the word in its result. */
import { ChordnsError } from '../base/index.ts'
import { cborReader } from '../crypto/index.ts'

export class TransactionRefusal extends Error {
  readonly code: number

  constructor(code: number, word: string) {
    super(word)
    this.code = code
  }
}

/** Ends a transaction; `word` has 64 bytes at most and no name of anybody. */
export function refuse(code: number, word: string): never {
  throw new TransactionRefusal(code, word)
}

/** What is malformed in a genesis or a stored value. */
export function badGenesis(what: string): ChordnsError {
  return new ChordnsError('LEDGER_GENESIS', `a genesis of no use: ${what}`, { what })
}

export function malformed(what: string, cause?: unknown) {
  return new ChordnsError('LEDGER_MALFORMED', `malformed: ${what}`, { what }, { cause })
}

/** Readers of payload fields and stored values: what does not fit throws LEDGER_MALFORMED, which marks a transaction as malformed. */
export const ledgerReader = cborReader(malformed)
