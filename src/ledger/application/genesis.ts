/** What the application of a ledger begins with: which modules it has, and what each begins with. It stands in the chain's genesis. */
import { type CborValue, encodeCanonical } from '../../crypto/index.ts'
import { limits } from '../limits.ts'
import { badGenesis, ledgerReader } from '../refusal.ts'

const VERSION = 1

export interface ApplicationGenesis {
  /** By the module's number, ascending. Null: it begins with nothing. */
  readonly modules: ReadonlyMap<number, CborValue>
  /** Transactions of one account in a day of block time. */
  readonly quotaADay: number
}

/** CBOR {0: 1, 1: {module: its genesis or null}, 2: quota a day}. */
export function encodeApplicationGenesis({ modules, quotaADay }: ApplicationGenesis): Uint8Array {
  return encodeCanonical(
    new Map<number, CborValue>([
      [0, VERSION],
      [1, new Map(modules)],
      [2, quotaADay],
    ]),
  )
}

/** Throws LEDGER_MALFORMED, LEDGER_GENESIS. */
export function decodeApplicationGenesis(bytes: Uint8Array): ApplicationGenesis {
  const { readCbor, readMap, readInteger } = ledgerReader
  const fields = readMap(
    readCbor(bytes, limits.MAX_GENESIS_BYTES, 'genesis of the application'),
    'genesis of the application',
  )
  if (fields.get(0) !== VERSION || fields.size !== 3) throw badGenesis('another version')
  const modules = new Map<number, CborValue>()
  for (const [id, value] of readMap(fields.get(1), 'modules')) {
    if (typeof id !== 'number' || modules.size === limits.MAX_MODULES) throw badGenesis('modules')
    modules.set(id, value)
  }
  return { modules, quotaADay: readInteger(fields.get(2), 1, limits.MAX_AMOUNT, 'quota') }
}
