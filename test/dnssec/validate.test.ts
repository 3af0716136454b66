import { describe, expect, it } from 'vitest'
import { isChordnsError } from '../../src/base/index.ts'
import { addressRdata, Ede, nameToText, parseName, ROOT, type RRset, Type, typeToText } from '../../src/dns/index.ts'
import type { Claim, TrustAnchor, ZoneSecurity } from '../../src/dnssec/index.ts'
import { supportedAlgorithms } from '../../src/dnssec/index.ts'
import type { Outcome } from '../../src/evidence/index.ts'
import { buildInternet, type Judged, NOW, newBudget, type ZoneText } from './internet.ts'
import { withSignatures } from './signer.ts'
import { SIGNING_ALGORITHMS } from './signing-keys.ts'

const APEX = '@ 3600 IN SOA ns hostmaster 1 7200 900 1209600 300\n@ NS ns\nns A 192.0.2.53\n'

const ZONES: readonly ZoneText[] = [
  { origin: '.', text: `${APEX}com. NS ns.com.\nplain. NS ns.plain.\norg. NS ns.org.\n`, sign: { algorithm: 8 } },
  {
    origin: 'com.',
    text: `${APEX}example NS ns.example\nunsigned NS ns.unsigned\n`,
    sign: { nsec: 'nsec3', optOut: true },
  },
  { origin: 'org.', text: `${APEX}example NS ns.example\nunsigned NS ns.unsigned\n`, sign: { nsec: 'nsec3' } },
  {
    origin: 'example.com.',
    text: `${APEX}www A 192.0.2.1
      alias CNAME www
      *.w A 192.0.2.2
      a.b.c TXT "deep"
      old DNAME new.example.org.
      sub NS ns.sub
      island NS ns.island`.replace(/^ +/gm, ''),
    sign: { nsec: 'nsec' },
  },
  {
    origin: 'sub.example.com.',
    text: `${APEX}www A 192.0.2.3\n`,
    sign: { nsec: 'nsec3', iterations: 5, salt: 'aabb' },
  },
  { origin: 'island.example.com.', text: `${APEX}www A 192.0.2.4\n`, sign: {}, delegateSecurely: false },
  { origin: 'example.org.', text: `${APEX}www A 192.0.2.5\n*.w A 192.0.2.6\n`, sign: { nsec: 'nsec3', algorithm: 15 } },
  { origin: 'unsigned.com.', text: `${APEX}www A 192.0.2.7\n` },
  { origin: 'unsigned.org.', text: `${APEX}www A 192.0.2.8\nlower NS ns.lower\n` },
  { origin: 'lower.unsigned.org.', text: `${APEX}www A 192.0.2.9\n`, sign: {} },
  { origin: 'plain.', text: `${APEX}www A 192.0.2.10\n` },
]

const net = buildInternet(ZONES)
const { A, TXT, DS, DNSKEY, SOA, NS, AAAA, RRSIG } = Type

const judge = (name: string, type: number): Judged => net.judge(net.claim(name, type))
const codes = (judged: Judged) => (judged.verdict === 'secure' ? [] : judged.ede.map(({ code }) => code))

/** The claim with other data in it. */
function altered(claim: Claim, change: (outcome: Outcome) => Outcome): Claim {
  return { ...claim, outcome: change(claim.outcome) }
}

const stripped = (set: RRset): RRset => ({ ...set, signatures: [] })

function withoutSignatures(outcome: Outcome): Outcome {
  return outcome.kind === 'rrset'
    ? { ...outcome, rrset: stripped(outcome.rrset), proofs: [] }
    : { ...outcome, soa: outcome.soa === undefined ? undefined : stripped(outcome.soa), proofs: [] }
}

describe('validateFinding: what a good server says', () => {
  it.each([
    ['www.example.com.', A],
    ['alias.example.com.', A],
    ['x.w.example.com.', A],
    ['y.x.w.example.com.', A],
    ['*.w.example.com.', A],
    ['www.example.com.', TXT],
    ['x.w.example.com.', TXT],
    ['b.c.example.com.', TXT],
    ['missing.example.com.', A],
    ['a.missing.c.example.com.', A],
    ['www.old.example.com.', A],
    ['www.sub.example.com.', A],
    ['nothing.sub.example.com.', A],
    ['www.sub.example.com.', TXT],
    ['x.w.example.org.', A],
    ['x.w.example.org.', TXT],
    ['missing.example.org.', A],
    ['example.com.', DS],
    ['example.com.', DNSKEY],
    ['example.com.', SOA],
    ['example.com.', NS],
    ['island.example.com.', DS],
    ['unsigned.org.', DS],
    ['missing.', A],
    ['.', NS],
    ['.', DS],
    ['.', DNSKEY],
    ['com.', DS],
  ])('%s type %i is secure', (name, type) => {
    expect(judge(name, type)).toMatchObject({ verdict: 'secure' })
  })

  it.each([
    ['www.unsigned.com.', A, 'opt-out'],
    ['missing.unsigned.com.', A, 'opt-out'],
    ['www.unsigned.org.', A, 'without DS'],
    ['missing.unsigned.org.', TXT, 'without DS'],
    ['www.lower.unsigned.org.', A, 'without DS'],
    ['www.plain.', A, 'without DS'],
    ['www.island.example.com.', A, 'without DS'],
    ['missing.island.example.com.', A, 'without DS'],
    ['unsigned.com.', DS, 'opt-out'],
    ['missing.com.', A, 'opt-out'],
    ['www.example.com.', RRSIG, 'not signed'],
  ])('%s type %i is insecure: %s', (name, type, reason) => {
    const judged = type === RRSIG ? net.judge(rrsigClaim(name)) : judge(name, type)
    expect(judged).toMatchObject({ verdict: 'insecure', reason: expect.stringContaining(reason) })
  })

  function rrsigClaim(name: string): Claim {
    const claim = net.claim(name, A)
    const set = net.set(name, A)
    const rrset = { ...set, type: RRSIG, rdatas: set.signatures, signatures: [] }
    return { ...claim, question: { ...claim.question, type: RRSIG }, outcome: { ...claim.outcome, rrset } as Outcome }
  }

  it('names the wildcard, and caps the TTL', () => {
    const judged = judge('x.w.example.com.', A)
    expect(judged.verdict === 'secure' && judged.wildcard?.key).toBe(parseName('*.w.example.com.').key)
    expect(judged.ttlCap).toBe(300)
    expect(judge('www.example.com.', A).ttlCap).toBe(3_600)
    expect(judge('missing.example.com.', A).ttlCap).toBe(300)
  })

  it('asks for each link once, from the anchor downwards, and only at zone cuts', () => {
    expect(judge('www.sub.example.com.', A).fetched).toEqual([
      '. DNSKEY',
      'com. DS',
      'com. DNSKEY',
      'example.com. DS',
      'example.com. DNSKEY',
      'sub.example.com. DS',
      'sub.example.com. DNSKEY',
    ])
    const links = new Map<string, ZoneSecurity>()
    net.judge(net.claim('www.example.com.', A), { links })
    expect(net.judge(net.claim('missing.example.com.', A), { links }).fetched).toEqual([])
  })

  it('asks anew when a link has expired', () => {
    const links = new Map<string, ZoneSecurity>()
    net.judge(net.claim('www.example.com.', A), { links })
    const later = { now: NOW + 3_601 }
    expect(net.judge(net.claim('www.example.com.', A), { links, context: later }).fetched).toHaveLength(5)
  })

  it.each(SIGNING_ALGORITHMS)('validates a chain of algorithm %i', (algorithm) => {
    const small = buildInternet([
      { origin: '.', text: `${APEX}com. NS ns.com.\n`, sign: { algorithm } },
      { origin: 'com.', text: `${APEX}www A 192.0.2.1\n`, sign: { algorithm, nsec: 'nsec3', split: 'single' } },
    ])
    expect(small.judge(small.claim('www.com.', A)).verdict).toBe('secure')
    expect(small.judge(small.claim('no.com.', A)).verdict).toBe('secure')
  })

  it('keeps the proofs that were needed, and drops all others', () => {
    const noise = net.claim('missing.example.com.', A).outcome.proofs
    const judged = net.judge(altered(net.claim('www.example.com.', A), (outcome) => ({ ...outcome, proofs: noise })))
    expect(judged.verdict === 'secure' && judged.outcome.proofs).toEqual([])
    const wildcard = net.judge(
      altered(net.claim('x.w.example.com.', A), (outcome) => ({ ...outcome, proofs: [...noise, ...outcome.proofs] })),
    )
    expect(wildcard.verdict === 'secure' && wildcard.outcome.proofs).toHaveLength(1)
  })
})

describe('validateFinding: what a liar says', () => {
  it('finds an unsigned answer in a signed zone bogus', () => {
    const judged = net.judge(altered(net.claim('www.example.com.', A), withoutSignatures))
    expect(judged).toMatchObject({ verdict: 'bogus', reason: expect.stringContaining('example.com.') })
    expect(codes(judged)).toEqual([Ede.RRSIGS_MISSING])
  })

  it('finds an unsigned denial in a signed zone bogus', () => {
    for (const name of ['missing.example.com.', 'missing.example.org.']) {
      const judged = net.judge(altered(net.claim(name, A), withoutSignatures))
      expect(codes(judged)).toEqual([Ede.NSEC_MISSING])
    }
  })

  it('finds a forged address bogus', () => {
    const judged = net.judge(
      altered(net.claim('www.example.com.', A), (outcome) =>
        outcome.kind === 'rrset'
          ? { ...outcome, rrset: { ...outcome.rrset, rdatas: [addressRdata('203.0.113.66').rdata] } }
          : outcome,
      ),
    )
    expect(codes(judged)).toEqual([Ede.DNSSEC_BOGUS])
  })

  it('finds an answer to another question bogus', () => {
    const other = net.claim('ns.example.com.', A).outcome
    expect(net.judge(altered(net.claim('www.example.com.', A), () => other)).verdict).toBe('bogus')
    const wrongType = net.claim('example.com.', NS).outcome
    expect(net.judge(altered(net.claim('example.com.', SOA), () => wrongType)).verdict).toBe('bogus')
  })

  it('finds a denial of what exists bogus, whatever true proofs come with it', () => {
    const proofs = ['missing', 'zzz', 'aaa', 'b.c', 'x.y.w']
      .flatMap((label) => net.claim(`${label}.example.com.`, TXT).outcome.proofs)
      .slice(0, 8)
    for (const rcode of [0, 3] as const) {
      const judged = net.judge(
        altered(net.claim('www.example.com.', A), () => ({
          ...(net.claim('missing.example.com.', A).outcome as Extract<Outcome, { kind: 'absent' }>),
          rcode,
          proofs,
        })),
      )
      expect(judged.verdict).toBe('bogus')
    }
  })

  it('finds NXDOMAIN bogus where there is NODATA, and the other way round', () => {
    const flip = (outcome: Outcome): Outcome =>
      outcome.kind === 'absent' ? { ...outcome, rcode: outcome.rcode === 0 ? 3 : 0 } : outcome
    for (const [name, type] of [
      ['www.example.com.', TXT],
      ['missing.example.com.', A],
      ['b.c.example.com.', A],
      ['www.sub.example.com.', TXT],
      ['missing.sub.example.com.', A],
    ] as const) {
      expect(net.judge(altered(net.claim(name, type), flip)).verdict).toBe('bogus')
    }
  })

  it.each(['com. DS', 'com. DNSKEY', 'example.com. DS', 'example.com. DNSKEY'])(
    'asks again for links that are forgotten while %s is on its way',
    (when) => {
      const links = new Map<string, ZoneSecurity>()
      let isForgotten = false
      const judged = net.judge(net.claim('www.example.com.', A), {
        links,
        fetch: ({ name, type }, outcome) => {
          if (!isForgotten && `${nameToText(name)} ${typeToText(type)}` === when) {
            isForgotten = true
            links.clear()
          }
          return outcome
        },
      })
      expect([isForgotten, judged.verdict]).toEqual([true, 'secure'])
    },
  )

  it('finds a wildcard answer bogus without proof that the name itself is missing', () => {
    for (const name of ['x.w.example.com.', 'x.w.example.org.']) {
      const judged = net.judge(altered(net.claim(name, A), (outcome) => ({ ...outcome, proofs: [] })))
      expect(codes(judged)).toEqual([Ede.NSEC_MISSING])
    }
  })

  it('takes the NSEC of a wildcard for the answer to a question for NSEC, and never for a proof', () => {
    const wildcard = net.set('*.w.example.com.', Type.NSEC)
    const expanded = { ...wildcard, name: parseName('x.w.example.com.') }
    const { proofs } = net.claim('x.w.example.com.', A).outcome
    const asked: Claim = {
      ...net.claim('x.w.example.com.', A),
      question: { name: expanded.name, type: Type.NSEC, class: 1 },
      outcome: { kind: 'rrset', rrset: expanded, apex: parseName('example.com.'), proofs },
    }
    expect(net.judge(asked).verdict).toBe('secure')
    expect(net.judge(altered(asked, (outcome) => ({ ...outcome, proofs: [expanded] }))).verdict).toBe('bogus')
    const absent = net.claim('x.w.example.com.', TXT)
    expect(net.judge(absent).verdict).toBe('secure')
    expect(net.judge(altered(absent, (outcome) => ({ ...outcome, proofs: [expanded] }))).verdict).toBe('bogus')
  })

  it('finds a wildcard bogus in place of a name that exists', () => {
    const wildcard = net.set('*.w.example.com.', A)
    const claim = net.claim('www.example.com.', A)
    const judged = net.judge(
      altered(claim, () => ({
        kind: 'rrset',
        rrset: { ...wildcard, name: claim.question.name },
        apex: claim.outcome.apex,
        proofs: net.claim('missing.example.com.', A).outcome.proofs,
      })),
    )
    expect(judged.verdict).toBe('bogus')
  })

  it('does not take the wildcard of one zone for a name of another', () => {
    const rrset = { ...net.set('*.w.example.com.', A), name: parseName('x.w.example.org.') }
    const claim = net.claim('x.w.example.org.', A)
    const lie: Outcome = { kind: 'rrset', rrset, apex: parseName('example.com.'), proofs: claim.outcome.proofs }
    expect(net.judge(altered(claim, () => lie)).verdict).toBe('bogus')
  })

  it('needs the SOA of a denial to be signed by the same zone', () => {
    const claim = net.claim('missing.example.com.', A)
    const other = net.set('example.org.', SOA)
    const unsigned = stripped(net.set('example.com.', SOA))
    for (const soa of [other, unsigned]) {
      expect(net.judge(altered(claim, (outcome) => ({ ...outcome, soa }) as Outcome)).verdict).toBe('bogus')
    }
    expect(net.judge(altered(claim, (outcome) => ({ ...outcome, soa: undefined }) as Outcome)).verdict).toBe('secure')
  })

  it('does not let a signature that is none turn secure data insecure, nor the other way round', () => {
    const fake = net.set('www.unsigned.com.', A)
    const keys = net.signed.get(parseName('island.example.com.').key)!.keys
    const signedByIsland = withSignatures(fake, parseName('unsigned.com.'), keys, {
      inception: NOW - 1,
      expiration: NOW + 9,
    })
    const claim = net.claim('www.unsigned.com.', A)
    const judged = net.judge(altered(claim, (outcome) => ({ ...outcome, rrset: signedByIsland }) as Outcome))
    expect(judged.verdict).toBe('insecure')
    const target = net.set('www.example.com.', A)
    const byPlain = withSignatures(target, parseName('www.example.com.'), keys, {
      inception: NOW - 1,
      expiration: NOW + 9,
    })
    const lie = altered(net.claim('www.example.com.', A), (outcome) => ({ ...outcome, rrset: byPlain }) as Outcome)
    expect(codes(net.judge(lie))).toEqual([Ede.RRSIGS_MISSING])
  })

  it('does not believe that a signed child is unsigned', () => {
    const claim = altered(net.claim('www.example.com.', A), withoutSignatures)
    const denials: readonly [string, (outcome: Outcome) => Outcome][] = [
      ['no proof', () => ({ kind: 'absent', rcode: 0, apex: parseName('com.'), soa: undefined, proofs: [] })],
      ['the proof for a sibling', () => net.claim('unsigned.com.', DS).outcome],
      ['the denial of some other type', () => net.claim('example.com.', TXT).outcome],
      ['NXDOMAIN for another name', () => net.claim('missing.com.', A).outcome],
      ['the child denying its own DS', childDeniesDs],
    ]
    for (const [what, lie] of denials) {
      const judged = net.judge(claim, {
        fetch: ({ name, type }, outcome) => (type === DS && name.labels === 2 ? lie(outcome) : outcome),
      })
      expect(`${what}: ${judged.verdict}`).toBe(`${what}: bogus`)
    }
  })

  /** The child's own NSEC at its apex has no DS bit: true, and nothing to go by (RFC 6840 section 4.4). */
  function childDeniesDs(): Outcome {
    const apex = parseName('example.com.')
    return {
      kind: 'absent',
      rcode: 0,
      apex,
      soa: net.set('example.com.', SOA),
      proofs: [net.set('example.com.', Type.NSEC)],
    }
  }

  it('does not take the child for a witness when the DS itself is asked for', () => {
    const claim = net.claim('example.com.', DS)
    expect(net.judge(altered(claim, childDeniesDs)).verdict).toBe('bogus')
  })

  it('does not believe an unsigned DS of an unsigned zone: the parent, who states it, is signed', () => {
    const claim = net.claim('unsigned.org.', DS)
    const rrset = { ...stripped(net.set('example.org.', DS)), name: claim.question.name }
    const lie: Outcome = { kind: 'rrset', rrset, apex: parseName('org.'), proofs: [] }
    expect(codes(net.judge(altered(claim, () => lie)))).toEqual([Ede.RRSIGS_MISSING])
  })

  it("does not take the parent's word for names below a cut (RFC 6840 section 4.1)", () => {
    const parentNsec = net.set('sub.example.com.', Type.NSEC)
    const soa = net.set('example.com.', SOA)
    for (const [name, type, rcode] of [
      ['sub.example.com.', TXT, 0],
      ['www.sub.example.com.', AAAA, 0],
      ['www.sub.example.com.', A, 3],
      ['www.island.example.com.', A, 3],
    ] as const) {
      const lie: Outcome = { kind: 'absent', rcode, apex: parseName('example.com.'), soa, proofs: [parentNsec] }
      const claim = { question: { name: parseName(name), type, class: 1 }, cuts: [], outcome: lie }
      expect(net.judge(claim).verdict).toBe('bogus')
    }
  })

  it('sees the swap of a zone key as bogus, however well the data is signed with it', () => {
    const stranger = buildInternet(ZONES)
    const judged = net.judge(stranger.claim('www.example.com.', A), {
      fetch: ({ name, type }, outcome) =>
        type === DNSKEY && name.labels === 2 ? stranger.claim('example.com.', DNSKEY).outcome : outcome,
    })
    expect(codes(judged)).toEqual([Ede.DNSKEY_MISSING])
  })

  it('draws on the budget, and ends without a verdict when it is spent', () => {
    for (const budget of [newBudget(3), newBudget(100, 1)]) {
      let thrown: unknown
      try {
        net.judge(net.claim('missing.sub.example.com.', A), { budget })
      } catch (error) {
        thrown = error
      }
      expect(isChordnsError(thrown, 'BUDGET_SPENT')).toBe(true)
    }
  })
})

describe('validateFinding: hints', () => {
  const noCuts = (claim: Claim): Claim => ({ ...claim, cuts: [] })

  it('comes to the same verdict without any', () => {
    for (const [name, type] of [
      ['www.sub.example.com.', A],
      ['missing.example.org.', A],
      ['www.unsigned.org.', A],
      ['www.lower.unsigned.org.', A],
      ['missing.unsigned.com.', TXT],
      ['www.island.example.com.', A],
      ['www.plain.', A],
    ] as const) {
      const claim = net.claim(name, type)
      expect(net.judge(noCuts(claim)).verdict).toBe(net.judge(claim).verdict)
      const outcome = { ...claim.outcome, apex: ROOT }
      expect(net.judge({ ...claim, cuts: [], outcome }).verdict).toBe(net.judge(claim).verdict)
    }
  })

  it('comes to the same verdict with false ones', () => {
    for (const name of ['www.example.com.', 'www.unsigned.org.', 'b.c.example.com.', 'www.unsigned.com.']) {
      const claim = net.claim(name, TXT)
      const cuts = ['www.example.com.', 'c.example.com.', 'net.', 'www.unsigned.org.'].map((text) => parseName(text))
      expect(net.judge({ ...claim, cuts }).verdict).toBe(net.judge(claim).verdict)
    }
  })

  it('finds an unsigned zone that iteration passed over, because the same server carries what is above and below it', () => {
    // signed zone -> unsigned zone, never seen as a cut -> another zone, seen.
    const hidden = buildInternet([
      { origin: '.', text: `${APEX}a NS ns.a\n`, sign: {} },
      { origin: 'a.', text: `${APEX}b NS ns.b\n`, sign: {} },
      { origin: 'b.a.', text: `${APEX}c NS ns.c\n` },
      { origin: 'c.b.a.', text: `${APEX}x.y.www A 192.0.2.1\n` },
    ])
    const claim = hidden.claim('x.y.www.c.b.a.', A)
    const cuts = [parseName('a.'), parseName('c.b.a.')]
    for (const apex of ['c.b.a.', 'a.', '.']) {
      const outcome = { ...claim.outcome, apex: parseName(apex) }
      expect(hidden.judge({ ...claim, cuts, outcome })).toMatchObject({
        verdict: 'insecure',
        reason: expect.stringContaining('b.a. is delegated without DS'),
      })
    }
  })

  it('finds a signed zone that iteration passed over', () => {
    const hidden = buildInternet([
      { origin: '.', text: `${APEX}a NS ns.a\n`, sign: {} },
      { origin: 'a.', text: `${APEX}b NS ns.b\n`, sign: { nsec: 'nsec3' } },
      { origin: 'b.a.', text: `${APEX}c NS ns.c\n`, sign: { nsec: 'nsec3' } },
      { origin: 'c.b.a.', text: `${APEX}www A 192.0.2.1\n`, sign: {} },
    ])
    const claim = hidden.claim('www.c.b.a.', A)
    const judged = hidden.judge({ ...claim, cuts: [parseName('c.b.a.')] })
    expect(judged.verdict).toBe('secure')
    expect(judged.fetched).toContain('b.a. DS')
  })

  it('takes a signed alias, a DNAME above, and a name that does not exist for no cut, and looks no deeper', () => {
    const cutsOf = (...texts: string[]) => texts.map((text) => parseName(text))
    for (const [name, cuts, fetched] of [
      ['x.alias.example.com.', cutsOf('alias.example.com.'), 'alias.example.com. DS'],
      ['x.y.missing.example.com.', cutsOf('missing.example.com.', 'y.missing.example.com.'), 'missing.example.com. DS'],
      ['x.y.old.example.com.', cutsOf('y.old.example.com.', 'x.y.old.example.com.'), 'y.old.example.com. DS'],
    ] as const) {
      const apex = parseName('example.com.')
      const rrset = { ...stripped(net.set('www.example.com.', A)), name: parseName(name) }
      const claim: Claim = {
        question: { name: parseName(name), type: A, class: 1 },
        outcome: { kind: 'rrset', rrset, apex, proofs: [] },
        cuts: [...cutsOf('com.', 'example.com.'), ...cuts],
      }
      const judged = net.judge(claim)
      expect(codes(judged)).toEqual([Ede.RRSIGS_MISSING])
      const below = judged.fetched.slice(5)
      expect(below[0]).toBe(fetched)
      if (!name.includes('alias')) expect(below).toHaveLength(1)
    }
  })

  it('asks few questions for a long name in an unsigned part', () => {
    const labels = Array.from({ length: 32 }, (_, i) => (i % 10).toString()).join('.')
    const small = buildInternet([
      { origin: '.', text: `${APEX}arpa NS ns.arpa\n`, sign: {} },
      { origin: 'arpa.', text: `${APEX}${labels} PTR host.example.\n` },
    ])
    const judged = small.judge(small.claim(`${labels}.arpa.`, Type.PTR))
    expect(judged).toMatchObject({ verdict: 'insecure', fetched: ['. DNSKEY', 'arpa. DS'] })
  })
})

describe('trust anchors', () => {
  const islandName = parseName('island.example.com.')
  const island: TrustAnchor = {
    zone: islandName,
    ds: net.signed.get(islandName.key)!.ds.map(({ rdata }) => rdata),
    keys: [],
  }

  it('begins at the nearest one: an anchored zone needs nothing from its parents', () => {
    const judged = net.judge(net.claim('www.island.example.com.', A), {
      context: { anchors: [...net.anchors, island] },
    })
    expect(judged).toMatchObject({ verdict: 'secure', fetched: ['island.example.com. DNSKEY'] })
    expect(net.judge(net.claim('www.island.example.com.', A), { context: { anchors: [island] } }).verdict).toBe(
      'secure',
    )
  })

  it('never falls back to the parent when an anchored zone fails', () => {
    const wrong = { ...island, ds: [net.set('example.com.', DS).rdatas[0]!] }
    const judged = net.judge(net.claim('www.island.example.com.', A), { context: { anchors: [...net.anchors, wrong] } })
    expect(judged.verdict).toBe('bogus')
  })

  it('knows nothing where there is none', () => {
    expect(net.judge(net.claim('www.example.com.', A), { context: { anchors: [island] } })).toMatchObject({
      verdict: 'insecure',
      reason: expect.stringContaining('no trust anchor'),
    })
  })

  it('validates nothing at and below a negative one (RFC 7646), unless an anchor lies deeper', () => {
    const negativeAnchors = [parseName('example.com.')]
    const forged = altered(net.claim('www.example.com.', A), withoutSignatures)
    expect(net.judge(forged, { context: { negativeAnchors } }).verdict).toBe('insecure')
    const anchors = [...net.anchors, island]
    const below = net.claim('www.island.example.com.', A)
    expect(net.judge(below, { context: { negativeAnchors, anchors } }).verdict).toBe('secure')
    expect(net.judge(below, { context: { negativeAnchors: [islandName], anchors } }).verdict).toBe('insecure')
    expect(net.judge(net.claim('www.example.org.', A), { context: { negativeAnchors } }).verdict).toBe('secure')
  })

  it('finds a zone insecure whose algorithm is switched off, and says so', () => {
    const algorithms = new Set([...supportedAlgorithms({ sha1: 'validate' })].filter((algorithm) => algorithm !== 15))
    const judged = net.judge(net.claim('www.example.org.', A), { context: { algorithms } })
    expect(judged.verdict).toBe('insecure')
    expect(codes(judged)).toEqual([Ede.UNSUPPORTED_DNSKEY_ALGORITHM])
  })
})
