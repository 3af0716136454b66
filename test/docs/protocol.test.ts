import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { MESSAGE_VECTORS } from '../dns/vectors.ts'
import { protocolVectors } from './vectors.ts'

const document = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8')
const digits = (text: string) => text.replace(/\s+/g, '')

describe('docs/protocol.md', () => {
  it.each(Object.entries(protocolVectors()))('shows the %s as it is', (name, hex) => {
    const block = new RegExp(`${name}:\\n((?: {4}.*\\n?)+)`).exec(document)
    expect(digits(block?.[1] ?? '')).toBe(hex)
  })

  it('shows a DNS message as the codec writes it', () => {
    expect(digits(document)).toContain(digits(MESSAGE_VECTORS[0]!.wire))
  })
})
