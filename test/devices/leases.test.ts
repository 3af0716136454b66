/** Lease files as DHCP servers write them, and as they look when something is wrong. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type DeviceFact, leaseKindOf, readArp, readLeases, readNeighbours } from '../../src/devices/index.ts'

const NOW = 1_796_000_000
const LATER = NOW + 3_600
const BEFORE = NOW - 1

/** `address mac name`. */
function short({ address, mac, name }: DeviceFact): string {
  return `${address} ${mac ?? '-'} ${name ?? '-'}`
}

const read = (text: string) => readLeases(text, NOW).facts.map(short)

const DNSMASQ = `${LATER} 02:00:00:00:00:01 192.168.1.10 laptop 01:02:00:00:00:00:01
${LATER} 06-02:00:00:00:00:02 192.168.1.11 * *
0 02:00:00:00:00:03 192.168.1.12 tv *
${BEFORE} 02:00:00:00:00:04 192.168.1.13 gone *
${LATER} 02:00:00:00:00:05 192.168.1.300 wrong *
what is this
duid 00:01:00:01:2a:bc:de:f0:02:00:00:00:00:ff
${LATER} 12345678 fd00::10 laptop 00:01:00:01:2a:bc:de:f0:02:00:00:00:00:01
`

const KEA4 = `address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context,pool_id
192.168.1.10,02:00:00:00:00:01,01:02:00:00:00:00:01,3600,${LATER},1,0,0,laptop.example.org.,0,,0
192.168.1.11,02:00:00:00:00:02,,3600,${LATER},1,0,0,first,0,,0
192.168.1.11,02:00:00:00:00:09,,3600,${LATER},1,0,0,a&#x2cb,0,{ "a": 1&#x2c "b": 2 },0
192.168.1.12,02:00:00:00:00:03,,3600,${LATER},1,0,0,released,0,,0
192.168.1.12,02:00:00:00:00:03,,0,${LATER},1,0,0,released,0,,0
192.168.1.13,02:00:00:00:00:04,,3600,${LATER},1,0,0,declined,1,,0
192.168.1.14,02:00:00:00:00:05,,3600,${BEFORE},1,0,0,expired,0,,0
not an address,,,,,
192.168.1.15,02:00
`

const KEA6 = `address,duid,valid_lifetime,expire,subnet_id,pref_lifetime,lease_type,iaid,prefix_len,fqdn_fwd,fqdn_rev,hostname,hwaddr,state,user_context,hwtype,hwaddr_source,pool_id
fd00::10,00:01:00:01,4000,${LATER},1,3000,0,1,128,0,0,laptop,02:00:00:00:00:01,0,,1,0,0
fd00:1::,00:01:00:01,4000,${LATER},1,3000,2,1,56,0,0,router,02:00:00:00:00:07,0,,1,0,0
`

const ISC = `# The format of this file is documented in the dhcpd.leases(5) manual page.
authoring-byte-order little-endian;
lease 192.168.1.10 {
  starts 4 2026/11/29 10:00:00;
  ends 4 2030/01/01 00:00:00;
  binding state active;
  next binding state free;
  hardware ethernet 02:00:00:00:00:01;
  client-hostname "laptop";
}
lease 192.168.1.11 {
  ends epoch ${BEFORE};
  hardware ethernet 02:00:00:00:00:02;
}
lease 192.168.1.12 {
  ends never;
  binding state active;
  hardware ethernet 02:00:00:00:00:03;
  client-hostname "K\\303\\274che \\"2\\"";
}
lease 192.168.1.13 {
  binding state active;
  hardware ethernet 02:00:00:00:00:04;
}
lease 192.168.1.13 {
  binding state free;
}
lease nonsense {
  client-hostname "x";
}
lease 192.168.1.14 {
  hardware ethernet 02:00:00:00:00:05;
`

const NETWORKD = JSON.stringify({
  BootID: '00',
  Address: [192, 168, 1, 1],
  PrefixLength: 24,
  Leases: [
    {
      ClientId: [1, 2, 0, 0, 0, 0, 1],
      Address: [192, 168, 1, 10],
      Hostname: 'laptop',
      HardwareAddressType: 1,
      HardwareAddressLength: 6,
      HardwareAddress: [2, 0, 0, 0, 0, 1],
      ExpirationRealtimeUSec: LATER * 1e6,
    },
    { Address: [192, 168, 1, 11], HardwareAddress: [2, 0, 0, 0, 0, 2], ExpirationRealtimeUSec: BEFORE * 1e6 },
    { Address: [192, 168, 1], Hostname: 'short' },
    { Address: [192, 168, 1, 256] },
    null,
    { Address: [192, 168, 1, 12], Hostname: 5, HardwareAddress: 'x' },
  ],
})

describe('leases', () => {
  it('of dnsmasq: what is over or no lease is left out, a name of * is none', () => {
    expect(read(DNSMASQ)).toEqual([
      '192.168.1.10 02:00:00:00:00:01 laptop',
      '192.168.1.11 02:00:00:00:00:02 -',
      '192.168.1.12 02:00:00:00:00:03 tv',
      'fd00::10 - laptop',
    ])
    expect(readLeases(DNSMASQ, NOW).faults).toEqual(['line 5: no lease of dnsmasq', 'line 6: no lease of dnsmasq'])
  })

  it('of Kea: the last line of an address holds, whatever the order of the columns', () => {
    expect(read(KEA4)).toEqual([
      '192.168.1.10 02:00:00:00:00:01 laptop.example.org',
      '192.168.1.11 02:00:00:00:00:09 a,b',
    ])
    expect(read(KEA6)).toEqual(['fd00::10 02:00:00:00:00:01 laptop'])
    expect(read('address,hostname\n192.168.1.1,x')).toEqual(['192.168.1.1 - x'])
  })

  it('of ISC: blocks, the last one of an address holds, one that has no end yet is left out', () => {
    expect(read(ISC)).toEqual(['192.168.1.10 02:00:00:00:00:01 laptop', '192.168.1.12 02:00:00:00:00:03 Küche "2"'])
  })

  it('of systemd-networkd: addresses as lists of octets', () => {
    expect(read(NETWORKD)).toEqual(['192.168.1.10 02:00:00:00:00:01 laptop', '192.168.1.12 - -'])
    expect(read('{"Leases": 5}')).toEqual([])
    expect(readLeases('{ broken', NOW).faults).toEqual(['line 1: no leases of systemd-networkd'])
  })

  it('are told apart by what stands in the file', () => {
    expect([DNSMASQ, KEA4, KEA6, ISC, NETWORKD, '', '\n'].map(leaseKindOf)).toEqual([
      'dnsmasq',
      'kea',
      'kea',
      'isc',
      'networkd',
      undefined,
      undefined,
    ])
  })

  it('with ends of lines of Windows are the same', () => {
    for (const text of [DNSMASQ, KEA4, ISC]) expect(read(text.replaceAll('\n', '\r\n'))).toEqual(read(text))
  })

  it('never throw, whatever stands in the file, and never give more than there is', () => {
    const piece = fc.oneof(
      fc.constantFrom(...[DNSMASQ, KEA4, KEA6, ISC, NETWORKD].flatMap((text) => text.split(/(?<=[\n,])/))),
      fc.string({ maxLength: 20, unit: 'binary' }),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const text = pieces.join('')
        const { facts, faults } = readLeases(text, NOW)
        expect(facts.length).toBeLessThanOrEqual(text.split('\n').length + text.split('{').length)
        expect(faults.length).toBeLessThanOrEqual(5)
        expect(new Set(facts.map(({ address }) => address)).size).toBe(facts.length)
        for (const { mac } of facts) if (mac !== undefined) expect(mac).toMatch(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/)
      }),
    )
  })
})

describe('the neighbour table', () => {
  it('of /proc/net/arp has those that answered', () => {
    const text = `IP address       HW type     Flags       HW address            Mask     Device
192.168.1.1      0x1         0x2         02:00:00:00:00:aa     *        eth0
192.168.1.2      0x1         0x0         00:00:00:00:00:00     *        eth0
192.168.1.3      0x1         0x6         02:00:00:00:00:AB     *        eth0
`
    expect(readArp(text).map(short)).toEqual(['192.168.1.1 02:00:00:00:00:aa -', '192.168.1.3 02:00:00:00:00:ab -'])
  })

  it('of ip -j neigh has IPv6, too, without those that failed', () => {
    const rows = [
      { dst: '192.168.1.1', dev: 'eth0', lladdr: '02:00:00:00:00:aa', state: ['REACHABLE'] },
      { dst: 'fd00:0::5', dev: 'eth0', lladdr: '02:00:00:00:00:aa', router: null, state: ['STALE'] },
      { dst: 'fe80::1', dev: 'eth0', state: ['FAILED'] },
      { dst: '192.168.1.9', lladdr: '02:00:00:00:00:ab', state: ['FAILED'] },
      { dst: 5, lladdr: [] },
      'x',
      null,
    ]
    expect(readNeighbours(JSON.stringify(rows)).map(short)).toEqual([
      '192.168.1.1 02:00:00:00:00:aa -',
      'fd00::5 02:00:00:00:00:aa -',
    ])
    for (const text of ['', '{}', '[', 'null']) expect(readNeighbours(text)).toEqual([])
  })
})
