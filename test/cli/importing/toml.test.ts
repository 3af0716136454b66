import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readToml } from '../../../src/cli/importing/toml.ts'

describe('the TOML of Pi-hole', () => {
  it('is read with what was changed', () => {
    const text = `# managed
[dns]
  # servers
  upstreams = [
    "127.0.0.1#5555", # here
    '8.8.8.8'
  ] ### CHANGED, default = []
  blockTTL = 2
  [dns.reply.host]
    IPv4 = "10.0.0.1 \\"x\\"" ### CHANGED, default = ""
    force4 = false
`
    expect(readToml(text)).toEqual([
      { path: 'dns.upstreams', value: ['127.0.0.1#5555', '8.8.8.8'], isChanged: true, line: 4 },
      { path: 'dns.blockTTL', value: 2, isChanged: false, line: 8 },
      { path: 'dns.reply.host.IPv4', value: '10.0.0.1 "x"', isChanged: true, line: 10 },
      { path: 'dns.reply.host.force4', value: false, isChanged: false, line: 11 },
    ])
  })

  it('gives back every text', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        const escaped = JSON.stringify(value)
        expect(readToml(`a = [ ${escaped}, ${escaped} ]\n`)[0]?.value).toEqual([value, value])
      }),
    )
  })

  it.each([
    ['a = ', /line 1/],
    ['\na = [1', /no end/],
    ['a = "x', /no end/],
    ['a = """x"""', /several lines/],
    ['a = 1 2', /behind/],
    ['a = {b = 1}', /no text/],
    [`a = ${'['.repeat(99)}`, /too deep/],
  ])('is refused as %s', (text, why) => {
    expect(() => readToml(text)).toThrow(
      expect.objectContaining({ code: 'IMPORT_REFUSED', message: expect.stringMatching(why) }),
    )
  })

  it('never fails otherwise than with a reason', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('a', '=', ' ', '[', ']', '\n', '"', "'", '#', ',', '.', '\\', '1'), { maxLength: 60 }),
        (parts) => {
          try {
            readToml(parts.join(''))
          } catch (error) {
            expect(error).toMatchObject({ code: 'IMPORT_REFUSED' })
          }
        },
      ),
    )
  })
})
