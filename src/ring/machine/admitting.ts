/** Endorsed rings: the ledger's list has changed, and with it who may have a row. */

import { shortId } from '../chord/ids.ts'
import { removeMember } from './expelling.ts'
import type { RingWork } from './state.ts'
import { changed, log, wake } from './work.ts'

/** alive -> no row, for whoever is not on the list any more, at once. Whoever is new on it comes by its own row. */
export function readmit(work: RingWork): void {
  const { state, context } = work
  const out = [...state.table.rows()].map(({ entry }) => entry).filter((entry) => !context.admits(entry))
  for (const entry of out) {
    if (entry.id === state.self.id) continue
    removeMember(work, entry)
    state.strangers.delete(entry.peer)
    state.accusations.delete(entry.id)
    log(work, 'info', { member: shortId(entry.id) }, 'a member is no longer on the ledger’s list')
  }
  state.waiting.retain(context.admits)
  for (const [peer, { entry }] of state.strangers) if (!context.admits(entry)) state.strangers.delete(peer)
  if (out.length === 0) return
  changed(work)
  wake(work)
}
