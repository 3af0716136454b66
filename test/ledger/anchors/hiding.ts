/** States in which a TLD hides a name, as a motion that was won would leave them. */
import type { MemoryState } from '../../../src/ledger/index.ts'
import { GOVERNANCE, partOf, StateDraft } from '../../../src/ledger/index.ts'
import { hideName, showName } from '../../../src/ledger/modules/governance/hidden.ts'

const text = (value: string) => new TextEncoder().encode(value)

export function withHidden(state: MemoryState, label: string, since = 1_800_000_000_000): MemoryState {
  const draft = new StateDraft(state)
  const row = { label: text(label), reason: 'policy', text: 'order 7 of the court', since, motion: 3 } as const
  hideName(partOf(draft, GOVERNANCE), row)
  return draft.state as MemoryState
}

export function withShown(state: MemoryState, label: string): MemoryState {
  const draft = new StateDraft(state)
  showName(partOf(draft, GOVERNANCE), text(label))
  return draft.state as MemoryState
}
