import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseJson } from '../../../src/config/sources/json.ts'

describe('the JSON reader', () => {
  it('reads what JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.constantFrom(0, 2, '\t'), (value, indent) => {
        const text = JSON.stringify(value, null, indent)
        expect(parseJson(text).value).toEqual(JSON.parse(text))
      }),
    )
  })

  it('takes and refuses what JSON.parse takes and refuses', () => {
    const soup = fc
      .array(fc.constantFrom(...'{}[]",:0123.-+eE\\u\n\t truefalsn/'), { maxLength: 12 })
      .map((chars) => chars.join(''))
    const outcome = (parse: () => unknown) => {
      try {
        return { value: parse() }
      } catch {
        return 'refused'
      }
    }
    fc.assert(
      fc.property(soup, (text) => {
        expect(outcome(() => parseJson(text).value)).toEqual(outcome(() => JSON.parse(text)))
      }),
      { numRuns: 5_000 },
    )
  })

  it('knows where each key stands', () => {
    const { places } = parseJson('{"a": 1,\n  "b": {"c": [{"d": 2}]}}')
    expect(Object.fromEntries(places)).toEqual({
      a: { line: 1, column: 2 },
      b: { line: 2, column: 3 },
      'b.c': { line: 2, column: 9 },
      'b.c.0.d': { line: 2, column: 16 },
    })
  })

  it.each([
    ['', 'line 1, column 1: a value is expected, but the file ends'],
    ['{"a": 1', 'line 1, column 8: "," or "}" is expected, but the file ends'],
    ['{"a" 1}', 'line 1, column 6: ":" is expected, not "1"'],
    ['{\n  "a": 1,\n}', 'line 3, column 1: a comma before "}"'],
    ['[1,]', 'line 1, column 4: a comma before "]"'],
    ['{\n  // hello\n}', 'line 2, column 3: a key in double quotes is expected; JSON has no comments'],
    ["{'a': 1}", 'line 1, column 2: a key in double quotes is expected, not "\'"'],
    ['{"a": "x\n"}', 'line 1, column 7: a string that does not end on its line, or holds a bad escape'],
    ['{"a": 1, "a": 2}', 'line 1, column 10: the key "a" is given twice'],
    ['{} x', 'line 1, column 4: the end of the file is expected, not "x"'],
    ['{"a": yes}', 'line 1, column 7: a value is expected, not "y"'],
    ['['.repeat(100), 'line 1, column 34: nested too deeply'],
  ])('%j: %s', (text, message) => {
    expect(() => parseJson(text)).toThrow(message)
  })

  it('ignores a byte order mark', () => {
    expect(parseJson('\ufeff{}').value).toEqual({})
  })
})
