/**
 * Names of a TLD: first come, first served by commit and reveal (D32), owned by a key (D34), with the keys of their zones and their servers
 * (D35). Whoever carries a transaction has no say in it: what concerns a name is signed by its owner, or by the zone's own keys.
 */
import { latin1 } from '../../../base/index.ts'
import { readerOf } from '../../draft.ts'
import type { LedgerModule, StateReader } from '../../types.ts'
import { forgetCommits } from './commits.ts'
import { NAMES, NameKind } from './kinds.ts'
import { type NameRules, nameRules, operations, recordAt } from './operations.ts'
import type { NameRecord } from './record.ts'

/** What the whole state says of a name; undefined: it was never registered. */
export function nameRecordOf(state: StateReader, label: Uint8Array): NameRecord | undefined {
  return recordAt(readerOf(state, NAMES), label)
}

const WORDS = new Map<number, string>(
  Object.entries(NameKind).map(([word, kind]) => [kind, word.toLowerCase().replaceAll('_', ' ')]),
)

export const names: LedgerModule = namesBy(nameRules)

export function namesBy(rules: NameRules): LedgerModule {
  return {
    id: NAMES,
    name: 'names',
    kinds: [...operations.keys()],
    execute(call) {
      operations.get(call.kind)!(call, rules)
    },
    endBlock({ own, block }) {
      forgetCommits(own, block)
      return undefined
    },
    describe(kind, fields) {
      const label = kind === NameKind.COMMIT ? undefined : fields[1]
      return {
        operation: WORDS.get(kind) ?? 'unknown',
        ...(label instanceof Uint8Array && { label: latin1(label) }),
      }
    },
  }
}
