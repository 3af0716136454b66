import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { baseLimits, ChordnsError, type Doorkeeper, type HelloSession, type PeerId } from '../../../src/base/index.ts'
import {
  type CborValue,
  decodeCanonical,
  ed25519Signer,
  encodeCanonical,
  hmacSha256,
  peerIdFromPublicKey,
  sha256,
} from '../../../src/crypto/index.ts'
import type { Spoken } from '../../../src/ring/door/greeting.ts'
import {
  endorsedDoorkeeper,
  type GuestDoor,
  type GuestPass,
  guestDoorkeeper,
  openDoorkeeper,
  type PskDoor,
  pskDoorkeeper,
} from '../../../src/ring/door/hello.ts'
import { invitationSecret, signInvitation } from '../../../src/ring/members/invitations.ts'
import { firstRelease } from './first-release.ts'

const text = (value: string) => new TextEncoder().encode(value)
const peer = (name: string) => peerIdFromPublicKey(sha256(text(name)))
const ALICE = peer('alice')
const BOB = peer('bob')
const MALLORY = peer('mallory')
const SECRET = text('the secret of this ring, 32 bytes')

/** Every draw differs from all others, as from a strong source. */
let draws = 0
const random = {
  bytes: (length: number) => sha256(text(`draw ${draws++}`)).slice(0, length),
  below: () => 0,
}

const door = (changes: Partial<PskDoor> = {}) => pskDoorkeeper({ ringId: 'home', secret: SECRET, random, ...changes })

const dialer = (keeper: Doorkeeper = door(), self = ALICE, remote = BOB) => keeper.hello(self, remote, 'dialer')
const listener = (keeper: Doorkeeper = door(), self = BOB, remote = ALICE) => keeper.hello(self, remote, 'listener')

/** Hands each message over until one side has nothing to say; what was said, and who was let in. */
function shakeHands(a: HelloSession, b: HelloSession): { messages: Uint8Array[]; dialer: boolean; listener: boolean } {
  const messages: Uint8Array[] = []
  const admitted = { dialer: false, listener: false }
  let message = a.opening()
  for (let toListener = true; message !== undefined; toListener = !toListener) {
    messages.push(message)
    const step = (toListener ? b : a).receive(message)
    admitted[toListener ? 'listener' : 'dialer'] ||= step.admitted
    message = step.send
    if (step.refusal !== undefined) {
      // The other side hears of it, and refuses as well.
      if (message !== undefined) expect(codeOf(() => (toListener ? a : b).receive(message!))).toBe('HELLO_REFUSED')
      throw step.refusal
    }
  }
  return { messages, ...admitted }
}

function codeOf(run: () => unknown): string | undefined {
  try {
    run()
    return undefined
  } catch (error) {
    if (error instanceof ChordnsError) return error.code
    throw error
  }
}

/** The message with one field changed, or left out. */
function forged(message: Uint8Array, key: number, value: CborValue | undefined): Uint8Array {
  const fields = new Map(decodeCanonical(message, { maxBytes: 1_024 }) as ReadonlyMap<number, CborValue>)
  if (value === undefined) fields.delete(key)
  else fields.set(key, value)
  return encodeCanonical(fields)
}

const KIND = 0
const NONCE = 3
const MAC = 4

describe('hello with a secret', () => {
  it('admits both sides after three messages, each small', () => {
    const { messages, ...admitted } = shakeHands(dialer(), listener())
    expect(admitted).toEqual({ dialer: true, listener: true })
    expect(messages).toHaveLength(3)
    for (const message of messages) expect(message.length).toBeLessThan(baseLimits.MAX_HELLO_BYTES)
  })

  it('starts with the dialer; the listener says nothing to somebody who has said nothing', () => {
    expect(listener().opening()).toBeUndefined()
  })

  it('never says the same twice', () => {
    const first = shakeHands(dialer(), listener()).messages
    const second = shakeHands(dialer(), listener()).messages
    for (const [i, message] of first.entries()) expect(second[i]).not.toEqual(message)
  })

  it('refuses a listener that does not know the secret, before it proves anything to it', () => {
    const a = dialer()
    const reply = listener(door({ secret: text('another secret of 32 bytes......') })).receive(a.opening()!)
    expect(codeOf(() => a.receive(reply.send!))).toBe('HELLO_REFUSED')
  })

  it('refuses a dialer that does not know the secret', () => {
    const wrong = door({ secret: text('another secret of 32 bytes......') })
    const b = listener()
    const { send } = b.receive(dialer(wrong).opening()!)
    const nonce = (decodeCanonical(send!, { maxBytes: 1_024 }) as ReadonlyMap<number, CborValue>).get(NONCE)
    const guess = hmacSha256(text('another secret of 32 bytes......'), nonce as Uint8Array)
    const third = encodeCanonical(
      new Map<number, CborValue>([
        [KIND, 3],
        [MAC, guess],
      ]),
    )
    expect(codeOf(() => b.receive(third))).toBe('HELLO_REFUSED')
  })

  it('gives nobody a second guess in the same session', () => {
    const a = dialer()
    const b = listener()
    const third = a.receive(b.receive(a.opening()!).send!).send!
    expect(codeOf(() => b.receive(forged(third, MAC, new Uint8Array(32))))).toBe('HELLO_REFUSED')
    expect(codeOf(() => b.receive(third))).toBe('HELLO_MALFORMED')
  })

  it.each([
    ['another ring', { ringId: 'office' }],
    ['another version', { versions: { lowest: 2, highest: 2 } }],
  ])('refuses %s, whoever dials', (_, changes: Partial<PskDoor>) => {
    expect(codeOf(() => shakeHands(dialer(door(changes)), listener()))).toBe('HELLO_REFUSED')
    expect(codeOf(() => shakeHands(dialer(), listener(door(changes))))).toBe('HELLO_REFUSED')
  })

  it('refuses an expelled peer at its first word, and admits the others', () => {
    const strict = door({ isExpelled: (id: PeerId) => id === ALICE })
    expect(codeOf(() => listener(strict))).toBe('HELLO_REFUSED')
    expect(codeOf(() => dialer(strict, BOB, ALICE))).toBe('HELLO_REFUSED')
    expect(shakeHands(dialer(door(), MALLORY, BOB), listener(strict, BOB, MALLORY)).listener).toBe(true)
  })
})

describe('hello on an endorsed ring', () => {
  const listed = (...peers: readonly PeerId[]) => ({
    saltOf: (key: Uint8Array) => (peers.includes(peerIdFromPublicKey(key)) ? new Uint8Array(32) : undefined),
  })
  const heard: (readonly [PeerId, string])[] = []
  const endorsed = (...peers: readonly PeerId[]) =>
    endorsedDoorkeeper({
      ringId: 'home',
      random,
      constants: { chunkBits: 8 },
      admission: listed(...peers),
      onTurnedAway: (...what) => heard.push(what),
    })

  it('tells who names the ring that it is not listed, and no more; the dialler hears it', () => {
    heard.length = 0
    const a = dialer(endorsed(ALICE, BOB))
    const step = listener(endorsed(BOB)).receive(a.opening()!)
    expect(step).toMatchObject({ admitted: false, refusal: { code: 'HELLO_REFUSED' } })
    const said = decodeCanonical(step.send!, { maxBytes: 1_024 }) as ReadonlyMap<number, CborValue>
    // Kind, form, ring, nonce, MAC and the fault: no versions, no constants.
    expect([...said.keys()].sort()).toEqual([0, 1, 2, 3, 4, 9])
    expect(codeOf(() => a.receive(step.send!))).toBe('HELLO_REFUSED')
    expect(heard).toEqual([[BOB, 'not-listed']])
  })

  it('says nothing to who names another ring, or says nothing', () => {
    const other = endorsedDoorkeeper({ ringId: 'office', random, admission: listed(ALICE, BOB) })
    const b = listener(endorsed(BOB))
    expect(b.opening()).toBeUndefined()
    expect(codeOf(() => b.receive(dialer(other).opening()!))).toBe('HELLO_REFUSED')
    expect(codeOf(() => b.receive(dialer(endorsed(ALICE, BOB)).opening()!))).toBe('HELLO_MALFORMED')
  })

  it('dials nobody who is not listed, and lets in who is', () => {
    expect(codeOf(() => dialer(endorsed(ALICE)))).toBe('HELLO_REFUSED')
    expect(shakeHands(dialer(endorsed(ALICE, BOB)), listener(endorsed(ALICE, BOB)))).toMatchObject({
      dialer: true,
      listener: true,
    })
  })
})

describe('versions, capabilities and constants', () => {
  const speaks = (lowest: number, highest: number, capabilities: readonly string[] = []) => ({
    versions: { lowest, highest },
    capabilities,
  })
  function spokenBy(a: Partial<PskDoor>, b: Partial<PskDoor>): [Spoken, Spoken] {
    const heard: Spoken[] = []
    const onSpoken = (_: PeerId, spoken: Spoken) => void heard.push(spoken)
    shakeHands(dialer(door({ ...a, onSpoken })), listener(door({ ...b, onSpoken })))
    expect(heard).toHaveLength(2)
    return heard as [Spoken, Spoken]
  }
  function textOf(run: () => unknown): string {
    try {
      run()
    } catch (error) {
      return error instanceof Error ? error.message : ''
    }
    return 'no error'
  }

  it.each([
    [1, 1, 1, 1, 1],
    [1, 2, 1, 1, 1],
    [1, 2, 2, 3, 2],
    [2, 4, 1, 9, 4],
  ])('versions %i to %i and %i to %i speak %i', (a, b, c, d, version) => {
    expect(spokenBy(speaks(a, b), speaks(c, d)).map((one) => one.version)).toEqual([version, version])
  })

  it('have what both can, in words; those of later builds are passed over', () => {
    const [a, b] = spokenBy(speaks(1, 1, ['bulk', 'tell-answer']), speaks(1, 2, ['later', 'tell-answer']))
    expect([a.capabilities, b.capabilities]).toEqual([['tell-answer'], ['tell-answer']])
  })

  it('without a common version end hello, and say what each speaks', () => {
    const text = textOf(() => shakeHands(dialer(door(speaks(1, 2))), listener(door(speaks(3, 4)))))
    expect(text).toContain('versions 3 to 4, this node versions 1 to 2')
  })

  it('refuse a member with other constants, and name them, on both sides', () => {
    const a = dialer(door({ constants: { chunkBits: 8, replicas: 2 } }))
    const b = listener(door({ constants: { chunkBits: 6, replicas: 2 } }))
    const { send, admitted, refusal } = a.receive(b.receive(a.opening()!).send!)
    expect(admitted).toBe(false)
    expect(refusal?.message).toContain('chunkBits is 8 here and 6 there')
    expect(refusal?.message).not.toContain('replicas')
    expect(textOf(() => b.receive(send!))).toContain('chunkBits is 6 here and 8 there')
  })

  it('pass over a constant that only one of the two knows', () => {
    spokenBy({ constants: { chunkBits: 8, later: 3 } }, { constants: { chunkBits: 8 } })
  })

  it('are not compared before the secret is proved', () => {
    const wrong = door({ secret: text('another secret of 32 bytes......'), constants: { chunkBits: 6 } })
    const a = dialer(door({ constants: { chunkBits: 8 } }))
    expect(textOf(() => a.receive(listener(wrong).receive(a.opening()!).send!))).toContain('does not know the secret')
  })

  const [VERSIONS, CAPABILITIES, CONSTANTS] = [5, 6, 7]
  it('cannot be changed, or taken out, on the way', () => {
    for (const key of [VERSIONS, CAPABILITIES, CONSTANTS, 99]) {
      for (const which of [0, 1]) {
        const a = dialer(door(speaks(1, 2, ['x'])))
        const b = listener(door(speaks(1, 2, ['x'])))
        const change = (message: Uint8Array, now: number) =>
          now === which ? forged(message, key, key === VERSIONS ? [1, 1] : key === 99 ? 'new' : undefined) : message
        expect(codeOf(() => a.receive(change(b.receive(change(a.opening()!, 0)).send!, 1)))).toBe('HELLO_REFUSED')
      }
    }
    for (const which of [0, 1]) {
      const [a, b] = [dialer(), listener()]
      const without = (message: Uint8Array, now: number) =>
        now === which ? forged(message, VERSIONS, undefined) : message
      expect(codeOf(() => a.receive(without(b.receive(without(a.opening()!, 0)).send!, 1)))).toBe('HELLO_REFUSED')
    }
  })

  it.each([
    [VERSIONS, [2, 1]],
    [VERSIONS, 'all'],
    [VERSIONS, [1]],
    [CAPABILITIES, Array.from({ length: 17 }, () => 'x')],
    [CAPABILITIES, [1]],
    [CONSTANTS, [['chunkBits', 'eight']]],
    [CONSTANTS, [['x'.repeat(33), 1]]],
  ])('field %i as %j is malformed', (key, value) => {
    expect(codeOf(() => listener().receive(forged(dialer().opening()!, key, value as CborValue)))).toBe(
      'HELLO_MALFORMED',
    )
  })

  it('are version 1 and nothing more with a build that says nothing of them, whoever dials', () => {
    for (const dials of [true, false]) {
      const heard: Spoken[] = []
      const today = door({ ...speaks(1, 2, ['x']), constants: { chunkBits: 8 }, onSpoken: (_, one) => heard.push(one) })
      const past = firstRelease({ ringId: 'home', secret: SECRET, random }).hello(
        dials ? ALICE : BOB,
        dials ? BOB : ALICE,
        dials ? 'dialer' : 'listener',
      )
      const { dialer: a, listener: b } = shakeHands(dials ? past : dialer(today), dials ? listener(today) : past)
      expect([a, b]).toEqual([true, true])
      expect(heard).toEqual([{ version: 1, capabilities: [] }])
    }
  })
})

describe('somebody without the secret', () => {
  const recorded = shakeHands(dialer(), listener()).messages

  it('replays what a dialer said', () => {
    const b = listener()
    expect(b.receive(recorded[0]!).admitted).toBe(false)
    expect(codeOf(() => b.receive(recorded[2]!))).toBe('HELLO_REFUSED')
  })

  it('replays what a listener said', () => {
    const a = dialer()
    a.opening()
    expect(codeOf(() => a.receive(recorded[1]!))).toBe('HELLO_REFUSED')
  })

  it('sends a listener its own MAC back', () => {
    const b = listener()
    const { send } = b.receive(dialer().opening()!)
    const mac = (decodeCanonical(send!, { maxBytes: 1_024 }) as ReadonlyMap<number, CborValue>).get(MAC)!
    const third = encodeCanonical(
      new Map<number, CborValue>([
        [KIND, 3],
        [MAC, mac],
      ]),
    )
    expect(codeOf(() => b.receive(third))).toBe('HELLO_REFUSED')
  })

  it('lets the victim answer its own riddle over a second connection', () => {
    // Mallory listens to Alice's dial, and dials Alice herself with Alice's nonce to get a MAC over it.
    const outgoing = dialer(door(), ALICE, MALLORY)
    const nonce = (decodeCanonical(outgoing.opening()!, { maxBytes: 1_024 }) as ReadonlyMap<number, CborValue>).get(
      NONCE,
    )
    const incoming = listener(door(), ALICE, MALLORY)
    const bait = forged(dialer(door(), MALLORY, ALICE).opening()!, NONCE, nonce!)
    const answer = incoming.receive(bait).send!
    expect(codeOf(() => outgoing.receive(answer))).toBe('HELLO_REFUSED')
  })

  it('stands between two members and passes on what they say', () => {
    // Each of them speaks with Mallory's connection, whose id Noise has proved: the MACs name other ids.
    const alice = dialer(door(), ALICE, MALLORY)
    const bob = listener(door(), BOB, MALLORY)
    const answer = bob.receive(alice.opening()!).send!
    expect(codeOf(() => alice.receive(answer))).toBe('HELLO_REFUSED')
  })

  it('sends a nonce back', () => {
    const a = dialer()
    const nonce = (decodeCanonical(a.opening()!, { maxBytes: 1_024 }) as ReadonlyMap<number, CborValue>).get(NONCE)!
    const b = listener()
    const answer = b.receive(forged(recorded[0]!, NONCE, nonce)).send!
    expect(codeOf(() => a.receive(forged(answer, NONCE, nonce)))).toBe('HELLO_REFUSED')
  })

  it('leaves the MAC out, or cuts it short', () => {
    for (const mac of [undefined, new Uint8Array(0), new Uint8Array(31), new Uint8Array(32), 'text', null]) {
      const a = dialer()
      const answer = listener().receive(a.opening()!).send!
      expect(codeOf(() => a.receive(forged(answer, MAC, mac)))).toBe('HELLO_REFUSED')
    }
  })

  it('changes any bit of any message', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 }), fc.nat(), fc.integer({ min: 0, max: 7 }), (which, at, bit) => {
        const a = dialer()
        const b = listener()
        const flip = (message: Uint8Array, now: number) => {
          if (now !== which) return message
          const copy = message.slice()
          copy[at % copy.length]! ^= 1 << bit
          return copy
        }
        let admitted = false
        const code = codeOf(() => {
          const second = b.receive(flip(a.opening()!, 0)).send!
          const third = a.receive(flip(second, 1)).send!
          admitted = b.receive(flip(third, 2)).admitted
        })
        expect(admitted).toBe(false)
        expect(['HELLO_REFUSED', 'HELLO_MALFORMED']).toContain(code)
      }),
    )
  })

  it('sends anything at all', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), fc.boolean(), (bytes, dials) => {
        const session = dials ? dialer() : listener()
        expect(['HELLO_REFUSED', 'HELLO_MALFORMED']).toContain(codeOf(() => session.receive(bytes)))
      }),
    )
  })
})

describe('messages out of turn', () => {
  it('refuses a message after admission', () => {
    const a = dialer()
    const b = listener()
    const { messages } = shakeHands(a, b)
    expect(codeOf(() => a.receive(messages[1]!))).toBe('HELLO_MALFORMED')
    expect(codeOf(() => b.receive(messages[2]!))).toBe('HELLO_MALFORMED')
  })

  it('refuses the third before the first, and the first twice', () => {
    const { messages } = shakeHands(dialer(), listener())
    expect(codeOf(() => listener().receive(messages[2]!))).toBe('HELLO_MALFORMED')
    const b = listener()
    b.receive(messages[0]!)
    expect(codeOf(() => b.receive(messages[0]!))).toBe('HELLO_MALFORMED')
  })

  it('refuses an oversized message without reading it', () => {
    const first = dialer().opening()!
    const padded = forged(first, 99, new Uint8Array(baseLimits.MAX_HELLO_BYTES))
    expect(codeOf(() => listener().receive(padded))).toBe('HELLO_MALFORMED')
  })

  it('passes over fields of later versions', () => {
    const first = dialer().opening()!
    expect(listener().receive(forged(first, 99, 'later')).admitted).toBe(false)
  })
})

describe('hello of an open ring', () => {
  const open = (ringId = 'lab') => openDoorkeeper({ ringId, random })

  it('admits whoever names the ring', () => {
    const { messages, ...admitted } = shakeHands(dialer(open()), listener(open()))
    expect(admitted).toEqual({ dialer: true, listener: true })
    expect(messages).toHaveLength(3)
  })

  it('refuses another ring, and a ring with a secret refuses it', () => {
    expect(codeOf(() => shakeHands(dialer(open()), listener(open('other'))))).toBe('HELLO_REFUSED')
    expect(codeOf(() => shakeHands(dialer(open('home')), listener()))).toBe('HELLO_REFUSED')
    expect(codeOf(() => shakeHands(dialer(), listener(open('home'))))).toBe('HELLO_REFUSED')
  })
})

describe('hello with an invitation', () => {
  const inviter = ed25519Signer(sha256(text('inviter')))
  const terms = { id: new Uint8Array(8), uses: 1, at: 1_000, expires: 60_000 }
  const invitation = signInvitation('home', inviter, terms)
  const guest = (changes: Partial<GuestPass> = {}) => {
    const secret = invitationSecret(SECRET, 'home', invitation)
    return guestDoorkeeper({ ringId: 'home', random, invitation, secret, ...changes })
  }
  const host = (changes: Partial<GuestDoor> = {}) => {
    const guests: PeerId[] = []
    const spoken: PeerId[] = []
    const hooks = {
      faultOf: () => undefined,
      isTurnedAway: () => false,
      onGuest: (peer: PeerId) => void guests.push(peer),
      ...changes,
    }
    return { door: door({ guests: hooks, onSpoken: (peer) => void spoken.push(peer) }), guests, spoken }
  }

  it('lets the machine in as a guest, and never as a member', () => {
    const { door: keeper, guests, spoken } = host()
    expect(shakeHands(dialer(guest()), listener(keeper))).toMatchObject({ dialer: true, listener: true })
    expect([guests, spoken]).toEqual([[ALICE], []])
  })

  it('takes messages that fit', () => {
    for (const message of shakeHands(dialer(guest()), listener(host().door)).messages)
      expect(message.length).toBeLessThan(baseLimits.MAX_HELLO_BYTES)
  })

  it('needs the secret of that invitation, not of another one', () => {
    const longer = signInvitation('home', inviter, { ...terms, expires: 90_000 })
    const { door: keeper, guests } = host()
    expect(codeOf(() => shakeHands(dialer(guest({ invitation: longer })), listener(keeper)))).toBe('HELLO_REFUSED')
    expect(guests).toEqual([])
  })

  it('refuses, as the machine, whoever does not know the secret of the ring', () => {
    const keeper = door({
      secret: text('another secret of 32 bytes......'),
      guests: { faultOf: () => undefined, isTurnedAway: () => false, onGuest: () => {} },
    })
    const a = dialer(guest())
    const { send } = listener(keeper).receive(a.opening()!)
    expect(codeOf(() => a.receive(send!))).toBe('HELLO_REFUSED')
  })

  it('says why an invitation does not count, to whoever has it', () => {
    const said: string[] = []
    const { door: keeper, guests } = host({ faultOf: () => 'revoked' })
    const a = dialer(guest({ onFault: (fault) => void said.push(fault) }))
    const b = listener(keeper)
    const { send, admitted, refusal } = b.receive(a.opening()!)
    expect([admitted, refusal?.message]).toEqual([false, 'hello refused: the invitation does not count: revoked'])
    expect(codeOf(() => a.receive(send!))).toBe('HELLO_REFUSED')
    expect([said, guests]).toEqual([['revoked'], []])
    const c = dialer(guest({ onFault: (fault) => void said.push(fault) }))
    const changed = listener(keeper).receive(c.opening()!).send!
    expect(codeOf(() => c.receive(forged(changed, 9, 'expired')))).toBe('HELLO_REFUSED')
    expect(said).toEqual(['revoked'])
  })

  it('is refused where nobody is let in by one, and by members of the version before', () => {
    expect(codeOf(() => shakeHands(dialer(guest()), listener()))).toBe('HELLO_REFUSED')
    const before = firstRelease({ ringId: 'home', secret: SECRET, random })
    expect(codeOf(() => shakeHands(dialer(guest()), listener(before)))).toBe('HELLO_REFUSED')
  })

  it('lets nobody in at the machine itself', () => {
    expect(codeOf(() => guest().hello(BOB, ALICE, 'listener'))).toBe('HELLO_REFUSED')
  })

  it('with a broken invitation is malformed', () => {
    const opening = dialer(guest()).opening()!
    for (const broken of [7, [1, 2, 3], forgedUses(0), forgedUses(1_000_000)])
      expect(codeOf(() => listener(host().door).receive(forged(opening, 8, broken)))).toBe('HELLO_MALFORMED')
    function forgedUses(uses: number): CborValue {
      return [invitation.inviter, invitation.id, uses, 1_000, 60_000, invitation.signature]
    }
  })

  it('is needed again by a peer whose first one did not count', () => {
    const { door: keeper } = host({ isTurnedAway: (peer) => peer === ALICE })
    expect(codeOf(() => shakeHands(dialer(), listener(keeper)))).toBe('HELLO_REFUSED')
    expect(codeOf(() => dialer(keeper, BOB, ALICE))).toBe('HELLO_REFUSED')
    expect(shakeHands(dialer(guest()), listener(keeper)).listener).toBe(true)
  })
})
