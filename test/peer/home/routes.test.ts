/** What the status API takes of settings and records, and what it refuses in words. */
import { describe, expect, it } from 'vitest'
import type { ChangesView, DevicesView, RecordsView, SettingsView } from '../../../src/observe/index.ts'
import { homeRoutes } from '../../../src/peer/home/routes.ts'
import { seededRandom } from '../../../src/sim/index.ts'
import { makeSettingsBoxes } from '../../settings/boxes.ts'

function routes() {
  const [box] = makeSettingsBoxes(1).all
  let settled = 0
  const all = homeRoutes({
    settings: () => box!.settings,
    names: () => undefined,
    devices: () => ({
      domain: 'home.arpa',
      all: () => [
        {
          id: '192.168.1.5',
          mac: undefined,
          name: undefined,
          hostName: undefined,
          addresses: ['192.168.1.5'],
          sources: ['neighbour'],
        },
      ],
    }),
    random: seededRandom(1),
    settled: async () => {
      settled++
    },
  })
  const call = async <T>(path: string, body: unknown = {}, query = '') =>
    (await all[path]!.handle(
      new URLSearchParams(query),
      new AbortController().signal,
      typeof body === 'string' ? body : JSON.stringify(body),
      { isOwner: false, isOpen: false },
    )) as T
  return { all, call, settings: box!.settings, settled: () => settled }
}

describe('the status API of a household', () => {
  it('needs the header for all of it: it is private', () => {
    for (const route of Object.values(routes().all)) expect(route.needsHeader).toBe(true)
  })

  it('adds, lists and removes records, and says what is done once it is on the disk', async () => {
    const { call, settled } = routes()
    const { changes } = await call<ChangesView>('/records/add', { name: 'NAS.home.arpa', data: '192.168.1.5', ttl: 60 })
    expect(changes).toMatchObject([
      { key: 'record/nas.home.arpa A 192.168.1.5', value: '60', before: null, isCurrent: true },
    ])
    expect(settled()).toBe(1)
    expect((await call<RecordsView>('/records')).records).toEqual([
      { name: 'nas.home.arpa', type: 'A', data: '192.168.1.5', ttl: 60 },
    ])
    await call('/records/remove', { name: 'nas.home.arpa' })
    expect((await call<RecordsView>('/records')).records).toEqual([])
    await expect(call('/records/remove', { name: 'nas.home.arpa' })).rejects.toThrow('no such record')
  })

  it('refuses a record that does not go together with one that is there', async () => {
    const { call } = routes()
    await call('/records/add', { name: 'www.home.arpa', type: 'CNAME', data: 'nas.home.arpa' })
    await expect(call('/records/add', { name: 'www.home.arpa', data: '192.168.1.5' })).rejects.toThrow('has a CNAME')
    expect((await call<RecordsView>('/records')).records).toHaveLength(1)
    // In one step with what it takes the place of.
    const edits = [
      { key: 'record/www.home.arpa CNAME nas.home.arpa.', value: null },
      { key: 'record/www.home.arpa A 192.168.1.5', value: '300' },
    ]
    await call('/settings/edit', { edits })
    expect((await call<SettingsView>('/settings', {}, 'prefix=record/')).settings).toHaveLength(1)
  })

  it('edits settings, all or none, and undoes the newest', async () => {
    const { call, settings } = routes()
    const rule = { key: 'rule/*/||ads.example^', value: '1' }
    await expect(call('/settings/edit', { edits: [rule, { key: 'nonsense/x', value: '1' }] })).rejects.toThrow('kind')
    expect(settings.list('')).toEqual([])
    await call('/settings/edit', { edits: [rule] })
    expect((await call<ChangesView>('/settings/history')).changes).toHaveLength(1)
    expect((await call<ChangesView>('/settings/undo')).changes).toMatchObject([{ key: rule.key, value: null }])
  })

  it.each([
    ['device/02:00:00:00:00:01', 'taken'],
    ['device/192.168.1.5', 'taken'],
    ['device/02-00-00-00-00-AB', 'is written device/02:00:00:00:00:ab'],
    ['device/FD00::0:1', 'is written device/fd00::1'],
    ['device/television', 'neither a MAC address nor an IP address'],
  ])('knows a device by one form of its address: %s is %s', async (key, what) => {
    const { call } = routes()
    const done = call<ChangesView>('/settings/edit', { edits: [{ key, value: 'tv' }] })
    if (what === 'taken') expect((await done).changes).toHaveLength(1)
    else await expect(done).rejects.toThrow(what)
  })

  it.each(['', '{', '[]', '{"edits": 5}', '{"edits": [{"key": 5, "value": null}]}'])(
    'refuses the body %j',
    async (body) => {
      await expect(routes().call('/settings/edit', body)).rejects.toMatchObject({ code: 'USAGE' })
    },
  )

  it('shows devices', async () => {
    expect(await routes().call<DevicesView>('/devices')).toEqual({
      domain: 'home.arpa',
      devices: [
        {
          id: '192.168.1.5',
          mac: null,
          name: null,
          hostName: null,
          addresses: ['192.168.1.5'],
          sources: ['neighbour'],
        },
      ],
    })
  })
})
