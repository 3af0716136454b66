/**
 * Names on a ledger, as the core resolves them: where they begin, by which keys, and what is forgotten when that changes. What finds them is handed in,
 * so that a node without a ledger does not load it.
 */
import type { Clock, Log } from '../../base/index.ts'
import type { Cache } from '../../cache/index.ts'
import type { KeptProofs, LedgerView } from '../../chain/index.ts'
import type { Config } from '../../config/index.ts'
import { nameToText } from '../../dns/index.ts'
import type { NameAnchors } from '../../ledger/index.ts'
import type { AnchorSource, Recursor, ValidationOptions } from '../../recurse/index.ts'

/** `NameAnchors` of ledger/. */
export type MakeAnchors = typeof NameAnchors

export interface Anchored {
  /** Undefined: no name is on a ledger, by this configuration. */
  readonly anchors: NameAnchors | undefined
  readonly source: AnchorSource
  /** The same with the keys that stand on a ledger. */
  readonly validation: ValidationOptions | undefined
}

export interface AnchoredDeps {
  readonly cache: Pick<Cache, 'flush'>
  readonly view: () => LedgerView | undefined
  readonly kept: () => KeptProofs | undefined
  readonly make: MakeAnchors | undefined
  readonly clock: Clock
  readonly log: Log
}

/** True: a ledger may say what a name is. With a precedence and no genesis nothing is known, and `ledger-only` names fail all the same. */
export function needsAnchors({ genesis, precedence }: Pick<Config['ledger'], 'genesis' | 'precedence'>): boolean {
  return genesis !== undefined || precedence.size > 0
}

/** `recursor`: the one that will use it. */
export function anchored(
  { cache, view, kept, make, clock, log }: AnchoredDeps,
  { validation, recursor }: { readonly validation: ValidationOptions | undefined; readonly recursor: () => Recursor },
  ledger: Config['ledger'],
): Anchored {
  if (make === undefined) {
    // Its names would be the DNS's.
    if (needsAnchors(ledger)) throw new Error('what finds names on ledgers was not loaded')
    return { anchors: undefined, source: NO_ANCHORS, validation }
  }
  const { precedence, unreachable, hidden } = ledger
  const anchors = new make(
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

const NO_ANCHORS: AnchorSource = {
  contextOf: () => undefined,
  delegationOf: () => undefined,
  learn: () => undefined,
}
