/** Complaints, motions and replies; who is complained of is one without whom the chain can do. */
import { toHex } from '../../../../src/base/index.ts'
import { sha256 } from '../../../../src/crypto/index.ts'
import {
  allHidden,
  caseOf,
  complainPayload,
  type GovernanceRules,
  type MotionSubject,
  motionsOf,
  networkNodeOf,
  proposePayload,
  repairedPayload,
  replyPayload,
  withdrawMotionPayload,
} from '../../../../src/ledger/index.ts'
import { type Actor, hex } from '../cast.ts'
import type { MotionSubjectDeed } from '../intents.ts'
import { type Act, type Acting, anybody, one, voting, withNodes } from './acting.ts'

/** Reviews go on: whoever has not replied to what is open replies. */
export function towardsDecision(acting: Acting): Act | undefined {
  const { random, state } = acting
  const open = motionsOf(state())
  const motion = open.length === 0 ? undefined : one(random, open)
  if (motion === undefined) return undefined
  const said = new Set([...motion.inFavour, ...motion.against].map(({ account }) => toHex(account)))
  const left = withNodes(acting).filter(({ account }) => !said.has(hex(account)))
  return replyTo(acting, left.length === 0 || random.below(4) === 0 ? voting(acting) : one(random, left), motion.number)
}

export function reply(acting: Acting): Act {
  const { random, state } = acting
  const last = motionsOf(state(), 3)
  const number = last.length === 0 || random.below(12) === 0 ? 1 + random.below(4) : one(random, last).number
  return replyTo(acting, voting(acting), number)
}

function replyTo({ random }: Acting, actor: Actor, motion: number): Act {
  const inFavour = random.below(7) > 0
  return { actor, payload: replyPayload(motion, inFavour), deed: { kind: 'reply', motion, inFavour } }
}

/** Most complain of the same one, as of who does something wrong. */
export function complain(acting: Acting): Act | undefined {
  const { random, state, height, accused, mayLose } = acting
  const known = [...accused].filter(({ account }) => networkNodeOf(state(), account.publicKey) !== undefined)
  const whom = known.length > 0 && random.below(8) > 0 ? one(random, known) : anybody(acting)
  if (!accused.has(whom)) {
    if (accused.size > 2 || !mayLose(whom)) return undefined
    accused.add(whom)
  }
  const heights = [Math.max(1, height() + (random.below(10) === 0 ? 30 : -random.below(5)))]
  const charge = { account: whom.account.publicKey, reason: 'abnormal block', heights, text: 'look' } as const
  return {
    actor: voting(acting),
    payload: complainPayload(charge),
    deed: { kind: 'complain', account: hex(whom.account), heights },
  }
}

export function propose(acting: Acting): Act | undefined {
  const { random, cast, state } = acting
  const made = subjectOf(acting)
  if (made === undefined) return undefined
  const { subject, deed } = made
  const leader = cast.actors.find(({ leads }) => leads)
  const isNode = leader !== undefined && networkNodeOf(state(), leader.account.publicKey) !== undefined
  const byLeader = isNode && random.below(subject.kind === 'remove' ? 6 : 3) > Number(subject.kind !== 'remove')
  return {
    actor: byLeader ? leader : voting(acting),
    payload: proposePayload(subject),
    deed: { kind: 'propose', subject: deed },
  }
}

interface MadeSubject {
  readonly subject: MotionSubject
  readonly deed: MotionSubjectDeed
}

function subjectOf(acting: Acting): MadeSubject | undefined {
  const { random, cast, state } = acting
  // What is held of a removed one is there to be paid.
  const isHeld = cast.actors.some(({ account }) => (caseOf(state(), account.publicKey)?.held ?? 0) > 0)
  if (isHeld && random.below(3) === 0) return compensation(acting)
  // Whoever was hidden wants to be seen again.
  if (allHidden(state()).length > 0 && random.below(2) === 0) return visibility(acting)
  switch (random.below(8)) {
    case 0:
      return removal(acting)
    case 1:
    case 2:
      return addition(acting)
    case 3:
    case 4:
      return compensation(acting)
    case 5: {
      const complaints = 1 + random.below(3)
      const rules: GovernanceRules = { ...acting.cast.rules, complaints }
      return { subject: { kind: 'rules', rules }, deed: { kind: 'rules', complaints } }
    }
    default:
      return visibility(acting)
  }
}

function removal({ random, height, accused, mayLose, cast }: Acting): MadeSubject | undefined {
  const whom = accused.size > 0 ? one(random, [...accused]) : one(random, cast.actors.slice(-4))
  if (!accused.has(whom) && !mayLose(whom)) return undefined
  accused.add(whom)
  const heights = [Math.max(1, height() + (random.below(10) === 0 ? 30 : 0))]
  const account = whom.account.publicKey
  return {
    subject: { kind: 'remove', account, reason: 'policy', heights, text: 'look' },
    deed: { kind: 'remove', account: toHex(account), heights },
  }
}

/** As a rule one that was removed. */
function addition({ random, chainName, state, cast }: Acting): MadeSubject {
  const removed = cast.actors.filter(({ account }) => caseOf(state(), account.publicKey) !== undefined)
  const whom = one(random, removed.length === 0 || random.below(3) === 0 ? cast.actors : removed)
  const role = random.below(8) === 0 ? 'isp' : chainName === 'root' ? 'registry' : 'resolver'
  const account = whom.account.publicKey
  return { subject: { kind: 'add', account, role }, deed: { kind: 'add', account: toHex(account), role } }
}

function compensation({ random, height, state, cast }: Acting): MadeSubject | undefined {
  const removed = cast.actors.filter(({ account }) => caseOf(state(), account.publicKey) !== undefined)
  const rich = removed.filter(({ account }) => caseOf(state(), account.publicKey)!.held > 0)
  if (removed.length === 0) return undefined
  const account = one(random, rich.length > 0 && random.below(6) > 0 ? rich : removed).account.publicKey
  const held = caseOf(state(), account)!.held
  const heights = [Math.max(1, height() - random.below(4))]
  const marks = heights.map((at) => ({ height: at, transaction: sha256(random.bytes(4)) }))
  const amounts = one(random, [[1], [Math.max(1, held)], [Math.max(1, held >> 1), 3], [held + 1]])
  const payments = amounts.map((amount) => ({ mark: 0, to: one(random, cast.actors).account.publicKey, amount }))
  return {
    subject: { kind: 'compensate', account, marks, payments },
    deed: {
      kind: 'compensate',
      account: toHex(account),
      heights,
      payments: payments.map(({ to, amount }) => ({ to: toHex(to), amount })),
    },
  }
}

function visibility({ random, state, cast }: Acting): MadeSubject {
  const hidden = allHidden(state())
  if (hidden.length > 0 && random.below(5) > 0) {
    const { label } = one(random, hidden)
    return { subject: { kind: 'show', label }, deed: { kind: 'show', label: toHex(label) } }
  }
  const label = one(random, cast.labels)
  return {
    subject: { kind: 'hide', label, reason: 'policy', text: 'a court' },
    deed: { kind: 'hide', label: toHex(label) },
  }
}

export function withdrawMotion(acting: Acting): Act | undefined {
  const { random, state, cast } = acting
  const open = motionsOf(state())
  if (open.length === 0) return undefined
  const { number, by } = one(random, open)
  const own = cast.actors.find(({ account }) => by !== undefined && toHex(by) === hex(account))
  return {
    actor: own === undefined || random.below(3) === 0 ? voting(acting) : own,
    payload: withdrawMotionPayload(number),
    deed: { kind: 'withdrawMotion', motion: number },
  }
}

/** The word of who leads. */
export function repaired(acting: Acting): Act | undefined {
  const { random, state, cast } = acting
  const removed = cast.actors.filter(({ account }) => caseOf(state(), account.publicKey) !== undefined)
  const leader = cast.actors.find(({ leads }) => leads)
  if (removed.length === 0 || leader === undefined) return undefined
  const account = one(random, removed).account.publicKey
  return {
    actor: random.below(5) === 0 ? voting(acting) : leader,
    payload: repairedPayload(account),
    deed: { kind: 'repaired', account: toHex(account) },
  }
}
