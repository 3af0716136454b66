import { describe, expect, it } from 'vitest'
import {
  buildRdata,
  Ede,
  groupRRsets,
  type Name,
  parseName,
  parseZone,
  prependLabel,
  type Question,
  ROOT,
  type RRset,
  Type,
} from '../../../src/dns/index.ts'
import { readNsec } from '../../../src/dnssec/denial/nsec.ts'
import { readNsec3 } from '../../../src/dnssec/denial/nsec3.ts'
import { hashPrice } from '../../../src/dnssec/denial/nsec3-hash.ts'
import { proveExpansion, proveNodata, proveNxdomain } from '../../../src/dnssec/denial/prove.ts'
import { dnssecLimits, loadProofs, readProofs } from '../../../src/dnssec/index.ts'
import { usableKeys } from '../../../src/dnssec/signatures/keys.ts'
import { NOW, newBudget, VALID } from '../internet.ts'
import { base32hexOf, nsec3HashOf, type SignZoneOptions, signRRset, signZone } from '../signer.ts'
import { KSK, makeSigningKey, type SigningKey } from '../signing-keys.ts'

const ZONE = parseName('example.com.')
const KEY = makeSigningKey(13, KSK)
const { A, AAAA, CNAME, DNAME, DS, MX, NS, NSEC, NSEC3, RRSIG, SOA, TXT } = Type

const ask = (name: string, type: number): Question => ({ name: parseName(name), type, class: 1 })

function nsec(owner: string, next: string, types: readonly number[]): RRset {
  const rdata = buildRdata({ type: NSEC, next: parseName(next), types: [...types, NSEC, RRSIG] })
  return { name: parseName(owner), type: NSEC, class: 1, ttl: 300, rdatas: [rdata], signatures: [] }
}

interface Nsec3Spec {
  /** The names whose hashes bound the span; raw hashes are taken as they are. */
  readonly owner: string | Uint8Array
  readonly next: string | Uint8Array
  readonly types?: readonly number[]
  readonly flags?: number
  readonly iterations?: number
  readonly salt?: Uint8Array
  readonly hashAlgorithm?: number
  readonly zone?: Name
}

function nsec3(spec: Nsec3Spec): RRset {
  const { flags = 0, iterations = 0, salt = new Uint8Array(), hashAlgorithm = 1, types = [], zone = ZONE } = spec
  const hash = (name: string | Uint8Array) =>
    typeof name === 'string' ? nsec3HashOf(parseName(name), { salt, iterations }) : name
  const nextHash = hash(spec.next)
  const rdata = buildRdata({ type: NSEC3, hashAlgorithm, flags, iterations, salt, nextHash, types: [...types] })
  const name = prependLabel(base32hexOf(hash(spec.owner)), zone)
  return { name, type: NSEC3, class: 1, ttl: 300, rdatas: [rdata], signatures: [] }
}

interface HashParams {
  readonly iterations: number
  readonly salt: Uint8Array
}

const UNSALTED: HashParams = { iterations: 0, salt: new Uint8Array() }

/** The hash next to that of the name, one up or down: a span of nothing but the name. */
function near(name: string, step: 1 | -1, params: HashParams = UNSALTED): Uint8Array {
  const hash = nsec3HashOf(parseName(name), params)
  hash[19] = hash[19]! + step
  return hash
}

const covering = (name: string, rest: Partial<Nsec3Spec> = {}): RRset => {
  const params: HashParams = { iterations: rest.iterations ?? 0, salt: rest.salt ?? new Uint8Array() }
  return nsec3({ owner: near(name, -1, params), next: near(name, 1, params), ...rest })
}
const matching = (name: string, types: readonly number[], rest: Partial<Nsec3Spec> = {}): RRset => {
  const params: HashParams = { iterations: rest.iterations ?? 0, salt: rest.salt ?? new Uint8Array() }
  return nsec3({ owner: name, next: near(name, 1, params), types, ...rest })
}

const proofsOf = (sets: readonly RRset[], budget = newBudget()) => ({
  ...readProofs(sets, ZONE, budget),
  ttl: 300,
  failure: undefined,
})
const nodata = (question: Question, ...sets: RRset[]) => proveNodata(question, proofsOf(sets)).kind
const nxdomain = (question: Question, ...sets: RRset[]) => proveNxdomain(question, proofsOf(sets)).kind

describe('an NSEC record', () => {
  it.each([
    ['reaches out of its zone (CVE-2026-13321)', nsec('a.example.com.', 'a.example.net.', [A])],
    ['reaches up to the parent', nsec('a.example.com.', 'com.', [A])],
    ['stands outside of its zone', nsec('a.example.net.', 'b.example.com.', [A])],
    ['points back to a name that is not the apex', nsec('m.example.com.', 'b.example.com.', [A])],
    ['points to itself but is not the apex', nsec('m.example.com.', 'm.example.com.', [A])],
    ['is two records', { ...nsec('a.example.com.', 'c.example.com.', [A]), rdatas: doubled() }],
    ['is malformed', { ...nsec('a.example.com.', 'c.example.com.', [A]), rdatas: [Uint8Array.of(1, 2)] }],
    ['has a bitmap out of order', { ...nsec('a.example.com.', 'c.example.com.', []), rdatas: [disordered()] }],
  ])('is nothing when it %s', (_, rrset) => {
    expect(readNsec(rrset, ZONE)).toBeUndefined()
    expect(nxdomain(ask('b.example.com.', A), rrset)).toBe('unproven')
  })

  function doubled(): Uint8Array[] {
    return [nsec('a.example.com.', 'c.example.com.', [A]), nsec('a.example.com.', 'd.example.com.', [A])].map(
      ({ rdatas }) => rdatas[0]!,
    )
  }

  function disordered(): Uint8Array {
    return Uint8Array.of(...parseName('c.example.com.').wire, 1, 1, 0x40, 0, 1, 0x40)
  }

  it('of a neighbour proves nothing, however wide it is', () => {
    const wide = nsec('example.net.', 'example.net.', [SOA, NS])
    expect(nxdomain(ask('b.example.com.', A), wide)).toBe('unproven')
    expect(nodata(ask('b.example.com.', A), wide)).toBe('unproven')
  })

  it('is compared without case', () => {
    const apex = nsec('EXAMPLE.com.', 'C.example.COM.', [SOA, NS])
    expect(nxdomain(ask('B.Example.com.', A), apex)).toBe('proven')
    expect(nodata(ask('c.Example.com.', A), nsec('C.EXAMPLE.com.', 'example.com.', [TXT]))).toBe('proven')
  })
})

describe('NXDOMAIN by NSEC', () => {
  const apex = nsec('example.com.', 'b.example.com.', [SOA, NS])
  const afterB = nsec('b.example.com.', 'd.example.com.', [A])

  it('needs the name and the wildcard denied', () => {
    expect(nxdomain(ask('c.example.com.', A), afterB, apex)).toBe('proven')
    expect(nxdomain(ask('c.example.com.', A), afterB)).toBe('unproven')
    expect(nxdomain(ask('c.example.com.', A), apex)).toBe('unproven')
    const wildcard = nsec('*.example.com.', 'b.example.com.', [A])
    expect(nxdomain(ask('c.example.com.', A), afterB, wildcard)).toBe('unproven')
  })

  it('is not shown where a name below exists', () => {
    const jump = nsec('b.example.com.', 'x.c.example.com.', [A])
    expect(nxdomain(ask('c.example.com.', A), jump, apex)).toBe('unproven')
    expect(nodata(ask('c.example.com.', A), jump, apex)).toBe('proven')
  })

  it('is not shown by the record of a delegation or a DNAME for names below it', () => {
    for (const types of [[NS], [NS, DS], [DNAME]]) {
      const cut = nsec('b.example.com.', 'd.example.com.', types)
      expect(nxdomain(ask('www.b.example.com.', A), cut, apex)).toBe('unproven')
      expect(nodata(ask('www.b.example.com.', DS), cut, apex)).toBe('unproven')
      expect(nxdomain(ask('c.example.com.', A), cut, apex)).toBe('proven')
    }
    expect(nxdomain(ask('www.example.com.', A), nsec('example.com.', 'example.com.', [SOA, NS]))).toBe('proven')
  })

  it('is shown by compact denial (RFC 9824)', () => {
    const compact = nsec('c.example.com.', '\\000.c.example.com.', [128])
    expect(nxdomain(ask('c.example.com.', A), compact)).toBe('proven')
    expect(nodata(ask('c.example.com.', A), compact)).toBe('proven')
    expect(nxdomain(ask('c.example.com.', A), nsec('c.example.com.', '\\000.c.example.com.', [128, A]))).toBe(
      'unproven',
    )
    expect(nxdomain(ask('d.example.com.', A), compact)).toBe('unproven')
  })
})

describe('NODATA by NSEC', () => {
  it('needs the type absent, and no CNAME in its place', () => {
    expect(nodata(ask('a.example.com.', TXT), nsec('a.example.com.', 'b.example.com.', [A]))).toBe('proven')
    expect(nodata(ask('a.example.com.', A), nsec('a.example.com.', 'b.example.com.', [A]))).toBe('unproven')
    expect(nodata(ask('a.example.com.', TXT), nsec('a.example.com.', 'b.example.com.', [CNAME]))).toBe('unproven')
  })

  it('of a type that stands beside an alias holds at an alias', () => {
    const alias = matching('a.example.com.', [CNAME, RRSIG])
    expect(nodata(ask('a.example.com.', NSEC), alias)).toBe('proven')
    expect(nodata(ask('a.example.com.', RRSIG), alias)).toBe('unproven')
  })

  it('at a cut is for the parent to say of DS, and of nothing else', () => {
    const cut = nsec('b.example.com.', 'c.example.com.', [NS])
    expect(nodata(ask('b.example.com.', DS), cut)).toBe('proven')
    expect(nodata(ask('b.example.com.', A), cut)).toBe('unproven')
    const child = nsec('example.com.', 'b.example.com.', [NS, SOA])
    expect(nodata(ask('example.com.', DS), child)).toBe('unproven')
    expect(nodata(ask('example.com.', MX), child)).toBe('proven')
  })

  it('through a wildcard needs the name denied and the wildcard without the type', () => {
    const wildcard = nsec('*.example.com.', 'b.example.com.', [A])
    const cover = nsec('b.example.com.', 'd.example.com.', [A])
    expect(nodata(ask('c.example.com.', TXT), wildcard, cover)).toBe('proven')
    expect(nodata(ask('c.example.com.', A), wildcard, cover)).toBe('unproven')
    expect(nodata(ask('c.example.com.', TXT), wildcard)).toBe('unproven')
    expect(nodata(ask('c.example.com.', TXT), cover)).toBe('unproven')
    const alias = nsec('*.example.com.', 'b.example.com.', [CNAME])
    expect(nodata(ask('c.example.com.', TXT), alias, cover)).toBe('unproven')
    const delegation = nsec('*.example.com.', 'b.example.com.', [NS])
    expect(nodata(ask('c.example.com.', DS), delegation, cover)).toBe('unproven')
  })
})

describe('an expanded wildcard by NSEC', () => {
  it('needs the nearest name to be the encloser that the signature names', () => {
    const cover = nsec('b.w.example.com.', 'd.w.example.com.', [A])
    const proofs = proofsOf([cover])
    const expand = (encloser: string) =>
      proveExpansion(parseName('c.w.example.com.'), parseName(encloser), A, proofs).kind
    expect(expand('w.example.com.')).toBe('proven')
    // *.example.com. does not reach below w.example.com., which exists (RFC 4592).
    expect(expand('example.com.')).toBe('unproven')
  })
})

describe('an NSEC3 record', () => {
  const good: Nsec3Spec = { owner: 'a.example.com.', next: 'b.example.com.', types: [A] }

  it.each([
    ['has an unknown hash algorithm', nsec3({ ...good, hashAlgorithm: 2 })],
    ['has unknown flags', nsec3({ ...good, flags: 2 })],
    ['has unknown flags beside opt-out', nsec3({ ...good, flags: 0x81 })],
    ['has a next hash of another length', nsec3({ ...good, next: new Uint8Array(19) })],
    ['stands deeper than one label below the apex', nsec3({ ...good, zone: parseName('sub.example.com.') })],
    ['belongs to the parent zone (CVE-2026-10723)', nsec3({ ...good, zone: parseName('com.') })],
    ['has an owner that is no hash', { ...nsec3(good), name: parseName('short.example.com.') }],
    [
      'has an owner with digits that base32hex does not have',
      { ...nsec3(good), name: parseName(`${'z'.repeat(32)}.example.com.`) },
    ],
    ['is malformed', { ...nsec3(good), rdatas: [Uint8Array.of(1, 0, 0)] }],
    ['stands at the root', { ...nsec3(good), name: ROOT }],
    ['is two records', { ...nsec3(good), rdatas: [...nsec3(good).rdatas, ...nsec3({ ...good, types: [] }).rdatas] }],
  ])('is nothing when it %s', (_, rrset) => {
    expect(readNsec3(rrset, ZONE)).toBeUndefined()
  })

  it('is read in any case', () => {
    const record = nsec3(good)
    const upper = prependLabel(
      record.name.wire.slice(1, 33).map((c) => (c > 0x60 ? c - 32 : c)),
      ZONE,
    )
    expect(nodata(ask('a.example.com.', TXT), { ...record, name: upper })).toBe('proven')
  })

  it('counts only with those of the same chain', () => {
    const salted = { salt: Uint8Array.of(1), iterations: 1 }
    const sets = [
      matching('example.com.', [SOA, NS]),
      covering('c.example.com.'),
      covering('*.example.com.', salted),
    ] as const
    expect(nxdomain(ask('c.example.com.', A), ...sets)).toBe('unproven')
    expect(nxdomain(ask('c.example.com.', A), sets[0], sets[1], covering('*.example.com.'))).toBe('proven')
  })
})

describe('denial by NSEC3', () => {
  const apex = matching('example.com.', [SOA, NS])

  it('of a name needs encloser, next closer name and wildcard', () => {
    const all = [apex, covering('c.example.com.'), covering('*.example.com.')]
    expect(nxdomain(ask('x.c.example.com.', A), ...all)).toBe('proven')
    for (const missing of all) {
      expect(nxdomain(ask('x.c.example.com.', A), ...all.filter((set) => set !== missing))).toBe('unproven')
    }
  })

  it('does not let the record of a cut or a DNAME be the encloser: the parent has no say in the child', () => {
    for (const types of [[NS], [NS, DS], [DNAME]]) {
      const sets = [matching('b.example.com.', types), covering('www.b.example.com.'), covering('*.b.example.com.')]
      expect(nxdomain(ask('www.b.example.com.', A), ...sets)).toBe('unproven')
      expect(nodata(ask('www.b.example.com.', DS), ...sets)).toBe('unproven')
      const optedOut = [matching('b.example.com.', types), covering('www.b.example.com.', { flags: 1 })]
      expect(nodata(ask('www.b.example.com.', DS), ...optedOut)).toBe('unproven')
    }
  })

  it('takes the deepest encloser there is: a higher one cannot be passed off with a wider span', () => {
    const sets = [apex, matching('b.example.com.', [A]), covering('b.example.com.'), covering('*.example.com.')]
    expect(nxdomain(ask('c.b.example.com.', A), ...sets)).toBe('unproven')
  })

  it('of DS is insecure in an opt-out span, and bogus in any other', () => {
    expect(nodata(ask('c.example.com.', DS), apex, covering('c.example.com.', { flags: 1 }))).toBe('opt-out')
    expect(nodata(ask('c.example.com.', DS), apex, covering('c.example.com.'))).toBe('unproven')
    expect(nodata(ask('c.example.com.', DS), covering('c.example.com.', { flags: 1 }))).toBe('unproven')
  })

  it('by opt-out does not reach a delegation that is signed: its own record matches', () => {
    const signed = matching('c.example.com.', [NS, DS])
    const span = covering('c.example.com.', { flags: 1 })
    expect(nodata(ask('c.example.com.', DS), apex, span, signed)).toBe('unproven')
  })

  it('of a type follows the same rules at cuts and aliases as NSEC', () => {
    expect(nodata(ask('a.example.com.', TXT), matching('a.example.com.', [A]))).toBe('proven')
    expect(nodata(ask('a.example.com.', TXT), matching('a.example.com.', [CNAME]))).toBe('unproven')
    expect(nodata(ask('a.example.com.', TXT), matching('a.example.com.', [NS]))).toBe('unproven')
    expect(nodata(ask('a.example.com.', DS), matching('a.example.com.', [NS]))).toBe('proven')
    expect(nodata(ask('example.com.', DS), apex)).toBe('unproven')
  })

  it('through a wildcard needs all three, and the wildcard without the type', () => {
    const sets = [apex, covering('c.example.com.')]
    expect(nodata(ask('c.example.com.', TXT), ...sets, matching('*.example.com.', [A]))).toBe('proven')
    expect(nodata(ask('c.example.com.', A), ...sets, matching('*.example.com.', [A]))).toBe('unproven')
    expect(nodata(ask('c.example.com.', DS), ...sets, matching('*.example.com.', [NS]))).toBe('unproven')
    expect(nodata(ask('c.example.com.', TXT), ...sets)).toBe('unproven')
    expect(nodata(ask('c.example.com.', TXT), apex, matching('*.example.com.', [A]))).toBe('unproven')
  })

  it('works for a zone with one name only', () => {
    const alone = nsec3({ owner: 'example.com.', next: 'example.com.', types: [SOA, NS] })
    expect(nxdomain(ask('x.example.com.', A), alone)).toBe('proven')
    expect(nodata(ask('example.com.', MX), alone)).toBe('proven')
    expect(nodata(ask('example.com.', SOA), alone)).toBe('unproven')
  })
})

describe('what denial may cost', () => {
  const deep = (labels: number) => `${Array.from({ length: labels }, (_, i) => `l${i}`).join('.')}.example.com.`

  it('finds a zone with more than 50 iterations insecure, without hashing (RFC 9276)', () => {
    for (const [iterations, kind] of [
      [50, 'proven'],
      [51, 'iterations'],
      [2_500, 'iterations'],
    ] as const) {
      const budget = newBudget(0, 1_000)
      const proofs = proofsOf([matching('a.example.com.', [A], { iterations })], budget)
      const denial = proveNodata(ask('a.example.com.', TXT), proofs)
      expect(denial.kind).toBe(kind)
      if (kind === 'iterations') expect(budget.left('hashes')).toBe(1_000)
      if (denial.kind === 'iterations') expect(denial.ede.code).toBe(Ede.UNSUPPORTED_NSEC3_ITERATIONS)
    }
  })

  it('hashes each name of one question once, whatever the number of records (CVE-2023-50868)', () => {
    const padding = Array.from({ length: 40 }, (_, i) => matching(`p${i}.example.com.`, [A]))
    const budget = newBudget(0, 1_000)
    const proofs = proofsOf([...padding, matching('example.com.', [SOA, NS])], budget)
    proveNodata(ask(deep(30), A), proofs)
    proveNxdomain(ask(deep(30), A), proofs)
    // 30 labels below the apex, the apex, and the wildcard.
    expect(1_000 - budget.left('hashes')).toBeLessThanOrEqual(32)
  })

  it('makes iterations and long salts pay', () => {
    expect(hashPrice(0, 0)).toBe(1)
    expect(hashPrice(50, 8)).toBe(6)
    expect(hashPrice(50, 255)).toBeGreaterThan(20)
  })

  it('stops when the budget is spent', () => {
    const proofs = proofsOf([matching('example.com.', [SOA, NS], { iterations: 50 })], newBudget(0, 60))
    expect(() => proveNxdomain(ask(deep(40), A), proofs)).toThrow(/budget/)
  })

  it('checks the signatures of 8 records at most', () => {
    const sets = Array.from({ length: 30 }, (_, i) => signed(matching(`p${i}.example.com.`, [A])))
    const budget = newBudget(100)
    const keys = usableKeys([KEY.rdata], new Set([13]))
    const proofs = loadProofs(sets, { zone: ZONE, keys, now: NOW, budget })
    expect(proofs.accepted).toHaveLength(dnssecLimits.MAX_PROOFS)
    expect(100 - budget.left('signatures')).toBe(dnssecLimits.MAX_PROOFS)
  })

  function signed(set: RRset): RRset {
    return { ...set, signatures: [signRRset(set, KEY, { ...VALID, signer: ZONE })] }
  }
})

describe('records that are loaded', () => {
  const keys = usableKeys([KEY.rdata], new Set([13]))
  const load = (sets: readonly RRset[]) =>
    loadProofs(sets, { zone: ZONE, keys, now: NOW, budget: newBudget() }).accepted
  const sign = (set: RRset, options: { owner?: Name; signer?: Name; key?: SigningKey } = {}): RRset => {
    const { owner, signer = ZONE, key = KEY } = options
    const labels = owner === undefined ? {} : { owner }
    return { ...set, signatures: [signRRset(set, key, { ...VALID, signer, ...labels })] }
  }
  const record = nsec('a.example.com.', 'c.example.com.', [A])

  it('are those that the zone has signed', () => {
    expect(load([sign(record)])).toHaveLength(1)
    expect(load([record])).toHaveLength(0)
    expect(load([sign(record, { signer: parseName('com.') })])).toHaveLength(0)
    expect(load([sign(record, { key: makeSigningKey(13, KSK) })])).toHaveLength(0)
  })

  it('are never expanded from a wildcard: the signed NSEC of *.example.com. does not become one of any name', () => {
    const expanded = sign(record, { owner: parseName('*.example.com.') })
    expect(load([expanded])).toHaveLength(0)
  })

  it('do not come from names outside of the zone, even when signed with its key', () => {
    expect(load([sign(nsec('a.example.net.', 'c.example.net.', [A]))])).toHaveLength(0)
    expect(load([sign(nsec('a.example.com.', 'c.example.net.', [A]))])).toHaveLength(0)
  })
})

describe('the signer of these tests', () => {
  it.each<[string, Partial<SignZoneOptions>]>([
    ['NSEC', { nsec: 'nsec' }],
    ['NSEC3', { nsec: 'nsec3' }],
  ])('closes its %s chain', (_, options) => {
    const text = '@ 3600 IN SOA ns h 1 7200 900 1209600 300\n@ NS ns\nns A 192.0.2.1\na.b A 192.0.2.2\n'
    const records = parseZone(text, { origin: ZONE, defaultTtl: 3_600 })
    const zone = signZone(records, { apex: ZONE, ...VALID, ...options, keys: [KEY] })
    const chain = groupRRsets(zone.records).filter(({ type }) => type === NSEC || type === NSEC3)
    const { nsec3: set, accepted } = readProofs(chain, ZONE, newBudget())
    expect(accepted).toHaveLength(chain.length)
    expect(set !== undefined).toBe(options.nsec === 'nsec3')
    expect(proveNodata(ask('b.example.com.', AAAA), proofsOf(chain)).kind).toBe('proven')
  })
})
