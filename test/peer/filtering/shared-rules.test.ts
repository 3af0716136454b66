/** Rules and pauses of a household: made on one box, in force on all. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { Class, parseName, Type } from '../../../src/dns/index.ts'
import { filterLimits } from '../../../src/filter/index.ts'
import { filterRoutes } from '../../../src/peer/filtering/filter-routes.ts'
import { Filtering } from '../../../src/peer/filtering/filtering.ts'
import { settingsLimits } from '../../../src/settings/index.ts'
import { makeSettingsBoxes, quiet, type SettingsBoxes } from '../../settings/boxes.ts'

const SEED = Uint8Array.from({ length: 16 }, (_, i) => i)
const MINUTE = 60_000
const dir = mkdtempSync(join(tmpdir(), 'chordns-shared-rules-'))
const temporaryDirectory = () => mkdtempSync(join(dir, 'box-'))
const running: Filtering[] = []

interface BoxOptions {
  readonly data?: string
  readonly groups?: readonly string[]
  readonly configured?: readonly string[]
}

/** The filter of one box, its routes, and how often answers of before were dropped. */
function filterOf(boxes: SettingsBoxes, index: number, { data = temporaryDirectory(), ...more }: BoxOptions = {}) {
  const { clock, all } = boxes
  const { groups = ['kids'], configured = [] } = more
  const options = {
    groups: groups.map((name) => ({
      name,
      clients: ['192.168.1.32/28'],
      lists: undefined,
      schedules: [],
      mode: undefined,
    })),
    mode: 'null',
    ttl: 10,
    own: { all: configured, groups: {} },
  } as const
  const seen = { changes: 0 }
  const filtering = new Filtering(
    {
      config: { filter: { lists: [], options, disabled: [] }, data },
      clock,
      seed: SEED,
      log: quiet,
      resolve: async () => [],
    },
    { onChange: () => void seen.changes++ },
  )
  running.push(filtering)
  void filtering.start()
  const routes = filterRoutes({ control: filtering, clock, blockedToday: () => 0, settled: async () => {} })
  return {
    data,
    filtering,
    seen,
    follow: () => filtering.follow(all[index]!.settings, async () => {}),
    async tell(path: string, query: Record<string, string> = {}) {
      const asker = { isOwner: true, isOpen: true }
      await routes[path]!.handle(new URLSearchParams(query), new AbortController().signal, '', asker)
    },
    blocks(name: string, client = '192.168.1.9') {
      const question = { name: parseName(name), type: Type.A, class: Class.IN }
      return filtering.questions.judge(question, client).answer !== undefined
    },
  }
}

function household() {
  const boxes = makeSettingsBoxes(2)
  const [a, b] = [filterOf(boxes, 0), filterOf(boxes, 1)]
  a.follow()
  b.follow()
  const [first, second] = boxes.all
  return { boxes, a, b, first: first!.settings, second: second!.settings }
}

afterEach(() => {
  for (const one of running.splice(0)) one.stop()
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

describe('rules of a household', () => {
  it('hold on all boxes, and are taken back on any', async () => {
    const { boxes, a, b, first } = household()
    const changes = b.seen.changes
    await a.tell('/filter/block', { name: 'Bad.example.' })
    expect(a.blocks('x.bad.example')).toBe(true)
    await boxes.wait(100)
    expect(b.blocks('x.bad.example')).toBe(true)
    expect(b.seen.changes).toBeGreaterThan(changes)
    expect(first.list('rule/')).toEqual([{ key: 'rule/*/||bad.example^', value: 'block' }])
    await b.tell('/filter/forget', { name: 'bad.example' })
    await boxes.wait(100)
    expect([a, b].map((box) => box.blocks('bad.example'))).toEqual([false, false])
    expect(first.list('rule/')).toEqual([])
  })

  it('of two boxes that were apart are merged, and of one name the later one holds', async () => {
    const { boxes, a, b, first } = household()
    boxes.away.add(boxes.all[1]!.peer)
    await a.tell('/filter/block', { name: 'one.example' })
    await a.tell('/filter/block', { name: 'both.example' })
    await boxes.wait(1_000)
    await b.tell('/filter/block', { name: 'two.example', group: 'kids' })
    await b.tell('/filter/allow', { name: 'both.example' })
    boxes.away.clear()
    boxes.changed()
    await boxes.wait(2 * MINUTE)
    for (const box of [a, b]) {
      expect(box.blocks('one.example')).toBe(true)
      expect([box.blocks('two.example'), box.blocks('two.example', '192.168.1.33')]).toEqual([false, true])
      expect(box.filtering.own()).toEqual({
        all: ['@@||both.example^', '||one.example^'],
        groups: { kids: ['||two.example^'] },
      })
    }
    expect(first.get('rule/*/||both.example^')).toBe('allow')
  })

  it('have a history, and are undone on another box', async () => {
    const { boxes, a, b, first, second } = household()
    await a.tell('/filter/block', { name: 'bad.example' })
    await a.tell('/filter/allow', { name: 'bad.example' })
    await boxes.wait(100)
    expect(second.history(5).map(({ key, before, value }) => [key, before, value])).toEqual([
      ['rule/*/||bad.example^', 'block', 'allow'],
      ['rule/*/||bad.example^', null, 'block'],
    ])
    second.undo()
    await boxes.wait(100)
    expect([a, b].map((box) => box.blocks('bad.example'))).toEqual([true, true])
    expect(first.get('rule/*/||bad.example^')).toBe('block')
  })

  it('that a box cannot read are passed over there, and stay', async () => {
    const { boxes, a, b, first } = household()
    first.edit([
      { key: 'rule/*/||good.example^', value: 'block' },
      { key: 'rule/*/||bad.example^$nonsense', value: 'block' },
      { key: 'rule/*/two\nlines.example', value: 'block' },
      { key: 'rule/of a later release', value: '1' },
      { key: 'rule/__proto__/||proto.example^', value: 'block' },
      { key: 'pause/*', value: 'soon' },
    ])
    await boxes.wait(100)
    expect(b.filtering.own()).toEqual({ all: ['||good.example^'], groups: {} })
    await b.tell('/filter/block', { name: 'more.example' })
    await b.tell('/filter/forget', { name: 'good.example' })
    await boxes.wait(100)
    expect(a.filtering.own().all).toEqual(['||more.example^'])
    expect(first.list('rule/').map(({ key }) => key)).toEqual([
      'rule/*/two\nlines.example',
      'rule/*/||bad.example^$nonsense',
      'rule/*/||more.example^',
      'rule/__proto__/||proto.example^',
      'rule/of a later release',
    ])
    expect(a.filtering.pauses()).toEqual([])
  })

  it('of a group that a box does not have harm nobody there', async () => {
    const boxes = makeSettingsBoxes(2)
    const [a, b] = [filterOf(boxes, 0), filterOf(boxes, 1, { groups: [] })]
    a.follow()
    b.follow()
    await a.tell('/filter/block', { name: 'bad.example', group: 'kids' })
    await boxes.wait(100)
    expect([a, b].map((box) => box.blocks('bad.example', '192.168.1.33'))).toEqual([true, false])
  })

  it('find as much room as the configuration leaves', async () => {
    const boxes = makeSettingsBoxes(2)
    const configured = Array.from({ length: filterLimits.MAX_OWN_RULES - 2 }, (_, i) => `||${i}.example^`)
    const [a, b] = [filterOf(boxes, 0), filterOf(boxes, 1, { configured })]
    a.follow()
    b.follow()
    a.filtering.setOwn({ all: ['||x.test^', '||y.test^', '||z.test^'], groups: {} })
    await boxes.wait(100)
    expect(['x.test', 'y.test', 'z.test', '5.example'].map((name) => b.blocks(name))).toEqual([true, true, false, true])
    expect(() => b.filtering.setOwn({ all: ['||1.test^', '||2.test^', '||3.test^'], groups: {} })).toThrow('at most')
    expect(b.filtering.own().all).toEqual(['||x.test^', '||y.test^'])
  })

  it('that settings refuse are not in force', async () => {
    const { a, first } = household()
    await a.tell('/filter/block', { name: 'good.example' })
    const rule = `||${'x'.repeat(settingsLimits.MAX_KEY_BYTES)}^$dnstype=A`
    expect(() => a.filtering.setOwn({ all: [rule], groups: {} })).toThrow(/longer than|cannot be used/)
    const many = Array.from({ length: settingsLimits.MAX_EDITS }, (_, i) => `||${i}.example^`)
    expect(() => a.filtering.setOwn({ all: many, groups: {} })).toThrow(`more than ${settingsLimits.MAX_EDITS} edits`)
    expect(a.filtering.own().all).toEqual(['||good.example^'])
    expect(a.blocks('7.example')).toBe(false)
    expect(first.list('rule/')).toHaveLength(1)
  })
})

describe('a pause of a household', () => {
  it('holds on all boxes, ends by itself, and is ended on any', async () => {
    const { boxes, a, b, first } = household()
    await a.tell('/filter/block', { name: 'bad.example' })
    await a.tell('/filter/pause', { minutes: '5', group: 'kids' })
    await boxes.wait(100)
    expect([b.blocks('bad.example'), b.blocks('bad.example', '192.168.1.33')]).toEqual([true, false])
    expect(first.list('pause/')).toEqual([{ key: 'pause/kids', value: expect.stringMatching(/^\d{10}$/) }])
    await a.tell('/filter/pause', { minutes: '60' })
    await boxes.wait(100)
    expect(b.blocks('bad.example')).toBe(false)
    await b.tell('/filter/resume')
    await boxes.wait(100)
    expect([a, b].flatMap((box) => [box.blocks('bad.example'), box.blocks('bad.example', '192.168.1.33')])).toEqual(
      Array.from({ length: 4 }, () => true),
    )
    expect(first.list('pause/')).toEqual([])
    await b.tell('/filter/pause', { minutes: '1' })
    await boxes.wait(100)
    expect([a, b].map((box) => box.blocks('bad.example'))).toEqual([false, false])
    await boxes.wait(MINUTE + 10_000)
    expect([a, b].map((box) => box.blocks('bad.example'))).toEqual([true, true])
  })
})

describe('what was made before there was a ring', () => {
  function boxWithFile(made: object) {
    const data = temporaryDirectory()
    mkdirSync(join(data, 'filter'))
    const file = join(data, 'filter', 'own.json')
    writeFileSync(file, JSON.stringify(made))
    return { data, file }
  }

  it('is carried over once, where the household does not say otherwise', async () => {
    const boxes = makeSettingsBoxes(1)
    const { settings } = boxes.all[0]!
    const { data, file } = boxWithFile({
      all: ['||old.example^', '@@||fine.example^', '||fine.example^'],
      groups: { kids: ['||games.example^'] },
      pauses: [{ until: boxes.clock.now() - 1 }, { group: 'kids', until: boxes.clock.now() + MINUTE }],
    })
    settings.edit([{ key: 'rule/*/||old.example^', value: 'allow' }])
    const box = filterOf(boxes, 0, { data })
    box.follow()
    expect(settings.list('rule/')).toEqual([
      { key: 'rule/*/||fine.example^', value: 'allow' },
      { key: 'rule/*/||old.example^', value: 'allow' },
      { key: 'rule/kids/||games.example^', value: 'block' },
    ])
    expect(settings.list('pause/').map(({ key }) => key)).toEqual(['pause/kids'])
    await expect.poll(() => readFileSync(`${file}.carried`, 'utf8'), { timeout: 60_000 }).toContain('old.example')
    await box.tell('/filter/forget', { name: 'games.example', group: 'kids' })
    const again = filterOf(boxes, 0, { data })
    again.follow()
    expect(again.filtering.own()).toEqual({ all: ['@@||fine.example^', '@@||old.example^'], groups: {} })
  })

  it('stays in its file without a ring', async () => {
    const boxes = makeSettingsBoxes(1)
    const { data, file } = boxWithFile({ all: ['||old.example^'], groups: {}, pauses: [] })
    const box = filterOf(boxes, 0, { data })
    await box.tell('/filter/block', { name: 'new.example' })
    await expect.poll(() => readFileSync(file, 'utf8'), { timeout: 60_000 }).toContain('new.example')
    expect(filterOf(boxes, 0, { data }).filtering.own().all).toEqual(['||old.example^', '||new.example^'])
  })
})
