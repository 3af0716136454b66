import { describe, expect, it } from 'vitest'
import { lanTag } from '../../../src/io/index.ts'

describe('the name under which members look for each other', () => {
  const secret = new Uint8Array(32).fill(1)

  it('is a service name of at most 15 characters', () => {
    expect(lanTag('home', secret)).toMatch(/^_[0-9a-f]{14}\._udp\.local$/)
  })

  it('is the same for members only, and does not show the name of the ring', () => {
    expect(lanTag('home', secret)).toBe(lanTag('home', secret.slice()))
    expect(lanTag('home', secret)).not.toBe(lanTag('cabin', secret))
    expect(lanTag('home', secret)).not.toBe(lanTag('home', new Uint8Array(32).fill(2)))
    expect(lanTag('home', secret)).not.toContain('home')
  })
})
