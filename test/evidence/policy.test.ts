import { describe, expect, it } from 'vitest'
import { asPeerId } from '../../src/base/index.ts'
import {
  type Acceptance,
  accept,
  type Evidence,
  type PolicyContext,
  trustRank,
  weakest,
  weakestSecurity,
} from '../../src/evidence/index.ts'

const two = [asPeerId('a'), asPeerId('b')]
const evidence = (
  provenance: Evidence['provenance'],
  security: Evidence['security'] = 'insecure',
  observers = provenance === 'solo' ? [] : two,
): Evidence => ({ provenance, security, observers })
const usual: PolicyContext = { acceptFrom: 'majority', strict: false, admission: 'psk', zoneSecurity: 'insecure' }
const member = evidence('solo', 'insecure', [asPeerId('a')])

describe('the acceptance policy', () => {
  it.each([
    ['a local answer', evidence('local'), {}, 'accept'],
    ['a ledger answer', evidence('ledger', 'secure'), {}, 'accept'],
    ['bogus by own fetch', evidence('solo', 'bogus'), {}, 'refuse'],
    [
      'bogus by own fetch, for whoever validates himself',
      evidence('solo', 'bogus'),
      { checkingDisabled: true },
      'accept',
    ],
    [
      'bogus by own fetch, for whoever validates himself, strict',
      evidence('solo', 'bogus'),
      { checkingDisabled: true, strict: true },
      'refuse',
    ],
    ['not validated yet where everything is', evidence('solo', 'indeterminate'), { validates: true }, 'fetch'],
    [
      'not validated yet, for whoever validates himself',
      evidence('solo', 'indeterminate'),
      { validates: true, checkingDisabled: true },
      'accept',
    ],
    ['not validated where nothing is', evidence('solo', 'indeterminate'), {}, 'accept'],
    ['bogus from the ring: another copy may verify', evidence('agreed', 'bogus'), {}, 'fetch'],
    ['one secure copy from one member', evidence('solo', 'secure', [asPeerId('a')]), {}, 'accept'],
    ['a secure copy in an open ring', evidence('solo', 'secure', [asPeerId('a')]), { admission: 'open' }, 'accept'],
    ['secure, strict', evidence('solo', 'secure'), { strict: true }, 'accept'],
    ['agreed below an insecure delegation', evidence('agreed'), {}, 'accept'],
    [
      'agreed, nothing proven about the zone',
      evidence('agreed', 'indeterminate'),
      { zoneSecurity: 'indeterminate' },
      'accept',
    ],
    ['agreed below a secure delegation is a downgrade', evidence('agreed'), { zoneSecurity: 'secure' }, 'fetch'],
    ['rotating below a secure delegation', evidence('rotating'), { zoneSecurity: 'secure' }, 'fetch'],
    ['agreed, strict', evidence('agreed'), { strict: true }, 'accept'],
    ['agreed by one', evidence('agreed', 'insecure', [asPeerId('a')]), {}, 'fetch'],
    ['agreed in an open ring', evidence('agreed'), { admission: 'open' }, 'fetch'],
    ['rotating in an open ring', evidence('rotating'), { admission: 'open' }, 'fetch'],
    ['rotating', evidence('rotating'), {}, 'accept'],
    ['divergent, as the ring tells it', evidence('divergent'), {}, 'fetch'],
    [
      'divergent, fetched, within the agreed prefixes',
      evidence('divergent'),
      { withinPrefixes: true, strict: true },
      'accept',
    ],
    ['divergent, fetched, outside them', evidence('divergent'), { withinPrefixes: false }, 'accept'],
    [
      'divergent, fetched, outside them, strict',
      evidence('divergent'),
      { withinPrefixes: false, strict: true },
      'refuse',
    ],
    ['own fetch', evidence('solo'), {}, 'accept'],
    ['own fetch, strict', evidence('solo'), { strict: true }, 'refuse'],
    ['own fetch in an open ring', evidence('solo'), { admission: 'open' }, 'accept'],
    ['unsigned own fetch below a secure delegation', evidence('solo'), { zoneSecurity: 'secure' }, 'refuse'],
    ["one member's word", member, {}, 'fetch'],
    ["one member's word in a household", member, { acceptFrom: 'any-member' }, 'accept'],
    ["one member's word in a household, strict", member, { acceptFrom: 'any-member', strict: true }, 'fetch'],
    ["one member's word, endorsed", member, { acceptFrom: 'any-member', admission: 'endorsed' }, 'fetch'],
    ["one member's word, open", member, { acceptFrom: 'any-member', admission: 'open' }, 'fetch'],
    [
      "one member's word below a secure delegation",
      member,
      { acceptFrom: 'any-member', zoneSecurity: 'secure' },
      'fetch',
    ],
  ] as [string, Evidence, Partial<PolicyContext>, Acceptance][])('%s', (_, given, change, expected) => {
    expect(accept(given, { ...usual, ...change })).toBe(expected)
  })

  it('orders trust: secure > agreed > rotating > divergent > solo > bogus', () => {
    const ranks = [
      evidence('solo', 'secure'),
      evidence('agreed'),
      evidence('rotating'),
      evidence('divergent'),
      evidence('solo'),
      evidence('agreed', 'bogus'),
    ].map(trustRank)
    expect(ranks).toEqual([...ranks].sort((a, b) => b - a))
    expect(new Set(ranks).size).toBe(ranks.length)
  })

  it('an answer of several parts is as secure as its weakest', () => {
    expect(weakestSecurity(['secure', 'insecure'])).toBe('insecure')
    expect(weakestSecurity(['secure', 'bogus', 'indeterminate'])).toBe('bogus')
    expect(weakestSecurity([])).toBe('indeterminate')
  })

  it('an answer of several parts is as good as its weakest', () => {
    expect(weakest(['agreed', 'solo', 'local'])).toBe('solo')
    expect(weakest(['agreed', 'rotating'])).toBe('rotating')
    expect(weakest([])).toBeUndefined()
  })
})
