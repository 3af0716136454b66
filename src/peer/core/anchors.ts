/** Names on a ledger, as the core resolves them: where they begin, by which keys, and what is forgotten when that changes. */
import type { Clock, Log } from '../../base/index.ts'
import type { Cache } from '../../cache/index.ts'
import type { KeptProofs, LedgerView } from '../../chain/index.ts'
import type { Config } from '../../config/index.ts'
import { nameToText } from '../../dns/index.ts'
import { NameAnchors } from '../../ledger/index.ts'
import type { AnchorSource, Recursor, ValidationOptions } from '../../recurse/index.ts'

export interface Anchored {
  readonly anchors: NameAnchors
  readonly source: AnchorSource
  /** The same with the keys that stand on a ledger. */
  readonly validation: ValidationOptions | undefined
}

export interface AnchoredDeps {
  readonly cache: Pick<Cache, 'flush'>
  readonly view: () => LedgerView | undefined
  readonly kept: () => KeptProofs | undefined
  readonly clock: Clock
  readonly log: Log
}

/** `recursor`: the one that will use it. */
export function anchored(
  { cache, view, kept, clock, log }: AnchoredDeps,
  { validation, recursor }: { readonly validation: ValidationOptions | undefined; readonly recursor: () => Recursor },
  { precedence, unreachable, hidden }: Config['ledger'],
): Anchored {
  const anchors = new NameAnchors(
    { view, kept, clock, log },
    {
      onChanged(zone, isOther) {
        recursor().forget(zone, 'below')
        if (!isOther) return
        cache.flush(zone, 'below')
        log.info({ zone: nameToText(zone) }, 'a name has another owner, or has come to the ledger or gone from it')
      },
    },
    { precedence, unreachable, hidden },
  )
  return {
    anchors,
    source: {
      contextOf: (name) => anchors.contextOf(name),
      delegationOf: (context) => anchors.delegationOf(context),
      learn: (name, signal) => anchors.learn(name, signal),
    },
    validation: validation && { ...validation, anchoredAt: (name) => anchors.anchoredAt(name) },
  }
}
