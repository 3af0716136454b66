/**
 * Names of a TLD: first come, first served by commit and reveal (D32), owned by a key (D34), with the keys of their zones and their servers
 * (D35). Whoever carries a transaction has no say in it: what concerns a name is signed by its owner, or by the zone's own keys.
 */
import { latin1 } from '../../../base/index.ts'
import { readerOf } from '../../draft.ts'
import type { BlockEnd, Call, LedgerModule, StateReader } from '../../types.ts'
import { ACCOUNTS } from '../accounts/accounts.ts'
import { recordAt, scheduleName, write } from './acts.ts'
import { forgetCommits } from './commits.ts'
import { takeDue } from './due.ts'
import { payOut } from './escrow.ts'
import { NAMES, NameKind } from './kinds.ts'
import { settled } from './life.ts'
import { cancel, lock, rollOwner, setGuardians } from './moves.ts'
import { type NameRules, nameRules, operations } from './operations.ts'
import { beginPolicy, policyOf } from './policy.ts'
import type { NameRecord } from './record.ts'
import { freeze, guardiansCancel, recover } from './recovery.ts'
import { activateDue, freePages, keep, setPolicy, settleOld } from './rule-votes.ts'
import { renew, restore } from './terms.ts'
import { title, wish } from './titles.ts'
import { unused } from './use.ts'

/** What the whole state says of a name; undefined: it was never registered. */
export function nameRecordOf(state: StateReader, label: Uint8Array): NameRecord | undefined {
  return recordAt(readerOf(state, NAMES), label)
}

const WORDS = new Map<number, string>(
  Object.entries(NameKind).map(([word, kind]) => [kind, word.toLowerCase().replaceAll('_', ' ')]),
)

/** Whose second item is no label. */
const NOT_OF_A_NAME: ReadonlySet<number> = new Set([NameKind.COMMIT, NameKind.SET_POLICY, NameKind.FREE_PAGES])

const all: ReadonlyMap<number, (call: Call, rules: NameRules) => void> = new Map([
  ...operations,
  [NameKind.RENEW, renew],
  [NameKind.RESTORE, restore],
  [NameKind.LOCK, lock],
  [NameKind.CANCEL, cancel],
  [NameKind.ROLL_OWNER, rollOwner],
  [NameKind.SET_GUARDIANS, setGuardians],
  [NameKind.FREEZE, freeze],
  [NameKind.RECOVER, recover],
  [NameKind.GUARDIANS_CANCEL, guardiansCancel],
  [NameKind.UNUSED, unused],
  [NameKind.SET_POLICY, setPolicy],
  [NameKind.KEEP, keep],
  [NameKind.SETTLE, settleOld],
  [NameKind.WISH, wish],
  [NameKind.TITLE, title],
  [NameKind.FREE_PAGES, freePages],
])

export const names: LedgerModule = namesBy(nameRules)

export function namesBy(rules: NameRules): LedgerModule {
  return {
    id: NAMES,
    name: 'names',
    kinds: [...all.keys()],
    // Names are paid for.
    changes: [ACCOUNTS],
    begin({ genesis, own }) {
      if (genesis !== undefined) beginPolicy(own, genesis)
    },
    execute(call) {
      all.get(call.kind)!(call, rules)
    },
    endBlock(end) {
      forgetCommits(end.own, end.block)
      settleDue(end)
      activateDue(end)
      return undefined
    },
    describe(kind, fields) {
      const label = NOT_OF_A_NAME.has(kind) ? undefined : fields[1]
      return {
        operation: WORDS.get(kind) ?? 'unknown',
        ...(label instanceof Uint8Array && { label: latin1(label) }),
      }
    },
  }
}

/** What time brings about: a name comes free, a transfer takes effect, a price is paid out. */
function settleDue({ own, block, part }: BlockEnd): void {
  const policy = policyOf(own)
  if (policy === undefined) return
  for (const label of takeDue(own, block.time)) {
    payOut({ own, part }, label, policy.payee, block.time)
    const record = recordAt(own, label)
    if (record === undefined) continue
    const next = settled(record, policy, block.time)
    if (next === record) scheduleName(own, label, record)
    else write(own, label, next)
  }
}
