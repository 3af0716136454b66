import { describe, expect, it } from 'vitest'
import { addressText, Class, parseName, Type } from '../../src/dns/index.ts'
import {
  type ClientIdentity,
  compileLists,
  Filter,
  type FilterOptions,
  type GroupOptions,
  type ListOptions,
} from '../../src/filter/index.ts'

const SEED = Uint8Array.from({ length: 16 }, (_, i) => i * 7)

interface Setting {
  readonly lists?: Readonly<Record<string, string>>
  readonly groups?: readonly (Partial<GroupOptions> & { readonly name: string })[]
  readonly options?: Partial<FilterOptions>
  readonly identify?: (address: string) => ClientIdentity | undefined
  readonly list?: Partial<ListOptions>
}

function filterOf({ lists = {}, groups = [], options = {}, identify = () => undefined, list = {} }: Setting) {
  const clock = { time: new Date(2026, 10, 29, 12, 0).getTime(), now: () => clock.time }
  const filter = new Filter(
    { clock, seed: SEED, identify },
    {
      groups: groups.map((group) => ({ clients: [], lists: undefined, schedules: [], mode: undefined, ...group })),
      mode: 'null',
      ttl: 10,
      own: { all: [], groups: {} },
      ...options,
    },
  )
  const texts = Object.entries(lists).map(([name, text]) => ({
    options: { name, kind: 'block', format: 'auto', rewrites: true, ...list } as const,
    bytes: new TextEncoder().encode(text),
  }))
  filter.setLists(compileLists(texts, SEED).set)
  const question = (name: string, type: number) => ({ name: parseName(name), type, class: Class.IN })
  return {
    filter,
    clock,
    judge: (name: string, client = '192.168.1.9', type: number = Type.A) => filter.judge(question(name, type), client),
    /** What a client gets: addresses, or the code; undefined: it is resolved. */
    says(name: string, client = '192.168.1.9', type: number = Type.A) {
      const { answer } = filter.judge(question(name, type), client)
      if (answer === undefined) return undefined
      const first = answer.answers[0]
      if (first === undefined) return answer.rcode
      return first.type === Type.CNAME ? 'alias' : addressText(first.rdata)
    },
  }
}

describe('the filter', () => {
  it('lets own rules stand before lists, what is important before the rest, and allowing before blocking', () => {
    const { says } = filterOf({
      lists: {
        a: '||both.example^\n||mine.example^\n||allowed.example^$important\n||loud.example^$important\n||x.wide.example^',
        b: '@@||both.example^\n@@||loud.example^\n@@||loudest.example^$important\n||loudest.example^$important\n@@||wide.example^',
      },
      options: { own: { all: ['@@||allowed.example^', '||mine.example^', '@@||www.mine.example^'], groups: {} } },
    })
    expect(says('both.example')).toBeUndefined()
    expect(says('allowed.example')).toBeUndefined()
    expect(says('loud.example')).toBe('0.0.0.0')
    expect(says('loudest.example')).toBeUndefined()
    expect(says('x.wide.example')).toBeUndefined()
    expect(says('mine.example')).toBe('0.0.0.0')
    expect(says('www.mine.example')).toBeUndefined()
    expect(says('other.example')).toBeUndefined()
  })

  it('answers blocked names in each mode, and other types than addresses with nothing', () => {
    const lists = { a: '||ads.example^' }
    const of = (mode: FilterOptions['mode'], type?: number) =>
      filterOf({ lists, options: { mode } }).says('ads.example', '192.168.1.9', type)
    expect(of('null')).toBe('0.0.0.0')
    expect(of('null', Type.AAAA)).toBe('::')
    expect(of('null', Type.HTTPS)).toBe(0)
    expect(of('nxdomain')).toBe(3)
    expect(of('nodata')).toBe(0)
    expect(of('refused')).toBe(5)
    expect(of({ ipv4: '192.0.2.7', ipv6: undefined })).toBe('192.0.2.7')
    expect(of({ ipv4: '192.0.2.7', ipv6: undefined }, Type.AAAA)).toBe(0)
  })

  it('knows groups by device, MAC address and the longest prefix', () => {
    const identities: Record<string, ClientIdentity> = {
      '192.168.1.50': { mac: 'aa:bb:cc:dd:ee:ff', names: [] },
      '192.168.1.51': { mac: undefined, names: ['tablet'] },
    }
    const { says } = filterOf({
      lists: { ads: '||ads.example^', social: '||social.example^' },
      groups: [
        { name: 'kids', clients: ['192.168.1.0/28', 'AA:bb:cc:dd:ee:ff', 'Tablet', 'fd00::/64'] },
        { name: 'server', clients: ['192.168.1.5', '192.168.1.51'], lists: [] },
        { name: 'default', lists: ['ads'] },
      ],
      identify: (address) => identities[address],
    })
    const clients = [
      '192.168.1.3',
      '192.168.1.5',
      '192.168.1.50',
      '192.168.1.51',
      '192.168.1.60',
      'fd00::9',
      '::ffff:192.168.1.3',
    ]
    const all = clients.map((client) => [client, says('ads.example', client), says('social.example', client)])
    expect(all).toEqual([
      ['192.168.1.3', '0.0.0.0', '0.0.0.0'],
      ['192.168.1.5', undefined, undefined],
      ['192.168.1.50', '0.0.0.0', '0.0.0.0'],
      ['192.168.1.51', '0.0.0.0', '0.0.0.0'],
      ['192.168.1.60', '0.0.0.0', undefined],
      ['fd00::9', '0.0.0.0', '0.0.0.0'],
      ['::ffff:192.168.1.3', '0.0.0.0', '0.0.0.0'],
    ])
  })

  it('says which answers hold for all clients', () => {
    const { judge } = filterOf({
      lists: {
        ads: '||ads.example^\n@@||fine.ads.example^\n||tv.example^$client=192.168.1.4',
        social: '||social.example^',
      },
      groups: [
        { name: 'kids', clients: ['192.168.1.0/28'] },
        { name: 'default', lists: ['ads'] },
      ],
    })
    expect(judge('other.example').isForAll).toBe(true)
    expect(judge('ads.example').isForAll).toBe(true)
    expect(judge('fine.ads.example').isForAll).toBe(true)
    expect(judge('social.example').isForAll).toBe(false)
    expect(judge('social.example', '192.168.1.3')).toMatchObject({ isForAll: false, answer: { list: 'social' } })
    expect(judge('tv.example').isForAll).toBe(false)
  })

  it('does not block what this node asks for itself', () => {
    const { says } = filterOf({ lists: { ads: '||ads.example^' } })
    expect(says('ads.example', 'refresh')).toBeUndefined()
    expect(says('ads.example', 'lists')).toBeUndefined()
  })

  it('heeds $client, $dnstype and $denyallow', () => {
    const { says } = filterOf({
      lists: {
        a: [
          '||a.example^$client=192.168.1.4|fd00::/16',
          '||b.example^$client=~192.168.1.4',
          '||c.example^$dnstype=AAAA',
          '||d.example^$dnstype=~A',
          '||e.example^$denyallow=www.e.example|x.example',
          "||f.example^$client='kid\\'s tablet'",
          '*$denyallow=example|test,client=192.168.1.77',
        ].join('\n'),
      },
      identify: (address) => (address === '192.168.1.8' ? { mac: undefined, names: ["kid's tablet"] } : undefined),
    })
    expect([says('a.example', '192.168.1.4'), says('a.example'), says('a.example', 'fd00::1')]).toEqual([
      '0.0.0.0',
      undefined,
      '0.0.0.0',
    ])
    expect([says('b.example', '192.168.1.4'), says('b.example')]).toEqual([undefined, '0.0.0.0'])
    expect([says('c.example'), says('c.example', '192.168.1.9', Type.AAAA)]).toEqual([undefined, '::'])
    expect([says('d.example'), says('d.example', '192.168.1.9', Type.HTTPS)]).toEqual([undefined, 0])
    expect([says('e.example'), says('www.e.example'), says('a.www.e.example'), says('ww.e.example')]).toEqual([
      '0.0.0.0',
      undefined,
      undefined,
      '0.0.0.0',
    ])
    expect([says('f.example'), says('f.example', '192.168.1.8')]).toEqual([undefined, '0.0.0.0'])
    expect(['a.com', 'x.test', 'y.example'].map((name) => says(name, '192.168.1.77'))).toEqual([
      '0.0.0.0',
      undefined,
      undefined,
    ])
  })

  it('rewrites, where a list may', () => {
    const text = [
      '||a.example^$dnsrewrite=192.0.2.1',
      '||a.example^$dnsrewrite=NOERROR;A;192.0.2.2',
      '||b.example^$dnsrewrite=NXDOMAIN',
      '||c.example^$dnsrewrite=other.example',
      '||d.example^$dnsrewrite=REFUSED;;',
      '||e.example^$dnsrewrite=192.0.2.1',
      '@@||e.example^$dnsrewrite',
    ].join('\n')
    const { says, judge } = filterOf({ lists: { a: text } })
    expect(judge('a.example').answer?.answers.map(({ rdata }) => addressText(rdata))).toEqual([
      '192.0.2.1',
      '192.0.2.2',
    ])
    expect(says('a.example', '192.168.1.9', Type.AAAA)).toBe(0)
    expect(['b', 'c', 'd', 'e'].map((name) => says(`${name}.example`))).toEqual([3, 'alias', 5, undefined])
    const other = filterOf({ lists: { a: text }, list: { rewrites: false } })
    expect(['a', 'b', 'c'].map((name) => other.says(`${name}.example`))).toEqual([undefined, 3, undefined])
  })

  it('pauses for all or for one group, and says when a pause ends', () => {
    const { filter, says, clock } = filterOf({
      lists: { ads: '||ads.example^' },
      groups: [{ name: 'kids', clients: ['192.168.1.3'] }],
    })
    filter.setPauses([{ group: 'kids', until: clock.time + 60_000 }])
    expect([says('ads.example', '192.168.1.3'), says('ads.example')]).toEqual([undefined, '0.0.0.0'])
    filter.setPauses([{ group: undefined, until: clock.time + 60_000 }])
    expect(says('ads.example')).toBeUndefined()
    expect(filter.look(parseName('ads.example'), Type.A, undefined).verdict).toBe('paused')
    clock.time += 59_000
    expect(filter.refresh()).toBe(false)
    clock.time += 1_000
    expect(filter.refresh()).toBe(true)
    expect(says('ads.example')).toBe('0.0.0.0')
    expect(filter.pauses()).toEqual([])
  })

  it('follows schedules by the clock of the machine, over midnight too', () => {
    const { filter, says, clock } = filterOf({
      lists: { ads: '||ads.example^', social: '||social.example^' },
      groups: [
        {
          name: 'kids',
          clients: ['192.168.1.3'],
          lists: ['ads'],
          schedules: [
            { days: [1], from: 8 * 60, to: 13 * 60, lists: ['social'] },
            { days: [1], from: 21 * 60, to: 7 * 60, lists: 'everything' },
          ],
        },
      ],
      options: { own: { all: [], groups: { kids: ['@@||school.example^'] } } },
    })
    const at = (day: number, hour: number, minute = 0) => {
      clock.time = new Date(2026, 10, 29 + day, hour, minute).getTime()
      filter.refresh()
      return ['social.example', 'other.example', 'school.example'].map(
        (name) => says(name, '192.168.1.3') !== undefined,
      )
    }
    // 29 November 2026 is a Sunday.
    expect(at(0, 22)).toEqual([false, false, false])
    expect(at(1, 7, 59)).toEqual([false, false, false])
    expect(at(1, 8)).toEqual([true, false, false])
    expect(at(1, 13)).toEqual([false, false, false])
    expect(at(1, 21)).toEqual([true, true, false])
    expect(at(2, 6, 59)).toEqual([true, true, false])
    expect(at(2, 7)).toEqual([false, false, false])
    clock.time = new Date(2026, 10, 30, 21, 30).getTime()
    filter.refresh()
    expect(says('other.example')).toBeUndefined()
  })

  it('refuses own rules that cannot be read, and keeps those of before', () => {
    const { filter, says } = filterOf({})
    filter.setOwn({ all: ['||ads.example^'], groups: {} })
    for (const rule of ['/regex/', '||x.example^$third-party', 'two words', '', '! comment', '||a^\n||b^'])
      expect(() => filter.setOwn({ all: [rule], groups: {} })).toThrowError(
        expect.objectContaining({ code: 'FILTER_RULE' }),
      )
    expect(says('ads.example')).toBe('0.0.0.0')
  })
})
