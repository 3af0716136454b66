import { describe, expect, it } from 'vitest'
import { ChordnsError } from '../../../src/base/index.ts'
import { nameToText, parseName, type Question, ROOT, Type } from '../../../src/dns/index.ts'
import { anchorTags, nearestAnchor, parseTrustAnchors, ROOT_ANCHORS, sentinelFails } from '../../../src/dnssec/index.ts'

const DS = '. IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D'
const KEY = 'example.com. 3600 IN DNSKEY 257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4='

describe('trust anchors', () => {
  it('of the root are the keys of 2017 and 2024', () => {
    expect(ROOT_ANCHORS.map(anchorTags)).toEqual([[20326, 38696]])
  })

  it('are read from DS and DNSKEY lines, several for each zone', () => {
    const anchors = parseTrustAnchors(`; comment\n${DS}\n${DS.replace('20326', '1')}\n${KEY}\n`)
    expect(anchors.map(({ zone, ds, keys }) => [nameToText(zone), ds.length, keys.length])).toEqual([
      ['.', 2, 0],
      ['example.com.', 0, 1],
    ])
    expect(anchors.map(anchorTags)).toEqual([[20326, 1], [3613]])
    expect(anchors[0]!.ds[0]).toEqual(ROOT_ANCHORS[0]!.ds[0])
  })

  it.each([
    ['nothing', ''],
    ['only a comment', '; nothing\n'],
    ['another type', 'example.com. A 192.0.2.1\n'],
    ['a digest that is too short', '. IN DS 20326 8 2 E06D44B8\n'],
    ['a key that is no zone key', KEY.replace('257', '1')],
    ['a key that is revoked', KEY.replace('257', '385')],
    ['a key of another protocol', KEY.replace('257 3', '257 4')],
    ['no zone file', '{ "anchors": [] }'],
  ])('are refused when the file holds %s', (_, text) => {
    expect(() => parseTrustAnchors(text)).toThrow(ChordnsError)
    expect(() => parseTrustAnchors(text)).toThrow(/bad trust anchor/)
  })

  it('are found by the deepest zone at or above a name', () => {
    const anchors = [...ROOT_ANCHORS, ...parseTrustAnchors(KEY)]
    const zone = (name: string) => nameToText(nearestAnchor(parseName(name), anchors)!.zone)
    expect(['www.example.com.', 'example.com.', 'xexample.com.', 'com.', '.'].map(zone)).toEqual([
      'example.com.',
      'example.com.',
      '.',
      '.',
      '.',
    ])
    expect(nearestAnchor(ROOT, parseTrustAnchors(KEY))).toBeUndefined()
  })
})

describe('the root key sentinel (RFC 8509)', () => {
  const ask = (label: string, type: number = Type.A): Question => ({
    name: parseName(`${label}.example.`),
    type,
    class: 1,
  })
  const state = { rootTags: [20326, 38696], secure: true, checkingDisabled: false }

  it('fails "is" for keys that are not trusted, and "not" for those that are', () => {
    expect(sentinelFails(ask('root-key-sentinel-is-ta-20326'), state)).toBe(false)
    expect(sentinelFails(ask('root-key-sentinel-is-ta-19036'), state)).toBe(true)
    expect(sentinelFails(ask('root-key-sentinel-not-ta-20326'), state)).toBe(true)
    expect(sentinelFails(ask('root-key-sentinel-not-ta-19036'), state)).toBe(false)
    expect(sentinelFails(ask('ROOT-key-SENTINEL-not-ta-38696', Type.AAAA), state)).toBe(true)
  })

  it('leaves everything else as it is', () => {
    const asked = ask('root-key-sentinel-not-ta-20326')
    expect(sentinelFails(asked, { ...state, secure: false })).toBe(false)
    expect(sentinelFails(asked, { ...state, checkingDisabled: true })).toBe(false)
    expect(sentinelFails(ask('root-key-sentinel-not-ta-20326', Type.TXT), state)).toBe(false)
    for (const label of [
      'root-key-sentinel-is-ta-203260',
      'root-key-sentinel-is-ta-2032',
      'www',
      'x.root-key-sentinel-is-ta-1',
    ]) {
      expect(sentinelFails(ask(label), state)).toBe(false)
    }
  })
})
