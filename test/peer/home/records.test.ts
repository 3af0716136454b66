/** Local records of a household: from what people write to what is answered. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Class, parseName, type ResourceRecord, recordToText, typeFromText } from '../../../src/dns/index.ts'
import { checkRecordEdit, compileRecords, recordOf, recordSetting, removals } from '../../../src/peer/home/records.ts'
import { compileLocal, localNames } from '../../../src/resolver/index.ts'

const SEED = new Uint8Array(8)

/** With blanks between the fields. */
function textOf(record: ResourceRecord): string {
  return recordToText(record).replaceAll('\t', ' ')
}

function question(name: string, type = 'A') {
  return { name: parseName(name), type: typeFromText(type)!, class: Class.IN }
}

function answers(settings: readonly { key: string; value: string }[], name: string, type = 'A') {
  const { data } = compileRecords(settings, SEED)
  return data?.answer(question(name, type))?.answers.map(textOf)
}

describe('a record of the household', () => {
  it.each([
    ['NAS.Home.arpa.', undefined, '192.168.1.5', 'record/nas.home.arpa A 192.168.1.5'],
    ['nas.home.arpa', undefined, 'FD00::0:5', 'record/nas.home.arpa AAAA fd00::5'],
    ['www.home.arpa', 'cname', 'NAS.home.arpa', 'record/www.home.arpa CNAME NAS.home.arpa.'],
    ['*.apps.home.arpa', 'A', '192.168.1.6', 'record/*.apps.home.arpa A 192.168.1.6'],
    ['home.arpa', 'TXT', '"a; b" c', 'record/home.arpa TXT "a; b" "c"'],
    ['home.arpa', 'MX', '10 mail.home.arpa.', 'record/home.arpa MX 10 mail.home.arpa.'],
    ['x.home.arpa', 'TYPE65280', '\\# 2 abcd', 'record/x.home.arpa TYPE65280 \\# 2 ABCD'],
  ])('%s %s %s has the key %s', (name, type, data, key) => {
    const setting = recordSetting(name, type, data)
    expect(setting.key.toLowerCase()).toBe(key.toLowerCase())
    expect(setting.value).toBe('300')
    expect(() => checkRecordEdit(setting)).not.toThrow()
    expect(recordOf(setting)).toMatchObject({ ttl: 300 })
    expect(compileRecords([setting], SEED).problems).toEqual([])
  })

  it.each([
    ['nas.home.arpa', undefined, '192.168.1.500'],
    ['nas.home.arpa', 'A', 'fd00::5'],
    ['nas.home.arpa', 'NONSENSE', '1'],
    ['nas.home.arpa', 'A', '192.168.1.5\nevil.example. A 192.0.2.1'],
    ['nas..arpa', 'A', '192.168.1.5'],
    ['nas.home.arpa', 'A', ''],
    ['nas.home.arpa', 'TXT', '"open'],
    ['nas.home.arpa', 'A', '192.168.1.5 )'],
  ])('%s %s %s is refused', (name, type, data) => {
    expect(() => recordSetting(name, type, data)).toThrow(/./)
  })

  it('written by hand must have the form that all boxes give it', () => {
    const edit = (key: string, value: string | null = '300') => checkRecordEdit({ key, value })
    expect(() => edit('record/nas.home.arpa A 192.168.1.5')).not.toThrow()
    expect(() => edit('record/NAS.home.arpa A 192.168.1.5')).toThrow('write record/nas.home.arpa A 192.168.1.5')
    expect(() => edit('record/nas.home.arpa')).toThrow('write record/NAME TYPE DATA')
    expect(() => edit('record/nas.home.arpa A 192.168.1.5', 'soon')).toThrow('TTL')
    expect(() => edit('record/anything', null)).not.toThrow()
    expect(() => edit('rule/||ads.example^')).not.toThrow()
  })

  it('is answered, and its private address leads back to it', () => {
    const all = [
      recordSetting('nas.home.arpa', undefined, '192.168.1.5', 60),
      recordSetting('nas.home.arpa', undefined, 'fd00::5'),
      recordSetting('shop.example', undefined, '192.0.2.7'),
      recordSetting('*.apps.home.arpa', undefined, '192.168.1.6'),
    ]
    expect(answers(all, 'nas.home.arpa')).toEqual(['nas.home.arpa. 60 IN A 192.168.1.5'])
    expect(answers(all, 'nas.home.arpa', 'AAAA')).toEqual(['nas.home.arpa. 300 IN AAAA fd00::5'])
    expect(answers(all, '5.1.168.192.in-addr.arpa', 'PTR')).toEqual([
      '5.1.168.192.in-addr.arpa. 60 IN PTR nas.home.arpa.',
    ])
    expect(answers(all, 'a.b.apps.home.arpa')).toEqual(['a.b.apps.home.arpa. 300 IN A 192.168.1.6'])
    expect(answers(all, '7.2.0.192.in-addr.arpa', 'PTR')).toBeUndefined()
    expect(answers(all, 'www.example')).toBeUndefined()
    expect(answers(all, 'nas.home.arpa', 'MX')).toEqual([])
  })

  it('that does not go together with another is left out, and said', () => {
    const all = [recordSetting('a.home.arpa', 'CNAME', 'b.home.arpa'), recordSetting('a.home.arpa', 'A', '192.168.1.5')]
    expect(compileRecords(all, SEED).problems).toEqual([expect.stringContaining('CNAME')])
    expect(compileRecords([{ key: 'record/new form of a later release', value: 'x' }], SEED).problems).toHaveLength(1)
    expect(compileRecords([], SEED)).toEqual({ data: undefined, problems: [] })
  })

  it('is removed by its name, its type or its data', () => {
    const all = [
      recordSetting('nas.home.arpa', undefined, '192.168.1.5'),
      recordSetting('nas.home.arpa', undefined, 'fd00::5'),
      recordSetting('tv.home.arpa', undefined, '192.168.1.6'),
    ]
    const keys = (...how: [string, string?, string?]) => removals(all, how[0], how[1], how[2]).map(({ key }) => key)
    expect(keys('NAS.home.arpa.')).toHaveLength(2)
    expect(keys('nas.home.arpa', 'aaaa')).toEqual(['record/nas.home.arpa AAAA fd00::5'])
    expect(keys('nas.home.arpa', 'A', '192.168.1.5')).toEqual(['record/nas.home.arpa A 192.168.1.5'])
    expect(keys('nas.home.arpa', 'A', '192.168.1.9')).toEqual([])
  })

  it('never ends anything but in one record of its name, whatever is written', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 30, unit: 'binary' }), fc.string({ maxLength: 30 }), (name, data) => {
        let setting: ReturnType<typeof recordSetting>
        try {
          setting = recordSetting(name, 'TXT', data)
        } catch (error) {
          expect((error as { code?: string }).code).toMatch(/^(SETTINGS_INVALID|DNS_)/)
          return
        }
        expect(recordSetting(recordOf(setting)!.name, 'TXT', recordOf(setting)!.data)).toEqual(setting)
        expect(compileRecords([setting], SEED).problems).toEqual([])
      }),
    )
  })
})

describe('layers of local data', () => {
  const compiled = (records: readonly string[], zones = {}) =>
    compileLocal({ records, hosts: [], zones, allow: [] }, SEED).data
  const names = localNames({
    data: compiled(['nas.lan A 192.0.2.1', 'nas.lan AAAA 2001:db8::1', 'own.lan A 192.0.2.2'], {
      lan: 'static',
      'ads.example': 'always_nxdomain',
    }),
    layers: () => ({
      shared: compiled(['nas.lan A 192.168.1.5', 'fine.ads.example A 192.168.1.9']),
      devices: compiled(['nas.lan A 192.168.1.7', 'tv.lan A 192.168.1.8', 'bad.ads.example A 192.168.1.1']),
    }),
    dns64: undefined,
    configured: [],
  })
  const answer = (name: string, type = 'A') => {
    const found = names.answer(question(name, type))
    return found && (found.answers.map((one) => textOf(one).split(' ').at(-1)).join() || found.rcode)
  }

  it('answer in their order, each with what those before do not have', () => {
    expect(answer('nas.lan')).toBe('192.168.1.5')
    expect(answer('nas.lan', 'AAAA')).toBe('2001:db8::1')
    expect(answer('nas.lan', 'MX')).toBe(0)
    expect(answer('own.lan')).toBe('192.0.2.2')
    expect(answer('tv.lan')).toBe('192.168.1.8')
    expect(answer('other.lan')).toBe(3)
    expect(answer('www.example')).toBeUndefined()
  })

  it('let the household open what the configuration blocks, and devices not', () => {
    expect(answer('fine.ads.example')).toBe('192.168.1.9')
    expect(answer('bad.ads.example')).toBe(3)
  })

  it('are never told to a peer', () => {
    for (const name of ['nas.lan', 'fine.ads.example', 'tv.lan', 'bad.ads.example'])
      expect(names.covers(parseName(name))).toBe(true)
    expect(names.covers(parseName('www.example'))).toBe(false)
  })
})
