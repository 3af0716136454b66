import { describe, expect, it } from 'vitest'
import { toHex } from '../../../src/base/index.ts'
import { sha256 } from '../../../src/crypto/index.ts'
import {
  admittedOf,
  changeMachinePayload,
  endorsePayload,
  endorserListOf,
  everybodyOf,
  isEndorser,
  isMember,
  leavePayload,
  mayCarry,
  ringKeyBytes,
  ringMembersOf,
  transferPayload,
  withdrawPayload,
} from '../../../src/ledger/index.ts'
import { chainId } from '../../chain/one.ts'
import {
  admissionWorld,
  alice,
  applicant,
  bob,
  carol,
  DONE,
  dave,
  EXPIRED,
  firstOf,
  NOT_ALLOWED,
  QUOTA,
  SIGNATURE,
  signerOf,
  TAKEN,
} from './admission-world.ts'

const school = applicant('school')
const library = applicant('library')

describe('an admission list', () => {
  it('takes an organisation that one endorser endorses, and its transactions from then on (D9, D73)', () => {
    const world = admissionWorld()
    const account = school.account.publicKey
    expect(world.run(school.account, transferPayload(alice.publicKey, 1))).toBeUndefined()
    expect(world.endorse(alice, school)).toBe(DONE)
    expect(admittedOf(world.state(), account)).toMatchObject({ name: 'school', ringKey: school.machine.publicKey })
    expect(mayCarry(world.state(), account)).toBe(true)
    expect(world.run(school.account, leavePayload(0), { nonce: 0 })).toBe(DONE)
    expect(mayCarry(world.state(), account)).toBe(false)
  })

  it('keeps an organisation while one endorsement is left, and lets it go with the last (D17, D18)', () => {
    const world = admissionWorld()
    const account = school.account.publicKey
    expect(world.endorse(alice, school)).toBe(DONE)
    expect(world.endorseAgain(bob, school)).toBe(DONE)
    expect(world.run(alice, withdrawPayload(0, account))).toBe(DONE)
    expect(isMember(world.state(), account)).toBe(true)
    expect(world.run(alice, withdrawPayload(0, account))).toBe(NOT_ALLOWED)
    expect(world.run(bob, withdrawPayload(0, account))).toBe(DONE)
    expect(isMember(world.state(), account)).toBe(false)
    expect(everybodyOf(world.state()).map(({ name }) => name)).not.toContain('school')
    expect(world.endorse(carol, school)).toBe(DONE)
    expect(isMember(world.state(), account)).toBe(true)
  })

  it('takes endorsements of endorsers only, and each once', () => {
    const world = admissionWorld()
    expect(world.endorse(alice, school)).toBe(DONE)
    expect(world.endorse(school.account, library)).toBe(NOT_ALLOWED)
    expect(world.endorseAgain(alice, school)).toBe(TAKEN)
    expect(world.endorseAgain(bob, library)).toBe(NOT_ALLOWED)
    expect(world.run(bob, withdrawPayload(0, school.account.publicKey))).toBe(NOT_ALLOWED)
  })

  it('wants the application of the account, and the answer of the machine to this endorser, not long ago (D11-D14)', () => {
    const world = admissionWorld()
    const now = () => world.clock.now()
    const endorse = (first: ReturnType<typeof firstOf>) =>
      world.run(alice, endorsePayload(0, school.account.publicKey, first))
    const first = () => firstOf(school, alice, now())
    expect(endorse({ ...first(), name: 'another school' })).toBe(SIGNATURE)
    expect(endorse({ ...first(), ringKey: library.machine.publicKey })).toBe(SIGNATURE)
    expect(endorse({ ...firstOf(school, bob, now()) })).toBe(SIGNATURE)
    expect(endorse(firstOf(school, alice, now() - 25 * 3_600_000))).toBe(EXPIRED)
    expect(endorse({ ...first(), name: 'a\u0007bell' })).toBe(1)
    expect(endorse(first())).toBe(DONE)
  })

  it('has a ring key for one organisation only', () => {
    const world = admissionWorld()
    const twin = { ...library, machine: school.machine }
    expect(world.endorse(alice, school)).toBe(DONE)
    expect(world.endorse(bob, twin)).toBe(TAKEN)
    expect(world.endorse(bob, library)).toBe(DONE)
  })

  it('fills the place of who leaves with the last, over pages', () => {
    const world = admissionWorld({ quotaADay: 1_000 })
    const many = Array.from({ length: 70 }, (_, i) => applicant(`member ${i}`))
    for (const one of many)
      world.submit(alice, endorsePayload(0, one.account.publicKey, firstOf(one, alice, world.clock.now())))
    world.settle(20_000)
    expect(everybodyOf(world.state())).toHaveLength(74)
    for (const at of [0, 69, 30]) expect(world.run(alice, withdrawPayload(0, many[at]!.account.publicKey))).toBe(DONE)
    const left = everybodyOf(world.state()).map(({ name }) => name)
    expect(left).toHaveLength(71)
    expect(new Set(left).size).toBe(71)
    for (const at of [0, 30, 69]) expect(left).not.toContain(`member ${at}`)
  })

  it('changes the machine of an organisation once a day, by its own word and with the new key', () => {
    const world = admissionWorld({ heartbeatMs: 3_600_000 })
    const account = school.account.publicKey
    expect(world.endorse(alice, school)).toBe(DONE)
    const machine = signerOf('another machine')
    const change = (signature = machine.sign(ringKeyBytes(chainId, 0, account, machine.publicKey))) =>
      world.run(
        school.account,
        changeMachinePayload(0, 'new@school.example', { ringKey: machine.publicKey, signature }),
      )
    expect(change()).toBe(QUOTA)
    world.settle(24 * 3_600_000)
    expect(change(school.machine.sign(new Uint8Array(3)))).toBe(SIGNATURE)
    expect(change()).toBe(DONE)
    expect(admittedOf(world.state(), account)).toMatchObject({
      contact: 'new@school.example',
      ringKey: machine.publicKey,
    })
    expect(world.endorse(bob, { ...library, machine: school.machine })).toBe(DONE)
  })
})

describe('endorsers', () => {
  it('take another one in when more than half of them want it (D8)', () => {
    const world = admissionWorld()
    const subject = { kind: 'add', account: dave.publicKey, name: 'dave' } as const
    expect(world.vote(alice, subject)).toBe(DONE)
    expect(isEndorser(world.state(), dave.publicKey)).toBe(false)
    expect(world.vote(bob, subject)).toBe(DONE)
    expect(isEndorser(world.state(), dave.publicKey)).toBe(true)
    expect(endorserListOf(world.state())!.open).toEqual([])
    expect(world.endorse(dave, school)).toBe(DONE)
  })

  it('have one vote each, however often they cast it, and may take it back', () => {
    const world = admissionWorld()
    const subject = { kind: 'add', account: dave.publicKey, name: 'dave' } as const
    for (let i = 0; i < 3; i++) expect(world.vote(alice, subject)).toBe(DONE)
    expect(isEndorser(world.state(), dave.publicKey)).toBe(false)
    expect(world.vote(alice, subject, false)).toBe(DONE)
    expect(endorserListOf(world.state())!.open).toEqual([])
    expect(world.vote(bob, subject)).toBe(DONE)
    expect(isEndorser(world.state(), dave.publicKey)).toBe(false)
    expect(world.vote(school.account, subject)).toBeUndefined()
  })

  it('vote one out, and with him goes who was endorsed by him alone; coming back revives nothing', () => {
    const world = admissionWorld()
    expect(world.endorse(carol, school)).toBe(DONE)
    expect(world.endorse(carol, library)).toBe(DONE)
    expect(world.endorseAgain(bob, library)).toBe(DONE)
    const out = { kind: 'remove', account: carol.publicKey } as const
    expect(world.vote(alice, out)).toBe(DONE)
    expect(world.vote(bob, out)).toBe(DONE)
    expect(isEndorser(world.state(), carol.publicKey)).toBe(false)
    expect(isMember(world.state(), school.account.publicKey)).toBe(false)
    expect(isMember(world.state(), library.account.publicKey)).toBe(true)
    const again = { kind: 'add', account: carol.publicKey, name: 'carol' } as const
    expect(world.vote(alice, again)).toBe(DONE)
    expect(world.vote(bob, again)).toBe(DONE)
    expect(isEndorser(world.state(), carol.publicKey)).toBe(true)
    expect(isMember(world.state(), school.account.publicKey)).toBe(false)
    expect(world.endorseAgain(carol, school)).toBe(DONE)
    expect(isMember(world.state(), school.account.publicKey)).toBe(true)
  })

  it('count votes of those who are endorsers when the majority is reached', () => {
    const world = admissionWorld()
    const dana = { kind: 'add', account: dave.publicKey, name: 'dave' } as const
    const out = { kind: 'remove', account: carol.publicKey } as const
    expect(world.vote(carol, dana)).toBe(DONE)
    expect(world.vote(alice, out)).toBe(DONE)
    expect(world.vote(bob, out)).toBe(DONE)
    // Of alice and bob, one is not more than half: the vote of carol is gone with her.
    expect(world.vote(alice, dana)).toBe(DONE)
    expect(isEndorser(world.state(), dave.publicKey)).toBe(false)
    expect(world.vote(bob, dana)).toBe(DONE)
    expect(isEndorser(world.state(), dave.publicKey)).toBe(true)
  })

  it('make further lists, each with endorsers of its own, which decide nothing on the chain (D19)', () => {
    const world = admissionWorld()
    const subject = {
      kind: 'list',
      list: 1,
      name: 'routing',
      endorsers: [{ account: dave.publicKey, name: 'dave' }],
    } as const
    expect(world.vote(alice, subject)).toBe(DONE)
    expect(world.vote(bob, subject)).toBe(DONE)
    expect(isEndorser(world.state(), dave.publicKey, 1)).toBe(true)
    expect(mayCarry(world.state(), dave.publicKey)).toBe(false)
    expect(world.vote(alice, subject)).toBe(TAKEN)
    // dave endorses through the account of an organisation that carries; here he is admitted himself.
    const self = { ...applicant('dave'), account: dave }
    expect(world.endorse(alice, self)).toBe(DONE)
    const first = firstOf(school, dave, world.clock.now(), { list: 1 })
    expect(world.run(dave, endorsePayload(1, school.account.publicKey, first), { nonce: 0 })).toBe(DONE)
    expect(isMember(world.state(), school.account.publicKey, 1)).toBe(true)
    expect(isMember(world.state(), school.account.publicKey, 0)).toBe(false)
  })
})

describe('salts', () => {
  it('come from a draw whose secrets were hidden when the key was registered', () => {
    const world = admissionWorld()
    world.toNextEpoch()
    world.draw()
    world.toNextEpoch()
    // The first secrets are shown from here on: a key of now does not get the draw that they make.
    expect(world.endorse(alice, school)).toBe(DONE)
    const member = () =>
      ringMembersOf(world.state()).find(({ ringKey }) => toHex(ringKey) === toHex(school.machine.publicKey))
    world.draw()
    world.toNextEpoch()
    expect(member()).toBeUndefined()
    world.draw()
    world.toNextEpoch()
    const { salt, nodeId } = member()!
    expect(toHex(nodeId)).toBe(toHex(sha256(school.machine.publicKey, salt)))
    expect(ringMembersOf(world.state())).toHaveLength(5)
  })

  it('are not drawn while no more than a third of a set shows secrets, and come later', () => {
    const world = admissionWorld()
    world.toNextEpoch()
    expect(world.endorse(alice, school)).toBe(DONE)
    world.draw()
    world.toNextEpoch()
    world.draw([1, 2, 3])
    world.toNextEpoch()
    const isThere = () =>
      ringMembersOf(world.state()).some(({ account }) => toHex(account) === toHex(school.account.publicKey))
    expect(isThere()).toBe(false)
    for (let i = 0; i < 2; i++) {
      world.draw()
      world.toNextEpoch()
    }
    expect(isThere()).toBe(true)
  })
})
