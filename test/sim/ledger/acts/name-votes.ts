/** What nodes say of all names of a TLD: rules from a height on, names that are kept back, and who has a name elsewhere. */
import { equalBytes, toHex } from '../../../../src/base/index.ts'
import {
  isNameLabel,
  KEPT_FOR_CLAIMS,
  keepPayload,
  nextPolicyStateKey,
  policyStateKey,
  setPolicyPayload,
  settlePayload,
  titlePayload,
  type Wish,
  wishPayload,
  wishQuestion,
} from '../../../../src/ledger/index.ts'
import { KEPT } from '../cast.ts'
import type { WishDeed } from '../intents.ts'
import { NEXT_POLICIES } from '../policies.ts'
import { type Act, type Acting, anybody, labelOf, one, voting, withNodes } from './acting.ts'
import { wantedOf } from './names.ts'

/** As docs/protocol.md has it, in blocks. */
const LEAST_NOTICE = 60
const MOST_NOTICE = 1_051_200
/** Heights for which most nodes want the same of the same name. */
const TURN_HEIGHTS = 8

/** Most want the same at a time; a few something else. */
export function keep(acting: Acting): Act {
  const { random, cast, height } = acting
  const turn = random.below(8) === 0 ? random.below(1_000) : Math.floor(height() / TURN_HEIGHTS)
  const label = one(
    random,
    random.below(30) === 0 ? [KEPT] : [[...cast.labels, KEPT][turn % (cast.labels.length + 1)]!],
  )
  const wanted = (['free', undefined, cast.owners[turn % cast.owners.length]!.publicKey, KEPT_FOR_CLAIMS] as const)[
    (turn * 7) % 4
  ]
  const inFavour = random.below(10) > 0
  return {
    actor: voting(acting),
    payload: keepPayload(label, wanted, inFavour),
    deed: {
      kind: 'keep',
      label: toHex(label),
      isKept: wanted !== 'free',
      owner: wanted === 'free' || wanted === undefined ? undefined : toHex(wanted),
      inFavour,
    },
  }
}

/** A vote like any other, now and then for a height that is too near or too far; most come to nothing. */
export function setPolicy(acting: Acting): Act {
  const { random, height } = acting
  const ahead = one(random, [-1, 1, LEAST_NOTICE - 2, LEAST_NOTICE + 1, LEAST_NOTICE + 5, MOST_NOTICE + 100])
  return policyVote(acting, voting(acting), Math.max(1, height() + ahead))
}

/** All vote for the same, where the world is to come to that height. */
export function towardsRules(acting: Acting): Act | undefined {
  const { random, rulesFrom, height, state } = acting
  if (rulesFrom === undefined || height() + LEAST_NOTICE >= rulesFrom) return undefined
  if (acting.chainName === 'root' || state().get(nextPolicyStateKey) !== undefined) return undefined
  const able = withNodes(acting)
  return policyVote(acting, able.length === 0 ? voting(acting) : one(random, able), rulesFrom)
}

function policyVote(acting: Acting, actor: Act['actor'], height: number): Act {
  const { random, cast, rulesFrom } = acting
  const isMeant = height === rulesFrom
  const which = isMeant || random.below(2) === 0 ? 0 : 1
  // No other height has a majority where one is meant.
  const inFavour = isMeant ? random.below(20) > 0 : random.below(3) === 0 && rulesFrom === undefined
  return {
    actor,
    payload: setPolicyPayload(cast.nextPolicies[which % NEXT_POLICIES]!, height, inFavour),
    deed: { kind: 'setPolicy', height, which, inFavour },
  }
}

/** Whoever reads records alone wants one written down that is from before its chain had terms. */
export function settle(acting: Acting): Act | undefined {
  const { random, rulesFrom, height, state } = acting
  const isLikely = rulesFrom !== undefined && height() >= rulesFrom && state().get(policyStateKey) !== undefined
  if (!isLikely && random.below(10) > 0) return undefined
  const label = labelOf(acting)
  return { actor: anybody(acting), payload: settlePayload(label), deed: { kind: 'settle', label: toHex(label) } }
}

/** A node that has not said yet whether somebody has elsewhere what he wishes here; else a wish. */
export function towardsTitles(acting: Acting): Act | undefined {
  const { random, state, now, policy } = acting
  if (policy()?.elsewhere === undefined || acting.chainName === 'root') return undefined
  const able = withNodes(acting)
  const actor = able.length === 0 ? undefined : one(random, able)
  const open = actor && wishQuestion(state(), { account: actor.account.publicKey, time: now() })
  if (actor !== undefined && open !== undefined && open.length > 0 && random.below(4) > 0)
    return titleOf(acting, actor, open.at(-1)!)
  return wish(acting)
}

export function wish(acting: Acting): Act {
  const wanted = wishOf(acting)
  return { actor: anybody(acting), payload: wishPayload(wanted), deed: { kind: 'wish', ...deedOf(wanted) } }
}

/** Of something that nobody wishes, too. */
export function title(acting: Acting): Act {
  return titleOf(acting, voting(acting), wishOf(acting))
}

function titleOf({ random }: Acting, actor: Act['actor'], wanted: Wish): Act {
  const inFavour = random.below(12) > 0
  return { actor, payload: titlePayload(wanted, inFavour), deed: { kind: 'title', ...deedOf(wanted), inFavour } }
}

/** By whoever has committed to a name as a rule; now and then in a TLD of which the policy does not speak. */
function wishOf(acting: Acting): Wish {
  const { random, cast, policy } = acting
  const tlds = policy()?.elsewhere ?? ['net']
  const tld = random.below(12) === 0 ? 'nowhere' : one(random, tlds)
  const wanted = wantedOf(acting).filter(({ label }) => isNameLabel(label))
  const some = wanted.length > 0 && random.below(6) > 0 ? one(random, wanted) : undefined
  const label = some?.label ?? one(random, cast.labels)
  const owner = cast.owners.find(({ publicKey }) => some !== undefined && equalBytes(publicKey, some.owner))
  return { label, tld, owner: (owner ?? one(random, cast.owners)).publicKey }
}

function deedOf({ label, tld, owner }: Wish): WishDeed {
  return { label: toHex(label), tld, owner: toHex(owner) }
}
