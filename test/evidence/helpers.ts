import fc from 'fast-check'
import { asChunkId } from '../../src/base/index.ts'
import { ed25519, ed25519Signer, type Signer, sha256 } from '../../src/crypto/index.ts'
import { Class, type Name, nameFromWire, parseName, type Question, type RRset, Type } from '../../src/dns/index.ts'
import {
  type CertificateContext,
  contentDigest,
  type Observation,
  type Outcome,
  signObservation,
  type UnsignedObservation,
} from '../../src/evidence/index.ts'

export const NOW = 1_800_000_000_000
export const RING = 'home'
export const CHUNK = asChunkId(7)
export const NONCE = new Uint8Array(16).fill(5)

export function signerOf(index: number): Signer {
  return ed25519Signer(sha256(Uint8Array.of(index, index >> 8)))
}

export function question(name = 'www.example.com.', type: number = Type.A): Question {
  return { name: parseName(name), type, class: Class.IN }
}

export function addresses(owner: string, last: readonly number[], ttl = 300): RRset {
  return {
    name: parseName(owner),
    type: Type.A,
    class: Class.IN,
    ttl,
    rdatas: last.map((byte) => Uint8Array.of(198, 51, 100, byte)),
    signatures: [],
  }
}

export function presence(last: readonly number[] = [1], ttl = 300): Outcome {
  return {
    kind: 'rrset',
    rrset: addresses('www.example.com.', last, ttl),
    apex: parseName('example.com.'),
    proofs: [],
  }
}

export function absence(rcode: 0 | 3 = 3, serial = 1, ttl = 300): Outcome {
  return { kind: 'absent', rcode, apex: parseName('example.com.'), soa: soa('example.com.', serial, ttl), proofs: [] }
}

export function soa(owner: string, serial: number, ttl: number, minimum = 300): RRset {
  const rdata = new Uint8Array(2 + 20)
  const view = new DataView(rdata.buffer)
  view.setUint32(2, serial)
  view.setUint32(18, minimum)
  return { name: parseName(owner), type: Type.SOA, class: Class.IN, ttl, rdatas: [rdata], signatures: [] }
}

/** What replica `index` saw; anything of it can be overridden before it is signed. */
export function observe(
  index: number,
  outcome: Outcome = presence(),
  change: Partial<UnsignedObservation> = {},
): Observation {
  const asked = change.question ?? question()
  return signObservation(
    {
      ringId: RING,
      chunk: CHUNK,
      question: asked,
      apex: outcome.apex,
      digest: contentDigest(asked, outcome),
      ttl: 300,
      when: NOW,
      nonce: NONCE,
      start: 'parent',
      ...change,
    },
    signerOf(index),
  )
}

/** A verifier with `members` filled seats (signers 0 ...) of `n`. */
export function verifier(members: number, n = members, change: Partial<CertificateContext> = {}): CertificateContext {
  return {
    ringId: RING,
    chunk: CHUNK,
    question: question(),
    replicas: Array.from({ length: members }, (_, index) => signerOf(index).publicKey),
    n,
    now: NOW + 1_000,
    scheme: ed25519,
    ...change,
  }
}

const label = fc.uint8Array({ minLength: 1, maxLength: 20 })

export const names: fc.Arbitrary<Name> = fc.array(label, { maxLength: 6 }).map((labels) => {
  const wire: number[] = []
  for (const one of labels) wire.push(one.length, ...one)
  return nameFromWire(Uint8Array.of(...wire, 0))
})

const bytes = fc.uint8Array({ maxLength: 60 })
const signatures = fc.constant([] as Uint8Array[])

export const rrsets: fc.Arbitrary<RRset> = fc.oneof(
  set(fc.constant(Type.A), fc.uint8Array({ minLength: 4, maxLength: 4 })),
  set(fc.constant(Type.AAAA), fc.uint8Array({ minLength: 16, maxLength: 16 })),
  set(fc.integer({ min: 65_280, max: 65_534 }), bytes),
)

function set(type: fc.Arbitrary<number>, rdata: fc.Arbitrary<Uint8Array>): fc.Arbitrary<RRset> {
  return fc.record({
    name: names,
    type,
    class: fc.constantFrom(1, 3, 65_000),
    ttl: fc.integer({ min: 0, max: 0x7fff_ffff }),
    rdatas: fc.array(rdata, { minLength: 1, maxLength: 8 }),
    signatures,
  })
}

export const outcomes: fc.Arbitrary<Outcome> = fc.oneof(
  fc.record({ kind: fc.constant('rrset' as const), rrset: rrsets, apex: names, proofs: fc.constant([]) }),
  fc.record({
    kind: fc.constant('absent' as const),
    rcode: fc.constantFrom(0 as const, 3 as const),
    apex: names,
    soa: fc.constantFrom(undefined, soa('example.com.', 7, 60)),
    proofs: fc.constant([]),
  }),
)

export const questions: fc.Arbitrary<Question> = fc.record({
  name: names,
  type: fc.integer({ min: 1, max: 0xffff }),
  class: fc.integer({ min: 1, max: 0xffff }),
})

export const observations: fc.Arbitrary<Observation> = fc.record({
  ringId: fc.string({ maxLength: 20, unit: 'grapheme' }),
  chunk: fc.integer({ min: 0, max: 65_535 }).map(asChunkId),
  question: questions.map((one) => ({ ...one, name: lower(one.name) })),
  apex: names.map(lower),
  digest: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  ttl: fc.integer({ min: 0, max: 0x7fff_ffff }),
  when: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  nonce: fc.uint8Array({ minLength: 8, maxLength: 32 }),
  start: fc.constantFrom('parent' as const, 'agreed' as const),
  observer: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  signature: fc.uint8Array({ minLength: 64, maxLength: 64 }),
})

/** Lower-cased in the wire form too, as observations keep their names. */
export function lower(name: Name): Name {
  return nameFromWire(Uint8Array.from(name.key, (letter) => letter.charCodeAt(0)))
}
