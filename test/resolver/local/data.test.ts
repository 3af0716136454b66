/** Records and zones of local data: what a user of Unbound knows as local-data and local-zone. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Class, parseName, Rcode, rdataToText, typeFromText, typeToText } from '../../../src/dns/index.ts'
import { compileLocal, LOCAL_ZONE_TYPES, type LocalSpec, type LocalZoneType } from '../../../src/resolver/index.ts'

const SEED = new Uint8Array(8)

function local(spec: Partial<LocalSpec> & { readonly text?: string }) {
  const hosts = spec.text === undefined ? [] : [{ file: 'hosts', text: spec.text }]
  const { data, problems } = compileLocal({ records: [], zones: {}, allow: [], ...spec, hosts }, SEED)
  const ask = (question: string) => {
    const [name = '', type = 'A'] = question.split(' ')
    return data.answer({ name: parseName(name), type: typeFromText(type)!, class: Class.IN })
  }
  /** `world`, an rcode, or the records of the answer. */
  const say = (question: string): string => {
    const answer = ask(question)
    if (answer === undefined) return 'world'
    if (answer.answers.length > 0)
      return answer.answers.map(({ type, rdata }) => `${typeToText(type)} ${rdataToText(type, rdata)}`).join(', ')
    return ['NODATA', '', '', 'NXDOMAIN', '', 'REFUSED'][answer.rcode]!
  }
  return { data, ask, say, problems: problems.map(({ path, message }) => `${path}: ${message}`) }
}

const RECORDS = [
  'lan 600 TXT "the zone"',
  'nas.lan 300 A 192.0.2.1',
  'nas.lan A 192.0.2.2',
  'www.nas.lan CNAME nas.lan',
  'a.b.c.lan A 192.0.2.3',
]

describe('the types of zones', () => {
  const QUESTIONS = [
    'nas.lan A',
    'nas.lan AAAA',
    'www.nas.lan AAAA',
    'b.c.lan A',
    'none.lan A',
    'x.none.lan A',
    'lan A',
    'lan SOA',
    'lan DS',
    'other A',
  ]
  const A = 'A 192.0.2.1, A 192.0.2.2'
  const SOA = 'SOA localhost. nobody.invalid. 1 3600 1200 604800 60'
  const TXT = 'NODATA'
  const rows: readonly (readonly [LocalZoneType, readonly string[]])[] = [
    ['static', [A, 'NODATA', 'CNAME nas.lan.', 'NODATA', 'NXDOMAIN', 'NXDOMAIN', TXT, SOA, 'world', 'world']],
    ['transparent', [A, 'NODATA', 'CNAME nas.lan.', 'world', 'world', 'world', TXT, 'NODATA', 'world', 'world']],
    ['typetransparent', [A, 'world', 'CNAME nas.lan.', 'world', 'world', 'world', 'world', 'world', 'world', 'world']],
    ['refuse', [A, 'NODATA', 'CNAME nas.lan.', 'REFUSED', 'REFUSED', 'REFUSED', TXT, 'NODATA', 'world', 'world']],
    ['always_nxdomain', [...new Array<string>(8).fill('NXDOMAIN'), 'world', 'world']],
    ['always_nodata', [...new Array<string>(8).fill('NODATA'), 'world', 'world']],
    [
      'always_null',
      [
        'A 0.0.0.0',
        'AAAA ::',
        'AAAA ::',
        'A 0.0.0.0',
        'A 0.0.0.0',
        'A 0.0.0.0',
        'A 0.0.0.0',
        'NODATA',
        'world',
        'world',
      ],
    ],
  ]
  for (const [type, answers] of rows)
    it.each(QUESTIONS.map((question, i) => [question, answers[i]!] as const))(
      `${type}: %s -> %s`,
      (question, answer) => {
        const { say, problems } = local({ records: RECORDS, zones: { lan: type } })
        expect(problems).toEqual([])
        expect(say(question)).toBe(answer)
      },
    )

  it('redirect: every name has the data of the zone', () => {
    const { say } = local({
      records: ['ads.example A 192.0.2.9', 'ads.example TXT "no"'],
      zones: { 'ads.example': 'redirect' },
    })
    for (const name of ['ads.example', 'x.ads.example', 'y.x.ads.example']) {
      expect(say(name)).toBe('A 192.0.2.9')
      expect(say(`${name} AAAA`)).toBe('NODATA')
    }
    expect(say('example')).toBe('world')
  })

  it('redirect: data below the zone is an error, and names of hosts files below it do not count', () => {
    const { problems, say } = local({
      records: ['x.ads.example A 192.0.2.9', 'ads.example A 192.0.2.8'],
      zones: { 'ads.example': 'redirect' },
      text: '192.0.2.7 y.ads.example',
    })
    expect(problems).toEqual([
      'records.0: lies below ads.example., which is of type redirect: only its own name has data',
    ])
    expect(say('y.ads.example')).toBe('A 192.0.2.8')
  })

  it("none: the name with data is there, with all its types; the rest is the world's", () => {
    const { say } = local({ records: RECORDS })
    expect(QUESTIONS.map(say)).toEqual([
      A,
      'NODATA',
      'CNAME nas.lan.',
      'world',
      'world',
      'world',
      'NODATA',
      'NODATA',
      'NODATA',
      'world',
    ])
  })

  it('the deepest zone decides', () => {
    const { say } = local({
      zones: { lan: 'static', 'open.lan': 'transparent', 'no.open.lan': 'refuse', '.': 'always_nodata' },
    })
    expect(['x.lan', 'x.open.lan', 'x.no.open.lan', 'example.com'].map(say)).toEqual([
      'NXDOMAIN',
      'world',
      'REFUSED',
      'NODATA',
    ])
  })

  it('names of hosts files count in zones, and so do the names between', () => {
    const { say } = local({
      zones: { lan: 'static', '192.in-addr.arpa': 'static' },
      text: '192.0.2.1 a.b.lan\n192.0.2.2 c.lan',
    })
    expect(['a.b.lan', 'a.b.lan MX', 'b.lan', 'd.lan', 'x.c.lan'].map(say)).toEqual([
      'A 192.0.2.1',
      'NODATA',
      'NODATA',
      'NXDOMAIN',
      'NXDOMAIN',
    ])
    expect(['1.2.0.192.in-addr.arpa PTR', '0.192.in-addr.arpa PTR', '3.2.0.192.in-addr.arpa PTR'].map(say)).toEqual([
      'PTR a.b.lan.',
      'NODATA',
      'NXDOMAIN',
    ])
  })

  it('a configured SOA is used for what does not exist', () => {
    const { ask } = local({ zones: { lan: 'static' }, records: ['lan 77 SOA ns.lan admin.lan 5 1 1 1 9'] })
    expect(ask('x.lan')).toMatchObject({ rcode: Rcode.NXDOMAIN, authorities: [{ ttl: 77 }] })
  })

  it('say that it is the operator who refuses or blocks', () => {
    for (const type of LOCAL_ZONE_TYPES) {
      const { ask } = local({ zones: { lan: type } })
      const blocks = type === 'refuse' || type.startsWith('always_')
      expect(ask('x.lan')?.ede ?? []).toEqual(
        blocks ? [{ code: 15, text: `blocked here by local zone lan. ${type}` }] : [],
      )
    }
  })
})

describe('records', () => {
  it('keep the owner as it was asked, and their own TTL', () => {
    const { ask } = local({ records: ['NAS.lan 77 A 192.0.2.1'] })
    const name = parseName('nAs.LaN')
    expect(ask('nAs.LaN')?.answers).toMatchObject([{ name, ttl: 77 }])
  })

  it('stand before hosts files for the same type, and beside them for others', () => {
    const { say } = local({
      records: ['nas.lan A 192.0.2.1', 'x.lan CNAME y.lan'],
      text: '192.0.2.9 nas.lan x.lan\n2001:db8::1 nas.lan',
    })
    expect(['nas.lan', 'nas.lan AAAA', 'x.lan', 'x.lan AAAA'].map(say)).toEqual([
      'A 192.0.2.1',
      'AAAA 2001:db8::1',
      'CNAME y.lan.',
      'CNAME y.lan.',
    ])
  })

  it('answer ANY with one RRset of those there are (RFC 8482)', () => {
    const { say } = local({
      records: ['a.lan TXT "x"', 'a.lan A 192.0.2.1', 'c.lan CNAME a.lan'],
      zones: { 'null.example': 'always_null' },
      text: '192.0.2.2 h.lan\n2001:db8::2 six.lan',
    })
    const names = ['a.lan', 'c.lan', 'h.lan', 'six.lan', '2.2.0.192.in-addr.arpa', 'none.lan']
    expect(names.map((name) => say(`${name} ANY`))).toEqual([
      'TXT "x"',
      'CNAME a.lan.',
      'A 192.0.2.2',
      'AAAA 2001:db8::2',
      'PTR h.lan.',
      'world',
    ])
  })

  it('may be wildcards, which answer for names that do not exist right below (RFC 4592)', () => {
    const { say } = local({
      records: [
        '*.dev.lan A 192.0.2.1',
        '*.dev.lan TXT "wild"',
        'real.dev.lan A 192.0.2.2',
        'a.between.dev.lan A 192.0.2.3',
        '*.alias.lan CNAME nas.lan',
      ],
      text: '192.0.2.4 host.dev.lan',
    })
    expect(say('x.dev.lan')).toBe('A 192.0.2.1')
    expect(say('y.x.dev.lan')).toBe('A 192.0.2.1')
    expect(say('x.dev.lan AAAA')).toBe('NODATA')
    expect(say('real.dev.lan TXT')).toBe('NODATA')
    // These names exist, so that the wildcard does not reach below them.
    for (const name of ['x.real.dev.lan', 'x.between.dev.lan', 'x.host.dev.lan']) expect(say(name)).toBe('world')
    expect(say('between.dev.lan')).toBe('world')
    expect(say('dev.lan')).toBe('world')
    expect(say('x.alias.lan AAAA')).toBe('CNAME nas.lan.')
    expect(say('*.dev.lan')).toBe('A 192.0.2.1')
  })

  it('wildcards do not hide what a static zone says of names between', () => {
    const { say } = local({ zones: { lan: 'static' }, records: ['*.dev.lan A 192.0.2.1'] })
    expect(['x.dev.lan', 'dev.lan', 'x.lan'].map(say)).toEqual(['A 192.0.2.1', 'NODATA', 'NXDOMAIN'])
  })

  it('may be DNAMEs, for all names below', () => {
    const { ask, say } = local({ records: ['old.lan DNAME new.lan'] })
    expect(ask('a.b.old.lan')?.answers).toMatchObject([{ name: parseName('old.lan'), type: 39 }])
    expect(say('old.lan')).toBe('NODATA')
  })

  it.each([
    ['nas.lan A 192.0.2', 'records.0: column 11: A: not an IPv4 address: 192.0.2'],
    ['nas.lan', 'records.0: column 1: the record has no type'],
    ['', 'records.0: is no record'],
    ['; nothing', 'records.0: is no record'],
    ['$INCLUDE x', 'records.0: column 1: $INCLUDE is not supported'],
    ['nas.lan CH TXT "x"', 'records.0: only records of class IN are served'],
    ['nas..lan A 192.0.2.1', 'records.0: column 1: an empty label: nas..lan'],
  ])('"%s" is an error', (record, problem) => {
    expect(local({ records: [record] }).problems).toEqual([problem])
  })

  it('that contradict each other are an error', () => {
    expect(local({ records: ['a CNAME b', 'a A 192.0.2.1'] }).problems).toEqual([
      'records: a. has a CNAME, and then nothing else can be there',
    ])
    expect(local({ records: ['a CNAME b', 'a CNAME c'] }).problems).toEqual(['records: a. has more than one CNAME'])
    expect(local({ records: ['a A 192.0.2.1', 'a A 192.0.2.1'] }).problems).toEqual([])
  })

  it('zones that cannot be read are an error', () => {
    expect(local({ zones: { 'a..b': 'static', 'x.lan': 'static', 'X.lan.': 'refuse' } }).problems).toEqual([
      'zones.a..b: an empty label: a..b',
      'zones.X.lan.: is given twice',
    ])
  })
})

describe('what is never told to a peer', () => {
  it.each([
    ['a host', 'host.example.com', true],
    ['a reverse name', '1.2.0.192.in-addr.arpa', true],
    ['a record of another type', 'text.example.com', true],
    ['a name below a wildcard', 'x.wild.example.com', true],
    ['a name in a zone, whatever its type', 'x.open.example', true],
    ['a neighbour', 'other.example.com', false],
    ['a name above', 'example.com', false],
  ])('%s', (_, name, covered) => {
    const { data } = local({
      text: '192.0.2.1 host.example.com',
      records: ['text.example.com TXT "x"', '*.wild.example.com TXT "x"'],
      zones: { 'open.example': 'transparent' },
    })
    expect(data.covers(parseName(name))).toBe(covered)
  })

  it('is all that local data answers (property)', () => {
    const label = fc.constantFrom('a', 'b', '*', 'lan')
    const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'))
    const spec = fc.record({
      records: fc.array(
        name.map((text) => `${text} A 192.0.2.1`),
        { maxLength: 6 },
      ),
      zones: fc.dictionary(name, fc.constantFrom(...LOCAL_ZONE_TYPES.filter((type) => type !== 'redirect')), {
        maxKeys: 3,
      }),
      text: fc
        .array(
          name.map((text) => `192.0.2.2 ${text}`),
          { maxLength: 6 },
        )
        .map((lines) => lines.join('\n')),
    })
    fc.assert(
      fc.property(spec, name, fc.constantFrom('A', 'AAAA', 'DS'), (parts, asked, type) => {
        const { data, ask, problems } = local(parts)
        expect(problems).toEqual([])
        if (ask(`${asked} ${type}`) !== undefined) expect(data.covers(parseName(asked))).toBe(true)
      }),
      { numRuns: 500 },
    )
  })
})
