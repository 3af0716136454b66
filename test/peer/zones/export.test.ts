import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { toHex } from '../../../src/base/index.ts'
import { encodeCanonical, sha256 } from '../../../src/crypto/index.ts'
import {
  compareNames,
  groupRRsets,
  nameToText,
  parseName,
  parseZone,
  type ResourceRecord,
  ROOT,
  recordToText,
  soaView,
  Type,
  viewRdata,
} from '../../../src/dns/index.ts'
import { checkZonemd, dsOf, verifyRRset } from '../../../src/dnssec/index.ts'
import { encodeRecord, moduleKey, NAMES, nameStateKey, REGISTRIES, tldStateKey } from '../../../src/ledger/index.ts'
import { keyIn, Part } from '../../../src/ledger/modules/names/label.ts'
import { settingsToValue } from '../../../src/ledger/modules/names/settings.ts'
import { exportZone, makeZoneKey, type ZoneExportRequest } from '../../../src/peer/ledgers.ts'
import { newBudget } from '../../dnssec/internet.ts'
import { ascii, DAY, type Entries, NOW, namesState, recordOf, server, sourceOf } from './state-source.ts'

const dir = mkdtempSync(join(tmpdir(), 'chordns-zones-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const apex = parseName('p2p')
const servers = [server('ns1.nic.p2p.=192.0.2.53')]
const shop = { shop: {} }

async function exported(entries: Entries, height: number, more: Partial<ZoneExportRequest> = {}) {
  const request: ZoneExportRequest = {
    chain: 'p2p',
    out: join(dir, 'p2p.zone'),
    keyFiles: [],
    zone: { ds: [], servers },
    withHidden: false,
    changes: undefined,
    keepsSame: false,
    ...more,
  }
  const printed: string[] = []
  const done = await exportZone(request, {
    fetch: await sourceOf(entries, height),
    print: (line) => printed.push(line),
  })
  const text = request.out === undefined ? printed.join('\n') : readFileSync(request.out, 'utf8')
  const origin = request.chain === 'root' ? ROOT : apex
  return { done, text, records: parseZone(text, { origin }) }
}

const owners = (records: readonly ResourceRecord[], type: number) =>
  records.filter((one) => one.type === type).map(({ name }) => nameToText(name))

/** 13 labels in the place of a hidden name of governance. */
const hiddenEntry = (label: string) =>
  [toHex(moduleKey(30, Uint8Array.from([13, ...ascii(label)]))), encodeCanonical([5, ascii('order 7'), 0, 3])] as const

describe('the zone of a TLD', () => {
  it('has the names that resolve, and no others', async () => {
    const { records, done } = await exported(
      namesState({
        registered: {},
        grace: { ends: -10 * DAY },
        redemption: { ends: -31 * DAY },
        ending: { ends: -62 * DAY },
        over: { ends: -70 * DAY },
        unused: { resolves: -DAY },
        frozen: { life: { frozenUntil: Number.MAX_SAFE_INTEGER } },
        'given-up': { owner: null },
        released: { life: { pending: { kind: 'release', at: 1 } } },
      }),
      7,
    )
    expect(owners(records, Type.DS)).toEqual(['frozen.p2p.', 'grace.p2p.', 'registered.p2p.'])
    expect(done).toMatchObject({ names: 3, serial: 7, height: 7, keys: [], written: true })
    expect(soaView(records[0]!.rdata).serial).toBe(7)
  })

  it('has names from before the TLD had terms for as long as those that it gave them then', async () => {
    const { life: _, ...old } = recordOf('old')
    const name = [toHex(nameStateKey(ascii('old'))), encodeRecord({ ...old, expires: 0 })] as const
    const adopted = (resolves: number) => {
      const key = moduleKey(NAMES, keyIn(Part.ADOPTED, new Uint8Array()))
      return [toHex(key), encodeCanonical([NOW - DAY, NOW + resolves - DAY, NOW + resolves, NOW])] as const
    }
    const during = await exported(namesState({}, new Map([name, adopted(DAY)])), 7)
    expect(owners(during.records, Type.DS)).toEqual(['old.p2p.'])
    const after = await exported(namesState({}, new Map([name, adopted(-DAY)])), 7)
    expect(owners(after.records, Type.DS)).toEqual([])
  })

  it('takes addresses of a name only for servers at and below itself', async () => {
    const { records } = await exported(
      namesState({
        shop: { servers: ['ns1.shop.p2p.=192.0.2.1', 'shop.p2p.=192.0.2.2', 'ns1.bank.p2p.=192.0.2.66'] },
        bank: { servers: ['ns1.bank.p2p.=192.0.2.10', 'ns.hoster.net.=192.0.2.66', 'ns.free.p2p.=192.0.2.66'] },
      }),
      7,
    )
    expect(records.filter(({ type }) => type === Type.A).map((one) => recordToText(one))).toEqual([
      'ns1.bank.p2p.\t3600\tIN\tA\t192.0.2.10',
      'ns1.nic.p2p.\t3600\tIN\tA\t192.0.2.53',
      'shop.p2p.\t3600\tIN\tA\t192.0.2.2',
      'ns1.shop.p2p.\t3600\tIN\tA\t192.0.2.1',
    ])
  })

  it('leaves out what the policy of the TLD hides, and says so', async () => {
    const entries = namesState({ forbidden: {}, ...shop }, new Map([hiddenEntry('forbidden')]))
    const { records, text, done } = await exported(entries, 7)
    expect(owners(records, Type.DS)).toEqual(['shop.p2p.'])
    expect(done.hidden).toEqual(['forbidden.p2p.'])
    expect(text).toContain('; hidden: forbidden.p2p., policy, motion 3: "order 7"')
    const all = await exported(entries, 7, { withHidden: true })
    expect(owners(all.records, Type.DS)).toEqual(['forbidden.p2p.', 'shop.p2p.'])
  })

  it('is the same to the byte whenever it is made of the same state, in canonical order, with its digest', async () => {
    const names = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`name${(i * 7_919) % 1_000}`, {}]))
    const first = await exported(namesState(names), 9)
    const again = await exported(namesState(names), 9)
    expect(again.text).toBe(first.text)
    expect(checkZonemd(first.records, apex)).toEqual({ ok: true })
    const names1 = first.records.slice(1).map(({ name }) => name)
    expect(names1.every((one, i) => i === 0 || compareNames(names1[i - 1]!, one) <= 0)).toBe(true)
    const printed = await exported(namesState(names), 9, { out: undefined })
    expect(`${printed.text}\n`).toBe(first.text)
  })

  it('says what has changed since the zone before, as an IXFR does', async () => {
    const out = join(dir, 'changing.zone')
    const changes = join(dir, 'changing.ixfr')
    const before = await exported(namesState({ a: {}, b: {}, c: {} }), 10, { out, changes })
    expect(before.done.changes).toBeNull()
    const after = await exported(namesState({ a: {}, c: { servers: ['ns1.c.p2p.=192.0.2.7'] }, d: {} }), 12, {
      out,
      changes,
    })
    const lines = readFileSync(changes, 'utf8').trimEnd().split('\n')
    const soas = lines.flatMap((line, at) => (line.includes('\tSOA\t') ? [at] : []))
    expect(soas.map((at) => soaView(parseZone(lines[at]!, { origin: ROOT })[0]!.rdata).serial)).toEqual([
      12, 10, 12, 12,
    ])
    const [gone, fresh] = [lines.slice(2, soas[2]), lines.slice(soas[2]! + 1, -1)]
    expect(after.done.changes).toEqual({ gone: gone.length, fresh: fresh.length })
    const rest = before.text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith(';') && !line.includes('\tSOA\t'))
    const applied = [...rest.filter((line) => !gone.includes(line)), ...fresh, lines[0]!].sort()
    expect(applied).toEqual(
      after.text
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith(';'))
        .sort(),
    )
  })

  it('refuses to change a zone that is not older, and keeps one that is the same but for its serial', async () => {
    const out = join(dir, 'kept.zone')
    await exported(namesState(shop), 20, { out })
    await expect(exported(namesState({}), 19, { out, changes: join(dir, 'x') })).rejects.toMatchObject({
      code: 'ZONE_SERIAL',
    })
    const kept = await exported(namesState(shop), 21, { out, keepsSame: true })
    expect(kept.done.written).toBe(false)
    expect(soaView(kept.records[0]!.rdata).serial).toBe(20)
    const other = await exported(namesState({}), 22, { out, keepsSame: true })
    expect(other.done.written).toBe(true)
  })

  it('refuses a piece that is not of the state that the header has', async () => {
    const honest = await sourceOf(namesState(shop), 7)
    const other = await sourceOf(namesState({ shop: { ends: 5 * DAY } }), 7)
    const request = {
      chain: 'p2p',
      out: undefined,
      keyFiles: [],
      zone: { ds: [], servers },
      withHidden: false,
      changes: undefined,
      keepsSame: false,
    }
    const fetch = async (at: number | undefined, from: string) => ({
      ...(await honest(at, from)),
      piece: (await other(at, from)).piece,
    })
    await expect(exportZone(request, { fetch, print: () => {} })).rejects.toMatchObject({ code: 'ZONE_PIECE' })
    await expect(
      exportZone({ ...request, zone: { ds: [], servers: [] } }, { fetch, print: () => {} }),
    ).rejects.toMatchObject({
      code: 'ZONE_SERVERS',
    })
  })
})

describe('the zone of the Root', () => {
  const tld = (label: string, servers: readonly string[] | null) => {
    const ds = [Uint8Array.from([18, 103, 15, 2, ...sha256(ascii(label))])]
    const zone = servers && settingsToValue({ updateByCds: false, ds, servers: servers.map(server) })
    const key = moduleKey(REGISTRIES, tldStateKey(ascii(label)))
    return [toHex(key), encodeCanonical([sha256(ascii('registry')), null, zone, true, 1])] as const
  }
  const root = {
    chain: 'root',
    out: join(dir, 'root.zone'),
    zone: { ds: [], servers: [server('a.root.test.=192.0.2.53')] },
  }

  it('has the TLDs whose registries say servers, and addresses that have no other place', async () => {
    const entries = new Map([
      tld('example', ['ns1.nic.example.=192.0.2.1', 'ns.hoster.net.=192.0.2.7']),
      tld('other', ['ns1.nic.example.=192.0.2.66', 'ns.hoster.net.=192.0.2.7', 'ns.twice.net.=192.0.2.8']),
      tld('third', ['ns.twice.net.=192.0.2.9']),
      tld('silent', null),
    ])
    const { records, text, done } = await exported(entries, 5, root)
    expect(owners(records, Type.DS)).toEqual(['example.', 'other.', 'third.'])
    expect(records.filter(({ type }) => type === Type.A).map((one) => recordToText(one).split('\t').join(' '))).toEqual(
      [
        'ns1.nic.example. 3600 IN A 192.0.2.1',
        'ns.hoster.net. 3600 IN A 192.0.2.7',
        'a.root.test. 3600 IN A 192.0.2.53',
      ],
    )
    expect(done).toMatchObject({ zone: '.', names: 3, disputed: ['ns.twice.net.'] })
    expect(text).toContain('; left out, since TLDs give it different addresses: ns.twice.net.')
    expect(checkZonemd(records, ROOT)).toEqual({ ok: true })
  })
})

describe.each([13, 15] as const)('a zone signed with algorithm %i', (algorithm) => {
  const keys = makeZoneKey({ zone: apex, algorithm, directory: join(dir, `keys${algorithm}`), time: Date.now() })
  const signed = async (entries: Entries, height: number, more: Partial<ZoneExportRequest> = {}) => {
    const { base, ds } = await keys
    return exported(entries, height, { keyFiles: [`${base}.private`], zone: { ds: [ds], servers }, ...more })
  }
  const entries = namesState({ ...shop, bank: { servers: ['ns1.bank.p2p.=192.0.2.10'] } })

  it('has signatures that validate, over all that it has authority for', async () => {
    const { records } = await signed(entries, 7)
    const [dnskey] = records.filter(({ type }) => type === Type.DNSKEY)
    const key = {
      rdata: dnskey!.rdata,
      publicKey: dnskey!.rdata.slice(4),
      flags: 257,
      algorithm,
      tag: (await keys).tag,
    }
    expect(toHex(dsOf(apex, key.rdata, 2)!)).toBe(toHex((await keys).ds))
    const verdicts = groupRRsets(records).map((rrset) => {
      const verified = verifyRRset({
        rrset,
        zone: apex,
        keys: [key],
        now: 1_800_000_000,
        budget: newBudget(),
      })
      return `${nameToText(rrset.name)} ${rrset.type} ${verified.ok}`
    })
    const unsigned = verdicts.filter((one) => one.endsWith('false'))
    expect(unsigned.sort()).toEqual([
      `bank.p2p. ${Type.NS} false`,
      `ns1.bank.p2p. ${Type.A} false`,
      `shop.p2p. ${Type.NS} false`,
    ])
    expect(checkZonemd(records, apex)).toEqual({ ok: true })
  })

  it('has a chain of NSEC through all names that are its own, and back', async () => {
    const { records } = await signed(entries, 7)
    const chain = records.filter(({ type }) => type === Type.NSEC)
    const steps = chain.map(({ name, rdata }) => `${nameToText(name)} ${nameToText(viewRdata(Type.NSEC, rdata).next)}`)
    expect(steps).toEqual(['p2p. bank.p2p.', 'bank.p2p. ns1.nic.p2p.', 'ns1.nic.p2p. shop.p2p.', 'shop.p2p. p2p.'])
  })

  it('is the same to the byte of the same state, and after a block only what that changed is signed anew', async () => {
    const first = await signed(entries, 7)
    expect((await signed(entries, 7)).text).toBe(first.text)
    const out = join(dir, `next${algorithm}.zone`)
    writeFileSync(out, first.text)
    const { done } = await signed(entries, 8, { out, changes: join(dir, 'next.ixfr') })
    // SOA aside: ZONEMD, and signatures of both.
    expect(done.changes).toEqual({ gone: 3, fresh: 3 })
  })

  it('is refused where the Root has another key', async () => {
    await expect(signed(entries, 7, { zone: { ds: [new Uint8Array(36)], servers } })).rejects.toMatchObject({
      code: 'ZONE_KEY',
    })
  })
})
