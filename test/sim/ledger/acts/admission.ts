/** Who endorses, whom, and what an organisation says of itself. */
import { toHex } from '../../../../src/base/index.ts'
import { sha256 } from '../../../../src/crypto/index.ts'
import {
  admittedOf,
  answerBytes,
  applicationBytes,
  changeMachinePayload,
  endorsePayload,
  endorserVotePayload,
  isEndorser,
  leavePayload,
  ringKeyBytes,
  withdrawPayload,
} from '../../../../src/ledger/index.ts'
import { type Actor, hex } from '../cast.ts'
import { type Act, type Acting, anybody, endorsing, one } from './acting.ts'

/** Who runs a node is endorsed by those only who endorse for ever: an endorser that is expelled takes all with it whom nobody else endorses. */
export function endorse(acting: Acting): Act | undefined {
  const [actor, whom] = [endorsing(acting), anybody(acting)]
  return whom.person === undefined || actor.isEndorser ? endorseBy(acting, actor, whom) : undefined
}

export function endorseBy(acting: Acting, actor: Actor, whom: Actor): Act {
  const { random, chainId, now, state } = acting
  const account = whom.account.publicKey
  if (admittedOf(state(), account) !== undefined && random.below(6) > 0)
    return {
      actor,
      payload: endorsePayload(0, account),
      deed: { kind: 'endorse', whom: hex(whom.account), first: undefined },
    }
  const { name, ring } = whom
  const isTrue = random.below(10) > 0
  const at = now() - (random.below(10) === 0 ? 25 * 3_600_000 : 0)
  const application = { name, ringKey: ring.publicKey, contact: 'desk' }
  const inquiry = { nonce: sha256(actor.account.publicKey, account).subarray(0, 16), at }
  const asked = { list: 0, endorser: actor.account.publicKey, account, ...inquiry }
  const answer = ring.sign(answerBytes(chainId, isTrue ? asked : { ...asked, at: at - 1 }, ring.publicKey))
  const signature = whom.account.sign(applicationBytes(chainId, 0, account, application))
  const first = { name, contact: 'desk', ringKey: hex(ring), at, isTrue }
  return {
    actor,
    payload: endorsePayload(0, account, { ...application, signature, inquiry, answer }),
    deed: { kind: 'endorse', whom: hex(whom.account), first },
  }
}

export function withdraw(acting: Acting): Act | undefined {
  const { random, cast, state } = acting
  const strangers = cast.actors.slice(-2)
  const whom = random.below(2) === 0 ? one(random, strangers) : anybody(acting)
  const given = admittedOf(state(), whom.account.publicKey)?.endorsers ?? []
  // The last endorsement of who validates is its seat.
  if (given.length <= 2 && !acting.mayLose(whom)) return undefined
  const able = cast.actors.filter(({ account }) => given.some((by) => toHex(by) === hex(account)))
  const actor = able.length === 0 || random.below(6) === 0 ? endorsing(acting) : one(random, able)
  return {
    actor,
    payload: withdrawPayload(0, whom.account.publicKey),
    deed: { kind: 'withdraw', whom: hex(whom.account) },
  }
}

export function voteEndorser(acting: Acting): Act {
  const { random, state } = acting
  const whom = one(random, acting.cast.actors.slice(0, 2).concat(acting.cast.actors.slice(-2)))
  const account = whom.account.publicKey
  const { name } = whom
  const isThere = isEndorser(state(), account)
  const inFavour = random.below(6) > 0
  // Who began endorses on: with them would go all whom they alone endorse.
  const isAddition = whom.isEndorser || (random.below(10) === 0 ? isThere : !isThere)
  const subject = isAddition ? ({ kind: 'add', account, name } as const) : ({ kind: 'remove', account } as const)
  return {
    actor: endorsing(acting),
    payload: endorserVotePayload(0, subject, inFavour),
    deed: { kind: 'voteEndorser', subject: { ...subject, account: toHex(account) }, inFavour },
  }
}

export function leave(acting: Acting): Act | undefined {
  const actor = anybody(acting)
  return acting.mayLose(actor) ? { actor, payload: leavePayload(0), deed: { kind: 'leave' } } : undefined
}

export function machine(acting: Acting): Act {
  const { random, chainId } = acting
  const actor = anybody(acting)
  const contact = `desk ${random.below(9)}`
  // Where a node is known by its key, the key stays.
  if (actor.person !== undefined || random.below(2) === 0)
    return {
      actor,
      payload: changeMachinePayload(0, contact),
      deed: { kind: 'machine', contact, ringKey: undefined, isTrue: true },
    }
  const other = acting.cast.signer(`${actor.name} machine ${random.below(4)}`)
  const isTrue = random.below(6) > 0
  const account = isTrue ? actor.account.publicKey : other.publicKey
  const signature = other.sign(ringKeyBytes(chainId, 0, account, other.publicKey))
  return {
    actor,
    payload: changeMachinePayload(0, contact, { ringKey: other.publicKey, signature }),
    deed: { kind: 'machine', contact, ringKey: hex(other), isTrue },
  }
}
