import { createPublicKey, verify } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { concatBytes } from '../../src/base/index.ts'
import {
  canonicalName,
  canonicalRRset,
  nameToText,
  parseName,
  type RRset,
  Type,
  typeFromText,
  typeToText,
} from '../../src/dns/index.ts'
import { type Algorithm, keyTag, makeKeys } from './keys.ts'
import { signWorld, signZone } from './sign.ts'
import { simpleSpec } from './simple-world.ts'
import { answerFrom, loadZone } from './zone.ts'

const TEXT = `
@          3600 SOA ns1 hostmaster 1 7200 3600 1209600 300
@          3600 NS  ns1
ns1        3600 A   192.0.2.53
www        3600 A   192.0.2.1
*.wild     3600 TXT "any"
deep.empty 3600 A   192.0.2.4
sub        3600 NS  ns.sub
ns.sub     3600 A   192.0.2.54
safe       3600 NS  ns.safe
safe       3600 DS  1 13 2 ${'00'.repeat(32)}
ns.safe    3600 A   192.0.2.55
`

function look(text: string, name: string, type: string) {
  const zone = loadZone('example.com.', text)
  const owner = name === '@' ? zone.origin : parseName(name, zone.origin)
  return answerFrom(zone, { name: owner, type: typeFromText(type)!, class: 1 }, true)
}

const kinds = (sets: readonly RRset[]) =>
  sets.map(({ type, signatures }) => `${typeToText(type)}${signatures.length > 0 ? '+' : ''}`)
const owners = (sets: readonly RRset[], type: number) =>
  sets.filter((set) => set.type === type).map(({ name }) => nameToText(name))

describe.each<Algorithm>([8, 13, 14, 15, 16])('a zone signed with algorithm %i', (algorithm) => {
  it('has signatures that an independent check accepts', () => {
    const keys = makeKeys(algorithm)
    const { answers } = look(signZone('example.com.', TEXT, { keys }), 'www', 'A')
    const [set] = answers
    const rrsig = set!.signatures[0]!
    expect(rrsig[18 - 1]! + rrsig[16]! * 256).toBe(keys.zsk.tag)
    const head = rrsig.slice(0, 18)
    const signer = canonicalName(parseName('example.com')).wire
    const record = (rdata: Uint8Array) =>
      concatBytes(canonicalName(set!.name).wire, Uint8Array.of(0, 1, 0, 1, 0, 0, 14, 16, 0, rdata.length), rdata)
    const data = concatBytes(head, signer, ...canonicalRRset(set!).map(record))
    expect(check(algorithm, keys.zsk.rdata.slice(4), data, rrsig.slice(18 + signer.length))).toBe(true)
    data[30] = data[30]! ^ 1
    expect(check(algorithm, keys.zsk.rdata.slice(4), data, rrsig.slice(18 + signer.length))).toBe(false)
  })
})

/** The public key taken from the DNSKEY bytes again, by way of JWK. */
function check(algorithm: Algorithm, key: Uint8Array, data: Uint8Array, signature: Uint8Array): boolean {
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')
  const half = key.length / 2
  const ec = (crv: string) => ({ kty: 'EC', crv, x: text(key.slice(0, half)), y: text(key.slice(half)) })
  const jwk = {
    8: { kty: 'RSA', e: text(key.slice(1, 1 + key[0]!)), n: text(key.slice(1 + key[0]!)) },
    13: ec('P-256'),
    14: ec('P-384'),
    15: { kty: 'OKP', crv: 'Ed25519', x: text(key) },
    16: { kty: 'OKP', crv: 'Ed448', x: text(key) },
  }[algorithm]
  const hash = { 8: 'sha256', 13: 'sha256', 14: 'sha384', 15: null, 16: null }[algorithm]
  const publicKey = createPublicKey({ key: jwk, format: 'jwk' })
  return verify(hash, data, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature)
}

describe('denial by NSEC', () => {
  const signed = signZone('example.com.', TEXT)
  it('covers the name and the wildcard', () => {
    const { authorities } = look(signed, 'nothing', 'A')
    expect(kinds(authorities)).toEqual(['SOA+', 'NSEC+', 'NSEC+'])
    expect(owners(authorities, Type.NSEC)).toEqual(['deep.empty.example.com.', 'example.com.'])
  })
  it('shows the types of a name that exists', () => {
    expect(owners(look(signed, 'www', 'AAAA').authorities, Type.NSEC)).toEqual(['www.example.com.'])
    expect(owners(look(signed, 'empty', 'A').authorities, Type.NSEC)).toEqual(['example.com.'])
  })
  it('shows that the wildcard was right', () => {
    const found = look(signed, 'x.wild', 'TXT')
    expect(kinds(found.answers)).toEqual(['TXT+'])
    expect(owners(found.authorities, Type.NSEC)).toEqual(['*.wild.example.com.'])
  })
  it('shows that a delegation is unsigned; a signed one has its DS', () => {
    expect(kinds(look(signed, 'a.sub', 'A').authorities)).toEqual(['NS', 'NSEC+'])
    expect(kinds(look(signed, 'a.safe', 'A').authorities)).toEqual(['NS', 'DS+'])
  })
  it('signs neither glue nor delegations', () => {
    expect(kinds(look(signed, 'a.sub', 'A').additionals)).toEqual(['A'])
  })
})

describe('denial by NSEC3', () => {
  it.each([{}, { iterations: 5, salt: 'aabb' }])('with %j gives the closest encloser proof', (nsec3) => {
    const signed = signZone('example.com.', TEXT, { nsec3 })
    const { authorities } = look(signed, 'a.b.nothing', 'A')
    expect(kinds(authorities)[0]).toBe('SOA+')
    expect(authorities.length).toBeGreaterThan(1)
    expect(kinds(authorities.slice(1)).every((kind) => kind === 'NSEC3+')).toBe(true)
    expect(kinds(look(signed, 'www', 'AAAA').authorities)).toEqual(['SOA+', 'NSEC3+'])
    expect(kinds(look(signed, 'empty', 'A').authorities)).toEqual(['SOA+', 'NSEC3+'])
    expect(kinds(look(signed, 'a.sub', 'A').authorities)).toEqual(['NS', 'NSEC3+'])
  })
  it('with opt-out leaves unsigned delegations out, and says so', () => {
    const signed = signZone('example.com.', TEXT, { nsec3: { optOut: true } })
    const { authorities } = look(signed, 'a.sub', 'A')
    const proofs = authorities.filter(({ type }) => type === Type.NSEC3)
    expect(proofs.length).toBeGreaterThan(0)
    expect(proofs.every(({ rdatas }) => rdatas[0]![1] === 1)).toBe(true)
  })
})

describe('a signed world', () => {
  it('has a DS for each signed zone in its parent, and an anchor for the root', () => {
    const spec = simpleSpec({ 'com.': '', 'example.com.': 'www A 192.0.2.1', 'example.org.': '', 'org.': '' })
    const {
      spec: signed,
      anchorText,
      keys,
    } = signWorld(spec, { '.': {}, 'com.': { algorithm: 15 }, 'example.com.': { nsec3: {} } })
    expect(anchorText).toMatch(/^\. 3600 IN DS /)
    expect([...keys.keys()].sort()).toEqual(['.', 'com.', 'example.com.'])
    const root = loadZone('.', signed.zones.find(({ origin }) => origin === '.')!.text)
    const refer = (name: string) =>
      kinds(answerFrom(root, { name: parseName(name), type: 1, class: 1 }, true).authorities)
    expect(refer('www.example.com')).toEqual(['NS', 'DS+'])
    expect(refer('www.example.org')).toEqual(['NS', 'NSEC+'])
    expect(keyTag(keys.get('com.')!.ksk.rdata)).toBe(keys.get('com.')!.ksk.tag)
  })
  it('can be broken on purpose', () => {
    const text = signZone('example.com.', TEXT, { unsigned: ['www.example.com. A'] })
    expect(kinds(look(text, 'www', 'A').answers)).toEqual(['A'])
    expect(kinds(look(text, 'ns1', 'A').answers)).toEqual(['A+'])
  })
})
