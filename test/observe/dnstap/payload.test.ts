import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodePayload, type TapMessage } from '../../../src/observe/dnstap/payload.ts'
import { messageOf } from './reading.ts'

const TYPES = { 'resolver-query': 3, 'resolver-response': 4, 'client-query': 5, 'client-response': 6 } as const
const PROTOCOLS = { udp: 1, tcp: 2, tls: 3, https: 4 } as const

const octets = (most: number) => fc.uint8Array({ maxLength: most })
const end = (family: 4 | 6) =>
  fc.option(
    fc.record({
      address: fc.uint8Array({ minLength: family === 4 ? 4 : 16, maxLength: family === 4 ? 4 : 16 }),
      port: fc.nat(65_535),
    }),
    { nil: undefined },
  )
const messages: fc.Arbitrary<TapMessage> = fc.constantFrom<(4 | 6)[]>(4, 6).chain((family) =>
  fc.record({
    type: fc.constantFrom(...(Object.keys(TYPES) as (keyof typeof TYPES)[])),
    family: fc.constant(family),
    protocol: fc.constantFrom(...(Object.keys(PROTOCOLS) as (keyof typeof PROTOCOLS)[])),
    asker: end(family),
    server: end(family),
    queryAt: fc.nat(4_000_000_000_000),
    responseAt: fc.option(fc.nat(4_000_000_000_000), { nil: undefined }),
    message: octets(5_000),
    zone: fc.option(octets(255), { nil: undefined }),
  }),
)

describe('a dnstap message', () => {
  it('says to another reader what was put in, and nothing else', () => {
    const texts = fc.option(fc.string({ maxLength: 300 }), { nil: undefined })
    fc.assert(
      fc.property(messages, texts, texts, texts, (message, identity, version, extra) => {
        const isResponse = message.type.endsWith('response')
        const plain = (bytes: Uint8Array | undefined) => bytes && Uint8Array.from(bytes)
        const encode = new TextEncoder()
        const asText = (one: string | undefined) => one && Buffer.from(encode.encode(one)).toString()
        expect(messageOf(encodePayload(message, { identity, version }, extra))).toEqual({
          identity: asText(identity),
          version: asText(version),
          extra: asText(extra),
          kind: 1,
          type: TYPES[message.type as keyof typeof TYPES],
          family: message.family === 4 ? 1 : 2,
          protocol: PROTOCOLS[message.protocol],
          queryAddress: plain(message.asker?.address),
          responseAddress: plain(message.server?.address),
          queryPort: message.asker?.port,
          responsePort: message.server?.port,
          querySeconds: Math.floor(message.queryAt / 1_000),
          queryNanoseconds: (message.queryAt % 1_000) * 1e6,
          query: isResponse ? undefined : plain(message.message),
          zone: plain(message.zone),
          responseSeconds: message.responseAt && Math.floor(message.responseAt / 1_000),
          responseNanoseconds: message.responseAt && (message.responseAt % 1_000) * 1e6,
          response: isResponse ? plain(message.message) : undefined,
        })
      }),
    )
  })

  it('has fractions of a millisecond as nanoseconds, and never a whole second of them', () => {
    const at = (queryAt: number) =>
      messageOf(
        encodePayload({ type: 'client-query', family: 4, protocol: 'udp', queryAt, message: new Uint8Array() }, {}),
      ).queryNanoseconds
    expect(at(1_000.25)).toBe(250_000)
    expect(at(1_999.999_999_999)).toBe(999_999_999)
  })
})
