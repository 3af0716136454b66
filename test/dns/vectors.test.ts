import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../src/base/index.ts'
import { decodeMessage, encodeMessage } from '../../src/dns/index.ts'
import { MESSAGE_VECTORS } from './vectors.ts'

describe('message vectors', () => {
  it.each(MESSAGE_VECTORS.map((vector) => [vector.title, vector] as const))('%s', (_, { message, wire }) => {
    const octets = wire.replaceAll(/\s/g, '')
    expect(toHex(encodeMessage(message))).toBe(octets)
    expect(decodeMessage(fromHex(octets))).toEqual(message)
  })
})
