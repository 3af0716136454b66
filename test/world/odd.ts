/**
 * Servers that are odd in one way only: ready-made values for `behave` and `behaviours`. `combined(a, b)` is odd in both ways.
 * Where a rule is given (`when`), the server is odd for those questions only.
 */
import { concatBytes } from '../../src/base/index.ts'
import { type Message, OptionCode, parseZone, Rcode, type ResourceRecord, ROOT, Type } from '../../src/dns/index.ts'
import type { Asked, Behaviour } from './types.ts'

export type When = (asked: Asked) => boolean

const always: When = () => true
const records = (text: string): ResourceRecord[] => parseZone(text, { origin: ROOT, defaultTtl: 3600 })

/** The reply to questions that the rule picks is made anew; others are answered as they should be. */
const instead = (when: When, change: (reply: Message, asked: Asked) => Message): Behaviour => ({
  tamper: (reply, asked) => [{ reply: when(asked) ? change(reply, asked) : reply }],
})

/** Questions of one of these types, and if a name is given, for it. */
export function asksFor(types: string | readonly string[], name?: string): When {
  const list = typeof types === 'string' ? [types] : types
  return (asked) => list.includes(asked.type) && (name === undefined || asked.name.toLowerCase() === absolute(name))
}

const absolute = (name: string): string => `${name.replace(/\.$/, '')}.`.toLowerCase()

// --- What is wrong with the octets of the message

/** Octets stand after the message. */
export function trailingOctets(octets: Uint8Array = new Uint8Array(4)): Behaviour {
  return { octets: (bytes) => concatBytes(bytes, octets) }
}

/** A second OPT record in the additional section. */
export function secondOpt(): Behaviour {
  const opt = Uint8Array.of(0, 0, Type.OPT, 0x04, 0xd0, 0, 0, 0, 0, 0, 0)
  return {
    octets(bytes) {
      const twice = concatBytes(bytes, opt)
      const view = new DataView(twice.buffer, twice.byteOffset)
      view.setUint16(10, view.getUint16(10) + 1)
      return twice
    },
  }
}

/** The question comes back in lower case, so that 0x20 cannot be checked. TCP works, is closed at once, or says nothing. */
export function lowerCaseQuestion(tcp: 'works' | 'closed' | 'silent' = 'works'): Behaviour {
  return {
    lowerCase: true,
    ...(tcp === 'closed' && { noTcp: true }),
    ...(tcp === 'silent' && { silent: ({ protocol }: Asked) => protocol === 'tcp' }),
  }
}

/** All records have this TTL, e.g. 0x80000000 and above (RFC 2181 section 8). */
export function ttl(seconds: number, when: When = always): Behaviour {
  const set = (section: readonly ResourceRecord[]) => section.map((record) => ({ ...record, ttl: seconds }))
  return instead(when, (reply) => ({
    ...reply,
    answers: set(reply.answers),
    authorities: set(reply.authorities),
    additionals: set(reply.additionals),
  }))
}

// --- What is wrong with EDNS and its options

/** This RCODE, with OPT, for queries that carry a cookie (RFC 7873); a sound answer without it. FORMERR by default. */
export function rcodeForCookie(rcode: number = Rcode.FORMERR): Behaviour {
  const hasCookie = ({ query }: Asked) => query.edns?.options.some(({ code }) => code === OptionCode.COOKIE) === true
  return { rcode: (asked) => (hasCookie(asked) ? rcode : undefined) }
}

/** This RCODE, with OPT, for queries with EDNS; a sound answer without it. NOTIMP by default. */
export function rcodeForEdns(rcode: number = Rcode.NOTIMP): Behaviour {
  return { rcode: ({ query }) => (query.edns === undefined ? undefined : rcode) }
}

// --- What is wrong with the kind of reply

/** This RCODE and nothing else for these questions, e.g. `rcodeFor('DS')`: SERVFAIL. */
export function rcodeFor(when: When | string | readonly string[], rcode: number = Rcode.SERVFAIL): Behaviour {
  const rule = typeof when === 'function' ? when : asksFor(when)
  return { rcode: (asked) => (rule(asked) ? rcode : undefined) }
}

/** The right records from a forwarder or cache: AA clear, RA set. */
export function fromCache(when: When = always): Behaviour {
  return instead(when, (reply) => ({ ...reply, aa: false, ra: true }))
}

/** NOERROR, AA clear, no record at all. By default in place of NODATA only; with a rule, for what it picks. */
export function emptyWithoutAa(when?: When): Behaviour {
  return {
    tamper: (reply, asked) => [
      { reply: (when?.(asked) ?? isNodata(reply)) ? { ...emptied(reply), aa: false } : reply },
    ],
  }
}

/** NOERROR with AA and no record: no SOA beside NODATA (or, with a rule, for what it picks). */
export function emptyWithAa(when?: When): Behaviour {
  return {
    tamper: (reply, asked) => [{ reply: (when?.(asked) ?? isNodata(reply)) ? { ...emptied(reply), aa: true } : reply }],
  }
}

/** NODATA and NXDOMAIN without their SOA; proofs stay. */
export function withoutSoa(when: When = always): Behaviour {
  return instead(when, (reply) => ({
    ...reply,
    authorities: reply.authorities.filter(({ type }) => type !== Type.SOA),
  }))
}

/** NODATA and NXDOMAIN carry the SOA of another zone of this server. */
export function soaOf(origin: string): Behaviour {
  const [soa] = records(`${origin} 300 SOA ns1.${origin} hostmaster.${origin} 1 7200 3600 1209600 300`)
  return {
    tamper: (reply) => [{ reply: isNegative(reply) ? { ...reply, authorities: [soa!], additionals: [] } : reply }],
  }
}

/** The SOA of NODATA and NXDOMAIN stands in the answer section. */
export function soaInAnswer(): Behaviour {
  return {
    tamper: (reply) => [
      { reply: isNegative(reply) ? { ...reply, answers: reply.authorities, authorities: [] } : reply },
    ],
  }
}

/** NODATA is shown by the zone's own NS set in place of its SOA (a "referral" of the zone to itself). */
export function ownNsForNodata(origin: string, options: { readonly aa?: boolean } = {}): Behaviour {
  return {
    tamper(reply, _asked, truth) {
      if (!isNodata(reply)) return [{ reply }]
      const { answers: authorities, additionals } = truth('NS', origin)
      return [{ reply: { ...reply, aa: options.aa ?? true, authorities, additionals } }]
    },
  }
}

/** Every question is referred to the root: AA as given, NS of the root with their addresses, no SOA. */
export function upwardReferral(options: { readonly aa?: boolean; readonly when?: When } = {}): Behaviour {
  const authorities = records('. 518400 NS a.root.\n')
  const additionals = records('a.root. 518400 A 127.54.0.1\n')
  return instead(options.when ?? always, (reply) => ({
    ...emptied(reply),
    aa: options.aa ?? false,
    authorities,
    additionals,
  }))
}

/** Questions of one type are answered with the name's records of another: A for AAAA. */
export function wrongType(asked: string, given: string): Behaviour {
  return {
    tamper: (reply, { type }, truth) => [
      { reply: type === asked ? { ...reply, ...onlyAnswers(truth(given)) } : reply },
    ],
  }
}

const onlyAnswers = ({ answers }: Message) => ({
  rcode: Rcode.NOERROR,
  aa: true,
  answers,
  authorities: [],
  additionals: [],
})

/** Referrals come without addresses; whoever asks for a name server's address gets it, as glue of the same referral. */
export function withoutGlue(options: { readonly evenIfAsked?: boolean } = {}): Behaviour {
  return {
    tamper(reply, { question }) {
      const isReferral =
        !reply.aa && reply.answers.length === 0 && reply.authorities.some(({ type }) => type === Type.NS)
      if (!isReferral) return [{ reply }]
      const kept = (record: ResourceRecord) => options.evenIfAsked !== true && record.name.key === question.name.key
      return [{ reply: { ...reply, additionals: reply.additionals.filter(kept) } }]
    },
  }
}

// --- What is wrong with the data, without another copy of the zone (see copies.ts)

/** No RRSIG, NSEC or NSEC3 in the replies to these questions. */
export function withoutSignatures(when: When = always): Behaviour {
  const isPlain = ({ type }: ResourceRecord) => type !== Type.RRSIG && type !== Type.NSEC && type !== Type.NSEC3
  return instead(when, (reply) => ({
    ...reply,
    answers: reply.answers.filter(isPlain),
    authorities: reply.authorities.filter(isPlain),
  }))
}

/** The last octet of every signature over sets of this type is another one, in whatever section: `badSignatures('DS')`. */
export function badSignatures(covered: string, when: When = always): Behaviour {
  const broken = (record: ResourceRecord): ResourceRecord => {
    if (record.type !== Type.RRSIG || (record.rdata[0]! << 8) + record.rdata[1]! !== typeNumber(covered)) return record
    const rdata = record.rdata.slice()
    rdata[rdata.length - 1] = rdata.at(-1)! ^ 1
    return { ...record, rdata }
  }
  return instead(when, (reply) => ({
    ...reply,
    answers: reply.answers.map(broken),
    authorities: reply.authorities.map(broken),
  }))
}

const typeNumber = (text: string): number => {
  const type = Type[text as keyof typeof Type]
  if (type === undefined) throw new Error(`unknown type ${text}`)
  return type
}

// --- Several at once

/** Odd in each of these ways: later settings take the place of earlier ones, except that tampering adds up, in order. */
export function combined(...parts: readonly Behaviour[]): Behaviour {
  const tampers = parts.flatMap(({ tamper }) => tamper ?? [])
  const octets = parts.flatMap((part) => part.octets ?? [])
  const rcodes = parts.flatMap(({ rcode }) => rcode ?? [])
  return {
    ...Object.assign({}, ...parts),
    ...(rcodes.length > 0 && {
      rcode: (asked: Asked) =>
        rcodes
          .map((rcode) => (typeof rcode === 'function' ? rcode(asked) : rcode))
          .find((rcode) => rcode !== undefined),
    }),
    ...(octets.length > 0 && {
      octets: (bytes: Uint8Array, asked: Asked) => octets.reduce((before, change) => change(before, asked), bytes),
    }),
    ...(tampers.length > 0 && {
      tamper: (reply: Message, asked: Asked, truth: Parameters<NonNullable<Behaviour['tamper']>>[2]) =>
        tampers.reduce<ReturnType<NonNullable<Behaviour['tamper']>>>(
          (sendings, tamper) =>
            sendings.flatMap((sending) =>
              sending.reply instanceof Uint8Array ? [sending] : tamper(sending.reply, asked, truth),
            ),
          [{ reply }],
        ),
    }),
  }
}

const emptied = (reply: Message): Message => ({
  ...reply,
  rcode: Rcode.NOERROR,
  answers: [],
  authorities: [],
  additionals: [],
})

const hasSoa = ({ authorities }: Message): boolean => authorities.some(({ type }) => type === Type.SOA)
const isNodata = (reply: Message): boolean =>
  reply.rcode === Rcode.NOERROR && reply.answers.length === 0 && hasSoa(reply)
const isNegative = (reply: Message): boolean => isNodata(reply) || (reply.rcode === Rcode.NXDOMAIN && hasSoa(reply))
