import { describe, expect, it } from 'vitest'
import { ResultCode } from '../../../../src/chain/index.ts'
import { ROOT, Type } from '../../../../src/dns/index.ts'
import {
  anchorsVotePayload,
  ClaimCode,
  claimedNameOf,
  claimRulesOf,
  claimsToObserve,
  claimText,
  claimTextName,
  KEPT_FOR_CLAIMS,
  keysInTexts,
  NameCode,
  nameRecordOf,
  openClaimPayload,
  setsFromValue,
  setsToValue,
} from '../../../../src/ledger/index.ts'
import { dsFor, KSK, makeSigningKey } from '../../../dnssec/signing-keys.ts'
import { START } from '../ledger-blocks.ts'
import {
  BOND,
  claimWorld,
  label,
  N,
  ownerOf,
  PRICE,
  payee,
  set,
  settings,
  signedSets,
  text,
  tldKey,
  txt,
  WINDOW,
  zone,
} from './claim-world.ts'

const ada = ownerOf('ada')
const mallory = ownerOf('mallory')
const DAY = 86_400

describe('a claim that validators observe', () => {
  it('gives the name to its key once more than half of them have seen it', () => {
    const world = claimWorld()
    expect(world.codes(world.opening(ada))).toEqual([0])
    expect(world.escrow()).toBe(BOND + PRICE)
    expect(world.codes(...[0, 1, 2].map((i) => world.observation(i, true)))).toEqual([0, 0, 0])
    expect(world.record()).toBeUndefined()
    expect(world.codes(world.observation(3, true))).toEqual([0])
    expect(world.record()).toMatchObject({ owner: ada.publicKey, generation: 1, settings })
    expect(claimedNameOf(world.state(), label, 1)).toMatchObject({ method: 'txt', height: 3 })
    expect(world.claim(ada)?.claim).toMatchObject({ state: 'done', seen: 4, notSeen: 0, observers: N })
    // The price is paid, and the bond is back.
    expect([world.escrow(), world.balance(payee), world.balance(world.claimant.publicKey)]).toEqual([0, PRICE, 990])
  })

  it.each([1, 2, 3])('gives nothing to who forges what %i of 7 validators see', (fooled) => {
    const world = claimWorld()
    world.block([world.opening(mallory)])
    for (let i = 0; i < N; i++) world.block([world.observation(i, i < fooled)])
    expect(world.record()).toBeUndefined()
    expect(world.claim(mallory)?.claim).toMatchObject({ state: 'refused', seen: fooled })
    // It costs the bond each time.
    expect([world.escrow(), world.balance(payee), world.balance(world.claimant.publicKey)]).toEqual([0, BOND, 900])
  })

  it('lapses when its time is over, however many of the others say nothing', () => {
    const world = claimWorld()
    world.block([world.opening(mallory)])
    world.block([0, 1, 2].map((i) => world.observation(i, true)))
    world.block([], { afterMs: WINDOW })
    expect(world.claim(mallory)?.claim).toMatchObject({ state: 'lapsed', seen: 3 })
    expect(world.codes(world.observation(3, true))).toEqual([ClaimCode.NOT_OPEN])
    expect(world.record()).toBeUndefined()
    expect(world.balance(payee)).toBe(BOND)
  })

  it('counts each validator once, by what it says last', () => {
    const world = claimWorld()
    world.block([world.opening(ada)])
    for (let i = 0; i < 6; i++) world.block([world.observation(0, true)])
    world.block([world.observation(1, false)])
    expect(world.record()).toBeUndefined()
    world.block([1, 2, 3].map((i) => world.observation(i, true)))
    expect(world.claim(ada)?.claim).toMatchObject({ state: 'done', seen: 4 })
  })

  it('hears nobody who was no validator when it was opened', () => {
    const world = claimWorld()
    world.block([world.opening(ada)])
    expect(world.codes(world.observation(N, true))).toEqual([ClaimCode.NO_OBSERVER])
  })

  it('is refused for a name that somebody has, and says so', () => {
    const world = claimWorld()
    expect(world.register(ada)).toEqual([0])
    const results = world.block([world.opening(mallory)])
    expect(results.map(({ code, detail }) => [code, Buffer.from(detail).toString()])).toEqual([
      [ResultCode.TAKEN, 'somebody has the name'],
    ])
  })

  it('gives nothing when somebody has the name by then, and pays all back', () => {
    const world = claimWorld()
    world.block([world.opening(mallory)])
    const before = world.balance(payee)
    expect(world.register(ada)).toEqual([0])
    world.block([0, 1, 2, 3].map((i) => world.observation(i, true)))
    expect(world.claim(mallory)?.claim).toMatchObject({ state: 'taken' })
    expect([world.escrow(), world.balance(payee) - before]).toEqual([0, 0])
    expect(world.record()?.owner).toEqual(ada.publicKey)
  })

  it('is what nobody takes with a commit from before', () => {
    const world = claimWorld()
    world.block([world.opening(ada)])
    world.block([0, 1, 2, 3].map((i) => world.observation(i, true)))
    expect(world.register(mallory)).toEqual([ResultCode.TAKEN])
  })

  it('is carried by anybody, and changed by nobody', () => {
    const world = claimWorld()
    const opening = { place: world.place(), settings, method: 'txt', most: 1_000 } as const
    const signed = openClaimPayload(ada, opening)
    const other = openClaimPayload(mallory, opening)
    expect(world.codes([world.members[2]!, [...signed.slice(0, 4), other[4], ...signed.slice(5)] as never])).toEqual([
      ResultCode.SIGNATURE,
    ])
    expect(world.codes([world.members[2]!, signed])).toEqual([0])
  })

  it('is void once the name has changed hands since it was signed', () => {
    const world = claimWorld()
    const early = world.opening(ada)
    const [, payload] = early
    world.block([early])
    world.block([0, 1, 2, 3].map((i) => world.observation(i, true)))
    // Its term, grace, redemption and wait are over: it is free.
    world.block([], { afterMs: 500 * DAY * 1_000 })
    expect(nameRecordOf(world.state(), label)?.owner).toBeUndefined()
    expect(world.codes([world.claimant, payload])).toEqual([NameCode.SEQUENCE])
    expect(world.codes(world.opening(ada))).toEqual([0])
  })

  it('costs no more than its carrier said, and four at once for one account', () => {
    const world = claimWorld()
    expect(world.codes(world.opening(ada, { most: BOND }))).toEqual([NameCode.PRICE])
    const five = ['a', 'b', 'c', 'd', 'e'].map((name) => world.opening(ownerOf(name)))
    expect(world.codes(...five)).toEqual([0, 0, 0, 0, ResultCode.QUOTA])
    expect(world.codes(world.opening(ada, { by: world.members[0]! }))).toEqual([0])
  })

  it('is shown to each validator until it has seen it', () => {
    const world = claimWorld()
    world.block([world.opening(ada)])
    const own = (i: number) => claimsToObserve(world.state(), world.members[i]!.publicKey)
    expect(own(0)).toMatchObject([{ number: 1, owner: ada.publicKey, method: 'txt', hasDenied: false }])
    world.block([world.observation(0, true), world.observation(1, false)])
    expect([own(0).length, own(1)[0]?.hasDenied, own(N).length]).toEqual([0, true, 0])
  })
})

describe('a claim that DNSSEC proves', () => {
  it('gives the name at once, with nobody who looks anything up', () => {
    const world = claimWorld()
    expect(world.codes(world.proof(ada, signedSets()))).toEqual([0])
    expect(world.record()).toMatchObject({ owner: ada.publicKey, settings })
    expect(claimedNameOf(world.state(), label, 1)).toMatchObject({ method: 'proof' })
    expect([world.escrow(), world.balance(payee)]).toEqual([0, PRICE])
  })

  it('comes back from bytes as it was', () => {
    const sets = signedSets()
    expect(setsFromValue(setsToValue(sets)).map(({ name, ...rest }) => [name.key, rest])).toEqual(
      sets.map(({ name, ...rest }) => [name.key, rest]),
    )
  })

  it('is refused for a name that somebody has', () => {
    const world = claimWorld()
    world.register(mallory)
    expect(world.codes(world.proof(ada, signedSets()))).toEqual([ResultCode.TAKEN])
  })

  const at = START / 1_000
  const stranger = makeSigningKey(15, KSK)
  const validity = { inception: at - DAY, expiration: at + DAY }
  const byTld = signedSets().slice(0, 3)
  it.each([
    ['the text names another key', signedSets({ owner: mallory }), ClaimCode.OTHER_KEY],
    ['the text has another form', signedSets({ texts: [txt(`key=${claimText(ada.publicKey)}`)] }), ClaimCode.OTHER_KEY],
    ['the text is signed by a stranger', signedSets({ textBy: stranger }), ClaimCode.UNPROVEN],
    ['the DS names another key', signedSets({ ds: dsFor(zone, stranger) }), ClaimCode.UNPROVEN],
    ['a signature has expired', signedSets({ expiration: at - 1 }), ClaimCode.UNPROVEN],
    ['a signature is of tomorrow', signedSets({ inception: at + DAY }), ClaimCode.UNPROVEN],
    ['the text was signed long ago', signedSets({ inception: at - 40 * DAY }), ClaimCode.OLD_PROOF],
    ['a set is left out', signedSets().toSpliced(2, 1), ClaimCode.WRONG_SETS],
    ['the text is left out', signedSets().slice(0, 5), ClaimCode.WRONG_SETS],
    ['nothing is there', [], ClaimCode.WRONG_SETS],
    [
      'the keys of the TLD alone have signed the text',
      [
        ...byTld,
        set(claimTextName(zone), Type.TXT, [txt(claimText(ada.publicKey))], tldKey, {
          ...validity,
          signer: byTld[2]!.name,
        }),
      ],
      ClaimCode.WRONG_SETS,
    ],
  ])('is refused when %s', (_, sets, code) => {
    const world = claimWorld()
    expect(world.codes(world.proof(ada, sets))).toEqual([code])
    expect(world.record()).toBeUndefined()
  })

  it('is refused when the root key is none that the chain trusts, until members vote for it', () => {
    const old = makeSigningKey(13, KSK)
    const world = claimWorld({ rules: { anchors: [dsFor(ROOT, old)] } })
    expect(world.codes(world.proof(ada, signedSets()))).toEqual([ClaimCode.UNPROVEN])
    const { anchors } = claimRulesOf(claimWorld().state())!
    for (const i of [0, 1, 2]) world.block([[world.members[i]!, anchorsVotePayload(anchors)]])
    expect(world.codes(world.proof(ada, signedSets()))).toEqual([ClaimCode.UNPROVEN])
    expect(world.codes([world.members[N]!, anchorsVotePayload(anchors)])).toEqual([ResultCode.NOT_ALLOWED])
    expect(world.codes([world.members[3]!, anchorsVotePayload(anchors)])).toEqual([0])
    expect(world.codes(world.proof(ada, signedSets()))).toEqual([0])
  })

  it('is used once: who had the domain before cannot come again with what was signed then', () => {
    const world = claimWorld({ policy: { termMs: 1_000, graceMs: 1_000, redemptionMs: 1_000, pendingMs: 1_000 } })
    expect(world.codes(world.proof(ada, signedSets()))).toEqual([0])
    world.block()
    expect(world.record()?.owner).toBeUndefined()
    expect(world.codes(world.proof(ada, signedSets()))).toEqual([ClaimCode.OLD_PROOF])
    const now = Math.floor(world.now() / 1_000)
    expect(world.codes(world.proof(mallory, signedSets({ owner: mallory, inception: now - 60 })))).toEqual([0])
  })

  it('costs no more checks than its bounds, whatever keys it brings (CVE-2023-50387)', () => {
    const many = new Array(30).fill(signedSets()[0]!)
    const world = claimWorld()
    expect(world.codes(world.proof(ada, many))).toEqual([ResultCode.MALFORMED])
    const large = signedSets().map((one) => ({
      ...one,
      records: Array.from({ length: 12 }, () => new Uint8Array(1_000)),
    }))
    expect(world.codes(world.proof(ada, large))).toEqual([ResultCode.MALFORMED])
  })
})

describe('names of the DNS that a chain began with', () => {
  const kept = [{ label, owner: KEPT_FOR_CLAIMS }]

  it('are registered by nobody, and had by who claims them', () => {
    const world = claimWorld({ policy: { kept } })
    expect(world.register(mallory)).toEqual([NameCode.KEPT])
    expect(world.codes(world.proof(ada, signedSets()))).toEqual([0])
    expect(world.record()?.owner).toEqual(ada.publicKey)
  })

  it('are names as any other once they were claimed, and are free for all when they come free (D69)', () => {
    const world = claimWorld({ policy: { kept, termMs: 1_000, graceMs: 1_000, redemptionMs: 1_000, premium: 0 } })
    world.block([world.proof(ada, signedSets())])
    world.block([], { afterMs: 40 * DAY * 1_000 })
    expect(world.register(mallory)).toEqual([0])
  })
})

describe('the text of a claim', () => {
  it('is read in one form, from one string or several', () => {
    const value = claimText(ada.publicKey)
    const halves = Uint8Array.of(20, ...text(value.slice(0, 20)), value.length - 20, ...text(value.slice(20)))
    expect(keysInTexts([txt('v=spf1 -all'), halves])).toEqual([ada.publicKey])
    expect(keysInTexts([txt(value.toUpperCase()), Uint8Array.of(200, 1), new Uint8Array()])).toEqual([])
  })
})
