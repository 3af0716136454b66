import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readYaml, type YamlValue } from '../../../src/cli/importing/yaml.ts'

const plain = (value: YamlValue): unknown => {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, inner]) => [key, plain(inner)]))
  return Array.isArray(value) ? value.map(plain) : value
}
const read = (...lines: readonly string[]) => plain(readYaml(lines.join('\n')))

/** As Go's encoder writes it. */
function written(value: unknown, indent: number): string {
  const blanks = ' '.repeat(indent)
  if (Array.isArray(value))
    return value.length === 0
      ? ' []'
      : `\n${value.map((item) => `${blanks}- ${written(item, indent + 2).trimStart()}`).join('\n')}`
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value)
    return entries.length === 0
      ? ' {}'
      : `\n${entries.map(([key, inner]) => `${blanks}${JSON.stringify(key)}:${written(inner, indent + 2)}`).join('\n')}`
  }
  return ` ${JSON.stringify(value)}`
}

describe('the YAML of AdGuard Home', () => {
  it('is read as it is written', () => {
    expect(
      read(
        'http:',
        '  address: 0.0.0.0:80',
        'dns:',
        '  bind_hosts:',
        '    - 0.0.0.0',
        '  port: 53 # the usual',
        '  empty: []',
        'filters:',
        '- enabled: true',
        '  url: https://lists.example.org/a.txt',
        "  name: 'It''s one'",
        '- enabled: false',
        '  nested:',
        '  - - 1',
        '    - two',
        'user_rules:',
        "  - '@@||good.example^'",
        '  - ||bad.example^$client=tv',
        '  - "a: \\"b\\" \\u00e4"',
        'cert: |-',
        '  one',
        '    two',
        '',
        '  three',
        'last: ~',
      ),
    ).toEqual({
      http: { address: '0.0.0.0:80' },
      dns: { bind_hosts: ['0.0.0.0'], port: 53, empty: [] },
      filters: [
        { enabled: true, url: 'https://lists.example.org/a.txt', name: "It's one" },
        { enabled: false, nested: [[1, 'two']] },
      ],
      user_rules: ['@@||good.example^', '||bad.example^$client=tv', 'a: "b" ä'],
      cert: 'one\n  two\n\nthree',
      last: null,
    })
  })

  it('gives back every tree', () => {
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 3 },
        fc.string(),
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(fc.stringMatching(/^[a-z_]{1,6}$/), tie('tree'), { maxKeys: 3, noNullPrototype: true }),
      ),
    }))
    fc.assert(
      fc.property(
        fc.dictionary(fc.stringMatching(/^[a-z_]{1,6}$/), tree, { minKeys: 1, maxKeys: 4, noNullPrototype: true }),
        (value) => {
          expect(plain(readYaml(written(value, 0).trimStart()))).toEqual(value)
        },
      ),
    )
  })

  it.each([
    ['an alias', 'a: &x 1\nb: *x', /line 1/],
    ['a tag', 'a: !!binary x', /tags/],
    ['brackets in brackets', 'a: [[1]]', /brackets/],
    ['a key twice', 'a: 1\na: 2', /twice/],
    ['an indentation of its own', 'a: 1\n   b: 2', /line 2/],
    ['a tab', 'a:\n\tb: 1', /tab/],
    ['a text without an end', 'a: "x', /no end/],
    ['depth', Array.from({ length: 64 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'), /too deep/],
  ])('is refused with %s', (_, text, why) => {
    expect(() => readYaml(text)).toThrow(
      expect.objectContaining({ code: 'IMPORT_REFUSED', message: expect.stringMatching(why) }),
    )
  })

  it('never fails otherwise than with a reason', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('a', ':', ' ', '-', '\n', '"', "'", '#', '|', '[', ']', '{', '&', '\t', '1'), {
          maxLength: 60,
        }),
        (parts) => {
          try {
            readYaml(parts.join(''))
          } catch (error) {
            expect(error).toMatchObject({ code: 'IMPORT_REFUSED' })
          }
        },
      ),
    )
  })
})
