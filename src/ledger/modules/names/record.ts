/** What a chain keeps of a name: its owner, its keys, its servers (D35). */
import { type CborValue, encodeCanonical } from '../../../crypto/index.ts'
import { limits as ledgerLimits } from '../../limits.ts'
import { ledgerReader, malformed } from '../../refusal.ts'
import { lifeFromValue, lifeToValue, type NameLife } from './life-record.ts'
import { limits } from './limits.ts'
import { keyFromValue, keyToValue, type NameSettings, settingsFromValue, settingsToValue } from './settings.ts'

const { readCbor, readMap, readInteger } = ledgerReader

const SCHEMA = 1
/** With a life: where names have a policy. */
const LIVING = 2

export interface NameRecord {
  /** Ed25519. Undefined: given up. */
  readonly owner: Uint8Array | undefined
  readonly settings: NameSettings | undefined
  /** How often the name has changed hands. What was known of an earlier one is void. */
  readonly generation: number
  /** Statements of owners so far; it never goes back. */
  readonly sequence: number
  /** Unix ms. */
  readonly registered: number
  /** The number of the commit that the name was registered by, and its time in unix ms. */
  readonly commit: number
  readonly committed: number
  /** Unix seconds: signatures of CDS sets from before count no more. */
  readonly newestCds: number
  /** Unix ms; 0: it does not expire. */
  readonly expires: number
  /** What it is up to; undefined where names have no policy. */
  readonly life?: NameLife | undefined
}

export function encodeRecord(record: NameRecord): Uint8Array {
  const { owner, settings, generation, sequence, registered, commit, committed, newestCds, expires, life } = record
  return encodeCanonical(
    new Map<number, CborValue>([
      [0, life === undefined ? SCHEMA : LIVING],
      [1, owner === undefined ? null : keyToValue(owner)],
      [2, settings === undefined ? null : settingsToValue(settings)],
      [3, generation],
      [4, sequence],
      [5, registered],
      [6, commit],
      [7, committed],
      [8, newestCds],
      [9, expires],
      ...(life === undefined ? [] : [[10, lifeToValue(life)] as const]),
    ]),
  )
}

/** Throws LEDGER_MALFORMED, also for a schema that this release does not know. */
export function decodeRecord(bytes: Uint8Array): NameRecord {
  const fields = readMap(readCbor(bytes, limits.MAX_LIVING_BYTES, 'record of a name'), 'record of a name')
  const isLiving = fields.get(0) === LIVING
  if ((!isLiving && fields.get(0) !== SCHEMA) || fields.size !== (isLiving ? 11 : 10))
    throw malformed('record of a name: another schema')
  const count = (at: number, what: string) => readInteger(fields.get(at), 0, ledgerLimits.MAX_AMOUNT, what)
  const owner = fields.get(1)
  const settings = fields.get(2)
  return {
    owner: owner === null ? undefined : keyFromValue(owner),
    settings: settings === null ? undefined : settingsFromValue(settings),
    generation: count(3, 'generation'),
    sequence: count(4, 'sequence'),
    registered: count(5, 'registered'),
    commit: count(6, 'commit'),
    committed: count(7, 'committed'),
    newestCds: count(8, 'newest CDS'),
    expires: count(9, 'expires'),
    life: isLiving ? lifeFromValue(fields.get(10)) : undefined,
  }
}
