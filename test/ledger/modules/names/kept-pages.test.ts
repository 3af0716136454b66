import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toHex } from '../../../../src/base/index.ts'
import { ResultCode } from '../../../../src/chain/index.ts'
import { sha256 } from '../../../../src/crypto/index.ts'
import {
  freePagesPayload,
  type KeptRoot,
  keepPayload,
  keptRootFromBytes,
  keptRootStateKey,
  makeKeptBook,
  NameCode,
  type NamePolicy,
  type Payload,
  pageOf,
  policyFromGenesis,
  policyFromValue,
  policyToValue,
  registerTermPayload,
  releasePayload,
  type ShownPage,
  setPolicyPayload,
  shownOf,
} from '../../../../src/ledger/index.ts'
import { giveName } from '../../../../src/ledger/modules/names/given.ts'
import { decodePage, encodePage, keptVerdict, shownFromValue } from '../../../../src/ledger/modules/names/kept-pages.ts'
import { limits } from '../../../../src/ledger/modules/names/limits.ts'
import { namesBy, type names as namesModule } from '../../../../src/ledger/modules/names/names.ts'
import { carrierOf, nameBlocks, ownerOf, settingsOf, text } from './blocks.ts'
import { freePolicy, memberNames } from './member-names.ts'

const [alice, bob] = [ownerOf('alice'), ownerOf('bob')]
/** Eight pages or so. */
const kept = Array.from({ length: 1_500 }, (_, i) => `shop-${i}`)
const book = makeKeptBook(kept)
const { root } = book
const policy: NamePolicy = { ...freePolicy, pages: root }
const shown = (label: string, by = book): ShownPage => shownOf(by, pageOf(by.root, text(label)))

function world(of: NamePolicy = policy) {
  const chain = nameBlocks({ policy: of })
  const payloadOf = (label: string, page: ShownPage | undefined, owner = alice) =>
    registerTermPayload(owner, chain.registration(owner, label), {
      settings: settingsOf(),
      most: 1_000,
      wishes: { terms: 1, isMovable: true, guardians: undefined },
      page,
    })
  const one = (payload: Payload) => chain.block([{ by: carrierOf('one'), payload }])[0]!
  return {
    chain,
    payloadOf,
    one,
    /** The code of a registration with that page. */
    register(label: string, page: ShownPage | 'none' = shown(label), owner = alice) {
      chain.block([chain.commit(owner, { label })])
      chain.block()
      return one(payloadOf(label, page === 'none' ? undefined : page, owner))
    },
  }
}

describe('pages of kept names', () => {
  it('say of every label whether it is kept, and of no other page', () => {
    const label = fc.stringMatching(/^[a-z0-9]{1,20}$/)
    fc.assert(
      fc.property(fc.uniqueArray(label, { minLength: 1, maxLength: 200 }), label, (all, other) => {
        const made = makeKeptBook(all)
        for (const one of all) expect(keptVerdict(made.root, text(one), shown(one, made))).toBe('kept')
        expect(keptVerdict(made.root, text(other), shown(other, made))).toBe(all.includes(other) ? 'kept' : 'free')
      }),
      { numRuns: 30 },
    )
  })

  it('are the same for the same names, in any order, and each within its bounds', () => {
    expect(makeKeptBook([...kept].reverse().concat(kept)).root).toEqual(root)
    expect(makeKeptBook(kept.slice(1)).root.seed).not.toEqual(root.seed)
    expect(book.pages).toHaveLength(2 ** root.bits)
    expect(root.bits).toBeGreaterThan(2)
    for (const page of book.pages) expect(page.length).toBeLessThanOrEqual(limits.MAX_PAGE_BYTES)
    expect(book.pages.flatMap(decodePage).length).toBe(kept.length)
  })

  it('cannot be filled by who chooses names: where they stand hangs on all of them', () => {
    const ground: string[] = []
    for (let i = 0; ground.length < 150; i++)
      if (pageOf({ bits: 4, seed: root.seed }, text(`g${i}`)) === 0) ground.push(`g${i}`)
    const made = makeKeptBook([...kept, ...ground]).root
    expect(made.bits).toBeLessThanOrEqual(root.bits + 1)
    expect(new Set(ground.map((one) => pageOf({ bits: 2, seed: made.seed }, text(one)))).size).toBe(4)
  })

  it('are made of names that a chain has only, and of one at least', () => {
    for (const names of [[], ['-x'], ['Shop'], ['ä'], ['']])
      expect(() => makeKeptBook(names)).toThrow(/a genesis of no use/)
  })

  it('have one form', () => {
    const [a, b] = [text('a'), text('b')]
    expect(decodePage(encodePage([a, b]))).toEqual([a, b])
    for (const wrong of [[b, a], [a, a], [text('A')], [text('')]]) expect(() => decodePage(encodePage(wrong))).toThrow()
    expect(() => decodePage(Uint8Array.of(0x80, 0x00))).toThrow()
    expect(() => shownFromValue([new Uint8Array(limits.MAX_PAGE_BYTES + 1), []])).toThrow()
    expect(() => shownFromValue([new Uint8Array(1), Array(limits.MAX_KEPT_BITS + 1).fill(root.root)])).toThrow()
    expect(() => shownFromValue([new Uint8Array(1), [root.root.slice(1)]])).toThrow()
  })

  it('prove nothing when they are malformed, though they are under the root', () => {
    const page = Uint8Array.of(0x82, 0x41, 0x62, 0x41, 0x61)
    const made = { ...root, bits: 0, root: sha256(Uint8Array.of(0), page) }
    expect(keptVerdict(made, text('c'), { page, path: [] })).toBe('unproven')
  })
})

describe('a registration where names are kept by pages', () => {
  it('is carried out with the page of a name that is not on it, and refused for one that is', () => {
    const { register, chain } = world()
    expect(register('fresh')).toBe(0)
    expect(register('shop-7')).toBe(NameCode.KEPT)
    expect(chain.record('shop-7')).toBeUndefined()
  })

  it('is refused with no page, with that of another name, and with what is not under the root', () => {
    const { register } = world()
    const { page, path } = shown('fresh')
    const elsewhere = kept.find((one) => pageOf(root, text(one)) !== pageOf(root, text('fresh')))!
    const others = makeKeptBook([...kept, 'more'])
    const without = (at: string) =>
      encodePage(decodePage(shown(at).page).filter((one) => toHex(one) !== toHex(text(at))))
    const wrong: [string, ShownPage | 'none'][] = [
      ['fresh', 'none'],
      ['fresh', shown(elsewhere)],
      ['fresh', shown('fresh', others)],
      ['fresh', { page, path: path.slice(1) }],
      ['fresh', { page, path: [...path, path[0]!] }],
      ['fresh', { page, path: path.map(() => path[0]!) }],
      ['fresh', { page: page.slice(0, -1), path }],
      // The same page without the name, and the page of a name that is free.
      ['shop-7', { page: without('shop-7'), path: shown('shop-7').path }],
      ['shop-7', shown('fresh')],
    ]
    for (const [label, one] of wrong) expect(register(label, one)).toBe(NameCode.PAGE)
  })

  it('is malformed with a page out of bounds', () => {
    const { chain, one, payloadOf } = world()
    chain.block([chain.commit(alice, { label: 'fresh' })])
    chain.block()
    const payload = payloadOf('fresh', shown('fresh'))
    const withPage = (page: Payload[number]) => [...payload.slice(0, -1), page] as unknown as Payload
    const { page, path } = shown('fresh')
    for (const bad of [
      null,
      7,
      [page],
      [page, path, 1],
      [new Uint8Array(limits.MAX_PAGE_BYTES + 1), [...path]],
      [page, Array(limits.MAX_KEPT_BITS + 1).fill(path[0]!)],
      [page, [new Uint8Array(31)]],
    ])
      expect(one(withPage(bad as Payload[number]))).toBe(ResultCode.MALFORMED)
    expect(one([...payload, 1] as unknown as Payload)).toBe(ResultCode.MALFORMED)
    expect(one(payload)).toBe(0)
  })

  it('is for anybody, without a page, once the name was claimed and came free', () => {
    const giving = namesBy({ comesBefore: () => false, isNewer: () => true })
    const module: typeof namesModule = {
      ...giving,
      execute(call) {
        // As the claims module does.
        if (call.kind === giving.kinds[0] && call.fields.length === 1)
          giveName(call, { label: text('shop-7'), owner: alice.publicKey, settings: settingsOf() })
        else giving.execute(call)
      },
    }
    const chain = nameBlocks({ policy, module })
    const carry = (payload: Payload) => chain.block([{ by: carrierOf('one'), payload }])[0]!
    expect(carry([giving.kinds[0]!, 1])).toBe(0)
    expect(chain.record('shop-7')).toMatchObject({ owner: alice.publicKey, generation: 1 })
    expect(carry(releasePayload(alice, chain.place('shop-7')))).toBe(0)
    chain.block([], policy.transferMs + 1)
    expect(chain.registerTerm(bob, { label: 'shop-7' })).toBe(0)
  })
})

describe('votes beside pages', () => {
  const vote = (chain: ReturnType<typeof memberNames>, payload: Payload) =>
    chain.members.slice(0, 3).map((one) => chain.codes([one, payload])[0])

  it('keep or free single names before what the pages say', () => {
    const chain = memberNames(policy)
    vote(chain, keepPayload(text('shop-1'), 'free'))
    vote(chain, keepPayload(text('shop-2'), bob.publicKey))
    vote(chain, keepPayload(text('police'), undefined))
    expect(chain.register('shop-1')).toBe(0)
    expect(chain.register('shop-2')).toBe(NameCode.KEPT)
    expect(chain.register('shop-2', bob)).toBe(0)
    expect(chain.register('police')).toBe(NameCode.KEPT)
    expect(chain.register('shop-3')).toBe(NameCode.PAGE)
  })

  it('end them all, by more than half of the nodes, for the root that stands there', () => {
    const chain = memberNames(policy)
    const rootNow = () => {
      const value = chain.state().get(keptRootStateKey)
      return value && keptRootFromBytes(value)
    }
    expect(vote(chain, freePagesPayload({ root: sha256(text('another')) }))).toEqual(
      Array(3).fill(ResultCode.NOT_ALLOWED),
    )
    expect(chain.codes([chain.stranger, freePagesPayload(root)])).toEqual([ResultCode.NOT_ALLOWED])
    for (const one of chain.members.slice(0, 2)) chain.codes([one, freePagesPayload(root)])
    expect(rootNow()).toEqual(root)
    expect(chain.codes([chain.members[2]!, freePagesPayload(root)])).toEqual([0])
    expect(rootNow()).toBeUndefined()
    expect(chain.register('shop-7')).toBe(0)
  })

  it('on terms leave the pages as they are, and bring none', () => {
    const chain = memberNames(policy)
    const height = chain.height() + 65
    vote(chain, setPolicyPayload({ ...policy, prices: [0, 0] }, height))
    chain.pass(height - chain.height())
    expect(chain.register('shop-7')).toBe(NameCode.PAGE)
    const [kind, schema, at, , inFavour] = setPolicyPayload(policy, chain.height() + 65)
    const paged = [kind, schema, at, policyToValue(policy), inFavour] as unknown as Payload
    expect(chain.codes([chain.members[0]!, paged])).toEqual([ResultCode.MALFORMED])
  })
})

describe('a chain without pages', () => {
  it('takes neither a page with a registration nor a vote on pages, as releases did that know none', () => {
    const { register, one } = world(freePolicy)
    expect(register('fresh')).toBe(ResultCode.MALFORMED)
    expect(one(freePagesPayload(root))).toBe(ResultCode.NOT_ALLOWED)
    expect(register('other', 'none')).toBe(0)
  })

  it('has a policy of the first schema; one with pages is another, and of a genesis only', () => {
    expect((policyToValue(freePolicy) as Map<number, unknown>).get(0)).toBe(1)
    expect((policyToValue(policy) as Map<number, unknown>).get(0)).toBe(2)
    expect(policyFromGenesis(policyToValue(policy))).toEqual(policy)
    expect(() => policyFromValue(policyToValue(policy))).toThrow()
    for (const bad of [{ bits: 21 }, { names: 0 }, { seed: new Uint8Array(31) }] as Partial<KeptRoot>[])
      expect(() => policyFromGenesis(policyToValue({ ...policy, pages: { ...root, ...bad } }))).toThrow()
  })
})
