/** Who has the seats of a key: the same for all who have the same table, and no network more than a minority where there is a choice. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { signEntry } from '../../../src/ring/members/member.ts'
import { networkOf } from '../../../src/ring/members/networks.ts'
import { candidates, replicaSet } from '../../../src/ring/members/replicas.ts'
import { MemberTable } from '../../../src/ring/members/table.ts'
import type { MemberEntry } from '../../../src/ring/types.ts'
import { keyOf, scheme } from '../world.ts'

const rows = new Map<string, MemberEntry>()

function row(name: number, network: number): MemberEntry {
  const key = `${name}/${network}`
  const known = rows.get(key)
  if (known !== undefined) return known
  const addresses = network === 0 ? [`/ip4/192.168.1.${name % 250}/tcp/4001`] : [`/ip4/198.${network}.3.4/tcp/4001`]
  const signer = scheme.signer(keyOf(name))
  const made = signEntry('test', signer, { salt: new Uint8Array(), addresses, status: 'alive', incarnation: 1 })
  rows.set(key, made)
  return made
}

function tableOf(entries: readonly MemberEntry[]): MemberTable {
  const table = new MemberTable()
  for (const entry of entries) table.put(entry, 0)
  return table
}

const ring = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 40 })
const replicas = fc.constantFrom(0, 1, 2, 3, 6)

describe('the seats of a key', () => {
  it('are the same for everybody who has the same table, however it came about', () => {
    fc.assert(
      fc.property(ring, replicas, fc.nat(1_000), fc.nat(), (networks, r, at, shuffle) => {
        const entries = networks.map((network, name) => row(name, network))
        const mixed = entries
          .map((entry, i) => ({ entry, at: Math.imul(i + 1, shuffle | 1) }))
          .sort((a, b) => a.at - b.at)
          .map(({ entry }) => entry)
        const key = row(at, 0).id
        const one = replicaSet(tableOf(entries), entries.length, r, key, networkOf)
        expect(replicaSet(tableOf(mixed), entries.length, r, key, networkOf)).toEqual(one)
        expect(one.members.length).toBe(Math.min(r + 1, entries.length))
        expect(new Set(one.members.map(({ id }) => id)).size).toBe(one.members.length)
      }),
      { numRuns: 150 },
    )
  })

  it('give no network more than a minority where the members looked at leave a choice', () => {
    fc.assert(
      fc.property(ring, fc.constantFrom(2, 4, 6), fc.nat(1_000), (networks, r, at) => {
        const table = tableOf(networks.map((network, name) => row(name, network)))
        const key = row(at, 0).id
        const { n, members } = replicaSet(table, networks.length, r, key, networkOf)
        const most = Math.max(1, Math.ceil(n / 2) - 1)
        const near = table.successors(key, candidates(n))
        // As many as could have a seat if nobody had one too many.
        const room = (of: readonly MemberEntry[]) => {
          const counts = new Map<string, number>()
          let free = 0
          for (const entry of of) {
            const network = networkOf(entry)
            if (network === undefined) free += 1
            else counts.set(network, (counts.get(network) ?? 0) + 1)
          }
          return free + [...counts.values()].reduce((sum, count) => sum + Math.min(most, count), 0)
        }
        const isChoice = room(near) >= n
        for (const network of [1, 2, 3, 4]) {
          const count = members.filter((entry) => networkOf(entry) === `198.${network}`).length
          if (isChoice) expect(count).toBeLessThanOrEqual(most)
        }
        if (isChoice && n > 2) expect(most).toBeLessThan(n / 2)
      }),
      { numRuns: 200 },
    )
  })

  it('are those in ring order where nobody is in a known network, or all are in one', () => {
    for (const network of [0, 1]) {
      const table = tableOf(Array.from({ length: 20 }, (_, name) => row(name, network)))
      const { members } = replicaSet(table, 20, 2, row(7, 0).id, networkOf)
      expect(members).toEqual(table.successors(row(7, 0).id, 3))
    }
  })

  it('never give a liar more seats than it has members near the key, whatever networks these name', () => {
    fc.assert(
      fc.property(
        ring,
        fc.uniqueArray(fc.nat(39), { maxLength: 6 }),
        ring,
        fc.nat(1_000),
        (networks, own, lies, at) => {
          const ofLiar = new Set(own)
          const entries = networks.map((network, name) => row(name, ofLiar.has(name) ? (lies[name] ?? 0) : network))
          const table = tableOf(entries)
          const liars = new Set(entries.filter((_, name) => ofLiar.has(name)).map(({ id }) => id))
          const key = row(at, 0).id
          const { n, members } = replicaSet(table, entries.length, 2, key, networkOf)
          const near = table.successors(key, candidates(n)).filter(({ id }) => liars.has(id)).length
          expect(members.filter(({ id }) => liars.has(id)).length).toBeLessThanOrEqual(near)
        },
      ),
      { numRuns: 100 },
    )
  })
})

describe('the network of a member', () => {
  it.each([
    [['/ip4/203.0.113.7/tcp/4001'], '203.0'],
    [['/ip4/192.168.0.7/tcp/4001', '/ip4/203.5.113.7/tcp/4001'], '203.5'],
    [['/ip6/2001:db8:1::7/tcp/4001'], '2001:db8'],
    [['/ip6/2001::7/tcp/4001'], '2001:0'],
    [['/ip6/fd00::7/tcp/4001', '/ip4/127.0.0.1/tcp/1', '/dns4/a.example/tcp/1'], undefined],
    [['/ip4/100.64.1.1/tcp/1', '/ip4/999.1.1.1/tcp/1', '/memory/x'], undefined],
    [[], undefined],
  ])('is that of its first public address: %j', (addresses, network) => {
    expect(networkOf({ addresses })).toBe(network)
  })
})
