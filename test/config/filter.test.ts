import { describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config/index.ts'
import { filterLimits } from '../../src/filter/index.ts'

const load = (filter?: object) =>
  loadConfig({
    env: {},
    file: 'c.json',
    readFile: (path) => (path === 'c.json' ? JSON.stringify(filter && { filter }) : undefined),
  }).config.filter

describe('the section filter', () => {
  it('blocks nothing by itself', () => {
    expect(load({})).toEqual({
      lists: [],
      options: { mode: 'null', ttl: 10, own: { all: [], groups: {} }, groups: [] },
      disabled: [],
    })
  })

  it('takes lists by URL and by file, each with its bounds', () => {
    const { lists, disabled } = load({
      lists: {
        ads: { source: 'https://lists.example/pro.txt' },
        mine: { source: '/etc/mine.rpz', format: 'rpz', kind: 'allow', everyHours: 1, maxMegabytes: 2 },
        free: { source: 'HTTP://lists.example/free.txt', rewrites: true },
        careful: { source: '/etc/careful.txt', rewrites: false },
        off: { source: '/etc/off.txt', enabled: false },
      },
    })
    expect(lists).toEqual([
      {
        source: 'https://lists.example/pro.txt',
        isUrl: true,
        everyMs: 24 * 3_600_000,
        maxBytes: 64 * 2 ** 20,
        options: { name: 'ads', kind: 'block', format: 'auto', rewrites: false },
        isShared: false,
      },
      {
        source: '/etc/mine.rpz',
        isUrl: false,
        everyMs: 3_600_000,
        maxBytes: 2 * 2 ** 20,
        options: { name: 'mine', kind: 'allow', format: 'rpz', rewrites: true },
        isShared: false,
      },
      expect.objectContaining({ isUrl: true, options: expect.objectContaining({ name: 'free', rewrites: true }) }),
      expect.objectContaining({ isUrl: false, options: expect.objectContaining({ name: 'careful', rewrites: false }) }),
    ])
    expect(disabled).toEqual(['off'])
  })

  it('takes policy zones by transfer, which give no addresses of their own unless it is said', () => {
    const tsig = { name: 'key.example', secretFile: '/etc/key' }
    const { lists } = load({
      lists: { policy: { rpz: { zone: 'Rpz.Example', primaries: ['192.0.2.1', '[::1]:5353'], tsig } } },
    })
    expect(lists).toMatchObject([
      {
        isUrl: true,
        source: 'rpz Rpz.Example. from 192.0.2.1, [::1]:5353',
        options: { name: 'policy', format: 'rpz', rewrites: false },
        transfer: {
          primaries: [
            { address: '192.0.2.1', port: 53 },
            { address: '::1', port: 5353 },
          ],
          tsig: { algorithm: 'hmac-sha256', secretFile: '/etc/key' },
        },
      },
    ])
  })

  it('makes rules of names, for all and for groups', () => {
    const { options } = load({
      block: ['Bad.Example.'],
      allow: ['login.example'],
      rules: ['||ads*.example^$important'],
      groups: { kids: { block: ['games.example'], rules: ['@@||school.example^'] }, default: {} },
    })
    expect(options.own).toEqual({
      all: ['@@||login.example^', '||bad.example^', '||ads*.example^$important'],
      groups: { kids: ['||games.example^', '@@||school.example^'], default: [] },
    })
  })

  it('reads groups with their clients, lists, schedules and answers', () => {
    const { options } = load({
      lists: { ads: { source: '/etc/ads.txt' } },
      mode: { ipv4: '192.0.2.1' },
      ttl: 60,
      groups: {
        kids: {
          clients: ['192.168.1.32/28', 'fd00::5', 'aa:bb:cc:dd:ee:ff', 'Big Book'],
          lists: ['ads'],
          mode: 'nxdomain',
          schedules: [
            { days: ['sun', 'sat'], from: '21:30', to: '07:00', lists: 'everything' },
            { from: '08:00', to: '13:00', lists: ['ads'] },
          ],
        },
      },
    })
    expect(options).toMatchObject({ mode: { ipv4: '192.0.2.1', ipv6: undefined }, ttl: 60 })
    expect(options.groups).toEqual([
      {
        name: 'kids',
        clients: ['192.168.1.32/28', 'fd00::5', 'aa:bb:cc:dd:ee:ff', 'Big Book'],
        lists: ['ads'],
        mode: 'nxdomain',
        schedules: [
          { days: [0, 6], from: 21 * 60 + 30, to: 7 * 60, lists: 'everything' },
          { days: [0, 1, 2, 3, 4, 5, 6], from: 8 * 60, to: 13 * 60, lists: ['ads'] },
        ],
      },
    ])
  })

  it.each([
    [
      { lists: { ads: { source: 'ftp://lists.example/x' } } },
      /filter\.lists\.ads\.source.*https or http URL, or a file/,
    ],
    [{ lists: { ads: {} } }, /filter\.lists\.ads.*either a source or rpz/],
    [
      { lists: { ads: { source: '/etc/x', rpz: { zone: 'rpz.example', primaries: ['192.0.2.1'] } } } },
      /filter\.lists\.ads.*either a source or rpz/,
    ],
    [{ lists: { ads: { rpz: { zone: 'rpz.example', primaries: [] } } } }, /primaries.*must name a server/],
    [{ lists: { ads: { rpz: { zone: 'rpz.example', primaries: ['ns.example'] } } } }, /primaries/],
    [
      {
        lists: {
          ads: { rpz: { zone: 'rpz.example', primaries: ['::1'], tsig: { name: 'k', algorithm: 'hmac-md5' } } },
        },
      },
      /algorithm/,
    ],
    [{ lists: { 'a/b': { source: '/etc/x' } } }, /filter\.lists.*must be the name of a list/],
    [{ lists: { ads: { source: '/etc/x', format: 'yaml' } } }, /filter\.lists\.ads\.format/],
    [{ lists: { ads: { source: '/etc/x', everyHours: 0 } } }, /filter\.lists\.ads\.everyHours/],
    [{ lists: { ads: { source: '/etc/x', maxMegabytes: 10_000 } } }, /filter\.lists\.ads\.maxMegabytes/],
    [{ lists: { ads: { source: '/etc/x', color: 'red' } } }, /filter\.lists\.ads.*color/],
    [
      {
        lists: Object.fromEntries(
          Array.from({ length: filterLimits.MAX_LISTS + 1 }, (_, i) => [`l${i}`, { source: '/etc/x' }]),
        ),
      },
      /filter\.lists.*at most 64/,
    ],
    [{ groups: { kids: { lists: ['social'] } } }, /filter\.groups\.kids\.lists.*there is no list "social"/],
    [
      { groups: { kids: { schedules: [{ from: '21:00', to: '07:00', lists: ['social'] }] } } },
      /filter\.groups\.kids\.schedules.*there is no list "social"/,
    ],
    [
      { groups: { kids: { schedules: [{ from: '25:00', to: '07:00', lists: 'everything' }] } } },
      /filter\.groups\.kids\.schedules.*a time such as/,
    ],
    [
      { groups: { kids: { schedules: [{ days: ['someday'], from: '21:00', to: '07:00', lists: 'everything' }] } } },
      /filter\.groups\.kids\.schedules.*days/,
    ],
    [{ groups: { kids: { clients: ['192.168.1.0/99'] } } }, /filter\.groups\.kids\.clients.*a prefix such as/],
    [{ groups: { constructor: {} } }, /filter\.groups/],
    [{ lists: { toString: { source: '/etc/x' } } }, /filter\.lists/],
    [{ lists: { own: { source: '/etc/x' } } }, /filter\.lists/],
    [{ groups: { 'the kids': {} } }, /filter\.groups.*must be the name of a group/],
    [{ mode: 'drop' }, /filter\.mode.*must be "null"/],
    [{ mode: { ipv4: 'here' } }, /filter\.mode/],
    [{ rules: ['||bad.example^$nonsense'] }, /filter\.rules.*cannot be used/],
    [{ rules: ['# nothing'] }, /filter\.rules.*cannot be used/],
    [{ block: ['a..b'] }, /filter\.block/],
    [{ ttl: -1 }, /filter\.ttl/],
  ])('refuses %j', (filter, why) => {
    try {
      load(filter)
      expect.unreachable()
    } catch (error) {
      const { problems } = (error as { detail: { problems: { path: string; message: string }[] } }).detail
      expect(problems.map(({ path, message }) => `${path}: ${message}`).join('\n')).toMatch(why)
    }
  })
})
