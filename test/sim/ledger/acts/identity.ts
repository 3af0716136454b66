/** Identities, on the Root chain: votes on certifiers, whom these vouch for, and what they take back. */
import { toHex } from '../../../../src/base/index.ts'
import {
  certifiersIn,
  certifierVotePayload,
  endorseIdentityPayload,
  revokeIdentityPayload,
  signIdentity,
  vouchedFor,
} from '../../../../src/ledger/index.ts'
import { type Actor, hex } from '../cast.ts'
import { type Act, type Acting, anybody, one, voting } from './acting.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
/** Votes for many things at once come to nothing. */
const CANDIDATES = 2

export function voteCertifier(acting: Acting): Act {
  const { random, cast, state } = acting
  const whom = one(random, cast.actors.slice(0, CANDIDATES))
  const account = whom.account.publicKey
  const isOne = certifiersIn(state()).some((one) => toHex(one.account) === toHex(account))
  const isAddition = random.below(12) === 0 ? isOne : !isOne
  const { name } = whom
  const subject = isAddition ? ({ kind: 'add', account, name } as const) : ({ kind: 'remove', account } as const)
  const inFavour = random.below(8) > 0
  return {
    actor: voting(acting),
    payload: certifierVotePayload(subject, inFavour),
    deed: { kind: 'voteCertifier', subject: { ...subject, account: toHex(account) }, inFavour },
  }
}

/** For an owner of names, who has asked for it as a rule. */
export function vouch(acting: Acting): Act {
  const { random, cast, chainId, now, state } = acting
  if (certifiersIn(state()).length === 0 && random.below(6) > 0) return voteCertifier(acting)
  const actor = certifying(acting)
  const signer = one(random, cast.owners)
  const name = `Organisation ${random.below(3)}`
  const terms = [MINUTE_MS, 60 * MINUTE_MS, 10 * DAY_MS, 10 * DAY_MS, 397 * DAY_MS, 400 * DAY_MS, -MINUTE_MS]
  const until = now() + one(random, terms)
  const asking = random.below(8) === 0 ? one(random, cast.owners) : signer
  const request = { chainId, certifier: actor.account.publicKey, name, until }
  const signature = signIdentity({ publicKey: signer.publicKey, sign: (bytes) => asking.sign(bytes) }, request)
  return {
    actor,
    payload: endorseIdentityPayload(signer.publicKey, { name, until }, signature),
    deed: { kind: 'vouch', key: hex(signer), name, until, isAsked: asking === signer },
  }
}

/** What somebody has said, as a rule by whoever said it. */
export function takeBack(acting: Acting): Act {
  const { random, cast, state, now } = acting
  const said = cast.owners.filter(({ publicKey }) => vouchedFor(state(), publicKey, now()).length > 0)
  if (said.length === 0 && random.below(6) > 0) return vouch(acting)
  const key = one(random, said.length === 0 ? cast.owners : said).publicKey
  const by = vouchedFor(state(), key, now()).map(({ certifier }) => toHex(certifier.account))
  const own = cast.actors.find(({ account }) => by.includes(hex(account)))
  return {
    actor: own === undefined || random.below(5) === 0 ? certifying(acting) : own,
    payload: revokeIdentityPayload(key),
    deed: { kind: 'takeBack', key: toHex(key) },
  }
}

function certifying(acting: Acting): Actor {
  const { random, cast, state } = acting
  const certifiers = new Set(certifiersIn(state()).map(({ account }) => toHex(account)))
  const able = cast.actors.filter(({ account }) => certifiers.has(hex(account)))
  return able.length === 0 || random.below(10) === 0 ? anybody(acting) : one(random, able)
}
