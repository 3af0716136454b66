/** Invitations: what a thief of a token, a member that lies and a split ring can do with them, and what they cannot. */
import { beforeEach, describe, expect, it } from 'vitest'
import { limits } from '../../../src/ring/limits.ts'
import { isConfirmed } from '../../../src/ring/members/invitation-book.ts'
import { signClaim, signInvitation, signRevocation, signUse } from '../../../src/ring/members/invitations.ts'
import type { Invitation, InvitationFault, InvitationStatement } from '../../../src/ring/types.ts'
import { flaw, keyOf, type Node, scheme, World } from '../world.ts'

const MEMBERS = 5
const HOUR = 3_600_000

let world: World
let outcomes: Map<number, InvitationFault | 'in'>
let references: number
let ids: number

beforeEach(() => {
  world = new World({ seed: 5, wire: true })
  outcomes = new Map()
  references = 0
  ids = 0
  world.claimed = (_, reference, fault) => void outcomes.set(reference, fault ?? 'in')
  const first = world.add([])
  for (let i = 1; i < MEMBERS; i++) world.at(100 * i, () => void world.add([first]))
  world.run(20_000)
  expect(flaw(world)).toBeUndefined()
})

const node = (i: number) => world.nodes[i]!
const signerOf = (one: Node) => one.context.signer
const machine = (name: string) => scheme.signer(keyOf(`machine ${name}`))
type Key = ReturnType<typeof machine>

function invite(by: Node, uses = 1, forMs = 24 * HOUR): Invitation {
  ids += 1
  const id = new Uint8Array(limits.INVITATION_ID_BYTES).fill(ids)
  const invitation = signInvitation('test', signerOf(by), { id, uses, at: world.now, expires: world.now + forMs })
  world.feed(by, { kind: 'announce', what: invitation })
  return invitation
}

/** A claim at a member's door; returns what came of it later. */
function claim(
  door: Node,
  invitation: Invitation,
  key: Key,
  signed = signClaim('test', key, invitation),
): () => unknown {
  const reference = ++references
  world.feed(door, { kind: 'claim', reference, invitation, machine: key.publicKey, claim: signed })
  return () => outcomes.get(reference)
}

const revoke = (by: Node, invitation: Invitation) =>
  world.feed(by, { kind: 'announce', what: signRevocation('test', signerOf(by), invitation, world.now) })

const push = (to: Node, from: Node, ...statements: InvitationStatement[]) =>
  world.feed(to, {
    kind: 'request',
    from: from.peer,
    request: { type: 'push', entries: [], accusations: [], statements },
  })

const usersAt = (one: Node, invitation: Invitation) =>
  one.state.invitations
    .all()
    .filter((held) => held.invitation.id[0] === invitation.id[0])
    .flatMap(({ uses }) => [...uses.values()])

/** A member that joined by an invitation: its own key, on the ring. */
function join(door: Node, invitation: Invitation): Node {
  const joined = world.add([door])
  const outcome = claim(door, invitation, signerOf(joined))
  world.run(5_000)
  expect(outcome()).toBe('in')
  return joined
}

describe('an invitation for one machine', () => {
  it('lets one in at once at the door of who made it, and no other, at any door', () => {
    const invitation = invite(node(0))
    const outcome = claim(node(0), invitation, machine('a'))
    expect(outcome()).toBe('in')
    expect(claim(node(0), invitation, machine('thief'))()).toBe('used')
    world.run(1_000)
    for (const door of world.nodes) expect(claim(door, invitation, machine('thief'))()).toBe('used')
  })

  it('lets one in at another door, when who made it has said so', () => {
    const invitation = invite(node(0))
    const outcome = claim(node(3), invitation, machine('a'))
    expect(outcome()).toBeUndefined()
    world.run(1_000)
    expect(outcome()).toBe('in')
    for (const one of world.nodes) expect(usersAt(one, invitation).map(isConfirmed)).toEqual([true])
  })

  it('gives the machine that it let in the secret again, should the reply have been lost', () => {
    const invitation = invite(node(0))
    claim(node(0), invitation, machine('a'))
    world.run(1_000)
    const again = claim(node(2), invitation, machine('a'))
    world.run(5_000)
    expect(again()).toBe('in')
  })

  it('used at two doors at the same moment lets one in: who made it decides', () => {
    const invitation = invite(node(0))
    const both = [claim(node(1), invitation, machine('a')), claim(node(2), invitation, machine('b'))]
    world.run(5_000)
    expect(both.map((one) => one()).sort()).toEqual(['in', 'used'])
  })

  it('used at two doors at the same moment while its maker is down lets one in: the doors hear of each other first', () => {
    const invitation = invite(node(0))
    world.crash(node(0))
    const both = [claim(node(1), invitation, machine('a')), claim(node(2), invitation, machine('b'))]
    world.run(5_000)
    expect(both.map((one) => one()).sort()).toEqual(['in', 'used'])
    for (const door of [1, 2, 3, 4]) expect(claim(node(door), invitation, machine('c'))()).toBe('used')
  })

  it('used on both sides of a split ring leaves one when it heals: the one on the side of its maker', () => {
    const invitation = invite(node(0))
    const side = (one: Node) => world.nodes.indexOf(one) % 2
    world.link = (from, to) => side(from) === side(to)
    world.run(10_000)
    const [near, far] = [world.add([node(2)]), world.add([node(3)])]
    world.link = (from, to) => side(from) === side(to)
    expect([side(near), side(far)]).toEqual([1, 0])
    // Node 5 is on the side of the odd, node 6 on that of the maker.
    const outcomesOfBoth = [claim(node(1), invitation, signerOf(near)), claim(node(2), invitation, signerOf(far))]
    world.run(10_000)
    expect(outcomesOfBoth.map((one) => one())).toEqual(['in', 'in'])
    world.link = () => true
    world.run(120_000)
    for (const one of world.nodes.slice(0, MEMBERS)) {
      expect(one.state.invitations.isSurplusPeer(near.peer)).toBe(true)
      expect(one.state.invitations.isSurplusPeer(far.peer)).toBe(false)
      expect(one.state.table.isAlive(near.id)).toBe(false)
    }
  })
})

describe('an invitation for three machines', () => {
  it('lets in three, whichever the doors', () => {
    const invitation = invite(node(0), 3)
    const all = ['a', 'b', 'c', 'd', 'e'].map((name, i) => claim(node(i), invitation, machine(name)))
    world.run(5_000)
    expect(all.map((one) => one()).sort()).toEqual(['in', 'in', 'in', 'used', 'used'])
  })
})

describe('an invitation', () => {
  it('counts no more when its time is over', () => {
    const invitation = invite(node(0), 5, 60_000)
    world.run(60_001)
    for (const door of world.nodes) expect(claim(door, invitation, machine('a'))()).toBe('expired')
  })

  it('counts no more anywhere when it was revoked, and who joined by it before stays', () => {
    const invitation = invite(node(0), 5)
    const joined = join(node(1), invitation)
    revoke(node(0), invitation)
    world.run(1_000)
    for (const door of world.nodes.slice(0, MEMBERS)) {
      expect(claim(door, invitation, machine('late'))()).toBe('revoked')
      expect(door.state.table.isAlive(joined.id)).toBe(true)
    }
  })

  it('is known to be revoked at a door that was down then, and at one that joins later', () => {
    const invitation = invite(node(0), 5)
    world.crash(node(3))
    revoke(node(0), invitation)
    world.run(1_000)
    world.restart(node(3), [node(1)])
    const late = world.add([node(2)])
    world.run(20_000)
    expect(claim(node(3), invitation, machine('a'))()).toBe('revoked')
    expect(claim(late, invitation, machine('a'))()).toBe('revoked')
  })

  it('is revoked by who made it only', () => {
    const invitation = invite(node(0), 5)
    const forged = signRevocation('test', signerOf(node(1)), invitation, world.now)
    for (const one of world.nodes) push(one, node(1), forged)
    world.run(1_000)
    expect(claim(node(2), invitation, machine('a'))()).not.toBe('revoked')
  })

  it('made by who is no member, or in the name of one, lets nobody in', () => {
    const terms = { id: new Uint8Array(8).fill(99), uses: 5, at: world.now, expires: world.now + HOUR }
    const stranger = signInvitation('test', machine('stranger'), terms)
    expect(claim(node(1), stranger, machine('a'))()).toBe('unknown-inviter')
    const forged = { ...stranger, inviter: signerOf(node(0)).publicKey }
    expect(claim(node(1), forged, machine('a'))()).toBe('forged')
    const stretched = { ...invite(node(0)), uses: 200 }
    expect(claim(node(1), stretched, machine('a'))()).toBe('forged')
    const prolonged = { ...invite(node(0)), expires: world.now + 29 * 24 * HOUR }
    expect(claim(node(1), prolonged, machine('a'))()).toBe('forged')
  })

  it('of a member that was expelled lets nobody in', () => {
    const invitation = invite(node(4), 5)
    for (const one of world.nodes.slice(0, 3)) world.feed(one, { kind: 'vote-out', id: node(4).id })
    world.run(5_000)
    expect(claim(node(1), invitation, machine('a'))()).toBe('unknown-inviter')
  })

  it('of a member that left still counts', () => {
    const invitation = invite(node(4), 5)
    world.leave(node(4))
    world.run(5_000)
    const outcome = claim(node(1), invitation, machine('a'))
    world.run(5_000)
    expect(outcome()).toBe('in')
  })

  it('claimed in the name of another machine, with a claim that was overheard, counts for nothing', () => {
    const invitation = invite(node(0), 5)
    const overheard = signClaim('test', machine('a'), invitation)
    expect(claim(node(1), invitation, machine('thief'), overheard)()).toBe('forged')
    const other = invite(node(0), 5)
    expect(claim(node(1), other, machine('a'), overheard)()).toBe('forged')
  })
})

describe('a member that lies about uses', () => {
  it('cannot unseat those whom another one invited, not even with uses that it dates before theirs', () => {
    const invitation = invite(node(0))
    const joined = join(node(1), invitation)
    const minted = machine('minted')
    const forged = signUse('test', signerOf(node(4)), {
      invitation,
      machine: minted.publicKey,
      claim: signClaim('test', minted, invitation),
      at: world.now - HOUR,
    })
    for (const one of world.nodes.slice(0, MEMBERS)) push(one, node(4), forged)
    world.run(10_000)
    for (const one of world.nodes.slice(0, MEMBERS)) {
      expect(one.state.table.isAlive(joined.id)).toBe(true)
      expect(one.state.invitations.isSurplusPeer(joined.peer)).toBe(false)
    }
  })

  it('cannot unseat a founder by a use that the founder never claimed', () => {
    const invitation = invite(node(4))
    const victim = signerOf(node(0))
    const use = (key: Key, of: Key) =>
      signUse('test', signerOf(node(4)), {
        invitation,
        machine: key.publicKey,
        claim: signClaim('test', of, invitation),
        at: world.now,
      })
    const minted = machine('minted')
    for (const one of world.nodes) push(one, node(4), use(minted, minted), use(victim, minted))
    world.run(10_000)
    for (const one of world.nodes) expect(one.state.table.isAlive(node(0).id)).toBe(true)
  })

  it('fills no more places than an invitation has, and a few, and no more invitations than are its own', () => {
    const invitation = invite(node(4), 1)
    const others = Array.from({ length: 100 }, (_, i) => machine(`minted ${i}`))
    const uses = others.map((key) =>
      signUse('test', key, {
        invitation,
        machine: key.publicKey,
        claim: signClaim('test', key, invitation),
        at: world.now,
      }),
    )
    for (let i = 0; i < uses.length; i += 50) push(node(0), node(4), ...uses.slice(i, i + 50))
    expect(usersAt(node(0), invitation).length).toBeLessThanOrEqual(1 + limits.MAX_SURPLUS_USES)
    const many = Array.from({ length: 200 }, (_, i) => {
      const id = new Uint8Array(8).fill(i, 4)
      const one = signInvitation('test', signerOf(node(4)), { id, uses: 1, at: world.now, expires: world.now + HOUR })
      return signRevocation('test', signerOf(node(4)), one, world.now)
    })
    for (let i = 0; i < many.length; i += 50) push(node(0), node(4), ...many.slice(i, i + 50))
    expect(node(0).state.invitations.all().length).toBeLessThanOrEqual(limits.MAX_INVITATIONS_OF_ONE)
    expect(claim(node(0), invite(node(0)), machine('a'))()).toBe('in')
  })
})

describe('who invited whom', () => {
  it('is known to all, and to those who join later', () => {
    const joined = join(node(2), invite(node(0)))
    const late = world.add([node(3)])
    world.run(20_000)
    for (const one of [...world.nodes.slice(0, MEMBERS), late]) {
      expect(one.state.invitations.inviterOf(signerOf(joined).publicKey)).toEqual(signerOf(node(0)).publicKey)
      expect(one.state.invitations.inviterOf(signerOf(node(1)).publicKey)).toBeUndefined()
    }
  })

  it('reaches all, too, when messages are lost', () => {
    world.loss = 0.3
    const invitation = invite(node(0), 3)
    claim(node(0), invitation, machine('a'))
    world.run(5_000)
    world.loss = 0
    world.run(120_000)
    for (const one of world.nodes) expect(usersAt(one, invitation)).toHaveLength(1)
  })
})
