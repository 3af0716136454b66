/** Result codes of EPP (RFC 5730 section 3), and which of them the codes of the ledger are. */
import { ResultCode } from '../../chain/index.ts'
import { NameCode } from '../../ledger/index.ts'

/** The texts are those of RFC 5730. */
export const EPP_TEXTS = {
  1000: 'Command completed successfully',
  1001: 'Command completed successfully; action pending',
  2000: 'Unknown command',
  2001: 'Command syntax error',
  2002: 'Command use error',
  2004: 'Parameter value range error',
  2005: 'Parameter value syntax error',
  2104: 'Billing failure',
  2105: 'Object is not eligible for renewal',
  2200: 'Authentication error',
  2201: 'Authorization error',
  2202: 'Invalid authorization information',
  2300: 'Object pending transfer',
  2302: 'Object exists',
  2303: 'Object does not exist',
  2304: 'Object status prohibits operation',
  2306: 'Parameter value policy error',
  2308: 'Data management policy violation',
  2400: 'Command failed',
  2502: 'Session limit exceeded; server closing connection',
} as const

export type EppCode = keyof typeof EPP_TEXTS

const CODES: ReadonlyMap<number, EppCode> = new Map([
  [ResultCode.DONE, 1000],
  [ResultCode.MALFORMED, 2005],
  [ResultCode.SIGNATURE, 2202],
  [ResultCode.FUNDS, 2104],
  [ResultCode.NOT_ALLOWED, 2201],
  [ResultCode.TAKEN, 2302],
  [ResultCode.QUOTA, 2308],
  [NameCode.BAD_NAME, 2005],
  [NameCode.NO_COMMIT, 2002],
  [NameCode.TOO_EARLY, 2002],
  [NameCode.NOT_REGISTERED, 2303],
  [NameCode.SEQUENCE, 2002],
  [NameCode.TOO_LARGE, 2004],
  [NameCode.CONTESTABLE, 2304],
  [NameCode.PRICE, 2104],
  [NameCode.KEPT, 2306],
  [NameCode.PAGE, 2306],
  [NameCode.LOCKED, 2304],
  [NameCode.FROZEN, 2304],
  [NameCode.PENDING, 2300],
  [NameCode.NOT_NOW, 2304],
  [NameCode.TERMS, 2004],
  [NameCode.NEEDS_TERMS, 2004],
])

/** Of a transaction that stands in a block. */
export function eppCodeOf(code: number): EppCode {
  return CODES.get(code) ?? 2400
}

export function httpStatusOf(code: EppCode): number {
  if (code < 2000) return 200
  switch (code) {
    case 2200:
      return 401
    case 2201:
    case 2202:
      return 403
    case 2000:
    case 2303:
      return 404
    case 2300:
    case 2302:
    case 2304:
      return 409
    case 2400:
      return 502
    case 2502:
      return 429
    default:
      return 400
  }
}

/** A command that ends with a code: for the customer. */
export class EppFailure extends Error {
  readonly code: EppCode

  /** `why`: beside the text of the code. */
  constructor(code: EppCode, why: string) {
    super(why)
    this.code = code
  }
}
