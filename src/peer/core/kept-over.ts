/** Kept delegations beside the anchors of ledgers, as the recursor takes both. */
import type { Clock, Log, Store } from '../../base/index.ts'
import type { Config } from '../../config/index.ts'
import type { DelegationSource, Recursor } from '../../recurse/index.ts'
import type { KeptUses } from '../../resolver/index.ts'
import type { Anchored } from './anchors.ts'
import { KeptDelegations } from './kept.ts'
import { keptStore } from './kept-rows.ts'

const DAY_MS = 86_400_000

interface KeptOverDeps {
  readonly clock: Clock
  readonly log: Log
  readonly delegations: DelegationSource
  readonly store: () => Store | undefined
}

/** `recursor`: the one that will use it. A name on a ledger is the ledger's. */
export function keptOver(
  deps: KeptOverDeps,
  { source, validation }: Pick<Anchored, 'source' | 'validation'>,
  recursor: () => Recursor,
  { resolver: { keepDelegations } }: Config,
): Pick<Anchored, 'source' | 'validation'> & { readonly uses: KeptUses | undefined } {
  const { zones, days } = keepDelegations
  if (zones.length === 0) return { source, validation, uses: undefined }
  const store = () => {
    const file = deps.store()
    return file && keptStore(file)
  }
  const kept = new KeptDelegations(
    { ...deps, store },
    { onChanged: (zone) => recursor().forget(zone, 'below') },
    { zones, keepMs: days * DAY_MS },
  )
  return {
    uses: kept,
    source: {
      ...source,
      contextOf: (name) => source.contextOf(name) ?? kept.contextOf(name),
      delegationOf: (context) => source.delegationOf(context) ?? kept.delegationOf(context),
    },
    validation: validation && {
      ...validation,
      anchoredAt: (name) => validation.anchoredAt?.(name) ?? kept.anchoredAt(name),
      // Read at each validation: what is in use changes.
      get negativeAnchors() {
        const unsigned = kept.unsigned()
        return unsigned.length === 0 ? validation.negativeAnchors : [...validation.negativeAnchors, ...unsigned]
      },
    },
  }
}
