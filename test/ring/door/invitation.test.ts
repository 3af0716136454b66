import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeInvitation, encodeInvitation, type Invitation } from '../../../src/ring/index.ts'

const invitation: Invitation = {
  ringId: 'home',
  admission: 'psk',
  secret: new Uint8Array(32).fill(9),
  replicas: 2,
  chunkBits: 8,
  addresses: ['/ip4/192.0.2.1/tcp/4153/p2p/12D3KooWBWJNoVnLTQNHFWU4N658iq2J6ADNJDaWhb73r4TbFrxq'],
}
const token = encodeInvitation(invitation)
const whatOf = (text: string): string => {
  try {
    decodeInvitation(text)
    return 'accepted'
  } catch (error) {
    expect(error).toMatchObject({ code: 'INVITATION_MALFORMED' })
    return (error as Error).message
  }
}

describe('an invitation', () => {
  it('is what it was after its way through text', () => {
    const any = fc.record({
      ringId: fc.string({ minLength: 1, maxLength: 64 }),
      admission: fc.constantFrom('psk' as const, 'open' as const),
      secret: fc.uint8Array({ maxLength: 64 }),
      replicas: fc.integer({ min: 0, max: 15 }),
      chunkBits: fc.integer({ min: 1, max: 16 }),
      addresses: fc.array(fc.string({ maxLength: 120 }), { maxLength: 8 }),
    })
    fc.assert(
      fc.property(any, (one) => {
        expect(decodeInvitation(encodeInvitation(one))).toEqual(one)
      }),
    )
  })

  it('survives line breaks', () => {
    expect(decodeInvitation(`  ${token.slice(0, 30)}\n> ${token.slice(30)}\n`.replace('> ', ''))).toEqual(invitation)
  })

  it('is refused after any change of one character', () => {
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const change = fc.tuple(fc.integer({ min: 9, max: token.length - 2 }), fc.constantFrom(...letters))
    fc.assert(
      fc.property(change, ([at, letter]) => {
        const changed = token.slice(0, at) + letter + token.slice(at + 1)
        expect(whatOf(changed) === 'accepted').toBe(changed === token)
      }),
    )
  })

  it('says what is wrong, and never what is in it', () => {
    const cases: readonly (readonly [string, string])[] = [
      ['', 'does not begin'],
      ['https://example.com', 'does not begin'],
      [token.replace('chordns1.', 'chordns2.'), 'another version'],
      [token.slice(0, -9), 'its end is missing'],
      [`${token}AAAA`, 'something follows'],
      [`${token.slice(0, 40)}!${token.slice(41)}`, 'character 41'],
      [token.slice(0, 60) + (token[60] === 'A' ? 'B' : 'A') + token.slice(61), 'changed on the way'],
    ]
    for (const [text, what] of cases) {
      const message = whatOf(text)
      expect(message).toContain(what)
      expect(message).not.toContain(token.slice(20, 50))
    }
  })
})
