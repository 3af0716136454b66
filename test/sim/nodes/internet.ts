/** The authorities of a simulated world: signed and unsigned zones, and what of their answers can be true, by when and where. */
import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Clock, concatBytes, type Exchange } from '../../../src/base/index.ts'
import { sha256 } from '../../../src/crypto/index.ts'
import {
  decodeMessage,
  encodeMessage,
  parentName,
  type Question,
  type ResourceRecord,
  Type,
} from '../../../src/dns/index.ts'
import type { Outcome } from '../../../src/evidence/index.ts'
import { answer, ask } from '../../chunks/world.ts'
import {
  composeSpec,
  createWorld,
  keyTag,
  type SignedWorld,
  signWorld,
  type World,
  type WorldSpec,
  type ZoneKey,
  type ZoneSpec,
} from '../../world/index.ts'

export type Behaviour = 'static' | 'rotating' | 'geographic' | 'moving' | 'lame' | 'absent'

export interface Site {
  readonly question: Question
  readonly behaviour: Behaviour
  readonly isSigned: boolean
  readonly ttl: number
}

/** Unix ms at which all simulated worlds begin; signatures are made for it. */
export const START_MS = 1_800_000_000_000
/** Seconds. */
export const LONG_TTL = 3_600
const SHORT_TTL = 120
const MONTH = 30 * 86_400

/** What no authority of this world ever says. */
const LIE = Uint8Array.of(203, 0, 113, 66)

const site = (name: string, behaviour: Behaviour, isSigned: boolean, ttl: number): Site => ({
  question: ask(name),
  behaviour,
  isSigned,
  ttl,
})

export const SITES: readonly Site[] = [
  site('www.plain.com.', 'static', false, LONG_TTL),
  site('api.plain.com.', 'static', false, LONG_TTL),
  site('short.plain.com.', 'static', false, SHORT_TTL),
  site('moves.plain.com.', 'moving', false, SHORT_TTL),
  site('none.plain.com.', 'absent', false, 300),
  site('www.signed.com.', 'static', true, LONG_TTL),
  site('api.signed.com.', 'static', true, SHORT_TTL),
  site('none.signed.com.', 'absent', true, 300),
  site('www.many.com.', 'rotating', false, LONG_TTL),
  site('www.near.com.', 'geographic', false, LONG_TTL),
  site('www.lame.com.', 'lame', false, LONG_TTL),
]

/** What a liar says of a name: an address that no authority ever says, in a form that nothing but votes can refuse. */
export function lie(question: Question): Outcome {
  return { ...answer(question, [200]), apex: parentName(question.name) }
}

/** Last octets of 192.0.2.0/24 that a site may have. */
const OCTETS: Readonly<Record<Behaviour, readonly number[]>> = {
  static: [10],
  lame: [11],
  rotating: [20, 21, 22, 23, 24],
  geographic: [30, 31, 32],
  moving: [40, 41],
  absent: [],
}

export interface Internet {
  readonly world: World
  /** DS line of the root. */
  readonly anchor: string
  /** File of root hints. */
  readonly hints: string
  /** `moves.plain.com` gets its second address. */
  move(): void
  /** Whether an address was said by no authority, or by none any more at this time. `slackMs`: how far clocks were wrong. */
  isLie(site: Site, record: ResourceRecord, slackMs: number): boolean
}

export async function createInternet(clock: Clock, seed: number): Promise<Internet> {
  const { spec, anchorText } = signedSpec()
  const world = await createWorld({ ...spec, seed }, { sockets: false, clock })
  world.server('ns1.many.com').behave({ subset: 3 })
  world.server('ns2.lame.com').behave({ lame: 'refer-up' })
  let moved = Number.POSITIVE_INFINITY
  return {
    world,
    anchor: anchorText,
    hints: hintsFile(world),
    move() {
      const zone = spec.zones.find(({ origin }) => origin === 'plain.com.')!
      moved = clock.now()
      world.setZone({ ...zone, text: zone.text.replace('192.0.2.40', '192.0.2.41') })
    },
    isLie({ behaviour, ttl }, { rdata }, slackMs) {
      const [a, b, c, last] = rdata
      if (rdata.length !== 4 || a !== 192 || b !== 0 || c !== 2 || !OCTETS[behaviour].includes(last!)) return true
      if (behaviour !== 'moving') return false
      return last === 41 ? clock.now() < moved : clock.now() > moved + 1_000 * ttl + slackMs
    },
  }
}

/** The same for all worlds of a process: what costs most is signing. */
let signed: SignedWorld | undefined

function signedSpec(): SignedWorld {
  if (signed !== undefined) return signed
  const options = (zone: string) => ({
    keys: { ksk: seededKey(`${zone} ksk`, 257), zsk: seededKey(`${zone} zsk`, 256) },
    inception: START_MS / 1_000 - 3_600,
    expiration: START_MS / 1_000 + MONTH,
  })
  signed = signWorld(plainSpec(), Object.fromEntries(['.', 'com.', 'signed.com.'].map((zone) => [zone, options(zone)])))
  return signed
}

function plainSpec(): WorldSpec {
  const hosts = {
    'a.root.': '199.7.0.1',
    'b.root.': '199.7.0.2',
    'ns1.com.': '199.7.1.1',
    'ns2.com.': '199.7.1.2',
    'ns1.plain.com.': '199.7.2.1',
    'ns2.plain.com.': '199.7.2.2',
    'ns1.signed.com.': '199.7.3.1',
    'ns1.many.com.': '199.7.4.1',
    'ns1.near.com.': '199.7.5.1',
    'ns1.lame.com.': '199.7.6.1',
    'ns2.lame.com.': '199.7.6.2',
  }
  const servers = (zone: string) =>
    Object.keys(hosts).filter((host) =>
      zone === '.' ? host.endsWith('.root.') : new RegExp(`^ns.\\.${zone}$`).test(host),
    )
  const zone = (origin: string, text = '', more: Pick<ZoneSpec, 'views'> = {}) => ({
    origin,
    nameServers: servers(origin),
    text,
    ...more,
  })
  const address = (name: string, ttl: number, octets: readonly number[]) =>
    octets.map((last) => `${name} ${ttl} A 192.0.2.${last}\n`).join('')
  const near = OCTETS.geographic.map((last, region) => ({
    from: [`10.${region}.0.0/16`],
    text: address('www.near.com.', LONG_TTL, [last]),
  }))
  return composeSpec({
    hosts,
    port: 53,
    zones: [
      zone('.'),
      zone('com.'),
      zone(
        'plain.com.',
        address('www', LONG_TTL, [10]) +
          address('api', LONG_TTL, [10]) +
          address('short', SHORT_TTL, [10]) +
          address('moves', SHORT_TTL, [40]),
      ),
      zone('signed.com.', address('www', LONG_TTL, [10]) + address('api', SHORT_TTL, [10])),
      zone('many.com.', address('www', LONG_TTL, OCTETS.rotating)),
      zone('near.com.', address('www', LONG_TTL, [30]), { views: near }),
      zone('lame.com.', address('www', LONG_TTL, [11])),
    ],
  })
}

/** Ed25519, from a seed, so that a world has the same keys in each run. */
function seededKey(name: string, flags: number): ZoneKey {
  const seed = sha256(new TextEncoder().encode(`zone key ${name}`))
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed])
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const publicKey = new Uint8Array(Buffer.from(createPublicKey(key).export({ format: 'jwk' }).x ?? '', 'base64url'))
  const rdata = concatBytes(Uint8Array.of(flags >> 8, flags & 255, 3, 15), publicKey)
  return { algorithm: 15, tag: keyTag(rdata), rdata, sign: (data) => new Uint8Array(sign(null, data, key)) }
}

let hints: string | undefined

function hintsFile(world: World): string {
  if (hints !== undefined) return hints
  const dir = mkdtempSync(join(tmpdir(), 'chordns-sim-'))
  process.on('exit', () => rmSync(dir, { recursive: true, force: true }))
  hints = join(dir, 'hints')
  writeFileSync(hints, world.hintsText())
  return hints
}

export type Forging = 'nothing' | 'unsigned' | 'all'

/** What somebody on the way of one node to the authorities makes of its answers: another address for the sites. */
export function forgedExchange(inner: Exchange, forging: () => Forging): Exchange {
  const names = new Map(SITES.map(({ question, isSigned }) => [question.name.key, isSigned]))
  return {
    families: () => inner.families(),
    async exchange(query) {
      const how = forging()
      const classify = (reply: Uint8Array) => query.classify(how === 'nothing' ? reply : forged(reply, how))
      const reply = await inner.exchange({ ...query, classify })
      return how === 'nothing' ? reply : forged(reply, how)
    },
  }

  function forged(bytes: Uint8Array, how: Forging): Uint8Array {
    const reply = decodeMessage(bytes)
    const [question] = reply.questions
    if (question?.type !== Type.A) return bytes
    const isSigned = names.get(question.name.key)
    if (isSigned === undefined || (isSigned && how === 'unsigned')) return bytes
    // A referral stays: who answers in the place of the last server is believed.
    if (reply.answers.length === 0 && !reply.authorities.some(({ type }) => type === Type.SOA)) return bytes
    const answers = [{ name: question.name, type: Type.A, class: 1, ttl: LONG_TTL, rdata: LIE }]
    return encodeMessage({ ...reply, rcode: 0, aa: true, answers, authorities: [] })
  }
}
