import { describe, expect, it } from 'vitest'
import { groupRRsets, nameToText, parseName, parseZone, type RRset, Type } from '../../../src/dns/index.ts'
import { type Aggressive, aggressiveAnswer, readProofs } from '../../../src/dnssec/index.ts'
import { newBudget, VALID } from '../internet.ts'
import { type SignZoneOptions, signZone } from '../signer.ts'
import { KSK, keyFrom } from '../signing-keys.ts'

const ZONE = parseName('example.com.')
const KEY = keyFrom(13, KSK, new Uint8Array(64), () => new Uint8Array(64))
const TEXT = `@ 3600 IN SOA ns h 1 7200 900 1209600 300
@ NS ns
ns A 192.0.2.1
*.w A 192.0.2.2
cut NS ns.elsewhere.
old DNAME new.elsewhere.
z A 192.0.2.3
`

function chain(options: Partial<SignZoneOptions>): RRset[] {
  const records = parseZone(TEXT, { origin: ZONE, defaultTtl: 3_600 })
  const { records: signed } = signZone(records, { apex: ZONE, ...VALID, ...options, keys: [KEY] })
  return groupRRsets(signed).filter(({ type }) => type === Type.NSEC || type === Type.NSEC3)
}

function answer(name: string, type: number, sets: readonly RRset[], budget = newBudget()): Aggressive | undefined {
  return aggressiveAnswer({ name: parseName(name), type, class: 1 }, readProofs(sets, ZONE, budget))
}

describe.each([['nsec'], ['nsec3']] as const)('an aggressive cache of %s records', (nsec) => {
  const sets = chain({ nsec })

  it('knows names that do not exist, and types that a name does not have', () => {
    expect(answer('missing.example.com.', Type.A, sets)).toMatchObject({ kind: 'absent', rcode: 3 })
    expect(answer('a.missing.example.com.', Type.A, sets)).toMatchObject({ kind: 'absent', rcode: 3 })
    expect(answer('ns.example.com.', Type.TXT, sets)).toMatchObject({ kind: 'absent', rcode: 0 })
    expect(answer('w.example.com.', Type.A, sets)).toMatchObject({ kind: 'absent', rcode: 0 })
    expect(answer('x.w.example.com.', Type.TXT, sets)).toMatchObject({ kind: 'absent', rcode: 0 })
  })

  it('says nothing of what exists, nor of what other zones say', () => {
    expect(answer('ns.example.com.', Type.A, sets)).toBeUndefined()
    expect(answer('www.cut.example.com.', Type.A, sets)).toBeUndefined()
    expect(answer('cut.example.com.', Type.A, sets)).toBeUndefined()
    expect(answer('cut.example.com.', Type.DS, sets)).toBeUndefined()
    expect(answer('www.old.example.com.', Type.A, sets)).toBeUndefined()
    expect(answer('missing.example.net.', Type.A, sets)).toBeUndefined()
    expect(answer('missing.com.', Type.A, sets)).toBeUndefined()
    expect(answer('com.', Type.A, sets)).toBeUndefined()
  })

  it('says nothing without the records', () => {
    expect(answer('missing.example.com.', Type.A, [])).toBeUndefined()
  })
})

describe('an aggressive cache', () => {
  it('names the wildcard that answers', () => {
    const found = answer('x.w.example.com.', Type.A, chain({ nsec: 'nsec' }))
    expect(found?.kind === 'wildcard' && nameToText(found.wildcard)).toBe('*.w.example.com.')
  })

  it('never goes by an opt-out span, nor by costly iterations', () => {
    expect(answer('missing.example.com.', Type.A, chain({ nsec: 'nsec3', optOut: true }))).toBeUndefined()
    const budget = newBudget(0, 10)
    expect(answer('missing.example.com.', Type.A, chain({ nsec: 'nsec3', iterations: 51 }), budget)).toBeUndefined()
    expect(budget.left('hashes')).toBe(10)
  })
})
