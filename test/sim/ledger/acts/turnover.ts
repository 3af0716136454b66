/** A set that turns over completely. */
import { toHex } from '../../../../src/base/index.ts'
import { admittedOf, networkNodes, resignPayload } from '../../../../src/ledger/index.ts'
import { type Actor, hex } from '../cast.ts'
import { type Act, type Acting, one, voting } from './acting.ts'
import { endorseBy } from './admission.ts'
import { bringKey, voteIn } from './nodes.ts'

/** The next thing to do until nobody has a seat who had one at the start. */
export function towardsTurnover(acting: Acting): Act | undefined {
  const { cast, state, random } = acting
  const now = state()
  const nodes = networkNodes(now)
  const nodeOf = ({ account }: Actor) => nodes.find((node) => toHex(node.account) === hex(account))
  const people = cast.actors.filter(({ person }) => person !== undefined)
  const first = people.filter((actor) => actor.isFounder && actor.person! < people.length / 2)
  const later = people.filter((actor) => !first.includes(actor))
  for (const actor of later) {
    if (admittedOf(now, actor.account.publicKey) === undefined)
      return endorseBy(
        acting,
        one(
          random,
          cast.actors.filter(({ isEndorser: is }) => is),
        ),
        actor,
      )
    const node = nodeOf(actor)
    if (node === undefined) return voteIn(acting, voting(acting), actor)
    if (node.voting === undefined || node.isIdle) return bringKey(acting, actor, false)
  }
  const left = first.filter((actor) => nodeOf(actor) !== undefined)
  if (left.length === 0) return undefined
  const actor = one(random, left)
  return acting.mayLose(actor) ? { actor, payload: resignPayload(), deed: { kind: 'resign' } } : undefined
}
