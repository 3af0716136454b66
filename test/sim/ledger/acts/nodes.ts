/** Votes on nodes, their keys, and what they say of themselves. */
import { toHex } from '../../../../src/base/index.ts'
import { sha256 } from '../../../../src/crypto/index.ts'
import {
  beaconPayload,
  commitmentTo,
  epochAt,
  nodeVotePayload,
  resignPayload,
  votingKeyPayload,
} from '../../../../src/ledger/index.ts'
import { type Actor, hex, keyProof } from '../cast.ts'
import { type Act, type Acting, anybody, one, voting, withNodes } from './acting.ts'

/** Of the keys that an actor has. */
const LAST_ROLL = 11

export function voteNode(acting: Acting): Act | undefined {
  const { random } = acting
  const whom = anybody(acting)
  const isThere = withNodes(acting).includes(whom)
  return isThere && random.below(10) > 0 ? voteOut(acting, voting(acting), whom) : voteIn(acting, voting(acting), whom)
}

export function voteIn({ random, chainName }: Acting, actor: Actor, whom: Actor): Act {
  const isPlain = random.below(6) > 0
  const others = chainName === 'root' ? (['coordinator'] as const) : (['resolver', 'regulator'] as const)
  const role = isPlain ? (chainName === 'root' ? 'registry' : 'isp') : one(random, others)
  const account = whom.account.publicKey
  const inFavour = random.below(8) > 0
  return {
    actor,
    payload: nodeVotePayload({ kind: 'add', account, role }, inFavour),
    deed: { kind: 'voteNode', subject: { kind: 'add', account: toHex(account), role }, inFavour },
  }
}

function voteOut({ random, mayLose }: Acting, actor: Actor, whom: Actor): Act | undefined {
  if (!mayLose(whom)) return undefined
  const account = whom.account.publicKey
  const inFavour = random.below(8) > 0
  return {
    actor,
    payload: nodeVotePayload({ kind: 'remove', account }, inFavour),
    deed: { kind: 'voteNode', subject: { kind: 'remove', account: toHex(account) }, inFavour },
  }
}

export function votingKey(acting: Acting): Act | undefined {
  const { random } = acting
  return bringKey(acting, voting(acting), random.below(3) === 0)
}

/** `isNew`: another one than it has. Who lies keeps its key. */
export function bringKey(acting: Acting, actor: Actor, isNew: boolean): Act | undefined {
  const { random, chainId, rolls, isLiar } = acting
  if (actor.person === undefined) return undefined
  const roll = Math.min(LAST_ROLL, (rolls.get(actor) ?? 0) + Number(isNew && !isLiar(actor)))
  rolls.set(actor, roll)
  const key = actor.voting(roll)
  const isTrue = random.below(12) > 0
  const proof = isTrue ? keyProof(chainId, actor, key) : keyProof(sha256(chainId), actor, key)
  return { actor, payload: votingKeyPayload(key.publicKey, proof), deed: { kind: 'votingKey', key: hex(key), isTrue } }
}

export function resign(acting: Acting): Act | undefined {
  const actor = voting(acting)
  return acting.mayLose(actor) ? { actor, payload: resignPayload(), deed: { kind: 'resign' } } : undefined
}

/** Secrets are a matter of the draw; here they only have to do no harm. */
export function beacon(acting: Acting): Act {
  const { chainId, cast, state, height } = acting
  const actor = voting(acting)
  const epoch = epochAt(state(), height() + 1)
  const secret = (of: number) => sha256(cast.signer(`${actor.name} secret ${of}`).publicKey)
  const shown = acting.random.below(3) === 0 ? null : secret(epoch - 1)
  return {
    actor,
    payload: beaconPayload(shown, commitmentTo(chainId, actor.id, epoch, secret(epoch))),
    deed: { kind: 'beacon' },
  }
}
