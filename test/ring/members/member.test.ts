import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareBytes, equalBytes } from '../../../src/base/index.ts'
import {
  type CborValue,
  decodeCanonical,
  ed25519,
  ed25519Signer,
  encodeCanonical,
  peerIdFromPublicKey,
  sha256,
} from '../../../src/crypto/index.ts'
import { limits } from '../../../src/ring/limits.ts'
import { condemn, isCondemned, signAccusation, verifyAccusation } from '../../../src/ring/members/accusations.ts'
import {
  entryBytes,
  entryFromValue,
  entryToValue,
  isTimely,
  memberId,
  nextIncarnation,
  signEntry,
  supersedes,
  tellsAddresses,
  verifyEntry,
} from '../../../src/ring/members/member.ts'
import type { MemberEntry, MemberStatus } from '../../../src/ring/types.ts'
import { keyOf, scheme } from '../world.ts'

const context = { ringId: 'home', scheme }
const NOW = 1_800_000_000_000

function row(
  name: string,
  over: Partial<{ status: 'alive' | 'left'; incarnation: number; addresses: string[]; salt: Uint8Array }> = {},
): MemberEntry {
  return signEntry('home', scheme.signer(keyOf(name)), {
    salt: over.salt ?? new Uint8Array(),
    addresses: over.addresses ?? [`/ip4/192.0.2.1/tcp/4001`],
    status: over.status ?? 'alive',
    incarnation: over.incarnation ?? NOW,
  })
}

describe('a signed row', () => {
  it('holds for its ring, with real keys too', () => {
    expect(verifyEntry(context, row('a'))).toBe(true)
    const signer = ed25519Signer(new Uint8Array(32).fill(3))
    const real = signEntry('home', signer, { salt: new Uint8Array(), addresses: [], status: 'alive', incarnation: 5 })
    expect(verifyEntry({ ringId: 'home', scheme: ed25519 }, real)).toBe(true)
    expect(verifyEntry({ ringId: 'other', scheme: ed25519 }, real)).toBe(false)
    expect(real.peer).toBe(peerIdFromPublicKey(signer.publicKey))
  })

  it('has the id SHA-256(key || salt), whatever its sender says', () => {
    const salt = Uint8Array.of(1, 2, 3)
    const entry = row('a', { salt })
    expect(entry.id).toBe(memberId(keyOf('a'), salt))
    expect(entry.id).toBe(Buffer.from(sha256(keyOf('a'), salt)).toString('hex'))
    const value = entryToValue({ ...entry, id: row('b').id, peer: row('b').peer })
    expect(entryFromValue(value)).toMatchObject({ id: entry.id, peer: entry.peer })
  })

  it.each<[string, (entry: MemberEntry) => MemberEntry]>([
    ['another address', (entry) => ({ ...entry, addresses: ['/ip4/203.0.113.9/tcp/1'] })],
    ['a later incarnation', (entry) => ({ ...entry, incarnation: entry.incarnation + 1 })],
    ['another status', (entry) => ({ ...entry, status: 'left' })],
    ['another salt', (entry) => ({ ...entry, salt: Uint8Array.of(1) })],
    ['the key of somebody else', (entry) => ({ ...entry, publicKey: keyOf('b') })],
    ['the signature of somebody else', (entry) => ({ ...entry, signatures: row('b').signatures })],
    ['no signature', (entry) => ({ ...entry, signatures: [] })],
    ['two signatures', (entry) => ({ ...entry, signatures: [...entry.signatures, ...entry.signatures] })],
    [
      'a signer that is not the member',
      (entry) => ({ ...entry, signatures: [{ ...entry.signatures[0]!, signer: keyOf('b') }] }),
    ],
    ['the status dead, signed by itself', (entry) => ({ ...entry, status: 'dead' })],
  ])('does not hold with %s', (_, forge) => {
    expect(verifyEntry(context, forge(row('a')))).toBe(false)
  })

  it('does not hold in another ring', () => {
    expect(verifyEntry({ ...context, ringId: 'hom' }, row('a'))).toBe(false)
  })

  it('keeps few addresses, each with the peer id, and drops what is none', () => {
    const many = Array.from({ length: 20 }, (_, i) => `/ip4/192.0.2.${i}/tcp/1`)
    const entry = row('a', { addresses: ['no', '/with space', `/${'x'.repeat(400)}`, many[0]!, ...many] })
    expect(entry.addresses).toHaveLength(limits.MAX_ADDRESSES)
    expect(entry.addresses[0]).toBe(`/ip4/192.0.2.0/tcp/1/p2p/${entry.peer}`)
    expect(tellsAddresses(entry, many)).toBe(true)
    expect(tellsAddresses(entry, ['/ip4/192.0.2.77/tcp/1'])).toBe(false)
    expect(tellsAddresses(entry, [])).toBe(true)
  })
})

describe('the bytes of a row', () => {
  const status = fc.constantFrom<MemberStatus>('alive', 'left', 'dead')
  const entry = fc
    .record({
      name: fc.string(),
      status,
      incarnation: fc.maxSafeNat(),
      salt: fc.uint8Array({ maxLength: 32 }),
      addresses: fc.array(
        fc.stringMatching(/^\/[!-~]{0,60}$/).filter((text) => !text.includes('/p2p/')),
        { maxLength: 8 },
      ),
      accusers: fc.uniqueArray(fc.integer({ min: 0, max: 99 }), { minLength: 1, maxLength: 8 }),
    })
    .map(({ name, accusers, status, ...rest }) => {
      const alive = signEntry('home', scheme.signer(keyOf(name)), {
        ...rest,
        status: status === 'left' ? 'left' : 'alive',
      })
      if (status !== 'dead') return alive
      const dead = condemn(
        alive,
        accusers.map((accuser) => signAccusation('home', scheme.signer(keyOf(accuser)), alive)),
      )
      return { ...dead, addresses: [] }
    })

  it('come back as they were, and still verify', () => {
    fc.assert(
      fc.property(entry, (original) => {
        const bytes = encodeCanonical(entryToValue(original))
        const copy = entryFromValue(decodeCanonical(bytes, { maxBytes: 10_000 }))
        expect(copy).toEqual(original)
        expect(bytes.length).toBeLessThanOrEqual(entryBytes(original))
        if (original.status !== 'dead') expect(verifyEntry(context, copy)).toBe(true)
      }),
      { numRuns: 100 },
    )
  })

  it('are refused when a field is missing, too long or of the wrong kind', () => {
    const good = entryToValue(row('a')) as Map<number, CborValue>
    const bad: [number, CborValue | undefined][] = [
      [1, new Uint8Array(31)],
      [1, undefined],
      [2, new Uint8Array(33)],
      [3, Array.from({ length: 9 }, () => '/a')],
      [3, ['relative']],
      [3, [`/${'a'.repeat(301)}`]],
      [3, ['/line\nbreak']],
      [4, 0],
      [4, 'alive'],
      [5, -1],
      [5, 2n ** 60n],
      [6, []],
      [6, [new Uint8Array(63)]],
      [6, Array.from({ length: 9 }, () => new Uint8Array(64))],
    ]
    for (const [key, value] of bad) {
      const copy = new Map(good)
      if (value === undefined) copy.delete(key)
      else copy.set(key, value)
      expect(() => entryFromValue(copy), `field ${key}`).toThrowError(
        expect.objectContaining({ code: 'RING_MALFORMED' }),
      )
    }
    expect(entryFromValue(new Map(good).set(99, 'from the future'))).toEqual(row('a'))
  })
})

describe('which row counts', () => {
  it('is an order without ties: of two different rows exactly one wins', () => {
    const alive = row('a')
    const accused = condemn(alive, [signAccusation('home', scheme.signer(keyOf('b')), alive)])
    const rows = [
      alive,
      row('a', { addresses: ['/ip4/192.0.2.2/tcp/1'] }),
      row('a', { status: 'left' }),
      accused,
      row('a', { incarnation: NOW + 1 }),
      row('a', { incarnation: NOW + 1, status: 'left' }),
    ]
    for (const a of rows) {
      for (const b of rows) {
        if (a === b) expect(supersedes(a, b)).toBe(false)
        else expect(supersedes(a, b)).toBe(!supersedes(b, a))
      }
    }
  })

  it('lets a newer alive refute dead, and an older one not', () => {
    const alive = row('a')
    const dead = condemn(alive, [signAccusation('home', scheme.signer(keyOf('b')), alive)])
    expect(supersedes(dead, alive)).toBe(true)
    expect(supersedes(alive, dead)).toBe(false)
    expect(supersedes(row('a', { incarnation: NOW + 1 }), dead)).toBe(true)
  })

  it('keeps the death notice it has when another with other accusers comes', () => {
    const alive = row('a')
    const by = (name: string) => condemn(alive, [signAccusation('home', scheme.signer(keyOf(name)), alive)])
    expect(supersedes(by('b'), by('c'))).toBe(false)
    expect(supersedes(by('c'), by('b'))).toBe(false)
  })
})

describe('an incarnation', () => {
  it('is the time, or one more than the stored one', () => {
    expect(nextIncarnation(0, NOW + 0.7)).toBe(NOW)
    expect(nextIncarnation(NOW + 5, NOW)).toBe(NOW + 6)
  })

  it('forgets a stored one of a clock that was years ahead', () => {
    expect(nextIncarnation(NOW + limits.MAX_INCARNATION_AHEAD_MS + 1, NOW)).toBe(NOW)
  })

  it('is refused a day ahead, and three days behind', () => {
    expect(isTimely(row('a', { incarnation: NOW + limits.MAX_INCARNATION_AHEAD_MS }), NOW)).toBe(true)
    expect(isTimely(row('a', { incarnation: NOW + limits.MAX_INCARNATION_AHEAD_MS + 1 }), NOW)).toBe(false)
    expect(isTimely(row('a', { incarnation: NOW - limits.LAPSE_MS }), NOW)).toBe(false)
  })
})

describe('a death notice', () => {
  const victim = row('victim')
  const witnesses = Array.from({ length: 8 }, (_, i) => keyOf(`w${i}`))
  const accuse = (name: string, entry = victim) => signAccusation('home', scheme.signer(keyOf(name)), entry)
  const notice = (names: string[]) =>
    condemn(
      victim,
      names.map((name) => accuse(name)),
    )

  it('counts with more than half of the witnesses', () => {
    expect(isCondemned(context, notice(['w0', 'w1', 'w2', 'w3', 'w4']), witnesses)).toBe(true)
    expect(isCondemned(context, notice(['w0', 'w1', 'w2', 'w3']), witnesses)).toBe(false)
  })

  it('needs the only other member of a ring of two', () => {
    expect(isCondemned(context, notice(['w0']), [keyOf('w0')])).toBe(true)
    expect(isCondemned(context, notice(['w0']), [])).toBe(false)
    expect(isCondemned(context, { ...notice(['w0']), signatures: [] }, [])).toBe(false)
  })

  it('does not count a witness twice, nor who is no witness, nor a forged signature', () => {
    expect(
      isCondemned(context, { ...notice(['w0']), signatures: Array(5).fill(notice(['w0']).signatures[0]) }, witnesses),
    ).toBe(false)
    expect(isCondemned(context, notice(['w0', 'w1', 'w2', 'w3', 'x1', 'x2']), witnesses)).toBe(false)
    const forged = notice(['w0', 'w1', 'w2', 'w3', 'w4']).signatures.map(({ signer }) => ({
      signer,
      signature: new Uint8Array(64),
    }))
    expect(isCondemned(context, { ...victim, status: 'dead', signatures: forged }, witnesses)).toBe(false)
  })

  it('is about one life: accusations of an older incarnation, of another member or ring do not count', () => {
    const names = ['w0', 'w1', 'w2', 'w3', 'w4']
    const newer = row('victim', { incarnation: NOW + 1 })
    expect(isCondemned(context, { ...notice(names), incarnation: newer.incarnation }, witnesses)).toBe(false)
    expect(isCondemned(context, { ...notice(names), id: row('other').id }, witnesses)).toBe(false)
    expect(isCondemned({ ...context, ringId: 'other' }, notice(names), witnesses)).toBe(false)
  })

  it('cannot be mistaken for a signature on a row', () => {
    const accusation = accuse('w0')
    expect(verifyAccusation(context, accusation)).toBe(true)
    expect(verifyAccusation(context, { ...accusation, signature: row('w0').signatures[0]!.signature })).toBe(false)
    expect(equalBytes(accusation.signature, row('w0').signatures[0]!.signature)).toBe(false)
  })

  it('has its accusers in one order, however they came', () => {
    const one = notice(['w3', 'w1', 'w2'])
    expect(one.signatures).toEqual(notice(['w1', 'w2', 'w3']).signatures)
    expect(compareBytes(one.signatures[0]!.signer, one.signatures[1]!.signer)).toBeLessThan(0)
  })
})
