import { describe, expect, it } from 'vitest'
import { groupRRsets, parseName, parseZone, ROOT, type RRset, Type } from '../../../src/dns/index.ts'
import { learn, type TrustAnchor, validateFinding, type ZoneSecurity } from '../../../src/dnssec/index.ts'
import type { Outcome } from '../../../src/evidence/index.ts'
import { contextOf, newBudget } from '../internet.ts'

/** The example zone of RFC 5155 appendix A, as far as the responses of appendix B need it: algorithm 7, opt-out, 12 iterations. */
const RECORDS = parseZone(
  `
example. DNSKEY 256 3 7 AwEAAaetidLzsKWUt4swWR8yu0wPHPiUi8LUsAD0QPWU+wzt89epO6tHzkMBVDkC7qphQO2hTY4hHn9npWFRw5BYubE=
example. DNSKEY 257 3 7 AwEAAcUlFV1vhmqx6NSOUOq2R/dsR7Xm3upJj7IommWSpJABVfW8Q0rOvXdM6kzt+TAu92L9AbsUdblMFin8CVF3n4s=
example. RRSIG DNSKEY 7 1 3600 20150420235959 20051021000000 12708 example. AuU4juU9RaxescSmStrQks3Gh9FblGBlVU31uzMZ/U/FpsUb8aC6QZS+sTsJXnLnz7flGOsmMGQZf3bH+QsCtg==
example. SOA ns1.example. bugs.x.w.example. 1 3600 300 3600000 3600
example. RRSIG SOA 7 1 3600 20150420235959 20051021000000 40430 example. Hu25UIyNPmvPIVBrldN+9Mlp9Zql39qaUd8iq4ZLlYWfUUbbAS41pG+68z81q1xhkYAcEyHdVI2LmKusbZsT0Q==
*.w.example. MX 1 ai.example.
*.w.example. RRSIG MX 7 2 3600 20150420235959 20051021000000 40430 example. CikebjQwGQPwijVcxgcZcSJKtfynugtlBiKb9FcBTrmOoyQ4InoWVudhCWsh/URX3lc4WRUMivEBP6+4KS3ldA==
0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example. NSEC3 1 1 12 aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22bojr MX DNSKEY NS SOA NSEC3PARAM RRSIG
0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example. RRSIG NSEC3 7 2 3600 20150420235959 20051021000000 40430 example. OSgWSm26B+cS+dDL8b5QrWr/dEWhtCsKlwKLIBHYH6blRxK9rC0bMJPwQ4mLIuw85H2EY762BOCXJZMnpuwhpA==
2t7b4g4vsa5smi47k61mv5bv1a22bojr.example. NSEC3 1 1 12 aabbccdd 2vptu5timamqttgl4luu9kg21e0aor3s A RRSIG
2t7b4g4vsa5smi47k61mv5bv1a22bojr.example. RRSIG NSEC3 7 2 3600 20150420235959 20051021000000 40430 example. OmBvJ1Vgg1hCKMXHFiNeIYHK9XVW0iLDLwJN4TFoNxZuP03gAXEI634YwOc4YBNITrj413iqNI6mRk/r1dOSUw==
35mthgpgcu1qg68fab165klnsnk3dpvl.example. NSEC3 1 1 12 aabbccdd b4um86eghhds6nea196smvmlo4ors995 NS DS RRSIG
35mthgpgcu1qg68fab165klnsnk3dpvl.example. RRSIG NSEC3 7 2 3600 20150420235959 20051021000000 40430 example. g6jPUUpduAJKRljUsN8gB4UagAX0NxY9shwQAynzo8EUWH+z6hEIBlUTPGj15eZll6VhQqgZXtAIR3chwgW+SA==
b4um86eghhds6nea196smvmlo4ors995.example. NSEC3 1 1 12 aabbccdd gjeqe526plbf1g8mklp59enfd789njgi MX RRSIG
b4um86eghhds6nea196smvmlo4ors995.example. RRSIG NSEC3 7 2 3600 20150420235959 20051021000000 40430 example. ZkPG3M32lmoHM6pa3D6gZFGB/rhL//Bs3Omh5u4m/CUiwtblEVOaAKKZd7S959OeiX43aLX3pOv0TSTyiTxIZg==
ji6neoaepv8b5o6k4ev33abha8ht9fgc.example. NSEC3 1 1 12 aabbccdd k8udemvp1j2f7eg6jebps17vp3n8i58h
ji6neoaepv8b5o6k4ev33abha8ht9fgc.example. RRSIG NSEC3 7 2 3600 20150420235959 20051021000000 40430 example. gPkFp1s2QDQ6wQzcg1uSebZ61W33rUBDcTj72F3kQ490fEdp7k1BUIfbcZtPbX3YCpE+sIt0MpzVSKfTwx4uYA==
k8udemvp1j2f7eg6jebps17vp3n8i58h.example. NSEC3 1 1 12 aabbccdd kohar7mbb8dc2ce8a9qvl8hon4k53uhi
k8udemvp1j2f7eg6jebps17vp3n8i58h.example. RRSIG NSEC3 7 2 3600 20150420235959 20051021000000 40430 example. FtXGbvF0+wf8iWkyo73enAuVx03klN+pILBKS6qCcftVtfH4yVzsEZquJ27NHR7ruxJWDNMtOtx7w9WfcIg62A==
q04jkcevqvmu85r014c7dkba38o0ji5r.example. NSEC3 1 1 12 aabbccdd r53bq7cc2uvmubfu5ocmm6pers9tk9en A RRSIG
q04jkcevqvmu85r014c7dkba38o0ji5r.example. RRSIG NSEC3 7 2 3600 20150420235959 20051021000000 40430 example. hV5I89b+4FHJDATp09g4bbN0R1F845CaXpL3ZxlMKimoPAyqletMlEWwLfFia7sdpSzn+ZlNNlkxWcLsIlMmUg==
r53bq7cc2uvmubfu5ocmm6pers9tk9en.example. NSEC3 1 1 12 aabbccdd t644ebqk9bibcna874givr6joj62mlhv MX RRSIG
r53bq7cc2uvmubfu5ocmm6pers9tk9en.example. RRSIG NSEC3 7 2 3600 20150420235959 20051021000000 40430 example. aupviViruXs4bDg9rCbezzBMf9h1ZlDvbW/CZFKulIGXXLj8B/fsDJarXVDA9bnUoRhEbKp+HF1FWKW7RIJdtQ==
`,
  { origin: ROOT, defaultTtl: 3_600 },
)

const SETS = groupRRsets(RECORDS)
const ZONE = parseName('example.')
const NOW = Date.UTC(2012, 3, 20) / 1000

const nsec3 = (...starts: string[]): RRset[] =>
  starts.map((start) => SETS.find(({ name, type }) => type === Type.NSEC3 && name.key.slice(1).startsWith(start))!)
const set = (name: string, type: number): RRset =>
  SETS.find((candidate) => candidate.type === type && candidate.name.key === parseName(name).key)!

const KEYS = set('example.', Type.DNSKEY)
const anchor: TrustAnchor = { zone: ZONE, ds: [], keys: [KEYS.rdatas[1]!] }

function judge(name: string, type: number, outcome: Outcome) {
  const links = new Map<string, ZoneSecurity>()
  const context = { ...contextOf([anchor], links), now: NOW }
  const need = { need: 'DNSKEY', zone: ZONE, parent: ZONE } as const
  links.set(ZONE.key, learn(need, { kind: 'rrset', rrset: KEYS, apex: ZONE, proofs: [] }, context, newBudget()))
  return validateFinding(
    { question: { name: parseName(name), type, class: 1 }, outcome, cuts: [] },
    context,
    newBudget(),
  )
}

const absent = (rcode: 0 | 3, proofs: readonly RRset[]): Outcome => ({
  kind: 'absent',
  rcode,
  apex: ZONE,
  soa: set('example.', Type.SOA),
  proofs,
})

describe('RFC 5155 appendix B', () => {
  it('B.1 name error: proven, but the next closer name lies in an opt-out span (section 9.2)', () => {
    const proofs = nsec3('0p9m', 'b4um', '35mt')
    expect(judge('a.c.x.w.example.', Type.A, absent(3, proofs))).toMatchObject({
      verdict: 'insecure',
      reason: expect.stringContaining('opt-out'),
    })
    for (const missing of proofs) {
      const fewer = proofs.filter((proof) => proof !== missing)
      expect(judge('a.c.x.w.example.', Type.A, absent(3, fewer))).toMatchObject({ verdict: 'bogus' })
    }
  })

  it('B.2 no data', () => {
    expect(judge('ns1.example.', Type.MX, absent(0, nsec3('2t7b')))).toMatchObject({ verdict: 'secure' })
    expect(judge('ns1.example.', Type.A, absent(0, nsec3('2t7b')))).toMatchObject({ verdict: 'bogus' })
  })

  it('B.2.1 no data, empty non-terminal', () => {
    expect(judge('y.w.example.', Type.A, absent(0, nsec3('ji6n')))).toMatchObject({ verdict: 'secure' })
  })

  it('B.3 referral to an opt-out unsigned zone', () => {
    const links = new Map<string, ZoneSecurity>()
    const context = { ...contextOf([anchor], links), now: NOW }
    const keys = { need: 'DNSKEY', zone: ZONE, parent: ZONE } as const
    links.set(ZONE.key, learn(keys, { kind: 'rrset', rrset: KEYS, apex: ZONE, proofs: [] }, context, newBudget()))
    const ds = { need: 'DS', zone: parseName('c.example.'), parent: ZONE } as const
    const outcome: Outcome = { ...absent(0, nsec3('35mt', '0p9m')), soa: undefined } as Outcome
    expect(learn(ds, outcome, context, newBudget())).toMatchObject({ status: 'insecure' })
    expect(learn(ds, absent(0, nsec3('b4um', '0p9m')), context, newBudget())).toMatchObject({ status: 'unproven' })
  })

  it('B.4 wildcard', () => {
    const rrset = { ...set('*.w.example.', Type.MX), name: parseName('a.z.w.example.') }
    const answer = (proofs: RRset[]): Outcome => ({ kind: 'rrset', rrset, apex: ZONE, proofs })
    expect(judge('a.z.w.example.', Type.MX, answer(nsec3('q04j')))).toMatchObject({ verdict: 'insecure' })
    expect(judge('a.z.w.example.', Type.MX, answer(nsec3('r53b')))).toMatchObject({ verdict: 'bogus' })
  })

  it('B.5 wildcard no data', () => {
    const proofs = nsec3('k8ud', 'q04j', 'r53b')
    expect(judge('a.z.w.example.', Type.AAAA, absent(0, proofs))).toMatchObject({ verdict: 'insecure' })
    expect(judge('a.z.w.example.', Type.MX, absent(0, proofs))).toMatchObject({ verdict: 'bogus' })
  })

  it('B.6 no DS at the apex: the zone itself is no witness', () => {
    expect(judge('example.', Type.DS, absent(0, nsec3('0p9m')))).not.toMatchObject({ verdict: 'secure' })
  })
})
