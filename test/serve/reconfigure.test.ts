import { afterEach, expect, it } from 'vitest'
import { Rcode } from '../../src/dns/index.ts'
import { ask } from '../world/index.ts'
import { OPTIONS, type Started, start } from './support.ts'

let started: Started
afterEach(() => started.frontEnd.close(0))

it('changes who may ask while the sockets stay, and forgets whom it knew', async () => {
  started = await start()
  const { frontEnd, udp } = started
  const rcode = async () => (await ask(udp, { name: 'www.example.com' })).rcode
  expect(await rcode()).toBe(Rcode.NOERROR)
  frontEnd.reconfigure({ ...OPTIONS, access: { allow: ['::1'] } })
  expect(await rcode()).toBe(Rcode.REFUSED)
  frontEnd.reconfigure(OPTIONS)
  expect(await rcode()).toBe(Rcode.NOERROR)
  expect(() => frontEnd.reconfigure({ ...OPTIONS, access: { allow: ['nonsense'] } })).toThrow(
    expect.objectContaining({ code: 'CONFIG_ACCESS' }),
  )
  expect(await rcode()).toBe(Rcode.NOERROR)
})

it('never opens a listener beyond loopback to nobody in particular', async () => {
  const listen = { udp: ['0.0.0.0:0'], tcp: [] }
  started = await start({ options: { ...OPTIONS, listen, access: { allow: ['127.0.0.0/8', '192.0.2.0/24'] } } })
  expect(() => started.frontEnd.reconfigure(OPTIONS)).toThrow(
    expect.objectContaining({ code: 'CONFIG_ACCESS_MISSING' }),
  )
})
