import { describe, expect, it } from 'vitest'
import { jsonFields } from '../../src/base/index.ts'

describe('the fields in a file', () => {
  it('are those of an object, and none of anything else', () => {
    expect(jsonFields('{"a":1}')).toEqual({ a: 1 })
    for (const text of ['', 'null', '[1]', '7', '"a"', '{"a":']) expect(jsonFields(text)).toEqual({})
  })
})
