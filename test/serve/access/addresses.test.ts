import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { endpointText, isLoopback, parseListenAddress } from '../../../src/serve/access/addresses.ts'

describe('listen address', () => {
  it.each([
    ['127.0.0.1:53', '127.0.0.1', 53],
    ['0.0.0.0:0', '0.0.0.0', 0],
    ['[::1]:5300', '::1', 5300],
    ['[::]:53', '::', 53],
    ['[fe80::1%eth0]:53', 'fe80::1%eth0', 53],
    ['192.168.1.1:65535', '192.168.1.1', 65535],
  ])('%s is read', (text, address, port) => {
    expect(parseListenAddress(text)).toEqual({ address, port })
  })

  it.each([
    ['::1', /brackets: "\[::1\]:53"/],
    ['127.0.0.1', /port is missing: "127.0.0.1:53"/],
    ['localhost:53', /"localhost" is not an IP address/],
    ['127.1:53', /"127.1" is not an IP address/],
    ['[127.0.0.1]:53', /is not an IP address/],
    ['127.0.0.1:65536', /at most 65535/],
    ['127.0.0.1:', /expected/],
    ['127.0.0.1:-1', /expected/],
    ['127.0.0.1%lo:53', /is not an IP address/],
    [':53', /is not an IP address/],
    ['', /expected/],
  ])('%j is refused with a hint', (text, hint) => {
    expect(() => parseListenAddress(text)).toThrow(
      expect.objectContaining({ code: 'CONFIG_ADDRESS', message: expect.stringMatching(hint) }),
    )
  })

  it('survives the way there and back', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.ipV4(),
          fc.ipV6().filter((text) => text.includes(':')),
        ),
        fc.nat(65_535),
        (address, port) => {
          expect(parseListenAddress(endpointText({ address, port }))).toEqual({ address, port })
        },
      ),
    )
  })
})

describe('loopback', () => {
  it.each([
    ['127.0.0.1', true],
    ['127.53.0.1', true],
    ['::1', true],
    ['::ffff:127.0.0.1', true],
    ['0.0.0.0', false],
    ['::', false],
    ['10.0.0.1', false],
    ['fe80::1%lo', false],
  ])('%s: %s', (address, loopback) => {
    expect(isLoopback(address)).toBe(loopback)
  })
})
