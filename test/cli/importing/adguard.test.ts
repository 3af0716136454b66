import { describe, expect, it } from 'vitest'
import { importAdguard } from '../../../src/cli/importing/adguard.ts'

const YAML = `http:
  address: 0.0.0.0:80
users:
  - name: root
    password: $2a$10$hash
language: ""
dns:
  bind_hosts:
    - 0.0.0.0
  port: 53
  ratelimit: 20
  upstream_dns:
    - '# a comment'
    - https://dns.example.net/dns-query
    - '[/lan/corp.example/]192.168.1.1 192.168.1.2:5353'
    - '[/far.example/]tls://192.0.2.1'
  enable_dnssec: false
filters:
  - enabled: true
    url: https://lists.example.org/filter_1.txt
    name: AdGuard DNS filter
    id: 1
  - enabled: false
    url: /opt/mine.txt
    name: Mine
    id: 2
whitelist_filters:
  - enabled: true
    url: https://lists.example.org/allow.txt
    name: AdGuard DNS filter
    id: 3
user_rules:
  - '! my rules'
  - '||bad.example^'
  - '@@||good.example^$important'
  - /regex[0-9]/
  - ""
filtering:
  rewrites:
    - domain: nas.lan
      answer: 192.168.1.5
      enabled: true
    - domain: '*.dev.lan'
      answer: nas.lan
      enabled: true
    - domain: x.lan
      answer: A
      enabled: true
  blocking_mode: custom_ip
  blocking_ipv4: 192.168.1.3
  blocking_ipv6: ""
  blocked_response_ttl: 30
  safebrowsing_enabled: true
clients:
  runtime_sources:
    whois: true
  persistent:
    - name: Television
      ids:
        - 192.168.1.7
        - tv-id
      tags:
        - device_tv
      upstreams: []
      use_global_settings: false
      filtering_enabled: false
      safebrowsing_enabled: true
      use_global_blocked_services: true
    - name: Phone
      ids:
        - 02:00:00:00:00:01
      use_global_settings: true
      filtering_enabled: false
      blocked_services:
        ids:
          - youtube
      use_global_blocked_services: false
schema_version: 29
`

describe('the configuration of AdGuard Home', () => {
  const taken = importAdguard(Buffer.from(YAML))

  it('gives lists, rules, records, groups and zones', () => {
    expect(taken.part()).toEqual({
      filter: {
        lists: {
          'AdGuard-DNS-filter': { source: 'https://lists.example.org/filter_1.txt' },
          'AdGuard-DNS-filter-2': { source: 'https://lists.example.org/allow.txt', kind: 'allow' },
        },
        rules: ['||bad.example^', '@@||good.example^$important'],
        groups: { Television: { clients: ['192.168.1.7'], lists: [] } },
        mode: { ipv4: '192.168.1.3' },
        ttl: 30,
      },
      local: { records: ['nas.lan A 192.168.1.5', '*.dev.lan CNAME nas.lan'] },
      iterator: {
        forwards: { lan: ['192.168.1.1', '192.168.1.2:5353'], 'corp.example': ['192.168.1.1', '192.168.1.2:5353'] },
      },
    })
  })

  it('says of all else that it was left, and shows no secret', () => {
    expect(taken.left.map(({ what }) => what)).toEqual([
      'http.address: 0.0.0.0:80',
      'users',
      'dns.bind_hosts: 0.0.0.0',
      'dns.port: 53',
      'dns.ratelimit: 20',
      'dns.upstream_dns: https://dns.example.net/dns-query',
      'dns.upstream_dns: [/far.example/]tls://192.0.2.1',
      'list /opt/mine.txt',
      'rule /regex[0-9]/',
      'rewrite x.lan -> A',
      'filtering.safebrowsing_enabled: true',
      'clients.runtime_sources.whois: true',
      'client Television: tv-id',
      "client Television: without rules of one's own",
      'client Television: tags: ["device_tv"]',
      'client Television: safebrowsing_enabled',
      'client Phone: 02:00:00:00:00:01',
      'client Phone: blocked services youtube',
    ])
    expect(JSON.stringify(taken.left)).not.toContain('$2a')
  })

  it('is refused when it is another file', () => {
    for (const text of ['', 'a: 1', '- 1', '\xff'])
      expect(() => importAdguard(Buffer.from(text, 'latin1'))).toThrow(
        expect.objectContaining({ code: 'IMPORT_REFUSED' }),
      )
  })
})
