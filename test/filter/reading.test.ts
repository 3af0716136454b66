import { describe, expect, it } from 'vitest'
import { parseName } from '../../src/dns/index.ts'
import type { ListFormat, ListOptions } from '../../src/filter/index.ts'
import { compileLists, Matcher } from '../../src/filter/index.ts'

const SEED = new Uint8Array(16).fill(7)

function compiled(text: string | Uint8Array, options: Partial<ListOptions> = {}) {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text
  const list: ListOptions = { name: 'l', kind: 'block', format: 'auto', rewrites: false, ...options }
  const { set, counts } = compileLists([{ options: list, bytes }], SEED)
  const matcher = new Matcher(set)
  return {
    /** What the rules of the list say of a name. */
    says: (name: string) => matcher.matches(parseName(name)).map(({ rule }) => rule.action),
    count: counts[0]!,
    why: counts[0]!.problems.map(({ line, why }) => `${line}: ${why}`),
  }
}

describe('lines of lists', () => {
  /** Format, line, names it speaks of, names it does not. */
  const LINES: readonly (readonly [ListFormat, string, readonly string[], readonly string[]])[] = [
    ['auto', '0.0.0.0 ads.example.com', ['ads.example.com'], ['example.com', 'x.ads.example.com']],
    [
      'auto',
      '127.0.0.1\tads.example.com  tracker.example.net # both',
      ['ads.example.com', 'tracker.example.net'],
      ['both'],
    ],
    ['auto', '::1 ads.example.com', ['ads.example.com'], []],
    ['auto', ':: ads.example.com', ['ads.example.com'], []],
    ['auto', '0.0.0.0 ADS.Example.COM', ['ads.example.com'], []],
    ['auto', 'ads.example.com', ['ads.example.com'], ['x.ads.example.com', 'example.com']],
    ['auto', '  ads.example.com.  \r', ['ads.example.com'], []],
    ['auto', 'ads.example.com # why', ['ads.example.com'], []],
    ['auto', '*.ads.example.com', ['ads.example.com', 'a.b.ads.example.com'], ['example.com', 'xads.example.com']],
    ['wildcard', 'ads.example.com', ['ads.example.com', 'x.ads.example.com'], ['example.com']],
    ['domains', '.ads.example.com', ['ads.example.com', 'x.ads.example.com'], ['example.com']],
    ['auto', '||ads.example.com^', ['ads.example.com', 'x.ads.example.com'], ['example.com', 'bads.example.com']],
    ['auto', '||ads.example.com', ['ads.example.com', 'x.ads.example.com'], ['example.com']],
    ['auto', '||ads.example.com^|', ['ads.example.com'], []],
    ['auto', '|ads.example.com^', ['ads.example.com'], ['x.ads.example.com']],
    ['auto', '||*.example.com^', ['ads.example.com'], ['example.com']],
    [
      'auto',
      '||ads*.example.com^',
      ['ads.example.com', 'ads1.example.com', 'x.ads1.example.com'],
      ['bads.example.com', 'example.com'],
    ],
    ['auto', '||ads.*^', ['ads.example.com', 'x.ads.example.net'], ['bads.example.com']],
    ['auto', '|ads.*^', ['ads.example.com'], ['x.ads.example.net']],
    ['adblock', 'ads.example.com', ['ads.example.com'], ['x.ads.example.com']],
    ['adblock', 'ads.example.com^', ['ads.example.com', 'x.ads.example.com'], []],
    ['auto', '||zip^', ['x.zip', 'zip'], ['zip.example']],
    ['auto', '||bücher.example^', ['xn--bcher-kva.example'], []],
    ['auto', '||xn--bcher-kva.example^', ['xn--bcher-kva.example'], []],
    ['auto', '||_dmarc.example.com^', ['_dmarc.example.com'], []],
    ['auto', '@@||ads.example.com^', ['ads.example.com'], ['example.com']],
    ['auto', '||ads.example.com^$important', ['ads.example.com'], []],
    ['auto', '||a.example^$denyallow=b.a.example', ['x.a.example'], []],
    ['auto', '||bücher.example^$denyallow=x.bücher.example', ['xn--bcher-kva.example'], []],
    ['auto', '.ads.example.com^', ['x.ads.example.com'], ['ads.example.com', 'xads.example.com']],
    ['auto', '||ads.example.com^$', ['ads.example.com'], ['example.com']],
    ['rpz', 'ads.example.com CNAME .', ['ads.example.com'], ['x.ads.example.com']],
    ['rpz', '*.ads.example.com 300 IN CNAME .', ['x.ads.example.com'], ['ads.example.com']],
    ['rpz', '$ORIGIN rpz.lan.\nads.example.com.rpz.lan. CNAME *.', ['ads.example.com'], ['ads.example.com.rpz.lan']],
    [
      'rpz',
      '@ SOA localhost. root.localhost. (\n 1 2 ; serial\n 3 4 5 )\n NS localhost.\nads.example.com CNAME .',
      ['ads.example.com'],
      [],
    ],
  ]

  it.each(LINES)('%s: %s', (format, line, names, others) => {
    const { says, why } = compiled(line, { format })
    expect(why).toEqual([])
    for (const name of names) expect([name, says(name).length > 0]).toEqual([name, true])
    for (const name of others) expect([name, says(name).length > 0]).toEqual([name, false])
  })

  /** Lines that are passed over, and why. */
  const PASSED_OVER: readonly (readonly [ListFormat, string, string])[] = [
    ['auto', '192.168.1.5 nas.lan', 'address'],
    ['auto', '/^ads[0-9]+\\./', 'regular expression'],
    ['auto', '/ads/$important', 'regular expression'],
    ['auto', 'example.com##.ad', 'cosmetic'],
    ['auto', 'example.com#@#.ad', 'cosmetic'],
    ['auto', 'example.com$$script', 'cosmetic'],
    ['auto', '||example.com/ads', 'pattern'],
    ['auto', '||example.com^$third-party', 'modifier'],
    ['auto', '||example.com^$dnstype=NOSUCH', 'modifier'],
    ['auto', '||example.com^$client=', 'modifier'],
    ['auto', '||^', 'syntax'],
    ['auto', '*', 'too wide'],
    ['auto', '||*^', 'too wide'],
    ['auto', '-ads-*', 'pattern'],
    ['auto', 'ads..example.com', 'bad name'],
    ['auto', 'two words', 'syntax'],
    ['auto', '0.0.0.0', 'address'],
    ['auto', '||192.0.2.1^', 'address'],
    ['auto', '192.0.2.1^', 'address'],
    ['hosts', '0.0.0.0 192.0.2.1', 'address'],
    ['auto', `||${'a'.repeat(64)}.com^`, 'bad name'],
    ['auto', `||${'a.'.repeat(130)}com^`, 'bad name'],
    ['auto', `||${'a'.repeat(5000)}^`, 'too long'],
    ['hosts', '0.0.0.0 ', 'syntax'],
    ['auto', '||example.com^$dnsrewrite=192.0.2.1', 'rewrite'],
    ['auto', '||example.com^$dnsrewrite=NOERROR;A;nonsense', 'rewrite'],
    ['rpz', '32.1.2.0.192.rpz-ip CNAME .', 'trigger'],
    ['rpz', 'example.com A 192.0.2.1', 'rewrite'],
    ['rpz', 'example.com CNAME other.example.', 'rewrite'],
    ['rpz', 'example.com CNAME rpz-tcp-only.', 'trigger'],
  ]

  it.each(PASSED_OVER)('%s: %s is passed over: %s', (format, line, reason) => {
    const { why, count } = compiled(line, { format })
    expect(why).toEqual([`1: ${reason}`])
    expect(count.entries).toBe(0)
  })

  it('are comments, headers and names of the machine without a word', () => {
    const text =
      '\ufeff! title\n# hosts\n[Adblock Plus 2.0]\n\n   \n127.0.0.1 localhost\n::1 ip6-localhost\n0.0.0.0 0.0.0.0\n255.255.255.255 broadcasthost'
    const { count } = compiled(text)
    expect(count.entries).toBe(0)
    expect(count.skipped).toBe(0)
  })
})

describe('lists', () => {
  it('that allow turn what would block', () => {
    const { says } = compiled('0.0.0.0 a.example\nb.example\n||c.example^$important', { kind: 'allow' })
    expect(['a.example', 'b.example', 'c.example'].map(says)).toEqual([['allow'], ['allow'], ['allow']])
  })

  it('take lines out of force by $badfilter, in other lists too', () => {
    const options = { kind: 'block', format: 'auto', rewrites: false } as const
    const bytes = (text: string) => new TextEncoder().encode(text)
    const { set } = compileLists(
      [
        { options: { ...options, name: 'a' }, bytes: bytes('||a.example^\n||b.example^$important\n||c.example^') },
        {
          options: { ...options, name: 'b' },
          bytes: bytes('||a.example^$badfilter\n||b.example^$important,badfilter'),
        },
      ],
      SEED,
    )
    const matcher = new Matcher(set)
    const count = (name: string) => matcher.matches(parseName(name)).length
    expect([count('a.example'), count('b.example'), count('c.example')]).toEqual([0, 0, 1])
  })

  it('of RPZ let the deepest name decide, and pass over what rewrites', () => {
    const { says } = compiled('*.example.com CNAME rpz-passthru.\nbad.example.com CNAME .', { format: 'rpz' })
    expect(says('bad.example.com')).toEqual(['rewrite'])
    expect(says('good.example.com')).toEqual(['allow'])
  })

  it('may be anything: nothing throws, and the rest is read', () => {
    const noise = new Uint8Array(50_000)
    let state = 1
    for (let i = 0; i < noise.length; i++) {
      state = (state * 1103515245 + 12345) % 2 ** 31
      noise[i] = state >>> 16
    }
    const text = new Uint8Array([...noise, ...new TextEncoder().encode('\n||ads.example.com^\n')])
    for (const format of ['auto', 'hosts', 'domains', 'wildcard', 'adblock'] as const)
      expect([format, compiled(text, { format }).count.entries > 0 || format !== 'auto']).toEqual([format, true])
    expect(compiled(text).says('ads.example.com')).toEqual(['block'])
    compiled(text, { format: 'rpz' })
  })

  it('count what is passed over, and show the first lines only', () => {
    const { count } = compiled('/x/\n'.repeat(1000))
    expect(count).toMatchObject({ entries: 0, skipped: 1000 })
    expect(count.problems).toHaveLength(20)
  })
})
