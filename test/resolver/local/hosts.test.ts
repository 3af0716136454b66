import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addressRdata,
  addressText,
  Class,
  type Name,
  nameFromWire,
  nameToText,
  parseName,
  Type,
} from '../../../src/dns/index.ts'
import { compileLocal } from '../../../src/resolver/index.ts'
import { HostTable, lowerWire } from '../../../src/resolver/local/host-table.ts'
import { readHosts } from '../../../src/resolver/local/hosts.ts'
import { limits } from '../../../src/resolver/local/limits.ts'

const SEED = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)

/** What a file says, as `line address name`. */
function read(text: string) {
  const names: string[] = []
  const problems: string[] = []
  let lines = 0
  readHosts(text, {
    name: ({ address, wire, length, line, canonical }) => {
      const name = nameToText(nameFromWire(wire.slice(0, length)))
      names.push(`${line} ${addressText(address.rdata)} ${name}${canonical ? '' : ' alias'}`)
      return undefined
    },
    problem: (line, message) => void problems.push(`${line}: ${message}`),
    end: (count) => {
      lines = count
    },
  })
  return { names, problems, lines }
}

function hosts(...texts: string[]) {
  const files = texts.map((text, i) => ({ file: `hosts${i + 1}`, text }))
  const { data, faults } = compileLocal({ hosts: files, records: [], zones: {}, allow: [] }, SEED)
  const answer = (name: Name | string, type: number = Type.A) =>
    data.answer({ name: typeof name === 'string' ? parseName(name) : name, type, class: Class.IN })
  const addresses = (name: Name | string, type: number = Type.A) =>
    answer(name, type)?.answers.map((one) => addressText(one.rdata))
  const pointer = (address: string) => {
    const name = `${address.split('.').reverse().join('.')}.in-addr.arpa`
    return answer(name, Type.PTR)?.answers.map((one) => nameToText(nameFromWire(one.rdata)))
  }
  return { data, problems: faults.map(({ message }) => message), answer, addresses, pointer }
}

describe('a hosts file', () => {
  it.each([
    ['several names a line', '192.0.2.1 nas nas.lan\n', ['1 192.0.2.1 nas.', '1 192.0.2.1 nas.lan. alias']],
    ['tabs, blanks and CRLF', ' \t192.0.2.1\t\tnas  \r\n\r\n192.0.2.2 b\r\n', ['1 192.0.2.1 nas.', '3 192.0.2.2 b.']],
    ['comments', '# all\n192.0.2.1 nas # mine\n192.0.2.2 b#c\n#192.0.2.3 d', ['2 192.0.2.1 nas.', '3 192.0.2.2 b.']],
    ['no newline at the end', '192.0.2.1 nas', ['1 192.0.2.1 nas.']],
    ['IPv6', '2001:DB8::1 six\n::ffff:192.0.2.1 mapped', ['1 2001:db8::1 six.', '2 ::ffff:192.0.2.1 mapped.']],
    ['upper case', '192.0.2.1 NAS.Lan', ['1 192.0.2.1 nas.lan.']],
    ['a final dot', '192.0.2.1 nas.lan.', ['1 192.0.2.1 nas.lan.']],
    ['underscores and hyphens', '192.0.2.1 _a-b.c_d', ['1 192.0.2.1 _a-b.c_d.']],
    ['escapes', '192.0.2.1 a\\.b.lan', ['1 192.0.2.1 a\\.b.lan.']],
    ['a name that looks like an address', '0.0.0.0 0.0.0.0', ['1 0.0.0.0 0.0.0.0.']],
    ['a byte order mark', '\ufeff192.0.2.1 nas', ['1 192.0.2.1 nas.']],
    ['an address of one interface, which says nothing', 'fe80::1%lo0 localhost\n192.0.2.1 nas', ['2 192.0.2.1 nas.']],
    ['nothing', '', []],
  ])('may have %s', (_, text, names) => {
    expect(read(text)).toMatchObject({ names, problems: [] })
  })

  it.each([
    ['192.0.2 nas', 'not an IPv4 address: 192.0.2; a line is an address and then its names'],
    ['192.0.2.1.5 nas', 'not an IPv4 address: 192.0.2.1.5; a line is an address and then its names'],
    ['ads.example.com', 'not an IPv4 address: ads.example.com; a line is an address and then its names'],
    ['2001:db8::x nas', 'not an IPv6 address: 2001:db8::x; a line is an address and then its names'],
    ['192.0.2.1', 'no name after the address 192.0.2.1'],
    ['192.0.2.1 # nas', 'no name after the address 192.0.2.1'],
    ['192.0.2.1 a..b', 'an empty label: a..b'],
    ['192.0.2.1 .', 'the root is not a host'],
    ['192.0.2.1 bücher.example', 'a name takes printable ASCII, other octets as \\DDD: bücher.example'],
    [`192.0.2.1 ${'x'.repeat(64)}`, `a label is longer than 63 octets: ${'x'.repeat(64)}`],
    [`192.0.2.1 ${'x.'.repeat(127)}xx`, `the name is longer than 255 octets: ${'x.'.repeat(40)}...`],
  ])('says what is wrong in "%s"', (line, message) => {
    expect(read(`# one\n\n${line}\n192.0.2.9 fine`)).toEqual({
      names: ['4 192.0.2.9 fine.'],
      problems: [`3: ${message}`],
      lines: 4,
    })
  })

  it('takes the longest name there is', () => {
    const name = `${'x'.repeat(63)}.${'y'.repeat(63)}.${'z'.repeat(63)}.${'w'.repeat(61)}`
    expect(read(`192.0.2.1 ${name}`)).toMatchObject({ names: [`1 192.0.2.1 ${name}.`], problems: [] })
    expect(read(`192.0.2.1 ${name}w`).problems).toHaveLength(1)
  })
})

describe('names of hosts files', () => {
  it('have the addresses of all their lines, each once, in the order of the files', () => {
    const { addresses } = hosts('192.0.2.1 nas\n192.0.2.2 nas\n2001:db8::1 nas', '192.0.2.1 nas\n192.0.2.3 nas')
    expect(addresses('nas')).toEqual(['192.0.2.1', '192.0.2.2', '192.0.2.3'])
    expect(addresses('nas', Type.AAAA)).toEqual(['2001:db8::1'])
  })

  it("exist: other types are NODATA with a SOA, and names beside and below them are the world's", () => {
    const { answer } = hosts('192.0.2.1 nas.example.com')
    for (const type of [Type.AAAA, Type.MX, Type.HTTPS])
      expect(answer('nas.example.com', type)).toMatchObject({
        rcode: 0,
        answers: [],
        authorities: [{ type: Type.SOA }],
      })
    for (const name of ['example.com', 'x.nas.example.com', 'nas.example.org']) expect(answer(name)).toBeUndefined()
  })

  it('give their addresses a name: the first of the first line', () => {
    const { pointer } = hosts('192.0.2.1 nas.lan nas\n192.0.2.1 other.lan\n192.0.2.2 nas.lan')
    expect(pointer('192.0.2.1')).toEqual(['nas.lan.'])
    expect(pointer('192.0.2.2')).toEqual(['nas.lan.'])
    expect(pointer('192.0.2.3')).toBeUndefined()
    const six = hosts('2001:db8::1 six.lan')
    const name = `1.${'0.'.repeat(23)}8.b.d.0.1.0.0.2.ip6.arpa`
    expect(six.answer(name, Type.PTR)?.answers).toHaveLength(1)
    expect(six.answer(name, Type.TXT)).toMatchObject({ rcode: 0, answers: [] })
  })

  it('are never localhost, which is the loopback address by RFC 6761 whatever a file says', () => {
    const { answer, pointer, data } = hosts('127.0.0.1 localhost\n192.0.2.66 localhost x.localhost\n::1 ip6-localhost')
    expect(answer('localhost')).toBeUndefined()
    expect(answer('x.localhost')).toBeUndefined()
    expect(pointer('127.0.0.1')).toBeUndefined()
    expect(data.stats().hostNames).toBe(1)
    expect(hosts('192.0.2.1 notlocalhost').addresses('notlocalhost')).toEqual(['192.0.2.1'])
    expect(hosts('192.0.2.1 x\\009localhost').data.stats().hostNames).toBe(1)
  })

  it('are blocked by 0.0.0.0: the answer says so, and the address gets no name', () => {
    const { answer, pointer } = hosts('', '# list\n0.0.0.0 ads.example.com\n0.0.0.0 b.example.com')
    for (const type of [Type.A, Type.AAAA])
      expect(answer('ads.example.com', type)?.ede).toEqual([{ code: 15, text: 'blocked here by hosts2:2' }])
    expect(answer('b.example.com')?.detail).toBe('hosts2:3')
    expect(pointer('0.0.0.0')).toBeUndefined()
    expect(hosts('192.0.2.1 nas').answer('nas')?.ede).toEqual([])
  })

  it('are told with file and line when they are wrong, up to a bound for each file', () => {
    const { problems } = hosts('192.0.2.1 fine\nx y\n', 'wrong\n'.repeat(1_000))
    expect(problems[0]).toMatch(/^hosts1:2: not an IPv4 address: x;/)
    expect(problems.slice(1, -1)).toHaveLength(limits.MAX_PROBLEMS_PER_FILE)
    expect(problems.at(-2)).toMatch(/^hosts2:10: /)
    expect(problems.at(-1)).toBe('hosts2: 1000 faults in all')
  })

  it('are passed over when they are wrong, and all others count, before and after them', () => {
    const lines = Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? `192.0.2.1 n${i}` : '<!DOCTYPE html>'))
    const { problems, addresses, data } = hosts(lines.join('\n'), '192.0.2.2 last')
    expect(data.stats().hostNames).toBe(101)
    expect(addresses('n0')).toEqual(['192.0.2.1'])
    expect(addresses('n198')).toEqual(['192.0.2.1'])
    expect(addresses('last')).toEqual(['192.0.2.2'])
    expect(problems.at(-1)).toBe('hosts1: 100 faults in all')
  })

  it('with one name that is none keep their other names, and never give the address to another', () => {
    const { problems, addresses } = hosts('192.0.2.1 fine a..b also\n192.0.2.300 wrong\nwrong again\n192.0.2.2 right')
    expect([addresses('fine'), addresses('also'), addresses('right')]).toEqual([
      ['192.0.2.1'],
      ['192.0.2.1'],
      ['192.0.2.2'],
    ])
    for (const name of ['wrong', 'again']) expect(addresses(name)).toBeUndefined()
    expect(problems).toHaveLength(3)
  })

  it('have a bounded number of addresses each', () => {
    const lines = Array.from({ length: 70 }, (_, i) => `192.0.2.${i} many`).join('\n')
    const { problems, addresses } = hosts(lines)
    expect(problems[0]).toBe('hosts1:65: a name has more than 64 addresses')
    expect(addresses('many')).toHaveLength(limits.MAX_ADDRESSES_PER_NAME)
  })

  it('say whatever the file says (property)', () => {
    const label = fc.stringMatching(/^[a-zA-Z0-9_-]{1,12}$/)
    const name = fc
      .array(label, { minLength: 1, maxLength: 4 })
      .map((labels) => labels.join('.'))
      .filter((text) => !/(^|\.)localhost$/i.test(text))
    const address = fc.oneof(fc.ipV4(), fc.ipV6())
    const blank = fc.constantFrom(' ', '\t', '  ', ' \t ')
    const line = fc.record({
      address,
      names: fc.array(name, { minLength: 1, maxLength: 4 }),
      lead: fc.constantFrom('', ' ', '\t'),
      blank,
      tail: fc.constantFrom('', ' ', '#', ' # 192.0.2.1 comment'),
      end: fc.constantFrom('\n', '\r\n', '\n\n', '\n# comment\n'),
    })
    fc.assert(
      fc.property(fc.array(line, { maxLength: 30 }), (lines) => {
        const text = lines
          .map((one) => one.lead + [one.address, ...one.names].join(one.blank) + one.tail + one.end)
          .join('')
        const said = new Map<string, Set<string>>()
        for (const one of lines) {
          const canonical = addressText(addressRdata(one.address).rdata)
          for (const text of one.names) {
            const { key } = parseName(text)
            said.set(key, (said.get(key) ?? new Set()).add(canonical))
          }
        }
        const { problems, addresses, data } = hosts(text)
        expect(problems).toEqual([])
        expect(data.stats().hostNames).toBe(said.size)
        for (const one of lines)
          for (const text of one.names) {
            const found = [...(addresses(text) ?? []), ...(addresses(text.toUpperCase(), Type.AAAA) ?? [])]
            expect(new Set(found)).toEqual(said.get(parseName(text).key))
          }
      }),
      { numRuns: 200 },
    )
  })

  it('never throw, whatever the text, and name lines that are there (property)', () => {
    const words = fc.constantFrom(
      '192.0.2.1',
      '::1',
      '::',
      'a.b',
      '#',
      '\n',
      '\r',
      '\t',
      ' ',
      '%',
      '\\',
      '..',
      'x'.repeat(70),
    )
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.array(words, { maxLength: 40 }).map((all) => all.join('')),
    )
    fc.assert(
      fc.property(text, (text) => {
        const { problems, lines } = read(text)
        for (const problem of problems) {
          const line = Number(problem.split(':')[0])
          expect(line >= 1 && line <= lines).toBe(true)
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('the table of host names', () => {
  it('finds what was added, and nothing else (property)', () => {
    const name = fc
      .array(fc.stringMatching(/^[a-c]{1,2}$/), { minLength: 1, maxLength: 4 })
      .map((labels) => parseName(labels.join('.')))
    fc.assert(
      fc.property(fc.array(name, { maxLength: 120 }), fc.array(name, { maxLength: 40 }), (added, asked) => {
        const table = new HostTable(SEED)
        const model = new Map<string, number>()
        added.forEach((one, i) => {
          const wire = lowerWire(one)
          const { entry, isNew } = table.add(wire, wire.length, i)
          expect(isNew).toBe(!model.has(one.key))
          if (isNew) table.setValue(entry, i)
          if (!model.has(one.key)) model.set(one.key, i)
        })
        table.trim()
        expect(table.size).toBe(model.size)
        for (const one of [...added, ...asked]) {
          const entry = table.find(one)
          expect(entry === -1 ? undefined : table.valueOf(entry)).toBe(model.get(one.key))
        }
      }),
    )
  })

  it('keeps a blocklist of 200,000 names in flat memory of less than 60 bytes a name', () => {
    const count = 200_000
    const text = Array.from({ length: count }, (_, i) => `0.0.0.0 ads${i}.tracker${i % 999}.example`).join('\n')
    const { data, problems, addresses } = hosts(text)
    expect(problems).toEqual([])
    expect(data.stats().hostNames).toBe(count)
    expect(data.stats().hostBytes / count).toBeLessThan(60)
    expect(addresses('ads123456.tracker579.example')).toEqual(['0.0.0.0'])
    expect(addresses('ads123456.tracker578.example')).toBeUndefined()
  })
})
