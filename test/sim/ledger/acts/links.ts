/** Heads of other chains. */
import { encodeLink } from '../../../../src/chain/index.ts'
import { linkChainPayload, linkedOf } from '../../../../src/ledger/index.ts'
import { type Act, type Acting, anybody, one, voting } from './acting.ts'

export function linkChain(acting: Acting): Act {
  const { random, others } = acting
  const { genesis, origin } = one(random, others)
  const inFavour = random.below(10) > 0
  return {
    actor: voting(acting),
    payload: linkChainPayload(genesis, inFavour),
    deed: { kind: 'linkChain', origin, inFavour },
  }
}

export function link(acting: Acting): Act | undefined {
  const { random, others, state } = acting
  const source = one(random, others)
  const { origin } = source
  const known = linkedOf(state(), origin)?.size
  if (known === undefined) return linkChain(acting)
  const oldSize = Math.max(0, known - Number(random.below(12) === 0))
  const made = source.link(oldSize, random.below(3) === 0)
  if (made === undefined) return undefined
  const size = made.link.header.height
  return {
    actor: anybody(acting),
    payload: encodeLink(made.link),
    deed: { kind: 'link', origin, oldSize, size, isTrue: made.isTrue },
  }
}
