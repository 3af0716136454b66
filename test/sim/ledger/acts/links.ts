/** Heads of other chains. */
import { toHex } from '../../../../src/base/index.ts'
import { type BlockHeader, encodeLink } from '../../../../src/chain/index.ts'
import { limits } from '../../../../src/chain/limits.ts'
import { encodePayload, linkChainPayload, linkedOf, renewLinkPayload } from '../../../../src/ledger/index.ts'
import type { Actor } from '../cast.ts'
import type { LinkedHead } from '../intents.ts'
import { type Act, type Acting, anybody, one, voting, withNodes } from './acting.ts'

export function linkChain(acting: Acting): Act {
  const { random, others } = acting
  const { genesis, origin, first } = one(random, others)
  const inFavour = random.below(10) > 0
  return {
    actor: voting(acting),
    payload: linkChainPayload(genesis, inFavour),
    deed: { kind: 'linkChain', origin, ...first, inFavour },
  }
}

/** Whoever has not said yet that it wants a chain linked says so, where all want it. */
export function towardsLinks(acting: Acting): Act | undefined {
  const { random, linksChains, others, wishes, state } = acting
  const open = others.filter(({ origin }) => linkedOf(state(), origin) === undefined)
  if (!linksChains || open.length === 0) return undefined
  const { genesis, origin, first } = one(random, open)
  const said = wishes.get(origin) ?? new Set()
  wishes.set(origin, said)
  const able = withNodes(acting)
  const left = able.filter((actor) => !said.has(actor))
  // What was said may have been lost.
  if (left.length === 0) said.clear()
  const actor = one(random, left.length === 0 ? able : left)
  said.add(actor)
  return {
    actor,
    payload: linkChainPayload(genesis, true),
    deed: { kind: 'linkChain', origin, ...first, inFavour: true },
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
  const { header } = made.link
  return {
    actor: anybody(acting),
    payload: encodeLink(made.link),
    deed: { kind: 'link', origin, oldSize, size: header.height, ...headOf(header), isTrue: made.isTrue },
  }
}

/** By the nodes, as a rule where nobody has linked a chain within its term. */
export function renewLink(acting: Acting): Act | undefined {
  const { random, others, state, now, wishes } = acting
  const over = others.filter(({ origin }) => isOver(linkedOf(state(), origin)?.time, now()))
  if (over.length === 0 && random.below(5) > 0) return undefined
  const source = one(random, over.length === 0 ? others : over)
  const { origin } = source
  const known = linkedOf(state(), origin)
  if (known === undefined) return undefined
  // Votes for another head each come to nothing.
  const wish = `${origin} ${known.size}`
  const link = acting.renewals.get(wish) ?? source.renewal(known.size)
  if (link === undefined) return undefined
  acting.renewals.set(wish, link)
  const said = wishes.get(wish) ?? new Set<Actor>()
  wishes.set(wish, said)
  const left = withNodes(acting).filter((actor) => !said.has(actor))
  if (left.length === 0) acting.renewals.delete(wish)
  if (left.length === 0) said.clear()
  const actor = left.length === 0 || random.below(10) === 0 ? voting(acting) : one(random, left)
  said.add(actor)
  const inFavour = random.below(12) > 0
  const { header, oldSize } = link
  return {
    actor,
    payload: encodePayload(renewLinkPayload(encodeLink(link), inFavour)),
    deed: { kind: 'renewLink', origin, oldSize, size: header.height, ...headOf(header), inFavour },
  }
}

function headOf({ time, nextValidatorsHash }: BlockHeader): LinkedHead {
  return { time, next: toHex(nextValidatorsHash) }
}

function isOver(time: number | undefined, now: number): boolean {
  return time !== undefined && now - time > limits.TRUSTING_PERIOD_MS
}

/** Those that are true end the links of a chain, and are seldom. */
export function showFork(acting: Acting): Act | undefined {
  const { random, others, state } = acting
  const source = one(random, others)
  const { origin } = source
  const oldSize = linkedOf(state(), origin)?.size
  if (oldSize === undefined) return undefined
  const isTrue = random.below(6) === 0
  const isOfNotes = random.below(2) === 0
  const payload = isOfNotes ? source.noteFork(oldSize, isTrue, random) : source.headerFork(oldSize, isTrue, random)
  if (payload === undefined) return undefined
  const set = source.setRootAfter(oldSize)
  const deed = { kind: isOfNotes ? 'noteFork' : 'headerFork', origin, set, isTrue } as const
  return { actor: anybody(acting), payload, deed }
}
