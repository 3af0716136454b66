/** TLDs of the Root chain. */
import { toHex } from '../../../../src/base/index.ts'
import { handOverTldPayload, tldVotePayload, updateTldPayload } from '../../../../src/ledger/index.ts'
import { TLDS } from '../cast.ts'
import { type Act, type Acting, one, voting } from './acting.ts'

export function voteTld(acting: Acting): Act {
  const { random } = acting
  const label = one(random, TLDS)
  const inFavour = random.below(8) > 0
  // Votes for many things at once come to nothing.
  const registry = acting.cast.actors[random.below(6) === 0 ? 1 : 0]!.account.publicKey
  const subject =
    random.below(6) > 0 ? ({ kind: 'give', label, registry } as const) : ({ kind: 'take', label } as const)
  const said =
    subject.kind === 'give'
      ? ({ kind: 'give', label: toHex(label), registry: toHex(registry) } as const)
      : ({ kind: 'take', label: toHex(label) } as const)
  return {
    actor: voting(acting),
    payload: tldVotePayload(subject, inFavour),
    deed: { kind: 'voteTld', subject: said, inFavour },
  }
}

export function updateTld(acting: Acting): Act {
  const { random } = acting
  const label = one(random, TLDS)
  const isLedgerOnly = random.below(2) === 0
  return {
    actor: one(random, acting.cast.actors.slice(0, 2)),
    payload: updateTldPayload(label, { chainId: undefined, zone: undefined, isLedgerOnly }),
    deed: { kind: 'updateTld', label: toHex(label), isLedgerOnly },
  }
}

export function handOverTld(acting: Acting): Act {
  const { random } = acting
  const label = one(random, TLDS)
  const to = one(random, acting.cast.actors.slice(0, 3)).account.publicKey
  return {
    actor: one(random, acting.cast.actors.slice(0, 2)),
    payload: handOverTldPayload(label, to),
    deed: { kind: 'handOverTld', label: toHex(label), to: toHex(to) },
  }
}
