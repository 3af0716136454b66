import { describe, expect, it } from 'vitest'
import { classFromText, classToText, opcodeToText, rcodeToText, typeFromText, typeToText } from '../../src/dns/index.ts'

describe('mnemonics', () => {
  it('of types come back for all 65536 numbers, in any case', () => {
    const wrong: number[] = []
    for (let type = 0; type <= 0xffff; type++) {
      const text = typeToText(type)
      if (typeFromText(text) !== type || typeFromText(text.toLowerCase()) !== type) wrong.push(type)
    }
    expect(wrong).toEqual([])
  })

  it('of types may be spelled by number also where there is a mnemonic', () => {
    expect(typeFromText('TYPE1')).toBe(1)
    expect(typeFromText('type65')).toBe(65)
    expect(typeToText(65_280)).toBe('TYPE65280')
    for (const text of ['', 'TYPE', 'TYPE65536', 'TYPE-1', 'TYPE1x', 'TYPE000001', 'NOPE', '1']) {
      expect(typeFromText(text)).toBeUndefined()
    }
  })

  it('of classes, rcodes and opcodes fall back to numbers', () => {
    for (let klass = 0; klass <= 300; klass++) expect(classFromText(classToText(klass))).toBe(klass)
    expect(classFromText('CLASS70000')).toBeUndefined()
    expect([0, 3, 16, 23, 24].map(rcodeToText)).toEqual(['NOERROR', 'NXDOMAIN', 'BADVERS', 'BADCOOKIE', 'RCODE24'])
    expect([0, 4, 15].map(opcodeToText)).toEqual(['QUERY', 'NOTIFY', 'OPCODE15'])
  })
})
