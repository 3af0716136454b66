/** Attacks on validation, through the whole resolver: work without end, and proofs that prove too much. */
import {
  buildRdata,
  type Message,
  type Name,
  parseName,
  prependLabel,
  Rcode,
  type ResourceRecord,
  type RRset,
  Type,
} from '../../src/dns/index.ts'
import { limits as resolverLimits } from '../../src/resolver/limits.ts'
import { base32hexOf, nsec3HashOf, type SignatureOptions, signRRset } from '../dnssec/signer.ts'
import { collidingKeys, dsFor, keyFrom, type SigningKey, ZSK } from '../dnssec/signing-keys.ts'
import { texts, type ZoneKey } from '../world/index.ts'
import {
  figures,
  records,
  referral,
  type Scene,
  type SceneOptions,
  saying,
  scene,
  VALID,
  victimHarmed,
} from './scene.ts'
import { type Attack, type Bound, type Measured, worse } from './types.ts'

const NO_HARM: Bound = { figure: 'harm', atMost: 0, because: 'nothing forged is secure, and the victim resolves' }
const SIGNATURES: Bound = {
  figure: 'signatures',
  atMost: 120,
  limit: resolverLimits.MAX_SIGNATURES,
  because: 'resolver MAX_SIGNATURES',
}
const HASHES: Bound = {
  figure: 'hashes',
  atMost: 600,
  limit: resolverLimits.MAX_HASHES,
  because: 'resolver MAX_HASHES',
}
const QUERIES: Bound = {
  figure: 'queries',
  atMost: 200,
  limit: resolverLimits.MAX_QUERIES,
  because: 'resolver MAX_QUERIES',
}
const WORK = [NO_HARM, SIGNATURES, HASHES, QUERIES]
const FORGED = 'A 6.6.6.6'
const ALL_SIGNED = { '.': {}, 'zone.': {}, 'victim.zone.': {}, 'evil.zone.': {} }

const range = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i))

/** A scene in which all zones are signed, and the attacker has the keys of his own. */
async function signedScene(
  evil: (reply: Message, name: string, type: number, keys: EvilKeys) => Message,
  options: SceneOptions = {},
): Promise<Scene> {
  let stage: Scene | undefined
  const made = await scene({
    signed: ALL_SIGNED,
    ...options,
    evil: (reply, { name, question, protocol }) => {
      const keys = stage?.keys.get('evil.zone.')
      if (keys === undefined) return [{ reply }]
      const sent = evil(reply, name.toLowerCase(), question.type, keys)
      return [{ reply: protocol === 'udp' && sent !== reply ? saying(reply, { tc: true }) : sent }]
    },
  })
  stage = made
  return made
}

interface EvilKeys {
  readonly ksk: ZoneKey
  readonly zsk: ZoneKey
}

function setOf(lines: readonly ResourceRecord[]): RRset {
  const [first] = lines as [ResourceRecord]
  const { name, type, ttl } = first
  return { name, type, class: 1, ttl, rdatas: lines.map(({ rdata }) => rdata), signatures: [] }
}

/** Any key: those of the attacker's zone, and made-up ones. */
type AnyKey = Omit<SigningKey, 'flags'>

function rrsig(set: RRset, key: AnyKey, options: Partial<SignatureOptions> = {}): ResourceRecord {
  const rdata = signRRset(set, { ...key, flags: ZSK }, { ...VALID, signer: parseName('evil.zone.'), ...options })
  return { name: set.name, type: Type.RRSIG, class: 1, ttl: set.ttl, rdata }
}

const dnskey = (rdata: Uint8Array): ResourceRecord => ({
  name: parseName('evil.zone.'),
  type: Type.DNSKEY,
  class: 1,
  ttl: 3_600,
  rdata,
})

/** A DNSKEY set of the attacker's with more keys, signed as it must be. */
function keySet(keys: EvilKeys, more: readonly Uint8Array[]): ResourceRecord[] {
  const lines = [keys.ksk.rdata, keys.zsk.rdata, ...more].map(dnskey)
  return [...lines, rrsig(setOf(lines), keys.ksk)]
}

/** Signatures that no key has made: the validator cannot know before it has tried. */
function fakeSignatures(set: RRset, count: number, tag: number, algorithm: number): ResourceRecord[] {
  return range(count, (i) => {
    const key = keyFrom(algorithm, ZSK, new Uint8Array(4), () => new Uint8Array(128).fill(i & 255))
    return rrsig(set, { ...key, algorithm: 8, tag })
  })
}

const judgedSecure = (reply: Message): number => (reply.ad || texts(reply.answers).includes(FORGED) ? 1 : 0)

const TAG = 4_711

export const DNSSEC: readonly Attack[] = [
  {
    name: 'KeyTrap: sixty keys of one tag, three hundred signatures of it',
    reference: 'CVE-2023-50387; ATHENE 2024',
    bounds: [
      ...WORK,
      {
        figure: 'signatures',
        atMost: 40,
        because: 'dnssec MAX_CHECKS_PER_RRSET for each set on the way, MAX_SAME_TAG_KEYS',
      },
    ],
    async run() {
      const colliding = collidingKeys(60, TAG).map(({ rdata }) => rdata)
      const stage = await signedScene((reply, name, type, keys) => {
        if (type === Type.DNSKEY) return saying(reply, { answers: keySet(keys, colliding) })
        if (!name.startsWith('trap')) return reply
        const answers = records(`${name} A 192.0.2.1`)
        return saying(reply, { answers: [...answers, ...fakeSignatures(setOf(answers), 300, TAG, 8)] })
      })
      const { reply, ...measured } = await stage.cost('trap.evil.zone.', 'A', { ad: true })
      return { ...measured, harm: measured.harm + judgedSecure(reply) + (await victimHarmed(stage)) }
    },
  },
  {
    name: 'KeyTrap in proofs: every NSEC record of a negative answer with thirty signatures',
    reference: 'CVE-2023-50387, CVE-2026-11605',
    bounds: WORK,
    async run() {
      const colliding = collidingKeys(60, TAG).map(({ rdata }) => rdata)
      const stage = await signedScene((reply, name, type, keys) => {
        if (type === Type.DNSKEY) return saying(reply, { answers: keySet(keys, colliding) })
        if (!name.startsWith('trap')) return reply
        const soa = records('evil.zone. SOA a. b. 1 2 3 4 60')
        const authorities = range(10, (i) => {
          const nsec = records(`n${i}.evil.zone. NSEC n${i}a.evil.zone. A`)
          return [...nsec, ...fakeSignatures(setOf(nsec), 30, TAG, 8)]
        }).flat()
        return saying(reply, { rcode: 3, authorities: [...soa, rrsig(setOf(soa), keys.zsk), ...authorities] })
      })
      const { reply, ...measured } = await stage.cost('trap.evil.zone.', 'A', { ad: true })
      return { ...measured, harm: measured.harm + judgedSecure(reply) + (await victimHarmed(stage)) }
    },
  },
  {
    name: 'KeyTrap along an alias chain: each link a set to be checked in vain but the last',
    reference: 'CVE-2023-50387; CVE-2026-50045 (budgets that restarts reset)',
    bounds: WORK,
    async run() {
      const colliding = collidingKeys(60, TAG).map(({ rdata }) => rdata)
      const stage = await signedScene((reply, name, type, keys) => {
        if (type === Type.DNSKEY) return saying(reply, { answers: keySet(keys, colliding) })
        const hop = /^h(\d+)\./.exec(name)?.[1]
        if (hop === undefined) return reply
        const answers = records(`${name} CNAME h${Number(hop) + 1}.evil.zone.`)
        const set = setOf(answers)
        return saying(reply, { answers: [...answers, ...fakeSignatures(set, 3, TAG, 8), rrsig(set, keys.zsk)] })
      })
      const { reply, ...measured } = await stage.cost('h0.evil.zone.', 'A', { ad: true })
      return { ...measured, harm: measured.harm + judgedSecure(reply) + (await victimHarmed(stage)) }
    },
  },
  {
    name: 'keys that are none, with the tags of the signatures',
    reference: 'CVE-2025-8677',
    bounds: WORK,
    async run() {
      const broken = range(60, (i) =>
        keyFrom(i % 2 === 0 ? 8 : 13, ZSK, Uint8Array.of(3, 1, 0, 1, i), () => new Uint8Array(64)),
      )
      const stage = await signedScene((reply, name, type, keys) => {
        if (type === Type.DNSKEY)
          return saying(reply, {
            answers: keySet(
              keys,
              broken.map(({ rdata }) => rdata),
            ),
          })
        if (!name.startsWith('trap')) return reply
        const answers = records(`${name} A 192.0.2.1`)
        return saying(reply, { answers: [...answers, ...broken.map((key) => rrsig(setOf(answers), key))] })
      })
      const { reply, ...measured } = await stage.cost('trap.evil.zone.', 'A', { ad: true })
      return { ...measured, harm: measured.harm + judgedSecure(reply) + (await victimHarmed(stage)) }
    },
  },
  {
    name: 'a hundred DS records for keys with the right tags and wrong digests',
    reference: 'CVE-2023-50387; Unbound: 4 failed DS matches',
    bounds: WORK,
    async run() {
      const colliding = collidingKeys(60, TAG)
      const fake = range(100, (i) => {
        const ds = dsFor(parseName('evil.zone.'), colliding[i % 60]!)
        ds[10] = i
        return `evil DS \\# ${ds.length} ${Buffer.from(ds).toString('hex')}`
      })
      const stage = await signedScene(
        (reply, _, type, keys) =>
          type === Type.DNSKEY
            ? saying(reply, {
                answers: keySet(
                  keys,
                  colliding.map(({ rdata }) => rdata),
                ),
              })
            : reply,
        { zones: { 'zone.': fake.join('\n') } },
      )
      const { reply, ...measured } = await stage.cost('www.evil.zone.', 'A', { ad: true })
      // The honest DS is among them; whether it is found within the bound is the zone owner's risk.
      const harm = texts(reply.answers).includes(FORGED) ? 1 : 0
      return { ...measured, harm: measured.harm + harm + (await victimHarmed(stage)) }
    },
  },
  {
    name: 'signatures of fifty different signers: keys that would have to be fetched',
    reference: 'aggressive DNSSEC fetching (Technitium 15.0)',
    bounds: [...WORK, { figure: 'queries', atMost: 15, because: 'dnssec MAX_SIGNERS: two of the fifty are looked up' }],
    async run() {
      const stage = await signedScene((reply, name, type, keys) => {
        if (!name.startsWith('trap') || type !== Type.A) return reply
        const answers = records(`${name} A 192.0.2.1`)
        const signer = (i: number) =>
          parseName(
            `${name
              .slice(0, -'evil.zone.'.length - 1)
              .split('.')
              .slice(i % 20)
              .join('.')}.evil.zone.`,
          )
        return saying(reply, {
          answers: [...answers, ...range(50, (i) => rrsig(setOf(answers), keys.zsk, { signer: signer(i) }))],
        })
      })
      const { reply, ...measured } = await stage.cost(`trap.${range(30, (i) => `l${i}`).join('.')}.evil.zone.`, 'A', {
        ad: true,
      })
      return { ...measured, harm: measured.harm + judgedSecure(reply) + (await victimHarmed(stage)) }
    },
  },
  {
    name: 'NSEC3 closest encloser: a name of 110 labels, 50 iterations, a long salt',
    reference: 'CVE-2023-50868, CVE-2026-42923, CVE-2026-1519',
    bounds: WORK,
    async run() {
      let worst: Measured = { harm: 0 }
      for (const [iterations, salt] of [
        [50, 'ab'.repeat(200)],
        [50, ''],
        [0, 'ab'.repeat(255)],
      ] as const) {
        for (const minimisation of ['off', 'relaxed']) {
          const stage = await scene({
            signed: { ...ALL_SIGNED, 'evil.zone.': { nsec3: { iterations, salt } } },
            stack: { config: { 'iterator.qnameMinimisation': minimisation } },
          })
          const measured = figures(await stage.cost(`${'a.'.repeat(110)}evil.zone.`))
          worst = worse(worst, { ...measured, harm: measured.harm + (await victimHarmed(stage)) })
        }
      }
      return worst
    },
  },
  {
    name: 'NSEC3 with 2,500 iterations',
    reference: 'RFC 9276; CVE-2023-50868',
    bounds: [
      NO_HARM,
      {
        figure: 'hashes',
        atMost: 12,
        because: 'dnssec MAX_NSEC3_ITERATIONS: the zone is insecure without hashing; its honest parents hash',
      },
      { figure: 'secure', atMost: 0, because: 'its absences are not secure' },
    ],
    async run() {
      const stage = await scene({ signed: { ...ALL_SIGNED, 'evil.zone.': { nsec3: { iterations: 2_500 } } } })
      const { reply, ...measured } = await stage.cost('none.evil.zone.', 'A', { ad: true })
      return { ...measured, harm: measured.harm + (await victimHarmed(stage)), own: { secure: reply.ad ? 1 : 0 } }
    },
  },
  {
    name: 'a DS of an unknown algorithm beside a good one, and no signatures below',
    reference: 'DNSSEC downgrade; Technitium 14.0; RFC 6840 section 5.11',
    bounds: [NO_HARM, { figure: 'served', atMost: 0, because: 'secure as long as one DS can be followed' }],
    async run() {
      const unknown = `victim DS 12345 200 2 ${'ab'.repeat(32)}`
      const stage = await scene({
        signed: ALL_SIGNED,
        zones: { 'zone.': unknown },
        behaviours: {
          'ns1.victim.zone': {
            tamper: (reply, { name, question }) => [
              { reply: question.type === Type.A ? saying(reply, { answers: records(`${name} ${FORGED}`) }) : reply },
            ],
          },
        },
      })
      const { reply, ...measured } = await stage.cost('www.victim.zone.', 'A', { ad: true })
      return { ...measured, own: { served: reply.rcode === Rcode.SERVFAIL ? 0 : 1 } }
    },
  },
  {
    name: 'the parent on the path: a referral without DS and without proof, to a server of the attacker',
    reference: 'DNSSEC downgrade; RFC 4035 section 5.2',
    bounds: [NO_HARM, { figure: 'served', atMost: 0, because: 'insecure only by proof' }],
    async run() {
      let served = 0
      let worst: Measured = { harm: 0 }
      for (const keepProofs of [false, true]) {
        const stage = await scene({
          signed: ALL_SIGNED,
          behaviours: {
            'ns1.zone': {
              tamper: (reply, { name, question }) => {
                if (!name.toLowerCase().endsWith('victim.zone.') || question.type === Type.DS) return [{ reply }]
                const kept = keepProofs
                  ? reply.authorities.filter(({ type }) => type === Type.RRSIG || type === Type.NSEC)
                  : []
                const lie = referral(reply, 'victim.zone.', ['ns1.victim.zone.'], ['ns1.victim.zone. A 45.54.3.1'])
                return [{ reply: { ...lie, authorities: [...lie.authorities, ...kept] } }]
              },
            },
            'ns1.evil.zone': {
              tamper: (reply, { name }) => [{ reply: saying(reply, { answers: records(`${name} ${FORGED}`) }) }],
            },
          },
        })
        const { reply, ...measured } = await stage.cost('www.victim.zone.', 'A', { ad: true })
        served += reply.rcode === Rcode.SERVFAIL ? 0 : 1
        worst = worse(worst, { ...measured, harm: measured.harm + judgedSecure(reply) })
      }
      return { ...worst, own: { served } }
    },
  },
  {
    name: 'RRSIG labels below the signer: a wildcard above the zone, then aggressive answers from it',
    reference: 'CVE-2026-44690, -46582, -52688, -52686, -11721; Knot 6.4.1',
    bounds: [NO_HARM],
    async run() {
      let harm = 0
      let worst: Measured = { harm: 0 }
      for (const labels of [0, 1]) {
        const stage = await signedScene((reply, name, type, keys) => {
          if (!name.startsWith('wild') || type !== Type.A) return reply
          const answers = records(`${name} ${FORGED}`)
          const owner = labels === 0 ? parseName('*.') : parseName('*.zone.')
          return saying(reply, { answers: [...answers, rrsig(setOf(answers), keys.zsk, { owner, labels })] })
        })
        const { reply, ...measured } = await stage.cost('wild.evil.zone.', 'A', { ad: true })
        worst = worse(worst, measured)
        harm += judgedSecure(reply)
        for (const name of ['new.victim.zone.', 'new.zone.', 'new.'])
          harm += judgedForged(await stage.stack.ask(name, 'A', { ad: true }))
        harm += await victimHarmed(stage)
      }
      return { ...worst, harm: worst.harm + harm }
    },
  },
  {
    name: 'an NSEC whose next name lies outside its zone, then aggressive answers from it',
    reference: 'CVE-2026-13321; Knot 6.4.1',
    bounds: [NO_HARM],
    run: () =>
      falseDenial((keys) => {
        const nsec = records('evil.zone. NSEC zzz.zone. A NS SOA RRSIG NSEC DNSKEY')
        return [...nsec, rrsig(setOf(nsec), keys.zsk)]
      }),
  },
  {
    name: 'an NSEC of the attacker that stands at a name of the victim',
    reference: 'CVE-2026-13321 family',
    bounds: [NO_HARM],
    run: () =>
      falseDenial((keys) => {
        const nsec = records('a.victim.zone. NSEC z.victim.zone. A')
        return [...nsec, rrsig(setOf(nsec), keys.zsk)]
      }),
  },
  {
    name: 'an NSEC3 of the attacker whose owner is below another zone',
    reference: 'CVE-2026-10723',
    bounds: [NO_HARM],
    run: () =>
      falseDenial((keys) =>
        ['victim.zone.', 'zone.', 'deep.evil.zone.'].flatMap((zone) => {
          const nsec3 = nsec3Over(parseName(zone))
          return [nsec3, rrsig(setOf([nsec3]), keys.zsk)]
        }),
      ),
  },
]

const judgedForged = (reply: Message): number => (texts(reply.answers).includes(FORGED) ? 1 : 0)

/** A signed denial that claims what is not the attacker's; then the victim's names are asked for. */
async function falseDenial(proof: (keys: EvilKeys) => ResourceRecord[]): Promise<Measured> {
  const stage = await signedScene((reply, name, _, keys) => {
    if (!name.startsWith('none')) return reply
    const soa = records('evil.zone. SOA a. b. 1 2 3 4 600')
    return saying(reply, { rcode: 3, authorities: [...soa, rrsig(setOf(soa), keys.zsk), ...proof(keys)] })
  })
  let worst: Measured = { harm: 0 }
  for (let i = 0; i < 3; i++)
    worst = worse(worst, figures(await stage.cost(`none${i}.evil.zone.`, 'A', { ad: true, do: true })))
  let harm = worst.harm
  // Asked of the cache, as it were: whatever would be said without the victim's server is false.
  const truth = await stage.stack.ask('alias.victim.zone.')
  if (truth.rcode !== Rcode.NOERROR || !texts(truth.answers).includes('A 203.0.113.80')) harm++
  harm += await victimHarmed(stage)
  return { ...worst, harm }
}

/** Spans the whole chain but its own owner. */
function nsec3Over(zone: Name): ResourceRecord {
  const salt = new Uint8Array()
  const hash = nsec3HashOf(parseName('evil.zone.'), { salt, iterations: 0 })
  const rdata = buildRdata({
    type: Type.NSEC3,
    hashAlgorithm: 1,
    flags: 0,
    iterations: 0,
    salt,
    nextHash: hash,
    types: [Type.NS],
  })
  return { name: prependLabel(base32hexOf(hash), zone), type: Type.NSEC3, class: 1, ttl: 600, rdata }
}
