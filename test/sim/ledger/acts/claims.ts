/** Claims of domains: who wants one, what validators see of it, and proofs by DNSSEC; now and then what nobody has a right to. */
import { equalBytes, toHex } from '../../../../src/base/index.ts'
import type { Signer } from '../../../../src/crypto/index.ts'
import {
  anchorsVotePayload,
  type ClaimMethod,
  type ClaimToObserve,
  claimRulesOf,
  claimsToObserve,
  feeOf,
  nameRecordOf,
  observePayload,
  openClaimPayload,
  proveClaimPayload,
} from '../../../../src/ledger/index.ts'
import { type Actor, hex } from '../cast.ts'
import type { ProofSigning } from '../domains.ts'
import { type Act, type Acting, anybody, one, voting, withNodes } from './acting.ts'
import { settingsOf } from './names.ts'

const DAY_S = 86_400
/** Of nodes, until one is found that has something to say. */
const LOOKED_AT = 4

export function openClaim(acting: Acting): Act {
  const { random } = acting
  const { owner, signer, claim } = claimOf(acting)
  const { place, settings, most, deed } = claim(1)
  const method: ClaimMethod = random.below(3) === 0 ? 'web' : 'txt'
  return {
    actor: anybody(acting),
    payload: openClaimPayload(signer, { place, settings, method, most }),
    deed: { kind: 'openClaim', ...deed, owner: hex(owner), method },
  }
}

/** By whoever validates and has not said yet that it sees it. */
export function towardsClaims(acting: Acting): Act | undefined {
  const { random, state } = acting
  const able = withNodes(acting)
  const first = random.below(Math.max(1, able.length))
  for (const actor of [...able.slice(first), ...able.slice(0, first)].slice(0, LOOKED_AT)) {
    const missing = claimsToObserve(state(), actor.account.publicKey)
    if (missing.length > 0) return observationOf(acting, actor, one(random, missing))
  }
  return undefined
}

/** Of a claim that is open as a rule. */
export function observe(acting: Acting): Act | undefined {
  const { random } = acting
  if (random.below(4) > 0) return towardsClaims(acting)
  const number = 1 + random.below(6)
  return observed(voting(acting), number, random.below(2) === 0)
}

/** Most see what there is. */
function observationOf({ random, shown }: Acting, actor: Actor, { number }: ClaimToObserve): Act {
  const isThere = shown.get(number) ?? random.below(4) > 0
  shown.set(number, isThere)
  return observed(actor, number, random.below(6) === 0 ? !isThere : isThere)
}

function observed(actor: Actor, claim: number, isSeen: boolean): Act {
  return { actor, payload: observePayload(claim, isSeen), deed: { kind: 'observe', claim, isSeen } }
}

export function proveClaim(acting: Acting): Act {
  const { random, cast, proofs } = acting
  const { label, owner, signer, claim } = claimOf(acting)
  const ofLabel = proofs.filter((proof) => equalBytes(proof.label, label))
  // Somebody has kept what was shown once, and shows it again.
  const kept = ofLabel.length > 0 && random.below(3) === 0 ? one(random, ofLabel) : undefined
  const signing = kept ?? signingOf(acting, label, owner)
  if (kept === undefined) proofs.push(signing)
  const { place, settings, most, deed } = claim(0)
  const { root, key, from, until, isProven } = signing
  return {
    actor: anybody(acting),
    payload: proveClaimPayload(signer, { place, settings, most, sets: cast.domains.prove(signing) }),
    deed: { kind: 'proveClaim', ...deed, owner: hex(owner), root, key: toHex(key), from, until, isProven },
  }
}

function signingOf({ random, cast, chainName, now }: Acting, label: Uint8Array, owner: Signer): ProofSigning {
  const at = Math.floor(now() / 1_000)
  const from = at - one(random, [0, 1, 60, 3_600, DAY_S, 20 * DAY_S, 32 * DAY_S, -DAY_S])
  const key = random.below(12) === 0 ? one(random, cast.owners) : owner
  return {
    chainName,
    label,
    root: Number(random.below(4) === 0),
    key: key.publicKey,
    from,
    until: random.below(12) === 0 ? at - 1 : at + 56 * DAY_S,
    isProven: random.below(10) > 0,
  }
}

/** All vote for what comes next in a roll of the root's key: both, then the other one; few for something else. */
export function voteAnchors(acting: Acting): Act {
  const { random, cast, state } = acting
  const anchors = claimRulesOf(state())?.anchors ?? []
  const isBoth = anchors.length === 2
  const roots = random.below(10) === 0 ? [0] : isBoth ? [1] : [0, 1]
  const inFavour = random.below(10) > 0
  return {
    actor: voting(acting),
    payload: anchorsVotePayload(cast.domains.anchors(roots), inFavour),
    deed: { kind: 'voteAnchors', roots, inFavour },
  }
}

/** Whose claim it is: of a name that nobody has, as a rule. */
function claimOf(acting: Acting) {
  const { random, cast, state, chainId } = acting
  const free = cast.labels.filter((one) => nameRecordOf(state(), one)?.owner === undefined)
  const label = one(random, free.length === 0 || random.below(5) === 0 ? cast.labels : free)
  const owner = one(random, cast.owners)
  const forger = random.below(12) === 0 ? one(random, cast.owners) : owner
  const signer: Signer = { publicKey: owner.publicKey, sign: (bytes) => forger.sign(bytes) }
  const claim = (bonds: number) => {
    const now = nameRecordOf(state(), label)?.generation ?? 0
    const generation = Math.max(0, now - Number(random.below(12) === 0))
    const place = { chainId, label, generation }
    const settings = settingsOf(acting, label)
    const policy = acting.policy()
    const price = policy === undefined ? 0 : feeOf(policy, label, 1)
    const most = Math.max(0, price + bonds * cast.claims.bond + one(random, [100, 100, 100, 0, -1]))
    const isTrue = forger === owner
    return { place, settings, most, deed: { label: toHex(label), generation, settings, most, isTrue } }
  }
  return { label, owner, signer, claim }
}
