import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readArchive } from '../../../src/cli/importing/archive.ts'
import { limits } from '../../../src/cli/limits.ts'
import { tar, tarGz, zip } from './archives.ts'

const refusal = (why: RegExp) =>
  expect.objectContaining({ code: 'IMPORT_REFUSED', message: expect.stringMatching(why) })

describe('an archive', () => {
  it('gives back what was put into it, in both forms', () => {
    const names = fc.stringMatching(/^[a-z]{1,20}(\/[a-z]{1,20}){0,2}$/)
    fc.assert(
      fc.property(
        fc.dictionary(names, fc.uint8Array({ maxLength: 2_000 }), { maxKeys: 5, noNullPrototype: true }),
        (entries) => {
          for (const bytes of [tarGz(entries), ...(Object.keys(entries).length === 0 ? [] : [zip(entries)])])
            expect(
              Object.fromEntries([...readArchive(bytes)].map(([name, body]) => [name, new Uint8Array(body)])),
            ).toEqual(entries)
        },
      ),
    )
  })

  it('is refused when it is cut anywhere', () => {
    for (const whole of [tarGz({ 'a/b': 'text' }), zip({ 'a/b': 'text', c: 'more' })])
      for (let length = 0; length < whole.length; length++)
        expect(() => readArchive(whole.subarray(0, length)), `cut at ${length}`).toThrow(refusal(/./))
    expect(() => readArchive(gzipSync(tar({ a: 'text' }, { end: false })))).toThrow(refusal(/cut short/))
  })

  it('never fails otherwise than with a reason, whatever bytes it has', () => {
    const [made] = [zip({ a: 'x'.repeat(99), b: 'y' })]
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(made.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        (changes) => {
          const bytes = Buffer.from(made)
          for (const [at, byte] of changes) bytes[at] = byte
          try {
            readArchive(bytes)
          } catch (error) {
            expect(error).toMatchObject({ code: 'IMPORT_REFUSED' })
          }
        },
      ),
    )
  })

  it.each(['/etc/passwd', '../x', 'a/../../x', 'a\\b'])('is refused with the path %s', (path) => {
    for (const bytes of [tarGz({ [path]: 'x' }), zip({ [path]: 'x' })])
      expect(() => readArchive(bytes)).toThrow(refusal(/leads out of it/))
  })

  it('is refused with a link, a password, or a file whose length is not the one it says', () => {
    expect(() => readArchive(gzipSync(tar({ a: '' }, { type: '2' })))).toThrow(refusal(/no ordinary file/))
    expect(() => readArchive(zip({ a: 'x' }, { flags: 1 }))).toThrow(refusal(/encrypted/))
    expect(() => readArchive(zip({ a: 'x'.repeat(1_000) }, { size: 10 }))).toThrow(refusal(/longer|damaged/))
    expect(() => readArchive(zip({ a: 'x' }, { size: limits.MAX_UNPACKED_BYTES + 1 }))).toThrow(refusal(/longer than/))
  })

  it('is refused when it would unpack to more than there is room for', () => {
    const bomb = gzipSync(Buffer.alloc(limits.MAX_UNPACKED_BYTES + 1_024), { level: 1 })
    expect(bomb.length).toBeLessThan(limits.MAX_ARCHIVE_BYTES)
    expect(() => readArchive(bomb)).toThrow(refusal(/longer than/))
    const many = Object.fromEntries(Array.from({ length: limits.MAX_ARCHIVE_FILES + 1 }, (_, i) => [`f${i}`, '']))
    expect(() => readArchive(zip(many))).toThrow(refusal(/more than/))
  })
})
