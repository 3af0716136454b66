import { describe, expect, it } from 'vitest'
import { parseName } from '../../../src/dns/index.ts'
import { KEPT_FOR_CLAIMS } from '../../../src/ledger/index.ts'
import { claimProofText, importZone, parseClaimProof } from '../../../src/peer/ledger/claiming.ts'
import { parseNamePolicy } from '../../../src/peer/ledger/name-policy.ts'

const SHOP = `$ORIGIN shop.example.
@ 300 IN SOA ns1 admin 1 3600 600 86400 5
@ 300 IN NS ns1
@ 300 IN NS ns.other.
ns1 300 IN A 192.0.2.1
ns1 300 IN AAAA 2001:db8::1
@ 300 IN DNSKEY 257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=
@ 300 IN DNSKEY 256 3 15 zPnZ/QwEe7S8C5SPz2OfS5RR40ATk2/rYnE9xHIEijs=
www 300 IN A 192.0.2.80
`
const TLD = `example. 300 IN SOA a.nic.example. admin.example. 1 3600 600 86400 5
example. 300 IN NS a.nic.example.
shop.example. 300 IN NS ns1.shop.example.
shop.example. 300 IN NS ns2.shop.example.
Store.example. 300 IN NS ns1.store.example.
deep.store.example. 300 IN NS ns1.store.example.
`

describe('a zone file', () => {
  it('of a domain has the keys and servers that a ledger begins with', () => {
    const { zone, ds, servers, names } = importZone('a file', SHOP, parseName('.'))
    expect([zone, names]).toEqual(['shop.example.', []])
    expect(servers).toEqual(['ns1.shop.example.=192.0.2.1,2001:db8::1', 'ns.other.'])
    // Of the key that is a secure entry point.
    expect(ds).toEqual([expect.stringMatching(/^\d+ 15 2 [0-9A-F]{64}$/)])
  })

  it('of a TLD has the names that are kept for who holds them', () => {
    const { names } = importZone('a file', TLD, parseName('.'))
    expect(names).toEqual(['shop', 'store'])
    const kept = Object.fromEntries(names.map((label) => [label, 'claim']))
    expect(parseNamePolicy('names.json', JSON.stringify({ kept }), new Uint8Array(32)).kept).toMatchObject([
      { owner: KEPT_FOR_CLAIMS },
      { owner: KEPT_FOR_CLAIMS },
    ])
  })

  it.each(['', 'shop.example. 300 IN A 192.0.2.1\n', 'no zone at all (\n'])(
    'is refused when it is none: %j',
    (text) => {
      expect(() => importZone('a file', text, parseName('.'))).toThrow(expect.objectContaining({ code: 'USAGE' }))
    },
  )
})

describe('a file with a proof of a domain', () => {
  const shop = parseName('shop.example.')

  it('comes back as it was, and counts for that domain alone', () => {
    const text = claimProofText(shop, '80')
    expect(parseClaimProof('a file', text, shop)).toEqual(Uint8Array.of(0x80))
    for (const other of [
      () => parseClaimProof('f', text, parseName('x.example.')),
      () => parseClaimProof('f', '{}', shop),
    ])
      expect(other).toThrow(expect.objectContaining({ code: 'USAGE' }))
  })
})
