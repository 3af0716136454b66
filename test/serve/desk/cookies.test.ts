import { describe, expect, it } from 'vitest'
import { concatBytes } from '../../../src/base/index.ts'
import { encodeMessage, findOption, type Message, OptionCode, Rcode } from '../../../src/dns/index.ts'
import { ServerCookies } from '../../../src/serve/desk/cookies.ts'
import { classify } from '../../../src/serve/desk/etiquette.ts'
import { queryFor } from '../../world/index.ts'

const CLIENT = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
const NOW = 1_800_000_000
const cookies = new ServerCookies(new Uint8Array(32).fill(9))
const query = (cookie?: Uint8Array): Message =>
  queryFor(
    { name: 'example.com' },
    cookie === undefined ? {} : { options: [{ code: OptionCode.COOKIE, data: cookie }] },
  )
const full = (address: string, now: number) => cookies.answer(query(CLIENT), address, now)!.data

describe('server cookies', () => {
  it('are given to clients that ask for one, and to no others', () => {
    expect(cookies.answer(query(), '192.0.2.1', NOW)).toBeUndefined()
    const data = full('192.0.2.1', NOW)
    expect(data).toHaveLength(24)
    expect(data.subarray(0, 8)).toEqual(CLIENT)
    expect([...data.subarray(8, 12)]).toEqual([1, 0, 0, 0])
  })

  it('are valid from the same address for an hour, and go back as they came for half of it', () => {
    const data = full('192.0.2.1', NOW)
    expect(cookies.stateOf(query(data), '192.0.2.1', NOW + 3_600)).toBe('valid')
    expect(cookies.stateOf(query(data), '192.0.2.1', NOW + 3_601)).toBe('stale')
    expect(cookies.answer(query(data), '192.0.2.1', NOW + 100)?.data).toEqual(data)
    expect(cookies.answer(query(data), '192.0.2.1', NOW + 2_000)?.data).not.toEqual(data)
  })

  it.each([
    ['another address', (data: Uint8Array) => ({ data, address: '192.0.2.2', now: NOW })],
    [
      'another client cookie',
      (data: Uint8Array) => ({
        data: concatBytes(
          CLIENT.map((one) => one + 1),
          data.subarray(8),
        ),
        address: '192.0.2.1',
        now: NOW,
      }),
    ],
    [
      'one bit off',
      (data: Uint8Array) => ({
        data: data.map((one, i) => (i === 23 ? one ^ 1 : one)),
        address: '192.0.2.1',
        now: NOW,
      }),
    ],
    ['a time to come', (data: Uint8Array) => ({ data, address: '192.0.2.1', now: NOW - 301 })],
    [
      'another length',
      (data: Uint8Array) => ({ data: concatBytes(data, Uint8Array.of(0)), address: '192.0.2.1', now: NOW }),
    ],
  ] as const)('are not valid with %s', (_, change) => {
    const { data, address, now } = change(full('192.0.2.1', NOW))
    expect(cookies.stateOf(query(data), address, now)).toBe('stale')
  })

  it('cannot be made without the secret', () => {
    const forged = new ServerCookies(new Uint8Array(32).fill(8)).answer(query(CLIENT), '192.0.2.1', NOW)!.data
    expect(cookies.stateOf(query(forged), '192.0.2.1', NOW)).toBe('stale')
  })

  it.each([1, 7, 9, 15, 41])('of %i bytes are FORMERR', (length) => {
    const verdict = classify(encodeMessage(query(new Uint8Array(length))), {
      allowed: true,
      protocol: 'udp',
      port: 5_000,
    })
    expect(verdict).toMatchObject({ kind: 'reply', reply: { rcode: Rcode.FORMERR } })
  })

  it.each([8, 16, 24, 40])('of %i bytes are answered', (length) => {
    const verdict = classify(encodeMessage(query(new Uint8Array(length))), {
      allowed: true,
      protocol: 'udp',
      port: 5_000,
    })
    expect(verdict.kind).toBe('ask')
    expect(findOption(query(new Uint8Array(length)).edns!.options, OptionCode.COOKIE)?.data).toHaveLength(length)
  })
})
