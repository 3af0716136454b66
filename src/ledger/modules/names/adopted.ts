/** Names from before their chain had terms: from the height on at which a policy came into force by a vote, they have a term as any other. */
import { encodeCanonical } from '../../../crypto/index.ts'
import { limits as ledgerLimits } from '../../limits.ts'
import { ledgerReader } from '../../refusal.ts'
import type { Draft, StateReader } from '../../types.ts'
import { keyIn, Part } from './label.ts'
import { bornAt, type Living } from './life.ts'
import type { NamePolicy } from './policy.ts'
import type { NameRecord } from './record.ts'

const { readCbor, readRow, readInteger } = ledgerReader
const ADOPTED = keyIn(Part.ADOPTED, new Uint8Array())

/**
 * Says what becomes of all names that stand there without a term. The state has no list of them, so each is read as such until somebody acts on it, and
 * later policies do not change it.
 */
export function adoptNames(own: Draft, { termMs, graceMs, useMs }: NamePolicy, now: number): void {
  const expires = now + termMs
  own.set(ADOPTED, encodeCanonical([now, expires, expires + graceMs, now + useMs]))
}

/** A record without a life, with the one that it has had since its chain has a policy. */
export function adopted(own: StateReader, record: NameRecord): Living {
  const row = readRow(readCbor(own.get(ADOPTED)!, 64, 'adopted'), 4, 'adopted')
  const [since, expires, resolves, judgedFrom] = row.map((one) =>
    readInteger(one, 0, ledgerLimits.MAX_AMOUNT, 'time'),
  ) as [number, number, number, number]
  const born = bornAt(since)
  return record.owner === undefined
    ? { ...record, life: born }
    : { ...record, expires, life: { ...born, resolves, judgedFrom } }
}
