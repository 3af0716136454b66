import { describe, expect, it } from 'vitest'
import {
  type Message,
  makeQuery,
  nameToText,
  parseName,
  parseZone,
  type ResourceRecord,
  typeFromText,
  typeToText,
} from '../../src/dns/index.ts'
import { type Asked, classify, type Reply } from '../../src/iterator/index.ts'

function records(text: string): ResourceRecord[] {
  return parseZone(text, { origin: parseName('.'), defaultTtl: 3600 })
}

interface Sections {
  answer?: string
  authority?: string
  additional?: string
}

function reply(question: Asked['question'], sections: Sections, change: Partial<Message> = {}): Message {
  return {
    ...makeQuery({ id: 1, name: question.name, type: question.type, rd: false }),
    qr: true,
    aa: true,
    answers: records(sections.answer ?? ''),
    authorities: records(sections.authority ?? ''),
    additionals: records(sections.additional ?? ''),
    ...change,
  }
}

function asked(name: string, type: string, zone: string, change: Partial<Asked> = {}): Asked {
  const question = { name: parseName(name), type: typeFromText(type)!, class: 1 }
  return { question, zone: parseName(zone), role: 'authority', ...change }
}

const A = asked('www.example.test.', 'A', 'example.test.')
const SOA = 'example.test. SOA ns.example.test. h.example.test. 1 2 3 4 5'

function said(asking: Asked, sections: Sections, change: Partial<Message> = {}): Reply {
  return classify(reply(asking.question, sections, change), asking)
}

/** `answer example.test. | www.example.test. A`: kind, apex, then what else was kept. */
function text(result: Reply): string {
  if (result.kind === 'referral') return `referral ${nameToText(result.delegation.zone)}`
  if (!('outcome' in result)) return result.kind
  const extras = result.extras.map(({ question, outcome }) => {
    return `${nameToText(question.name)} ${typeToText(question.type)}${outcome.kind === 'absent' ? ' absent' : ''}`
  })
  return [`${result.kind} ${nameToText(result.outcome.apex)}`, ...extras].join(' | ')
}

describe('classify', () => {
  const table: [string, Asked, Sections, Partial<Message>, string][] = [
    ['an answer', A, { answer: 'www.example.test. A 192.0.2.1' }, {}, 'answer example.test.'],
    [
      'an answer of a child zone on the same server, shown by its NS set',
      A,
      { answer: 'www.example.test. A 192.0.2.1', authority: 'www.example.test. NS ns.test.' },
      {},
      'answer www.example.test. | www.example.test. NS',
    ],
    [
      'an alias, with what follows in the same zone',
      A,
      {
        answer:
          'www.example.test. CNAME a.example.test.\na.example.test. CNAME b.example.test.\nb.example.test. A 192.0.2.1',
      },
      {},
      'cname example.test. | a.example.test. CNAME | b.example.test. A',
    ],
    [
      'an alias that leaves the zone: the rest is not looked at',
      A,
      { answer: 'www.example.test. CNAME www.other.test.\nwww.other.test. A 6.6.6.6' },
      {},
      'cname example.test.',
    ],
    [
      'an alias to nothing (RFC 6604: the rcode is for the last name)',
      A,
      { answer: 'www.example.test. CNAME a.example.test.', authority: SOA },
      { rcode: 3 },
      'cname example.test. | a.example.test. A absent',
    ],
    [
      'aliases in a circle',
      A,
      { answer: 'www.example.test. CNAME a.example.test.\na.example.test. CNAME www.example.test.' },
      {},
      'cname example.test. | a.example.test. CNAME',
    ],
    [
      'a DNAME with its synthesised CNAME',
      A,
      {
        answer:
          'example.test. DNAME other.example.test.\nwww.example.test. CNAME www.other.example.test.\nwww.other.example.test. A 192.0.2.1',
      },
      {},
      'dname example.test. | www.other.example.test. A | example.test. DNAME',
    ],
    ['an answer for another name only', A, { answer: 'mail.example.test. A 192.0.2.1' }, {}, 'lame'],
    [
      'an answer without authority, from a cache',
      A,
      { answer: 'www.example.test. A 192.0.2.1' },
      { aa: false, ra: true },
      'lame',
    ],
    [
      'an answer without AA of a broken authority',
      A,
      { answer: 'www.example.test. A 192.0.2.1' },
      { aa: false },
      'answer example.test.',
    ],
    ['no such type', A, { authority: SOA }, {}, 'nodata example.test.'],
    ['no such name', A, { authority: SOA }, { rcode: 3 }, 'nxdomain example.test.'],
    ['no such name without SOA', A, {}, { rcode: 3 }, 'nxdomain example.test.'],
    ['no such type without SOA', A, {}, {}, 'nodata example.test.'],
    ['no such name, without AA', A, { authority: SOA }, { rcode: 3, aa: false }, 'nxdomain example.test.'],
    ['no such type, without AA', A, { authority: SOA }, { aa: false }, 'nodata example.test.'],
    ['no such name, without AA or SOA', A, {}, { rcode: 3, aa: false }, 'nxdomain example.test.'],
    ['no such name from a cache', A, { authority: SOA }, { rcode: 3, aa: false, ra: true }, 'lame'],
    ['no such type from a cache', A, { authority: SOA }, { aa: false, ra: true }, 'lame'],
    ['no such name that refers upwards', A, { authority: '. NS a.root-servers.net.' }, { rcode: 3, aa: false }, 'lame'],
    [
      'no such type by the SOA of a stranger, without AA',
      A,
      { authority: 'test. SOA a. b. 1 2 3 4 5' },
      { aa: false },
      'lame',
    ],
    ['an absence by the SOA of a zone above', A, { authority: 'test. SOA a. b. 1 2 3 4 5' }, { rcode: 3 }, 'lame'],
    ['an absence by the SOA of a zone beside', A, { authority: 'mail.example.test. SOA a. b. 1 2 3 4 5' }, {}, 'lame'],
    [
      'an absence by the SOA of a zone below',
      A,
      { authority: 'www.example.test. SOA a. b. 1 2 3 4 5' },
      {},
      'nodata www.example.test.',
    ],
    ['a referral', A, { authority: 'www.example.test. NS ns.other.' }, { aa: false }, 'referral www.example.test.'],
    [
      'a referral that claims authority',
      A,
      { authority: 'www.example.test. NS ns.other.' },
      {},
      'referral www.example.test.',
    ],
    ['a referral to itself', A, { authority: 'example.test. NS ns.other.' }, { aa: false }, 'lame'],
    ['a referral upwards', A, { authority: '. NS a.root-servers.net.' }, { aa: false }, 'lame'],
    ['a referral sideways', A, { authority: 'mail.example.test. NS ns.other.' }, { aa: false }, 'lame'],
    ['a referral for a stranger', A, { authority: 'other.test. NS ns.other.' }, { aa: false }, 'lame'],
    ['nothing at all', A, {}, { aa: false }, 'lame'],
    ['truncation', A, { answer: 'www.example.test. A 192.0.2.1' }, { tc: true }, 'truncated'],
    ['SERVFAIL', A, {}, { rcode: 2 }, 'error'],
    ['REFUSED', A, { answer: 'www.example.test. A 192.0.2.1' }, { rcode: 5 }, 'error'],
    ['another question', A, {}, { questions: [asked('x.test.', 'A', '.').question] }, 'mismatch'],
    [
      'the delegation in the answer section of a parent',
      asked('example.test.', 'NS', 'test.'),
      { answer: 'example.test. NS ns.other.' },
      { aa: false },
      'referral example.test.',
    ],
    [
      'the NS set of the zone itself',
      asked('example.test.', 'NS', 'example.test.'),
      { answer: 'example.test. NS ns.other.' },
      {},
      'answer example.test.',
    ],
    [
      'what a forwarder says, without AA',
      { ...A, role: 'forward' },
      { answer: 'www.example.test. A 192.0.2.1' },
      { aa: false, ra: true },
      'answer example.test.',
    ],
  ]
  for (const [what, asking, sections, change, expected] of table) {
    it(`reads ${what}`, () => expect(text(said(asking, sections, change))).toBe(expected))
  }

  it('takes the signer for the apex, if it may be', () => {
    const signature = (signer: string) =>
      `www.example.test. RRSIG A 13 3 60 20300101000000 20200101000000 1 ${signer} AAAA`
    const answer = 'www.example.test. A 192.0.2.1\n'
    const zone = asked('www.example.test.', 'A', 'test.')
    expect(text(said(zone, { answer: answer + signature('example.test.') }))).toBe('answer example.test.')
    expect(text(said(zone, { answer: answer + signature('other.test.') }))).toBe('answer test.')
    expect(text(said(zone, { answer: answer + signature('.') }))).toBe('answer test.')
  })

  it('keeps proofs with an absence, and with a wildcard expansion, and of the zone only', () => {
    const nsec = '*.example.test. NSEC z.example.test. A\nother.test. NSEC z.test. A'
    const absence = said(A, { authority: `${SOA}\n${nsec}` })
    expect('outcome' in absence && absence.outcome.proofs.map((proof) => nameToText(proof.name))).toEqual([
      '*.example.test.',
    ])
    const wild =
      'www.example.test. A 192.0.2.1\nwww.example.test. RRSIG A 13 2 60 20300101000000 20200101000000 1 example.test. AAAA'
    const answer = said(A, { answer: wild, authority: nsec })
    expect('outcome' in answer && answer.outcome.proofs).toHaveLength(1)
    const plain = said(A, { answer: wild.replace('13 2', '13 3'), authority: nsec })
    expect('outcome' in plain && plain.outcome.proofs).toHaveLength(0)
  })

  it('believes nothing about names below a cut that is known', () => {
    const isBelowCut = (name: { labels: number }) => name.labels > 3
    const chain = 'www.example.test. CNAME a.cut.example.test.\na.cut.example.test. A 6.6.6.6'
    expect(text(said({ ...A, isBelowCut }, { answer: chain }))).toBe('cname example.test.')
  })
})

describe('referrals', () => {
  const T = asked('www.example.test.', 'A', 'test.')
  const delegation = (sections: Sections) => {
    const result = said(T, sections, { aa: false })
    if (result.kind !== 'referral') throw new Error(result.kind)
    return result.delegation
  }

  it('keep glue of their own servers inside the bailiwick, and no other address', () => {
    const { addresses, nameServers } = delegation({
      authority: 'example.test. NS ns1.example.test.\nexample.test. NS ns.other.',
      additional:
        'ns1.example.test. A 192.0.2.1\nns1.example.test. AAAA 2001:db8::1\nns.other. A 6.6.6.6\nwww.example.test. A 6.6.6.6',
    })
    expect(nameServers.map(nameToText)).toEqual(['ns1.example.test.', 'ns.other.'])
    expect([...addresses].map(([key, list]) => [key.length, list])).toEqual([[18, ['192.0.2.1', '2001:db8::1']]])
  })

  it('keep DS and proofs for whoever validates, and the TTL of the NS set', () => {
    const result = delegation({
      authority: 'example.test. 77 NS ns.other.\nexample.test. DS 1 13 2 AABB\nexample.test. NSEC z.test. NS',
    })
    expect(result.ds?.rdatas).toHaveLength(1)
    expect(result.proofs).toHaveLength(1)
    expect(result.ttl).toBe(77)
  })

  it('keep at most 20 servers, 6 addresses of a family each, and 8 DS records (CacheFlush, KeyTrap)', () => {
    const many = (count: number, line: (i: number) => string) =>
      Array.from({ length: count }, (_, i) => line(i)).join('\n')
    const result = delegation({
      authority: `${many(300, (i) => `example.test. NS n${i}.test.`)}\n${many(40, (i) => `example.test. DS ${i} 13 2 AABB`)}`,
      additional: many(50, (i) => `n0.test. A 192.0.2.${i + 1}`),
    })
    expect(result.nameServers).toHaveLength(20)
    expect(result.addresses.get(result.nameServers[0]!.key)).toHaveLength(6)
    // Whole: a part of a signed set is bogus. How many of them are tried is bounded where they are used.
    expect(result.ds?.rdatas).toHaveLength(40)
  })

  it('lead to the deepest cut that is offered', () => {
    const result = delegation({ authority: 'example.test. NS a.\nwww.example.test. NS b.' })
    expect(nameToText(result.zone)).toBe('www.example.test.')
  })
})

describe('bounds on answers', () => {
  it('keep 11 links of a chain, 8 signatures of a set, and all of its records', () => {
    const chain = Array.from(
      { length: 40 },
      (_, i) => `${i === 0 ? 'www' : `c${i}`}.example.test. CNAME c${i + 1}.example.test.`,
    )
    const long = said(A, { answer: chain.join('\n') })
    expect('extras' in long && long.extras.length).toBe(10)
    const records = Array.from({ length: 300 }, (_, i) => `www.example.test. A 10.0.${i >> 8}.${i & 255}`)
    const signatures = Array.from(
      { length: 30 },
      (_, i) => `www.example.test. RRSIG A 13 3 60 20300101000000 20200101000000 ${i} example.test. AAAA`,
    )
    const big = said(A, { answer: [...records, ...signatures].join('\n') })
    const rrset = 'outcome' in big && big.outcome.kind === 'rrset' ? big.outcome.rrset : undefined
    expect(rrset?.rdatas).toHaveLength(300)
    expect(rrset?.signatures).toHaveLength(8)
  })
})
