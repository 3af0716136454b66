/** Settings on several boxes: an edit on one holds on all, apart or together, over restarts and losses. */
import { describe, expect, it } from 'vitest'
import { signChange } from '../../src/settings/change.ts'
import { limits } from '../../src/settings/limits.ts'
import { tellings } from '../../src/settings/wire.ts'
import { createMemoryDisk, seededRandom } from '../../src/sim/index.ts'
import { makeSettingsBoxes, type SettingsBox, type SettingsBoxes, scheme } from './boxes.ts'

const NAS = { key: 'record/nas.home A 192.168.1.5', value: '300' }
const TV = { key: 'device/02:00:00:00:00:01', value: 'television' }

function values({ settings }: SettingsBox): Record<string, string> {
  return Object.fromEntries(settings.list('').map(({ key, value }) => [key, value]))
}

/** Away or back: the ring says so to all. */
function part(boxes: SettingsBoxes, ...gone: readonly SettingsBox[]): void {
  boxes.away.clear()
  for (const { peer } of gone) boxes.away.add(peer)
  boxes.changed()
}

describe('boxes of one household', () => {
  it('have an edit of one of them at once, and say who made it', async () => {
    const boxes = makeSettingsBoxes(3)
    await boxes.wait(10)
    const [a, b, c] = boxes.all
    const heard: (readonly string[])[] = []
    c!.settings.onChange((keys) => heard.push(keys))
    a!.settings.edit([NAS])
    await boxes.wait(1)
    for (const box of [a!, b!, c!]) expect(values(box)).toEqual({ [NAS.key]: NAS.value })
    expect(heard).toEqual([[NAS.key]])
    expect(c!.settings.history(9)).toMatchObject([{ ...NAS, before: null, by: a!.peer, isCurrent: true }])
  })

  it('merge what was edited on both while they were apart, and the later edit of a key holds', async () => {
    const boxes = makeSettingsBoxes(2)
    await boxes.wait(10)
    const [a, b] = boxes.all
    part(boxes, b!)
    a!.settings.edit([NAS, { ...TV, value: 'old name' }])
    await boxes.wait(60_000)
    b!.settings.edit([TV])
    expect(values(a!)).not.toEqual(values(b!))
    part(boxes)
    await boxes.wait(50)
    for (const box of [a!, b!]) expect(values(box)).toEqual({ [NAS.key]: '300', [TV.key]: 'television' })
  })

  it('catch up when they were off, from what is on their disk', async () => {
    const stores = [
      createMemoryDisk({ random: seededRandom(1) }).open(),
      createMemoryDisk({ random: seededRandom(1) }).open(),
    ]
    const boxes = makeSettingsBoxes(2, { stores })
    await boxes.wait(10)
    const [a, b] = boxes.all
    a!.settings.edit([NAS])
    await boxes.wait(10)
    part(boxes, b!)
    a!.settings.edit([{ ...NAS, value: null }, TV])
    b!.again()
    expect(values(b!)).toEqual({ [NAS.key]: '300' })
    part(boxes)
    await boxes.wait(50)
    expect(values(b!)).toEqual({ [TV.key]: 'television' })
    b!.again()
    expect(values(b!)).toEqual({ [TV.key]: 'television' })
    expect(b!.settings.history(9).map(({ value }) => value)).toContain(null)
  })

  it('try again when a message is lost, and are the same again soon', async () => {
    const boxes = makeSettingsBoxes(2)
    await boxes.wait(10)
    const [a, b] = boxes.all
    boxes.losing = 3
    a!.settings.edit([NAS])
    await boxes.wait(5_000)
    expect(values(b!)).toEqual({ [NAS.key]: '300' })
  })

  it('bring thousands of settings to a box that is new', async () => {
    const boxes = makeSettingsBoxes(2)
    const [a, b] = boxes.all
    part(boxes, b!)
    for (let i = 0; i < 3; i++)
      a!.settings.edit(Array.from({ length: 1_000 }, (_, j) => ({ key: `rule/${i}.${j}.example`, value: '' })))
    part(boxes)
    await boxes.wait(1_000)
    expect(b!.settings.list('rule/').length).toBe(3_000)
    expect(b!.settings.stats()).toMatchObject({ changesRefused: 0, changesTaken: 3_000 })
  })

  it('say little when there is nothing to say: one short message a minute', async () => {
    const boxes = makeSettingsBoxes(3)
    boxes.all[0]!.settings.edit([NAS])
    await boxes.wait(2_000)
    const before = boxes.sent.length
    await boxes.wait(10 * 60_000)
    expect(boxes.sent.length - before).toBeLessThanOrEqual(30)
  })

  it('send nothing to a box whose release knows nothing of it, until it does', async () => {
    const boxes = makeSettingsBoxes(2)
    const [a, b] = boxes.all
    boxes.old.add(b!.peer)
    await boxes.wait(10)
    boxes.sent.length = 0
    a!.settings.edit([NAS])
    await boxes.wait(120_000)
    expect(boxes.sent.filter((one) => one === '0 1')).toEqual([])
    boxes.old.clear()
    a!.settings.peerKnowsMore()
    await boxes.wait(10)
    expect(values(b!)).toEqual({ [NAS.key]: '300' })
  })

  it('keep to themselves in a ring that is no household', async () => {
    const boxes = makeSettingsBoxes(2, { isShared: false })
    const [a, b] = boxes.all
    a!.settings.edit([NAS])
    await boxes.wait(120_000)
    expect([values(a!), values(b!)]).toEqual([{ [NAS.key]: '300' }, {}])
    const [telling] = tellings([signChange('home', scheme.signer(new Uint8Array(32).fill(1)), { ...NAS, counter: 1 })])
    expect(() => b!.settings.handle(a!.peer, telling!)).toThrow('no household')
  })

  it('take no change whose signature does not hold, and none of a stranger', async () => {
    const boxes = makeSettingsBoxes(2)
    const [a, b] = boxes.all
    const good = signChange('home', scheme.signer(new Uint8Array(32).fill(1)), { ...NAS, counter: 1 })
    const [forged] = tellings([{ ...good, value: '301' }])
    a!.settings.handle(b!.peer, forged!)
    expect(values(a!)).toEqual({})
    expect(a!.settings.stats().changesRefused).toBe(1)
    part(boxes, b!)
    expect(() => a!.settings.handle(b!.peer, forged!)).toThrow('not a member')
  })

  it('bound what one of them may send', () => {
    const boxes = makeSettingsBoxes(2)
    const [a, b] = boxes.all
    const big = new Uint8Array(60_000)
    const send = () => {
      for (let i = 0; i < 100; i++)
        try {
          a!.settings.handle(b!.peer, big)
        } catch (error) {
          if ((error as { code: string }).code === 'SETTINGS_REFUSED') return i
        }
      return 100
    }
    expect(send()).toBeLessThan(40)
  })
})

describe('history', () => {
  it('takes a change back, and takes that back as well', async () => {
    const boxes = makeSettingsBoxes(2)
    await boxes.wait(10)
    const [a, b] = boxes.all
    a!.settings.edit([NAS])
    a!.settings.edit([{ ...NAS, value: '60' }])
    await boxes.wait(10)
    expect(b!.settings.undo()).toMatchObject({ ...NAS, before: '60', by: b!.peer })
    await boxes.wait(10)
    expect(values(a!)).toEqual({ [NAS.key]: '300' })
    a!.settings.undo()
    expect(values(a!)).toEqual({ [NAS.key]: '60' })
  })

  it('refuses to undo what was changed again since, or what it does not know', () => {
    const [a] = makeSettingsBoxes(1).all
    const [first] = a!.settings.edit([NAS])
    expect(() => a!.settings.undo('000000000000')).toThrow('knows no change')
    a!.settings.edit([{ ...NAS, value: '60' }])
    expect(() => a!.settings.undo(first!.id)).toThrow('changed again')
  })

  it('is bounded', () => {
    const [a] = makeSettingsBoxes(1).all
    for (let i = 0; i < limits.MAX_HISTORY + 9; i++) a!.settings.edit([{ ...NAS, value: String(i) }])
    expect(a!.settings.history(9_999).length).toBe(limits.MAX_HISTORY)
  })
})

describe('edits', () => {
  it('that change nothing are left out', () => {
    const [a] = makeSettingsBoxes(1).all
    a!.settings.edit([NAS])
    expect(a!.settings.edit([NAS, { key: 'rule/none', value: null }])).toEqual([])
  })

  it.each([
    ['nothing/x', '1', 'kind'],
    ['record/', '1', 'names nothing'],
    ['record', '1', 'kind'],
    ['rule/\ud800', '1', 'no text'],
    [`rule/${'ä'.repeat(200)}`, '1', 'longer'],
    ['rule/x', 'x'.repeat(1_025), 'more than'],
  ])('of %s with %s are refused: %s', (key, value, why) => {
    const [a] = makeSettingsBoxes(1).all
    expect(() => a!.settings.edit([NAS, { key, value }])).toThrow(why)
    expect(values(a!)).toEqual({})
  })

  it('are refused when the household has too many, and keys that are gone make no room by pushing settings out', () => {
    const [a] = makeSettingsBoxes(1).all
    const fill = (name: string, count: number, value: string | null) => {
      for (let i = 0; i < count; i += 1_000)
        a!.settings.edit(
          Array.from({ length: Math.min(1_000, count - i) }, (_, j) => ({ key: `rule/${name}${i + j}`, value })),
        )
    }
    fill('a', limits.MAX_SETTINGS, '')
    expect(() => a!.settings.edit([NAS])).toThrow('at most')
    fill('a', 1_000, null)
    for (let round = 0; round < 4; round++) {
      fill(`r${round}-`, 1_000, '')
      fill(`r${round}-`, 1_000, null)
    }
    expect(a!.settings.stats().entries).toBe(limits.MAX_SETTINGS - 1_000)
    expect(a!.settings.list('rule/a').length).toBe(limits.MAX_SETTINGS - 1_000)
  })

  it('are taken along into another ring, and give way to what it knows', async () => {
    const disk = createMemoryDisk({ random: seededRandom(1) })
    const store = disk.open()
    const [alone] = makeSettingsBoxes(1, { stores: [store], ringId: 'mine' }).all
    alone!.settings.edit([NAS, { ...TV, value: 'mine' }])
    store.close()
    const [other] = makeSettingsBoxes(1, { stores: [disk.open()], ringId: 'home' }).all
    expect(values(other!)).toEqual({ [NAS.key]: '300', [TV.key]: 'mine' })
    const later = signChange('home', scheme.signer(new Uint8Array(32).fill(2)), { ...TV, counter: 2_000_000_000_000 })
    for (const telling of tellings([later])) other!.settings.handle(other!.peer, telling)
    expect(values(other!)[TV.key]).toBe('television')
  })
})
