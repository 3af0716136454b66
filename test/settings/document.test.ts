/** What holds of each key: the same on all boxes that heard of the same changes, in whatever order and however often. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keyedHashScheme } from '../../src/crypto/index.ts'
import { compareChanges, type SignedChange, signChange, verifyChange } from '../../src/settings/change.ts'
import { SettingsDocument } from '../../src/settings/document.ts'
import { limits } from '../../src/settings/limits.ts'
import { differing } from '../../src/settings/parts.ts'
import { decodeSettingsMessage, tellings } from '../../src/settings/wire.ts'

const scheme = keyedHashScheme(Uint8Array.of(7))
const authors = [1, 2, 3].map((n) => scheme.signer(new Uint8Array(32).fill(n)))

/** Few keys, counters and authors, so that they meet. */
const change = fc
  .record({
    key: fc.constantFrom('record/a A 192.0.2.1', 'record/b A 192.0.2.2', 'rule/x', 'pause/y', 'device/ä'),
    value: fc.option(fc.constantFrom('', '1', 'zwölf'), { nil: null }),
    counter: fc.integer({ min: 1, max: 6 }),
    author: fc.constantFrom(...authors),
  })
  .map(({ author, ...rest }): SignedChange => signChange('home', author, rest))
const changes = fc.array(change, { maxLength: 24 })

function documentOf(all: Iterable<SignedChange>, most?: number): SettingsDocument {
  const document = new SettingsDocument(most)
  for (const one of all) document.takeAll([one])
  return document
}

function contentOf(document: SettingsDocument): unknown {
  return [...document.all()].sort(compareChanges)
}

describe('the document of a household', () => {
  // Also where there is room for three keys only: what gives way is the same everywhere.
  for (const most of [limits.MAX_CHANGES, 3])
    it(`is the same for the same changes, in any order and in any number of pieces, with room for ${most}`, () => {
      fc.assert(
        fc.property(changes, changes, fc.integer(), (a, b, seed) => {
          const shuffled = [...a, ...b, ...a].sort((x, y) => ((x.counter * 7919 + y.counter + seed) % 3) - 1)
          const together = documentOf([...a, ...b], most)
          for (const other of [documentOf([...b, ...a], most), documentOf(shuffled, most)]) {
            expect(contentOf(other)).toEqual(contentOf(together))
            expect(other.root()).toEqual(together.root())
            expect([other.live, other.size]).toEqual([together.live, together.size])
          }
        }),
      )
    })

  it('merges documents as it merges changes: commutative, associative, idempotent', () => {
    const merge = (...documents: SettingsDocument[]) =>
      documentOf(
        documents.flatMap((one) => [...one.all()]),
        3,
      )
    fc.assert(
      fc.property(changes, changes, changes, (x, y, z) => {
        const [a, b, c] = [x, y, z].map((all) => documentOf(all, 3)) as [
          SettingsDocument,
          SettingsDocument,
          SettingsDocument,
        ]
        expect(contentOf(merge(a, b))).toEqual(contentOf(merge(b, a)))
        expect(contentOf(merge(merge(a, b), c))).toEqual(contentOf(merge(a, merge(b, c))))
        expect(contentOf(merge(a, a))).toEqual(contentOf(a))
        expect(contentOf(merge(a, b))).toEqual(contentOf(documentOf([...x, ...y], 3)))
      }),
    )
  })

  it('takes all at once as it takes one after the other', () => {
    fc.assert(
      fc.property(changes, (all) => {
        const one = new SettingsDocument(3)
        one.takeAll(all)
        expect(contentOf(one)).toEqual(contentOf(documentOf(all, 3)))
      }),
    )
  })

  it('orders changes totally', () => {
    fc.assert(
      fc.property(change, change, change, (a, b, c) => {
        expect(Math.sign(compareChanges(a, b))).toBe(-Math.sign(compareChanges(b, a)) + 0)
        if (compareChanges(a, b) <= 0 && compareChanges(b, c) <= 0) expect(compareChanges(a, c)).toBeLessThanOrEqual(0)
        if (compareChanges(a, b) === 0) expect(a).toEqual(b)
      }),
    )
  })

  it('tells by its parts which keys differ', () => {
    fc.assert(
      fc.property(changes, changes, (a, b) => {
        const [one, other] = [documentOf(a), documentOf(b)]
        const parts = new Set(differing(one.parts(), other.parts()))
        const same = one.inParts(
          new Set(Array.from({ length: limits.PARTS }, (_, i) => i).filter((i) => !parts.has(i))),
        )
        for (const held of same) expect(other.get(held.key)).toEqual(held)
        for (const held of other.all()) one.takeAll([held])
        for (const held of one.all()) other.takeAll([held])
        expect(one.root()).toEqual(other.root())
      }),
    )
  })

  it('drops the keys that were changed the longest ago when there are too many', () => {
    const at = (key: string, counter: number, value: string | null = '1') =>
      signChange('home', authors[0]!, { key, value, counter })
    const document = documentOf([at('rule/a', 1), at('rule/b', 2), at('rule/c', 3)], 3)
    const { dropped } = document.takeAll([at('rule/d', 4)])
    expect(dropped.map(({ key }) => key)).toEqual(['rule/a'])
    // A box that was away does not bring it back.
    expect(document.takeAll([at('rule/a', 1)]).taken).toEqual([])
  })
})

describe('changes on their way', () => {
  it('come as they went, in messages of bounded size', () => {
    fc.assert(
      fc.property(changes, (all) => {
        const read = [...tellings(all)].flatMap((bytes) => {
          expect(bytes.length).toBeLessThan(limits.MESSAGE_BYTES + 1_024)
          const message = decodeSettingsMessage(bytes)
          return message.kind === 'tell' ? message.changes : []
        })
        expect(read).toEqual(all)
        for (const one of read) expect(verifyChange('home', scheme, one)).toBe(true)
      }),
    )
  })

  it('are cut where they are many or long', () => {
    const long = Array.from({ length: 200 }, (_, i) =>
      signChange('home', authors[0]!, { key: `rule/${i}`, value: 'x'.repeat(limits.MAX_VALUE_BYTES), counter: i + 1 }),
    )
    const messages = [...tellings(long)]
    expect(messages.length).toBe(4)
    for (const one of messages) expect(one.length).toBeLessThan(limits.MESSAGE_BYTES + 1_024)
  })

  it('hold in their own ring, as their author made them, and in no other way', () => {
    const good = signChange('home', authors[0]!, { key: 'rule/a', value: '1', counter: 5 })
    expect(verifyChange('home', scheme, good)).toBe(true)
    expect(verifyChange('work', scheme, good)).toBe(false)
    for (const other of [
      { key: 'rule/b' },
      { value: '2' },
      { value: null },
      { counter: 6 },
      { author: authors[1]!.publicKey },
    ])
      expect(verifyChange('home', scheme, { ...good, ...other })).toBe(false)
  })

  it('are refused where they are malformed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        try {
          decodeSettingsMessage(bytes)
        } catch (error) {
          expect((error as { code?: string }).code).toBe('SETTINGS_MALFORMED')
        }
      }),
    )
  })
})
