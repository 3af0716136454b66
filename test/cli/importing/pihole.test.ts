import { describe, expect, it } from 'vitest'
import { importPihole } from '../../../src/cli/importing/pihole.ts'
import { ruleOfExpression } from '../../../src/cli/importing/pihole-taking.ts'
import { database, tarGz, zip } from './archives.ts'

const TABLES = [
  'CREATE TABLE "group" AS SELECT 0 AS id, 1 AS enabled, \'Default\' AS name, NULL AS description',
  "INSERT INTO \"group\" VALUES (1, 1, 'Kids', ''), (2, 0, 'Old', ''), (3, 1, 'Empty', '')",
  "CREATE TABLE adlist AS SELECT 1 AS id, 'https://lists.example.org/pro/hosts.txt' AS address, 1 AS enabled, NULL AS comment, 0 AS type",
  "INSERT INTO adlist VALUES (2, 'https://lists.example.org/kids.txt', 0, 'For the kids!', 0), (3, 'file:///home/mine.txt', 1, '', 0), (4, 'https://lists.example.org/good.txt', 1, 'Migrated from /etc/pihole/adlists.list', 1)",
  'CREATE TABLE adlist_by_group AS SELECT 1 AS adlist_id, 0 AS group_id',
  'INSERT INTO adlist_by_group VALUES (1, 1), (2, 1), (4, 0), (4, 1)',
  "CREATE TABLE domainlist AS SELECT 1 AS id, 0 AS type, 'good.example' AS domain, 1 AS enabled, NULL AS comment",
  "INSERT INTO domainlist VALUES (2, 1, 'bad.example', 1, NULL), (3, 3, '(\\.|^)games\\.example$', 1, NULL), (4, 3, '^ad[0-9]+\\.', 1, NULL), (5, 1, 'off.example', 0, NULL), (6, 1, 'not a name', 1, NULL), (7, 1, 'lost.example', 1, NULL)",
  'CREATE TABLE domainlist_by_group AS SELECT 1 AS domainlist_id, 0 AS group_id',
  'INSERT INTO domainlist_by_group VALUES (1, 1), (2, 0), (3, 1), (6, 0), (7, 2)',
  "CREATE TABLE client AS SELECT 1 AS id, '192.168.1.7' AS ip, NULL AS comment",
  "INSERT INTO client VALUES (2, '02:00:00:00:00:01', ''), (3, ':eth0', ''), (4, '192.168.1.9', '')",
  'CREATE TABLE client_by_group AS SELECT 1 AS client_id, 1 AS group_id',
  'INSERT INTO client_by_group VALUES (1, 2), (2, 1), (3, 1), (4, 0)',
]

const SETTINGS = `[dns]
  upstreams = [ "9.9.9.9" ] ### CHANGED, default = []
  hosts = [ "192.168.1.5 nas.lan NAS2.lan", "nonsense" ] ### CHANGED, default = []
  cnameRecords = [ "files.lan,nas.lan,60", "nas.lan,x.lan" ] ### CHANGED, default = []
  revServers = [ "true,192.168.1.0/24,192.168.1.1#53,fritz.box" ] ### CHANGED, default = []
  blockTTL = 2
  [dns.blocking]
    mode = "NX" ### CHANGED, default = "NULL"
[webserver.api]
  pwhash = "$BALLOON-SHA256$secret" ### CHANGED, default = ""
`

describe('a backup of Pi-hole 6', () => {
  const taken = importPihole(
    zip({
      'etc/pihole/gravity.db': database(...TABLES),
      'etc/pihole/pihole.toml': SETTINGS,
      'etc/pihole/pihole-FTL.db': 'SQLite',
      'etc/hosts': '127.0.0.1 localhost\n192.168.1.3 box\n',
    }),
  )
  const part = taken.part()
  const left = taken.left.map(({ what }) => what)

  it('gives lists with names, kinds and switches', () => {
    expect(part.filter.lists).toEqual({
      'example.org-hosts': { source: 'https://lists.example.org/pro/hosts.txt' },
      'For-the-kids': { source: 'https://lists.example.org/kids.txt', enabled: false },
      'example.org-good': { source: 'https://lists.example.org/good.txt', kind: 'allow' },
    })
    expect(part.filter.mode).toBe('nxdomain')
  })

  it('makes one group of each set of groups, and a rule for all of what holds in all of them', () => {
    expect(part.filter.rules).toEqual(['@@|good.example^'])
    expect(part.filter.groups).toEqual({
      default: { lists: ['example.org-hosts', 'example.org-good'], rules: ['|bad.example^'] },
      Kids: { clients: ['192.168.1.7', '02:00:00:00:00:01'], rules: ['||games.example^'] },
    })
  })

  it('gives local records and the zone of the router', () => {
    expect(part.local.records).toEqual([
      'nas.lan A 192.168.1.5',
      'nas2.lan A 192.168.1.5',
      'files.lan 60 CNAME nas.lan',
    ])
    expect(part.iterator.forwards).toEqual({ 'fritz.box': ['192.168.1.1:53'] })
  })

  it('says of all else that it was left, and shows no secret', () => {
    expect(left).toEqual([
      'group Old',
      'client :eth0',
      'group Empty',
      'list file:///home/mine.txt',
      'denied expression ^ad[0-9]+\\.',
      'denied domain off.example',
      'denied domain not a name',
      'denied domain lost.example',
      'dns.upstreams: 9.9.9.9',
      'nonsense',
      'nas.lan,x.lan',
      'conditional forwarding of 192.168.1.0/24 to 192.168.1.1#53',
      'webserver.api.pwhash',
      'etc/pihole/pihole-FTL.db',
      'hosts: 192.168.1.3 box',
    ])
    expect(JSON.stringify(taken.left)).not.toContain('BALLOON')
  })
})

describe('a backup of Pi-hole 5', () => {
  it('is read as well, with its numbers as texts', () => {
    const taken = importPihole(
      tarGz({
        'adlist.json': JSON.stringify([
          { id: '1', address: 'https://lists.example.org/a', enabled: '1', comment: null },
        ]),
        'adlist_by_group.json': '[{"adlist_id":1,"group_id":0}]',
        'group.json': '[{"id":0,"enabled":1,"name":"Default","description":""}]',
        'blacklist.exact.json': '[{"id":1,"type":1,"domain":"bad.example","enabled":1,"comment":""}]',
        'domainlist_by_group.json': '[{"domainlist_id":1,"group_id":0}]',
        'custom.list': '192.168.1.5 nas.lan\n',
        'dnsmasq.d/05-pihole-custom-cname.conf': 'cname=www.lan,nas.lan\n',
        'setupVars.conf':
          'PIHOLE_DNS_1=9.9.9.9\nWEBPASSWORD=abcdef\nREV_SERVER=true\nREV_SERVER_CIDR=192.168.1.0/24\nREV_SERVER_TARGET=192.168.1.1\nREV_SERVER_DOMAIN=lan\n',
        'dhcp.leases': '',
      }),
    )
    expect(taken.part()).toEqual({
      filter: {
        lists: { 'example.org-a': { source: 'https://lists.example.org/a' } },
        rules: ['|bad.example^'],
        groups: {},
      },
      local: { records: ['nas.lan A 192.168.1.5', 'www.lan CNAME nas.lan'] },
      iterator: { forwards: { lan: ['192.168.1.1'] } },
    })
    expect(taken.left.map(({ what }) => what)).toEqual([
      'conditional forwarding of 192.168.1.0/24 to 192.168.1.1',
      'upstream 9.9.9.9',
      'WEBPASSWORD',
      'dhcp.leases',
    ])
  })

  it.each([
    ['another archive', tarGz({ a: 'x' }), /no backup of Pi-hole/],
    ['a table that is none', tarGz({ 'adlist.json': '{}' }), /no list/],
    ['a table with other columns', tarGz({ 'adlist.json': '[{"id":1}]' }), /adlist has other columns/],
    ['a damaged database', zip({ 'etc/pihole/gravity.db': `SQLite format 3\0${'x'.repeat(200)}` }), /no database/],
    ['a text', Buffer.from('hello'), /neither/],
  ])('is refused when it is %s', (_, bytes, why) => {
    expect(() => importPihole(bytes)).toThrow(
      expect.objectContaining({ code: 'IMPORT_REFUSED', message: expect.stringMatching(why) }),
    )
  })

  it('never has a view computed', () => {
    const evil = database(
      "CREATE VIEW adlist AS WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n) SELECT id, 'https://x.example' AS address, 1 AS enabled FROM n",
    )
    expect(importPihole(zip({ 'gravity.db': evil })).part().filter.lists).toEqual({})
  })
})

describe('a regular expression', () => {
  it.each([
    ['(\\.|^)example\\.com$', '||example.com^'],
    ['(^|\\.)ad-x\\.example\\.com$', '||ad-x.example.com^'],
    ['^example\\.com$', '|example.com^'],
    ['example', undefined],
    ['(\\.|^)a.b\\.com$', undefined],
  ])('%s is the rule %s', (expression, rule) => {
    expect(ruleOfExpression(expression)).toBe(rule)
  })
})
