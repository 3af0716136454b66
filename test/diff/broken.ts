/** Zones whose DNSSEC is broken on purpose, one way each, and some that only look broken. */
import { concatBytes } from '../../src/base/index.ts'
import { compareNames, nameToText, parentName, parseName, Type } from '../../src/dns/index.ts'
import { shortContent } from './content.ts'
import {
  change,
  changeSignatures,
  corrupt,
  nsecBefore,
  remove,
  removeAllSignatures,
  removeSignatures,
  resign,
  resignAll,
  setDnskeys,
  setNsec,
  sets,
} from './edit.ts'
import { dsText, withHead } from './keys.ts'
import type { Keys, ServerName, SignedZone, Signing, ZonePlan } from './types.ts'

interface Breakage extends Partial<Pick<ZonePlan, 'ds' | 'rekey' | 'edit' | 'records' | 'ask' | 'server'>> {
  readonly name: string
  readonly about: string
  readonly sign?: Partial<Signing>
}

const DAY = 86_400
const now = () => Math.floor(Date.now() / 1000)
const nsec3 = (iterations = 0, salt = '', optOut = false) => ({ denial: { iterations, salt, optOut } })
const BOGUS_DIGEST = '00'.repeat(32)

const TIMES: readonly Breakage[] = [
  { name: 'expired', about: 'all signatures expired', sign: { inceptionDays: -40, expirationDays: -10 } },
  { name: 'future', about: 'all signatures in the future', sign: { inceptionDays: 10, expirationDays: 40 } },
  {
    name: 'leaf-expired',
    about: 'one signature expired',
    edit: (zone) => resign(zone, 'www', 'A', { inception: now() - 40 * DAY, expiration: now() - 10 * DAY }),
  },
  {
    name: 'backwards',
    about: 'a signature that expires before its inception',
    edit: (zone) => resign(zone, 'www', 'A', { inception: now() + 10 * DAY, expiration: now() - 10 * DAY }),
  },
  {
    name: 'dnskey-expired',
    about: 'the signature of the DNSKEY set expired',
    edit: (zone) => resign(zone, '@', 'DNSKEY', { inception: now() - 40 * DAY, expiration: now() - 10 * DAY }),
  },
]

const MISSING: readonly Breakage[] = [
  { name: 'nosig-leaf', about: 'no RRSIG for one set', edit: (zone) => removeSignatures(zone, 'www', 'A') },
  { name: 'nosig-all', about: 'no RRSIG at all', edit: removeAllSignatures },
  { name: 'nosig-dnskey', about: 'no RRSIG for the DNSKEY set', edit: (zone) => removeSignatures(zone, '@', 'DNSKEY') },
  { name: 'nosig-soa', about: 'no RRSIG for the SOA', edit: (zone) => removeSignatures(zone, '@', 'SOA') },
  { name: 'nosig-nsec', about: 'no RRSIG for any NSEC', edit: (zone) => removeSignatures(zone, '*any*', 'NSEC') },
  { name: 'nosig-cname', about: 'an alias without RRSIG', edit: (zone) => removeSignatures(zone, 'alias', 'CNAME') },
  { name: 'nosig-dname', about: 'a DNAME without RRSIG', edit: (zone) => removeSignatures(zone, 'dn', 'DNAME') },
  { name: 'nosig-wild', about: 'a wildcard without RRSIG', edit: (zone) => removeSignatures(zone, '*.wild', 'A') },
  { name: 'nodnskey', about: 'no DNSKEY', edit: (zone) => remove(zone, '@', 'DNSKEY') },
  {
    name: 'nozsk',
    about: 'the signing key is not in the DNSKEY set',
    edit: (zone) => setDnskeys(zone, [zone.keys.ksk.rdata]),
  },
  {
    name: 'noksk',
    about: 'the key of the DS is not in the DNSKEY set',
    edit: (zone) => setDnskeys(zone, [zone.keys.zsk.rdata], zone.keys.zsk),
  },
  { name: 'nonsec', about: 'no NSEC at all', edit: (zone) => remove(zone, '*any*', 'NSEC') },
  { name: 'nonsec3', about: 'no NSEC3 at all', sign: nsec3(), edit: (zone) => remove(zone, '*any*', 'NSEC3') },
  {
    name: 'nsec-gap',
    about: 'the NSEC that denies missing names is not there',
    edit: (zone) => remove(zone, nsecBefore(zone, compareNames, 'missing'), 'NSEC'),
  },
  {
    name: 'wild-noproof',
    about: 'a wildcard whose expansion nothing proves',
    edit: (zone) => remove(zone, '*.wild', 'NSEC'),
  },
  {
    name: 'nodenial-soa',
    about: 'no NSEC and no signature of the SOA',
    edit: (zone) => {
      remove(zone, '*any*', 'NSEC')
      removeSignatures(zone, '@', 'SOA')
    },
  },
]

const KEYS: readonly Breakage[] = [
  {
    name: 'revoked',
    about: 'the KSK is revoked (RFC 5011)',
    rekey: (keys) => ({ ...keys, ksk: withHead(keys.ksk, { flags: 0x181 }) }),
  },
  {
    name: 'nozonebit-ksk',
    about: 'the KSK has no zone bit',
    rekey: (keys) => ({ ...keys, ksk: withHead(keys.ksk, { flags: 1 }) }),
  },
  {
    name: 'nozonebit-zsk',
    about: 'the ZSK has no zone bit',
    rekey: (keys) => ({ ...keys, zsk: withHead(keys.zsk, { flags: 0 }) }),
  },
  {
    name: 'protocol',
    about: 'the ZSK has protocol 4',
    rekey: (keys) => ({ ...keys, zsk: withHead(keys.zsk, { protocol: 4 }) }),
  },
  {
    name: 'dnskey-by-zsk',
    about: 'the DNSKEY set is signed by the ZSK only, the DS names the KSK',
    edit: (zone) => resign(zone, '@', 'DNSKEY', { key: zone.keys.zsk }),
  },
  {
    name: 'leaf-by-ksk',
    about: 'a leaf signed by the KSK: in order',
    edit: (zone) => resign(zone, 'www', 'A', { key: zone.keys.ksk }),
  },
  {
    name: 'wrongkey',
    about: 'a leaf signed by one key in the name of the other',
    edit: (zone) => resign(zone, 'www', 'A', { key: zone.keys.ksk, tag: zone.keys.zsk.tag }),
  },
  {
    name: 'shortkey',
    about: 'the ZSK is cut short',
    rekey: (keys) => keys,
    edit: (zone) => setDnskeys(zone, [zone.keys.ksk.rdata, zone.keys.zsk.rdata.subarray(0, 36)]),
  },
  {
    name: 'sameTag',
    about: 'a second key with the same tag and algorithm that signed nothing: in order',
    edit: (zone) => setDnskeys(zone, [zone.keys.ksk.rdata, zone.keys.zsk.rdata, twin(zone.keys.zsk.rdata)]),
  },
  {
    name: 'manykeys',
    about: 'a DNSKEY set of 20 keys: in order',
    edit: (zone) =>
      setDnskeys(zone, [
        zone.keys.ksk.rdata,
        zone.keys.zsk.rdata,
        ...Array.from({ length: 18 }, (_, i) => concatBytes(zone.keys.zsk.rdata.subarray(0, 67), Uint8Array.of(i + 1))),
      ]),
  },
]

/** Another key with the same tag: two 16-bit words changed places, so that the sum is the same (RFC 4034 appendix B). */
function twin(rdata: Uint8Array): Uint8Array {
  const out = Uint8Array.from(rdata)
  out.set(rdata.subarray(6, 8), 8)
  out.set(rdata.subarray(8, 10), 6)
  return out
}

const DS: readonly Breakage[] = [
  {
    name: 'ds-othertag',
    about: 'the DS names a key that is not there',
    ds: ({ ksk }) => [dsText(ksk, 2, { tag: (ksk.tag + 1) & 0xffff })],
  },
  {
    name: 'ds-digest',
    about: 'the digest of the DS is wrong',
    ds: ({ ksk }) => [dsText(ksk, 2, { digest: BOGUS_DIGEST })],
  },
  {
    name: 'ds-unknownalg',
    about: 'only a DS of an unknown algorithm: insecure',
    ds: ({ ksk }) => [dsText(ksk, 2, { algorithm: 200 })],
  },
  {
    name: 'ds-oldalg',
    about: 'only a DS of algorithm 3 (DSA): insecure',
    ds: ({ ksk }) => [dsText(ksk, 2, { algorithm: 3 })],
  },
  { name: 'ds-unknowndigest', about: 'only a DS of an unknown digest: insecure', ds: ({ ksk }) => [dsText(ksk, 200)] },
  {
    name: 'ds-mixalg',
    about: 'DS of an unknown algorithm beside a good one: secure',
    ds: ({ ksk }) => [dsText(ksk), dsText(ksk, 2, { algorithm: 200 })],
  },
  {
    name: 'ds-mixdigest',
    about: 'DS of an unknown digest beside a good one: secure',
    ds: ({ ksk }) => [dsText(ksk), dsText(ksk, 200)],
  },
  {
    name: 'ds-mixbad',
    about: 'DS of an unknown algorithm beside a wrong one',
    ds: ({ ksk }) => [dsText(ksk, 2, { digest: BOGUS_DIGEST }), dsText(ksk, 2, { algorithm: 200 })],
  },
  { name: 'ds-sha1', about: 'only a SHA-1 DS', ds: ({ ksk }) => [dsText(ksk, 1)] },
  { name: 'ds-sha384', about: 'only a SHA-384 DS', ds: ({ ksk }) => [dsText(ksk, 4)] },
  {
    name: 'ds-badsha1',
    about: 'wrong SHA-1 beside good SHA-256',
    ds: ({ ksk }) => [dsText(ksk, 1, { digest: '00'.repeat(20) }), dsText(ksk)],
  },
  {
    name: 'ds-badsha256',
    about: 'good SHA-1 beside wrong SHA-256 (RFC 4509 section 3)',
    ds: ({ ksk }) => [dsText(ksk, 1), dsText(ksk, 2, { digest: BOGUS_DIGEST })],
  },
  {
    name: 'ds-standby',
    about: 'a DS for a key not yet published beside a good one',
    ds: ({ ksk }) => [dsText(ksk), dsText(ksk, 2, { tag: (ksk.tag + 7) & 0xffff, digest: BOGUS_DIGEST })],
  },
  { name: 'ds-zsk', about: 'the DS names the ZSK, the KSK signs', ds: ({ zsk }) => [dsText(zsk)] },
  {
    name: 'ds-many',
    about: 'ten DS, the last one good',
    ds: ({ ksk }) => [
      ...Array.from({ length: 9 }, (_, i) => dsText(ksk, 2, { tag: (ksk.tag + i + 1) & 0xffff, digest: BOGUS_DIGEST })),
      dsText(ksk),
    ],
  },
  { name: 'unsigned-ds', about: 'a DS, and a zone without signatures and keys', edit: unsign },
  { name: 'signed-nods', about: 'signed, without a DS: insecure', ds: () => [] },
]

function unsign(zone: SignedZone): void {
  const signed: ReadonlySet<number> = new Set([Type.RRSIG, Type.DNSKEY, Type.NSEC])
  zone.records = zone.records.filter(({ type }) => !signed.has(type))
}

const SIGNATURES: readonly Breakage[] = [
  { name: 'corrupt-leaf', about: 'a bit turned in the signature of a leaf', edit: (zone) => corrupt(zone, 'www', 'A') },
  {
    name: 'corrupt-dnskey',
    about: 'a bit turned in the signature of the DNSKEY set',
    edit: (zone) => corrupt(zone, '@', 'DNSKEY'),
  },
  { name: 'corrupt-soa', about: 'a bit turned in the signature of the SOA', edit: (zone) => corrupt(zone, '@', 'SOA') },
  {
    name: 'corrupt-nsec',
    about: 'a bit turned in the signature of every NSEC',
    edit: (zone) => corrupt(zone, '*any*', 'NSEC'),
  },
  {
    name: 'corrupt-nsec3',
    about: 'a bit turned in the signature of every NSEC3',
    sign: nsec3(),
    edit: (zone) => corrupt(zone, '*any*', 'NSEC3'),
  },
  {
    name: 'corrupt-ns',
    about: 'a bit turned in the signature of the apex NS set',
    edit: (zone) => corrupt(zone, '@', 'NS'),
  },
  { name: 'changed-data', about: 'data changed after signing', edit: (zone) => changeAddress(zone) },
  { name: 'twosigs', about: 'a broken signature beside a good one: secure', edit: twoSignatures },
  {
    name: 'wrongowner',
    about: 'the signature of another name',
    edit: (zone) => resign(zone, 'www', 'A', { owner: parseName(`mail.${zone.origin}`) }),
  },
  {
    name: 'signer-parent',
    about: 'the signer is the parent zone',
    edit: (zone) => resign(zone, 'www', 'A', { signer: parentName(parseName(zone.origin)) }),
  },
  {
    name: 'signer-child',
    about: 'the signer is a name below the apex',
    edit: (zone) => resign(zone, 'www', 'A', { signer: parseName(`www.${zone.origin}`) }),
  },
  {
    name: 'signer-other',
    about: 'the signer is another zone',
    edit: (zone) => resign(zone, 'www', 'A', { signer: parseName('hoster.org.') }),
  },
  {
    name: 'labels-small',
    about: 'a signature as of a wildcard at the apex',
    edit: (zone) => resign(zone, 'www', 'A', { labels: 2, owner: parseName(`*.${zone.origin}`) }),
  },
  {
    name: 'labels-above',
    about: 'a signature as of a wildcard above the zone',
    edit: (zone) => resign(zone, 'www', 'A', { labels: 1, owner: parseName('*.net.') }),
  },
  {
    name: 'labels-large',
    about: 'more labels than the name has',
    edit: (zone) => resign(zone, 'www', 'A', { labels: 5 }),
  },
  {
    name: 'ttl-stretched',
    about: 'the original TTL is raised after signing',
    edit: (zone) => changeSignatures(zone, 'www', 'A', (rdata) => rdata.set([0, 1, 0, 0], 4)),
  },
  {
    name: 'ttl-lower',
    about: 'an original TTL below the TTL served: secure',
    edit: (zone) => resign(zone, 'www', 'A', { originalTtl: 60 }),
  },
  {
    name: 'alg-unknown',
    about: 'the signature of a leaf is of an unknown algorithm',
    edit: (zone) => resign(zone, 'www', 'A', { algorithm: 200 }),
  },
  {
    name: 'alg-other',
    about: 'the signature of a leaf is of an algorithm without DS and key',
    edit: (zone) => resign(zone, 'www', 'A', { algorithm: 14 }),
  },
  {
    name: 'corrupt-cname',
    about: 'an alias with a broken signature to a good target',
    records: `${shortContent()}tosecure CNAME www.a13-nsec.ch.\n`,
    edit: (zone) => corrupt(zone, 'tosecure', 'CNAME'),
    ask: ['tosecure A'],
  },
]

function changeAddress(zone: SignedZone): void {
  const www = parseName(`www.${zone.origin}`).key
  change(
    zone,
    ({ name, type }) => name.key === www && type === Type.A,
    (rdata) => {
      rdata[3] = 66
    },
  )
}

function twoSignatures(zone: SignedZone): void {
  const before = zone.records.filter(({ type }) => type === Type.RRSIG)
  const www = parseName(`www.${zone.origin}`).key
  const good = before.find(({ name, rdata }) => name.key === www && rdata[1] === Type.A)
  if (good === undefined) throw new Error('www has no signature')
  corrupt(zone, 'www', 'A')
  zone.records = [...zone.records, good]
}

const DENIAL: readonly Breakage[] = [
  {
    name: 'nsec-bit-set',
    about: 'the NSEC of a name claims types that are not there',
    edit: (zone) => setNsec(zone, 'www', (nsec) => nsec.types.push(Type.TXT, Type.MX)),
  },
  {
    name: 'nsec-bit-cname',
    about: 'the NSEC of a name claims an alias',
    edit: (zone) => setNsec(zone, 'www', (nsec) => nsec.types.push(Type.CNAME)),
  },
  {
    name: 'nsec-outside',
    about: 'next names outside the zone',
    edit: (zone) => {
      for (const { name, type } of sets(zone))
        if (type === Type.NSEC && name.labels > 2)
          setNsec(zone, nameToText(name), (nsec) => {
            nsec.next = parseName('zzz.org.')
          })
    },
  },
  {
    name: 'nsec-self',
    about: 'the apex NSEC denies the whole zone',
    edit: (zone) =>
      setNsec(zone, '@', (nsec) => {
        nsec.next = parseName(zone.origin)
      }),
  },
  {
    name: 'nsec-nsbit',
    about: 'the NSEC that denies names is one of a delegation',
    edit: (zone) => {
      const owner = nsecBefore(zone, compareNames, 'missing')
      setNsec(zone, owner, (nsec) => nsec.types.push(Type.NS))
    },
  },
  { name: 'n3-iter50', about: 'NSEC3 with 50 iterations', sign: nsec3(50, 'ab') },
  { name: 'n3-iter51', about: 'NSEC3 with 51 iterations', sign: nsec3(51, 'ab') },
  { name: 'n3-iter150', about: 'NSEC3 with 150 iterations', sign: nsec3(150, 'ab') },
  { name: 'n3-iter151', about: 'NSEC3 with 151 iterations', sign: nsec3(151, 'ab') },
  { name: 'n3-iter2000', about: 'NSEC3 with 2000 iterations', sign: nsec3(2000, 'ab') },
  {
    name: 'n3-unknownhash',
    // NSD does not start with such records.
    server: 'sub-knot',
    about: 'NSEC3 of an unknown hash algorithm',
    sign: nsec3(),
    edit: (zone) => {
      change(
        zone,
        ({ type }) => type === Type.NSEC3,
        (rdata) => {
          rdata[0] = 2
        },
      )
      resignAll(zone)
    },
  },
  {
    name: 'n3-unknownflag',
    about: 'NSEC3 with unknown flags (RFC 5155 section 8.2)',
    sign: nsec3(),
    edit: (zone) => {
      change(
        zone,
        ({ type }) => type === Type.NSEC3,
        (rdata) => {
          rdata[1] = 0x82
        },
      )
      resignAll(zone)
    },
  },
  {
    name: 'n3-optout-leaf',
    about: 'opt-out in a leaf zone: names denied without AD',
    sign: nsec3(0, '', true),
  },
  {
    name: 'n3-nosig',
    about: 'no RRSIG for any NSEC3',
    sign: nsec3(),
    edit: (zone) => removeSignatures(zone, '*any*', 'NSEC3'),
  },
  {
    name: 'n3-othersalt',
    // NSD does not start with such records.
    server: 'sub-knot',
    about: 'the NSEC3 records carry another salt than they were made with',
    sign: nsec3(0, 'aabb'),
    edit: (zone) => {
      change(
        zone,
        ({ type }) => type === Type.NSEC3,
        (rdata) => {
          rdata[5] = 0xcc
        },
      )
      resignAll(zone)
    },
  },
]

const ALGORITHMS: readonly Breakage[] = [
  {
    name: 'dual-missing',
    about: 'signed with 13 and 8, DS for both; the signatures of 8 are gone',
    sign: { second: 8 },
    ds: ({ ksk, second }: Keys) => [dsText(ksk), dsText(second!.ksk)],
    edit: (zone) => {
      zone.records = zone.records.filter(
        ({ type, rdata }) => type !== Type.RRSIG || rdata[2] !== 8 || rdata[1] === Type.DNSKEY,
      )
    },
  },
  {
    name: 'dual-onebad',
    about: 'signed with 13 and 8, DS for both; one leaf signature of 13 broken',
    sign: { second: 8 },
    ds: ({ ksk, second }: Keys) => [dsText(ksk), dsText(second!.ksk)],
    edit: (zone) =>
      changeSignatures(zone, 'www', 'A', (rdata) => {
        if (rdata[2] === 13) rdata[rdata.length - 1] = rdata[rdata.length - 1]! ^ 1
      }),
  },
  {
    name: 'dual-otherds',
    about: 'signed with 13 and 8, DS for 8 only: secure',
    sign: { second: 8 },
    ds: ({ second }: Keys) => [dsText(second!.ksk)],
  },
]

/** A zone whose delegations are broken, with a child for each way. */
function brokenParents(): ZonePlan[] {
  const child = (origin: string, about: string, signed: boolean): ZonePlan => ({
    origin,
    kind: 'broken',
    about,
    server: 'sub-knot',
    records: shortContent(),
    ...(signed && { sign: { tool: 'ldns', algorithm: 13, denial: 'nsec' } }),
  })
  return [
    {
      origin: 'parent.net.',
      kind: 'broken',
      about: 'broken delegations',
      server: 'leaf-nsd',
      records: `${shortContent()}`,
      sign: { tool: 'bind', algorithm: 13, denial: 'nsec' },
      edit: (zone) => {
        corrupt(zone, 'ds-corrupt', 'DS')
        removeSignatures(zone, 'ds-nosig', 'DS')
        remove(zone, 'ds-removed', 'DS')
        remove(zone, 'noproof', 'NSEC')
        setNsec(zone, 'dsbit', (nsec) => nsec.types.push(Type.DS))
        setNsec(zone, 'nonsbit', (nsec) => {
          nsec.types = nsec.types.filter((type) => type !== Type.NS)
        })
        setNsec(zone, 'soabit', (nsec) => nsec.types.push(Type.SOA))
      },
    },
    child('ds-corrupt.parent.net.', 'the DS has a broken signature', true),
    child('ds-nosig.parent.net.', 'the DS has no signature', true),
    child('ds-removed.parent.net.', 'the DS is gone, the NSEC still claims it', true),
    child('noproof.parent.net.', 'nothing proves the delegation insecure', false),
    child('dsbit.parent.net.', 'the NSEC claims a DS that is not there', false),
    child('nonsbit.parent.net.', 'the NSEC at the cut has no NS bit', false),
    child('soabit.parent.net.', 'the NSEC at the cut has the SOA bit', false),
    {
      origin: 'parent3.net.',
      kind: 'broken',
      about: 'broken NSEC3 below delegations',
      server: 'leaf-nsd',
      records: `${shortContent()}`,
      sign: { tool: 'ldns', algorithm: 13, denial: { iterations: 0, salt: '', optOut: false } },
      edit: (zone) => removeSignatures(zone, '*any*', 'NSEC3'),
    },
    child('insec.parent3.net.', 'the proof of the insecure delegation has no signatures', false),
    child('sec.parent3.net.', 'a good DS in a zone with broken NSEC3', true),
    {
      origin: 'toparent.ch.',
      kind: 'broken',
      about: 'aliases from a good zone to broken, insecure and good ones',
      server: 'leaf-nsd',
      sign: { tool: 'ldns', algorithm: 13, denial: 'nsec' },
      records: `${shortContent()}
bogus1 CNAME www.${originOf('expired')}
bogus2 CNAME www.${originOf('nosig-leaf')}
bogus3 CNAME missing.${originOf('nonsec')}
insecure CNAME www.plain.com.
secure CNAME www.a13-nsec.ch.
island CNAME www.island.uk.
toalias CNAME insecure
dbogus DNAME ${originOf('expired')}
dinsecure DNAME plain.com.
`,
    },
  ]
}

const ALL = [...TIMES, ...MISSING, ...KEYS, ...DS, ...SIGNATURES, ...DENIAL, ...ALGORITHMS]
const SERVERS: readonly ServerName[] = ['sub-nsd', 'leaf-nsd']

/** They are spread over two TLDs. */
function originOf(name: string): string {
  const index = ALL.findIndex((one) => one.name === name)
  if (index === -1) throw new Error(`no breakage ${name}`)
  return `b-${name.toLowerCase()}.${index % 2 === 0 ? 'net.' : 'com.'}`
}

export function brokenZones(): ZonePlan[] {
  const zones = ALL.map(({ name, about, sign, records, ask, ...rest }, i): ZonePlan => {
    const origin = originOf(name)
    return {
      origin,
      kind: 'broken',
      about,
      server: SERVERS[i % SERVERS.length]!,
      records: records ?? shortContent(),
      sign: { tool: 'ldns', algorithm: 13, denial: 'nsec', ...sign },
      ...(ask && { ask: ask.map((text) => text.replace(' ', `.${origin} `)) }),
      ...rest,
    }
  })
  return [...zones, ...brokenParents()]
}
