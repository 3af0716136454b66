import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseName } from '../../src/dns/index.ts'
import { compileLists, explainList, filterSetBytes, type ListOptions, Matcher } from '../../src/filter/index.ts'

const SEED = new Uint8Array(16).fill(3)
const OPTIONS: ListOptions = { name: 'l', kind: 'block', format: 'auto', rewrites: false }

const compiled = (text: string) => {
  const bytes = new TextEncoder().encode(text)
  return { bytes, ...compileLists([{ options: OPTIONS, bytes }], SEED) }
}

/** Few labels, so that names meet. */
const name = fc
  .array(fc.constantFrom('a', 'b', 'c', 'ads', 'x1'), { minLength: 1, maxLength: 5 })
  .map((one) => one.join('.'))
const line = fc.oneof(
  name.map((one) => ({ text: `||${one}^`, scope: 'both', name: one })),
  name.map((one) => ({ text: one, scope: 'name', name: one })),
  name.map((one) => ({ text: `0.0.0.0 ${one}`, scope: 'name', name: one })),
  name.map((one) => ({ text: `||*.${one}^`, scope: 'below', name: one })),
)

describe('a packed set', () => {
  it('says of any name what the lines say, one by one', () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 40 }), name, (lines, asked) => {
        const { set } = compiled(lines.map(({ text }) => text).join('\n'))
        const expected = lines.some(
          ({ scope, name: one }) =>
            (scope !== 'below' && one === asked) || (scope !== 'name' && asked.endsWith(`.${one}`)),
        )
        expect(new Matcher(set).matches(parseName(asked)).length > 0).toBe(expected)
      }),
    )
  })

  it('finds the lines again that speak of a name', () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 40 }), name, (lines, asked) => {
        const { bytes } = compiled(lines.map(({ text }) => text).join('\n'))
        const expected = lines.flatMap(({ scope, name: one, text }, i) =>
          (scope !== 'below' && one === asked) || (scope !== 'name' && asked.endsWith(`.${one}`))
            ? [{ line: i + 1, text, matched: one }]
            : [],
        )
        const found = explainList(bytes, OPTIONS, parseName(asked), 100)
        expect(found.map(({ action: _, ...one }) => one)).toEqual(expected)
      }),
    )
  })

  it('holds a hundred thousand names in less than two MiB, and none that is not in it', () => {
    const names = Array.from({ length: 100_000 }, (_, i) => `host${i}.list${i % 97}.example`)
    const { set } = compiled(names.map((one) => `||${one}^`).join('\n'))
    const matcher = new Matcher(set)
    expect(set.names).toBe(100_000)
    expect(filterSetBytes(set)).toBeLessThan(2 * 2 ** 20)
    for (let i = 0; i < 100_000; i += 997) expect(matcher.matches(parseName(`www.${names[i]}`))).toHaveLength(1)
    for (let i = 0; i < 1_000; i++) expect(matcher.matches(parseName(`other${i}.example`))).toHaveLength(0)
  })
})
