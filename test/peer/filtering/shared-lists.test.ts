/** Lists and groups of a household: named on one box, fetched and in force on each. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { scheduleForm } from '../../../src/config/index.ts'
import { Class, parseName, Type } from '../../../src/dns/index.ts'
import { filterLimits, type GroupOptions } from '../../../src/filter/index.ts'
import { filterView } from '../../../src/observe/index.ts'
import { filterRoutes } from '../../../src/peer/filtering/filter-routes.ts'
import { Filtering, type FilteringDeps } from '../../../src/peer/filtering/filtering.ts'
import { checkFilterEdit } from '../../../src/peer/filtering/list-edits.ts'
import { listRoutes } from '../../../src/peer/filtering/list-routes.ts'
import { clientForm, inForce } from '../../../src/peer/filtering/shared-lists.ts'
import { makeSettingsBoxes, quiet, type SettingsBoxes } from '../../settings/boxes.ts'
import { until } from '../../setup/until.ts'

const SEED = Uint8Array.from({ length: 16 }, (_, i) => i)
const dir = mkdtempSync(join(tmpdir(), 'chordns-shared-lists-'))
const running: Filtering[] = []
const texts: Record<string, string> = { '/ads': '||ads.example^\n', '/social': '||social.example^\n' }
let server: Server
let origin = ''

interface BoxOptions {
  readonly lists?: FilteringDeps['config']['filter']['lists']
  readonly groups?: readonly GroupOptions[]
  readonly refuses?: FilteringDeps['refuses']
}

const configOf = ({ lists = [], groups = [] }: BoxOptions = {}) => ({
  lists,
  disabled: [],
  options: { groups, mode: 'null', ttl: 10, own: { all: [], groups: {} } } as const,
})

function boxOf(boxes: SettingsBoxes, index: number, options: BoxOptions = {}) {
  const { clock, all } = boxes
  const { settings } = all[index]!
  const { refuses = () => false } = options
  const data = mkdtempSync(join(dir, 'box-'))
  const filtering = new Filtering(
    { config: { filter: configOf(options), data }, clock, seed: SEED, log: quiet, resolve: async () => [], refuses },
    { onChange: () => {} },
  )
  running.push(filtering)
  void filtering.start()
  filtering.follow(settings, async () => {})
  const settled = async () => {}
  const routes = {
    ...filterRoutes({ control: filtering, clock, blockedToday: () => 3, settled }),
    ...listRoutes({ control: filtering, settings: () => settings, settled }),
  }
  const tell = (path: string, body: object = {}, query = '') =>
    routes[path]!.handle(new URLSearchParams(query), new AbortController().signal, JSON.stringify(body), {
      isOwner: true,
      isOpen: true,
    })
  return {
    data,
    filtering,
    settings,
    routes,
    tell,
    view: async () => filterView.parse(await tell('/filter')),
    blocks(name: string, client = '192.168.1.9') {
      const question = { name: parseName(name), type: Type.A, class: Class.IN }
      return filtering.questions.judge(question, client).answer !== undefined
    },
  }
}

beforeAll(async () => {
  server = createServer((request, response) => {
    const text = texts[request.url ?? '']
    response.writeHead(text === undefined ? 404 : 200).end(text ?? '')
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(() => {
  for (const one of running.splice(0)) one.stop()
})
afterAll(() => {
  server.close()
  rmSync(dir, { recursive: true, force: true })
})

describe('the status API of lists and groups', () => {
  it('takes no request that a web page could send, and no body without an end', () => {
    const { routes } = boxOf(makeSettingsBoxes(1), 0)
    for (const [path, { needsHeader, method, bodyBytes = 0 }] of Object.entries(routes)) {
      expect([path, needsHeader]).toEqual([path, true])
      expect([path, bodyBytes <= 1_048_576]).toEqual([path, true])
      if (/add|remove|pause|resume|schedule|update/.test(path)) expect([path, method]).toEqual([path, 'POST'])
    }
  })
})

describe('lists of a household', () => {
  it('are named on one box, fetched by each, and gone from all when one takes them away', async () => {
    const boxes = makeSettingsBoxes(2)
    const [a, b] = [boxOf(boxes, 0), boxOf(boxes, 1)]
    await a.tell('/filter/lists/add', { name: 'ads', source: `${origin}/ads` })
    await boxes.wait(100)
    await until(() => [a, b].every((box) => box.blocks('x.ads.example')))
    expect((await b.view()).lists).toMatchObject([
      { name: 'ads', source: `${origin}/ads`, shared: true, groups: null, entries: 1, trouble: null },
    ])
    const copy = join(b.data, 'filter/shared/ads.list')
    expect(existsSync(copy)).toBe(true)
    await b.tell('/filter/lists/remove', { name: 'ads' })
    // At once, and not only when what is left has been read.
    expect(b.blocks('x.ads.example')).toBe(false)
    await boxes.wait(100)
    await until(() => [a, b].every(({ filtering }) => filtering.lists().length === 0) && !existsSync(copy))
    expect(a.settings.undo().key).toBe('list/ads')
    await boxes.wait(100)
    await until(() => b.blocks('ads.example'))
  })

  it('rest on all boxes until somebody lets them go on, and keep what was said of them', async () => {
    const boxes = makeSettingsBoxes(2)
    const [a, b] = [boxOf(boxes, 0), boxOf(boxes, 1)]
    await a.tell('/filter/lists/add', { name: 'ads', source: `${origin}/ads`, everyHours: 12 })
    await boxes.wait(100)
    await until(() => b.blocks('ads.example'))
    await b.tell('/filter/lists/pause', { name: 'ads' })
    // At once, and not only when what is left has been read.
    expect(b.blocks('ads.example')).toBe(false)
    await boxes.wait(100)
    await until(() => !a.blocks('ads.example'))
    expect((await a.view()).lists).toMatchObject([
      { name: 'ads', shared: true, paused: true, entries: 0, blockedToday: 3, updatedAt: null },
    ])
    await until(() => b.filtering.lists().length === 0)
    await expect(b.tell('/filter/update', {}, 'name=ads')).rejects.toMatchObject({ code: 'USAGE' })
    await a.tell('/filter/groups/add', { name: 'kids', lists: ['ads'] })
    await a.tell('/filter/lists/resume', { name: 'ads' })
    await until(() => a.blocks('ads.example'))
    expect(a.settings.get('list/ads')).toBe(JSON.stringify({ source: `${origin}/ads`, everyHours: 12 }))
    await expect(a.tell('/filter/lists/pause', { name: 'nothing' })).rejects.toMatchObject({ code: 'SETTINGS_UNKNOWN' })
  })

  it('are fetched one by one when somebody wishes it, and say when that failed', async () => {
    const boxes = makeSettingsBoxes(1)
    const a = boxOf(boxes, 0)
    texts['/moving'] = '||one.example^\n'
    await a.tell('/filter/lists/add', { name: 'ads', source: `${origin}/ads` })
    await a.tell('/filter/lists/add', { name: 'moving', source: `${origin}/moving` })
    await until(() => a.blocks('one.example'))
    texts['/moving'] = '||two.example^\n'
    delete texts['/ads']
    await a.tell('/filter/update', {}, 'name=moving')
    expect([a.blocks('two.example'), a.blocks('one.example')]).toEqual([true, false])
    expect((await a.view()).lists.map(({ trouble }) => trouble)).toEqual([null, null])
    texts['/ads'] = '||ads.example^\n'
    delete texts['/moving']
    await a.tell('/filter/update', {}, 'name=moving')
    const [, moving] = (await a.view()).lists
    expect(moving).toMatchObject({ name: 'moving', trouble: expect.stringContaining('404'), entries: 1 })
    expect(moving!.failedAt).toBe(boxes.clock.now())
    expect(a.blocks('two.example')).toBe(true)
  })

  it('hold for the groups that they name, and for no others', async () => {
    const boxes = makeSettingsBoxes(2)
    const [a, b] = [boxOf(boxes, 0), boxOf(boxes, 1)]
    await expect(
      a.tell('/filter/lists/add', { name: 'social', source: `${origin}/social`, groups: ['kids'] }),
    ).rejects.toMatchObject({ code: 'SETTINGS_INVALID' })
    await a.tell('/filter/groups/add', { name: 'kids', clients: ['192.168.1.47/28'], lists: [], mode: 'nxdomain' })
    await a.tell('/filter/lists/add', { name: 'social', source: `${origin}/social`, groups: ['kids'] })
    await boxes.wait(100)
    await until(() => b.blocks('social.example', '192.168.1.33'))
    expect(b.blocks('social.example', '192.168.1.9')).toBe(false)
    expect((await b.view()).groups).toEqual([
      {
        name: 'kids',
        clients: ['192.168.1.32/28'],
        lists: [],
        shared: true,
        mode: 'nxdomain',
        schedules: [],
        plans: [],
      },
    ])
  })

  it('of the configuration go on, and stand before one of the same name', async () => {
    const boxes = makeSettingsBoxes(2)
    const own = {
      source: `${origin}/social`,
      isUrl: true,
      everyMs: 3_600_000,
      maxBytes: 1_000,
      isShared: false,
      options: { name: 'ads', kind: 'block', format: 'auto', rewrites: false },
    } as const
    const [a, b] = [boxOf(boxes, 0), boxOf(boxes, 1, { lists: [own] })]
    await a.tell('/filter/lists/add', { name: 'ads', source: `${origin}/ads` })
    await boxes.wait(100)
    await until(() => a.blocks('ads.example') && b.blocks('social.example'))
    expect(b.blocks('ads.example')).toBe(false)
    expect((await b.view()).passedOver).toEqual([
      { key: 'list/ads', why: 'the configuration of this box has a list of that name' },
    ])
    await expect(b.tell('/filter/lists/add', { name: 'ads', source: `${origin}/ads` })).rejects.toMatchObject({
      code: 'SETTINGS_INVALID',
    })
  })

  it('never lead to what trusts this machine', async () => {
    const boxes = makeSettingsBoxes(1)
    const box = boxOf(boxes, 0, { refuses: (address) => address === '127.0.0.1' })
    await box.tell('/filter/lists/add', { name: 'ads', source: `${origin}/ads` })
    await until(() => box.filtering.lists()[0]?.trouble !== undefined)
    expect(box.filtering.lists()[0]?.trouble).toMatch(/this machine itself/)
  })
})

describe('what another box wrote wrongly', () => {
  const bad = {
    'list/a': 'no json',
    'list/b': '{"source":"/etc/passwd"}',
    'list/c': '{"source":"https://u:p@lists.example/"}',
    'list/d': '{"source":"https://lists.example/","else":1}',
    'list/own': '{"source":"https://lists.example/"}',
    'list/a b': '{}',
    'group/constructor': '{}',
    'group/e': '[]',
    'group/f/client/192.168.1.1': '',
    'group/good/client/192.168.1.40/28': '',
    'group/good/schedule/mon 25:00-26:00': 'everything',
    'group/good/schedule/tue,mon 10:00-11:00': 'everything',
    'group/good/something/else': '',
  }

  it('is passed over, said, and stops nothing', async () => {
    const boxes = makeSettingsBoxes(2)
    const [a, b] = [boxOf(boxes, 0), boxOf(boxes, 1)]
    const good = { 'group/good': '{}', 'group/good/client/192.168.1.7': '', 'list/good': `{"source":"${origin}/ads"}` }
    // Not through the routes, which would refuse it: as a box that is broken, or newer.
    a.settings.edit(Object.entries({ ...bad, ...good }).map(([key, value]) => ({ key, value })))
    await boxes.wait(100)
    await until(() => b.blocks('ads.example'))
    const { passedOver, groups } = await b.view()
    expect(new Set(passedOver.map(({ key }) => key))).toEqual(new Set(Object.keys(bad)))
    expect(groups).toMatchObject([{ name: 'good', clients: ['192.168.1.7'] }])
  })

  it('is refused where somebody types it', () => {
    for (const [key, value] of Object.entries(bad))
      if (!key.startsWith('group/f/')) expect(() => checkFilterEdit({ key, value }), key).toThrow()
    for (const key of Object.keys(bad)) expect(() => checkFilterEdit({ key, value: null })).not.toThrow()
  })

  it('is bounded in number', () => {
    const settings = [
      ...Array.from({ length: 40 }, (_, i) => ({ key: `group/g${i}`, value: '{}' })),
      ...Array.from({ length: 1_100 }, (_, i) => ({ key: `group/g0/client/10.0.${i >> 8}.${i & 255}`, value: '' })),
      ...Array.from({ length: 40 }, (_, i) => ({ key: `list/l${i}`, value: '{"source":"https://lists.example/"}' })),
      { key: 'list/long', value: JSON.stringify({ source: `https://lists.example/${'x'.repeat(700)}` }) },
      { key: 'list/large', value: '{"source":"https://lists.example/","maxMegabytes":65}' },
    ]
    const { config, passedOver } = inForce(configOf(), settings)
    expect(config.lists).toHaveLength(filterLimits.MAX_SHARED_LISTS)
    expect(config.options.groups).toHaveLength(filterLimits.MAX_SHARED_GROUPS)
    expect(config.options.groups[0]!.clients).toHaveLength(filterLimits.MAX_CLIENTS_OF_GROUP)
    expect(passedOver).toHaveLength(8 + 8 + 76 + 2)
  })
})

describe('groups of a household', () => {
  it('of two boxes that were apart are merged', async () => {
    const boxes = makeSettingsBoxes(2)
    const [a, b] = [boxOf(boxes, 0), boxOf(boxes, 1)]
    await a.tell('/filter/groups/add', { name: 'kids', clients: ['192.168.1.5'] })
    await boxes.wait(100)
    boxes.away.add(boxes.all[1]!.peer)
    await a.tell('/filter/groups/add', { name: 'kids', clients: ['AA-BB-CC-DD-EE-FF'] })
    await b.tell('/filter/groups/add', { name: 'kids', clients: ['Tablet'] })
    await b.tell('/filter/groups/schedule', { name: 'kids', when: 'sun-thu 21:00-7:00', lists: 'everything' })
    boxes.away.clear()
    boxes.changed()
    await boxes.wait(120_000)
    for (const { filtering } of [a, b])
      expect(filtering.groups()).toMatchObject([
        {
          name: 'kids',
          clients: ['192.168.1.5', 'aa:bb:cc:dd:ee:ff', 'tablet'],
          schedules: [{ days: [0, 1, 2, 3, 4], from: 1_260, to: 420, lists: 'everything' }],
        },
      ])
  })

  it('have each client once, lose some, and go with all that is in them', async () => {
    const boxes = makeSettingsBoxes(1)
    const box = boxOf(boxes, 0)
    await box.tell('/filter/groups/add', { name: 'kids', clients: ['192.168.1.5', '192.168.1.6'] })
    await box.tell('/filter/groups/add', { name: 'guests', clients: ['192.168.1.5'] })
    await box.tell('/filter/groups/schedule', { name: 'kids', when: 'daily 12:00-13:00', lists: 'everything' })
    expect(box.filtering.groups().map(({ name, clients }) => [name, clients])).toEqual([
      ['guests', ['192.168.1.5']],
      ['kids', ['192.168.1.6']],
    ])
    await box.tell('/filter/groups/schedule', { name: 'kids', when: 'sun-sat 12:00-13:00' })
    expect(box.filtering.groups()[1]!.schedules).toEqual([])
    await box.tell('/filter/groups/add', { name: 'kids', lists: [], mode: 'nxdomain' })
    expect(box.settings.get('group/kids')).toBe(JSON.stringify({ lists: [], mode: 'nxdomain' }))
    await box.tell('/filter/groups/add', { name: 'kids', lists: null, mode: null })
    expect(box.settings.get('group/kids')).toBe('{}')
    await box.tell('/filter/groups/remove', { name: 'guests', clients: ['192.168.1.5'] })
    await box.tell('/filter/groups/remove', { name: 'kids' })
    expect(box.settings.list('group/')).toEqual([{ key: 'group/guests', value: '{}' }])
    await expect(box.tell('/filter/groups/remove', { name: 'kids' })).rejects.toMatchObject({
      code: 'SETTINGS_UNKNOWN',
    })
  })

  it('write clients and schedules in one form', () => {
    expect(['2001:DB8::1', '10.1.2.3/8', '2001:db8:1::5/48', ' Tablet '].map(clientForm)).toEqual([
      '2001:db8::1',
      '10.0.0.0/8',
      '2001:db8:1::/48',
      'tablet',
    ])
    expect(['fri-mon 9:00-10:00', 'daily 1:00-2:00', 'x 1:00-2:00'].map(scheduleForm)).toEqual([
      'sun,mon,fri,sat 09:00-10:00',
      'sun,mon,tue,wed,thu,fri,sat 01:00-02:00',
      undefined,
    ])
  })
})
