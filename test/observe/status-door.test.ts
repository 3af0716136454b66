/** Who is let in on the LAN, where anybody can knock. */
import { describe, expect, it } from 'vitest'
import { acts, isOwnHost, owns, reads, type StatusDoor, signsIn } from '../../src/observe/index.ts'
import { LOOPBACK_DOOR, refusalOf } from '../../src/observe/status-door.ts'

const lan: StatusDoor = {
  isOpen: false,
  scheme: 'https',
  allowsHost: (host) => isOwnHost(host, ['dns.example']),
  isOwner: (authorization) => authorization === 'Bearer right',
}
const look = reads(() => 1)
const ask = (headers: Record<string, string>, route = look, door = lan, method: string = route.method) =>
  refusalOf({ method, headers: { host: '192.168.1.2:8443', ...headers } }, route, door)?.code

describe('the door for the LAN', () => {
  it('lets only who has signed in look at anything', () => {
    expect(ask({})).toBe('SIGN_IN')
    expect(ask({ authorization: 'Bearer wrong' })).toBe('SIGN_IN')
    expect(ask({ authorization: 'Bearer right' })).toBeUndefined()
  })

  it('lets anybody try to sign in, with the header that other sites cannot send', () => {
    const route = signsIn(10, () => 1)
    expect(ask({}, route)).toBe('FORBIDDEN')
    expect(ask({ 'x-chordns': '1' }, route)).toBeUndefined()
  })

  it.each(['192.168.1.2', '192.168.1.2:8443', '[fd00::2]:8443', 'dns.example:8443', 'DNS.example'])(
    'goes by the host %s',
    (host) => expect(ask({ host, authorization: 'Bearer right' })).toBeUndefined(),
  )

  it.each(['evil.example', 'evil.example:8443', '192.168.1.2.evil.example', 'localhost', '[evil]', ''])(
    'refuses the host %s, which somebody may have given its address',
    (host) => expect(ask({ host, authorization: 'Bearer right' })).toBe('FORBIDDEN'),
  )

  it('refuses pages of other sites, and of itself over plain HTTP', () => {
    const owner = { authorization: 'Bearer right' }
    expect(ask({ ...owner, origin: 'https://192.168.1.2:8443' })).toBeUndefined()
    for (const origin of ['http://192.168.1.2:8443', 'https://192.168.1.2', 'https://evil.example', 'null'])
      expect(ask({ ...owner, origin })).toBe('FORBIDDEN')
    expect(ask({ ...owner, 'sec-fetch-site': 'cross-site' })).toBe('FORBIDDEN')
  })
})

describe('the door on loopback', () => {
  const here = { host: '127.0.0.1:8053', 'x-chordns': '1' }
  const owned = owns(() => 1)

  it('asks for an owner only where a secret is told', () => {
    expect(ask(here, look, LOOPBACK_DOOR)).toBeUndefined()
    expect(
      ask(
        here,
        acts(() => 1),
        LOOPBACK_DOOR,
      ),
    ).toBeUndefined()
    expect(ask(here, owned, LOOPBACK_DOOR)).toBe('SIGN_IN')
    expect(ask(here, owned, { ...LOOPBACK_DOOR, isOwner: () => true })).toBeUndefined()
  })
})
