import { describe, expect, it } from 'vitest'
import { CookieMaker } from '../../../src/serve/cookies/server-cookie.ts'
import { SipHash } from '../../../src/serve/cookies/sip-hash.ts'

const hex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'))
const SECRET = hex('e5e973e5a6b2a43f48e7dc849e37bfcf')

describe('SipHash-2-4', () => {
  it.each([
    [0, '310e0edd47db6f72'],
    [1, 'fd67dc93c539f874'],
    [7, '37d1018bf50002ab'],
    [8, '6224939a79f5f593'],
    [15, 'e545be4961ca29a1'],
    [63, '724506eb4c328a95'],
  ])('of the first %i octets is that of its authors', (length, expected) => {
    const hash = new SipHash(Uint8Array.from({ length: 16 }, (_, i) => i))
    const message = new DataView(new ArrayBuffer(72))
    for (let i = 0; i < length; i++) message.setUint8(i, i)
    hash.hash(message, length)
    const out = new DataView(new ArrayBuffer(8))
    out.setInt32(0, hash.low, true)
    out.setInt32(4, hash.high, true)
    expect(Buffer.from(out.buffer).toString('hex')).toBe(expected)
  })
})

/** RFC 9018, appendix A. */
describe('a server cookie', () => {
  const cookie = new CookieMaker(SECRET)

  it('is the one of A.1 for a client that learns it', () => {
    const bytes = new Uint8Array(24)
    bytes.set(hex('2464c4abcf10c957'))
    cookie.write(bytes, 0, Uint8Array.of(198, 51, 100, 100), 0, 4, 1_559_731_985)
    expect(bytes).toEqual(hex('2464c4abcf10c957010000005cf79f111f8130c3eee29480'))
  })

  it('is the one of A.2 for a client whose own is old', () => {
    const bytes = hex('2464c4abcf10c957010000005cf79f111f8130c3eee29480')
    const address = Uint8Array.of(198, 51, 100, 100)
    const age = cookie.ageOf(bytes, 0, address, 0, 4, 1_559_734_385)!
    expect(age).toBe(2_400)
    expect(cookie.isYoung(age)).toBe(false)
    cookie.write(bytes, 0, address, 0, 4, 1_559_734_385)
    expect(bytes).toEqual(hex('2464c4abcf10c957010000005cf7a871d4a564a1442aca77'))
  })

  it('is known with reserved octets that are not 0, as in A.3', () => {
    const bytes = hex('fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5')
    expect(cookie.ageOf(bytes, 0, Uint8Array.of(203, 0, 113, 203), 0, 4, 1_559_728_000)).toBe(15)
    expect(cookie.ageOf(bytes, 0, Uint8Array.of(203, 0, 113, 204), 0, 4, 1_559_728_000)).toBeUndefined()
  })

  it('is the one of A.4 over IPv6, wherever it stands', () => {
    const other = new CookieMaker(hex('dd3bdf9344b678b185a6f5cb60fca715'))
    const sender = hex('ffff20010db80220000159ded0f4876982b8')
    const bytes = new Uint8Array(30)
    bytes.set(hex('22681ab97d52c298'), 5)
    other.write(bytes, 5, sender, 2, 16, 1_559_741_817)
    expect(bytes.subarray(5, 29)).toEqual(hex('22681ab97d52c298010000005cf7c57926556bd0934c72f8'))
    expect(other.ageOf(bytes, 5, sender, 2, 16, 1_559_741_817)).toBe(0)
  })
})
