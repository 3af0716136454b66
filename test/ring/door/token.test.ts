import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ed25519Signer } from '../../../src/crypto/index.ts'
import { decodeToken, encodeToken, invitationSecret, type JoinToken, signInvitation } from '../../../src/ring/index.ts'

const AT = 1_800_000_000_000
const SECRET = new Uint8Array(32).fill(9)
const signer = ed25519Signer(new Uint8Array(32).fill(5))
const invitation = signInvitation('home', signer, {
  id: new Uint8Array(8).fill(3),
  uses: 1,
  at: AT,
  expires: AT + 86_400_000,
})
const content: JoinToken = {
  ringId: 'home',
  admission: 'psk',
  invitation,
  secret: invitationSecret(SECRET, 'home', invitation),
  addresses: ['/ip4/192.0.2.1/tcp/4153/p2p/12D3KooWBWJNoVnLTQNHFWU4N658iq2J6ADNJDaWhb73r4TbFrxq'],
}
const token = encodeToken(content)
const whatOf = (text: string): string => {
  try {
    decodeToken(text)
    return 'accepted'
  } catch (error) {
    expect(error).toMatchObject({ code: 'INVITATION_MALFORMED' })
    return (error as Error).message
  }
}

describe('a token', () => {
  it('is what it was after its way through text', () => {
    const about = {
      ringId: fc.string({ minLength: 1, maxLength: 64 }),
      addresses: fc.array(fc.string({ maxLength: 120 }), { maxLength: 8 }),
    }
    const open = fc.record({
      ...about,
      admission: fc.constant('open' as const),
      replicas: fc.integer({ min: 0, max: 15 }),
      chunkBits: fc.integer({ min: 1, max: 16 }),
    })
    const psk = fc.record({
      ...about,
      admission: fc.constant('psk' as const),
      secret: fc.uint8Array({ minLength: 32, maxLength: 32 }),
      invitation: fc.record({
        inviter: fc.uint8Array({ minLength: 32, maxLength: 32 }),
        id: fc.uint8Array({ minLength: 8, maxLength: 8 }),
        uses: fc.integer({ min: 1, max: 256 }),
        at: fc.constant(AT),
        expires: fc.integer({ min: AT + 1, max: AT + 30 * 86_400_000 }),
        signature: fc.uint8Array({ minLength: 64, maxLength: 64 }),
      }),
    })
    fc.assert(
      fc.property(fc.oneof(open, psk), (one) => {
        expect(decodeToken(encodeToken(one))).toEqual(one)
      }),
    )
  })

  it('holds neither the secret of the ring nor anything that gives it', () => {
    const bytes = Buffer.from(token.slice('chordns2.'.length), 'base64url')
    expect(bytes.includes(Buffer.from(SECRET))).toBe(false)
    const another = signInvitation('home', signer, { ...invitation, id: new Uint8Array(8).fill(4) })
    expect(invitationSecret(SECRET, 'home', another)).not.toEqual(content.secret)
  })

  it('of the version before says what to do', () => {
    expect(whatOf(`chordns1.${token.slice(9)}`)).toContain('run `chordns invite` there again')
  })

  it('survives line breaks', () => {
    expect(decodeToken(`  ${token.slice(0, 30)}\n> ${token.slice(30)}\n`.replace('> ', ''))).toEqual(content)
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
      [token.replace('chordns2.', 'chordns3.'), 'newer version'],
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
