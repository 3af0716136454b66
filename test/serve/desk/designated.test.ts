import { describe, expect, it } from 'vitest'
import { Class, parseName, rdataToText, Type } from '../../../src/dns/index.ts'
import { designatedRecords } from '../../../src/serve/desk/designated.ts'
import type { BoundAddress } from '../../../src/serve/index.ts'

const ask = (name: string, addresses: readonly BoundAddress[], type: number = Type.SVCB) =>
  designatedRecords({ name: parseName(name), type, class: Class.IN }, { name: 'dns.home.arpa', addresses })?.map(
    ({ rdata }) => rdataToText(Type.SVCB, rdata),
  )

describe('designated resolvers', () => {
  it('names the addresses that others can reach, and each port', () => {
    const addresses: BoundAddress[] = [
      { protocol: 'udp', address: '192.0.2.1', port: 53 },
      { protocol: 'tls', address: '127.0.0.1', port: 853 },
      { protocol: 'tls', address: '192.0.2.1', port: 853 },
      { protocol: 'tls', address: '2001:db8::1', port: 853 },
      { protocol: 'tls', address: 'fe80::1%eth0', port: 853 },
      { protocol: 'https', address: '192.0.2.1', port: 8443 },
    ]
    expect(ask('_dns.resolver.arpa', addresses)).toEqual([
      '1 dns.home.arpa. alpn="dot" port=853 ipv4hint=192.0.2.1 ipv6hint=2001:db8::1',
      '2 dns.home.arpa. alpn="h2,http/1.1" port=8443 ipv4hint=192.0.2.1 dohpath="/dns-query{?dns}"',
    ])
  })

  it('is silent where nothing is encrypted, and about other questions', () => {
    const plain: BoundAddress[] = [{ protocol: 'udp', address: '192.0.2.1', port: 53 }]
    const tls: BoundAddress[] = [{ protocol: 'tls', address: '192.0.2.1', port: 853 }]
    expect(ask('_dns.resolver.arpa', plain)).toBeUndefined()
    expect(ask('_dns.resolver.arpa', tls, Type.A)).toBeUndefined()
    expect(ask('_dns.example.org', tls)).toBeUndefined()
    expect(ask('_dns.home.arpa', tls)).toBeUndefined()
    expect(ask('_dns.dns.home.arpa', tls)).toHaveLength(1)
  })
})
