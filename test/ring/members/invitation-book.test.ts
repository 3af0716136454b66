import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { peerIdFromPublicKey } from '../../../src/crypto/index.ts'
import { limits } from '../../../src/ring/limits.ts'
import { InvitationBook } from '../../../src/ring/members/invitation-book.ts'
import { signClaim, signInvitation, signRevocation, signUse } from '../../../src/ring/members/invitations.ts'
import type { InvitationStatement } from '../../../src/ring/types.ts'
import { keyOf, scheme } from '../world.ts'

const NOW = 1_800_000_000_000
const DAY = 86_400_000
const signer = (name: string) => scheme.signer(keyOf(name))
const inviter = signer('inviter')
const invitation = (index: number, uses = 2) =>
  signInvitation('test', inviter, { id: new Uint8Array(8).fill(index), uses, at: NOW, expires: NOW + DAY })
const use = (of: ReturnType<typeof invitation>, machine: string, door: string, at: number) => {
  const key = signer(machine)
  const claim = signClaim('test', key, of)
  return signUse('test', signer(door), { invitation: of, machine: key.publicKey, claim, at })
}

const one = invitation(1)
const statements: readonly InvitationStatement[] = [
  use(one, 'a', 'door 1', NOW + 1),
  use(one, 'a', 'door 2', NOW + 2),
  use(one, 'a', 'inviter', NOW + 3),
  use(one, 'b', 'door 1', NOW + 1),
  use(one, 'c', 'door 2', NOW + 9),
  use(one, 'c', 'inviter', NOW + 20),
  signRevocation('test', inviter, one, NOW + 10),
  signRevocation('test', inviter, one, NOW + 15),
]

describe('what a node knows of invitations', () => {
  it('is the same for the same statements, in whichever order they came', () => {
    const inOrder = (order: readonly InvitationStatement[]) => {
      const book = new InvitationBook()
      for (const statement of order) book.add(statement, NOW)
      const surplus = ['a', 'b', 'c'].map((name) => book.isSurplus(keyOfName(name)))
      return { digest: book.digest(), surplus }
    }
    const expected = inOrder(statements)
    expect(expected.surplus).toEqual([false, true, false])
    fc.assert(
      fc.property(fc.shuffledSubarray([...statements], { minLength: statements.length }), (order) => {
        expect(inOrder(order)).toEqual(expected)
      }),
    )
  })

  it('keeps out nobody whom another invitation lets in', () => {
    const book = new InvitationBook()
    for (const statement of statements) book.add(statement, NOW)
    const peer = peerIdFromPublicKey(keyOfName('b'))
    expect(book.isSurplusPeer(peer)).toBe(true)
    book.add(use(invitation(2), 'b', 'door 1', NOW + 30), NOW)
    expect(book.isSurplusPeer(peer)).toBe(false)
  })

  it('is forgotten when it is over, but for those by which somebody is a member, or is kept out', () => {
    const book = new InvitationBook()
    for (const statement of statements) book.add(statement, NOW)
    book.add(use(invitation(2), 'd', 'door 1', NOW), NOW)
    book.add(use(invitation(3), 'e', 'door 1', NOW), NOW)
    book.know(invitation(4), NOW)
    book.lapse(NOW + DAY, () => false)
    expect(book.all()).toHaveLength(4)
    const isMember = (key: Uint8Array) => key.every((byte, i) => byte === keyOfName('e')[i])
    book.lapse(NOW + DAY + limits.LAPSE_MS, isMember)
    expect(book.all().map((held) => held.invitation.id[0])).toEqual([1, 3])
  })

  it('makes room for new ones by those that are over the longest', () => {
    const book = new InvitationBook()
    const of = (i: number, at: number) => {
      const other = signer(`inviter ${i % 40}`)
      const id = new Uint8Array(8)
      new DataView(id.buffer).setUint32(0, i)
      return signInvitation('test', other, { id, uses: 1, at, expires: at + DAY })
    }
    for (let i = 0; i < limits.MAX_INVITATIONS; i++) expect(book.know(of(i, NOW + i), NOW + i)).toBe(true)
    expect(book.know(of(9_000, NOW + 9_000), NOW + 9_000)).toBe(false)
    expect(book.know(of(9_001, NOW + DAY + 2), NOW + DAY + 2)).toBe(true)
    expect(book.all()).toHaveLength(limits.MAX_INVITATIONS)
  })
})

function keyOfName(name: string): Uint8Array {
  return signer(name).publicKey
}
