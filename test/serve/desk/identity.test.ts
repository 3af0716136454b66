/** CHAOS names and NSID: hidden unless configured, and then for those who may ask. */
import { afterEach, describe, expect, it } from 'vitest'
import { Class, findOption, type Message, OptionCode, Rcode, readEde } from '../../../src/dns/index.ts'
import type { FrontEnd, IdentityOptions } from '../../../src/serve/index.ts'
import { ask, texts } from '../../world/index.ts'
import { type FakeResolver, OPTIONS, start } from '../support.ts'

let door: FrontEnd
afterEach(() => door.close(0))

async function serve(identity?: IdentityOptions, allow?: string[]): Promise<FakeResolver> {
  const options = {
    ...OPTIONS,
    ...(identity !== undefined && { identity }),
    ...(allow !== undefined && { access: { allow } }),
  }
  const started = await start({ options })
  door = started.frontEnd
  return started.resolver
}

async function chaos(name: string, type = 'TXT', rd = true): Promise<Message> {
  const [server] = door.addresses
  return ask(server!, { name, type, class: Class.CH }, { rd })
}

async function nsidOf(name = 'www.example.com', data = new Uint8Array()): Promise<string | undefined> {
  const [server] = door.addresses
  const reply = await ask(server!, { name }, { options: [{ code: OptionCode.NSID, data }] })
  const option = findOption(reply.edns!.options, OptionCode.NSID)
  return option && new TextDecoder().decode(option.data)
}

const NAMES = ['version.bind', 'version.server', 'id.server', 'hostname.bind']

describe('CHAOS names', () => {
  it('are refused by default', async () => {
    await serve()
    for (const name of [...NAMES, 'authors.bind']) {
      const reply = await chaos(name)
      expect([reply.rcode, reply.answers.length, readEde(reply.edns!.options)]).toEqual([
        Rcode.REFUSED,
        0,
        [{ code: 21 }],
      ])
    }
  })

  it('say what the operator configured, in any case of letters, with RD=0 too, and nobody is asked', async () => {
    const resolver = await serve({ version: 'chordns of ours', id: 'kitchen' })
    expect(texts((await chaos('version.bind')).answers)).toEqual(['TXT "chordns of ours"'])
    expect(texts((await chaos('VERSION.Server', 'TXT', false)).answers)).toEqual(['TXT "chordns of ours"'])
    expect(texts((await chaos('id.server')).answers)).toEqual(['TXT "kitchen"'])
    const reply = await chaos('hostname.bind', 'ANY')
    expect(reply.answers[0]).toMatchObject({ class: Class.CH, ttl: 0 })
    expect([reply.rcode, reply.aa, reply.ad]).toEqual([Rcode.NOERROR, true, false])
    expect(resolver.asked).toEqual([])
  })

  it('have no other types, and each is configured by itself', async () => {
    await serve({ id: 'kitchen' })
    const reply = await chaos('id.server', 'A')
    expect([reply.rcode, reply.answers.length]).toEqual([Rcode.NOERROR, 0])
    expect((await chaos('version.bind')).rcode).toBe(Rcode.REFUSED)
  })

  it('are ordinary names in class IN', async () => {
    const resolver = await serve({ version: 'x' })
    const [server] = door.addresses
    await ask(server!, { name: 'version.bind', type: 'TXT' })
    expect(resolver.asked).toHaveLength(1)
  })

  it('are nothing for those who may not ask', async () => {
    await serve({ version: 'x', id: 'y', nsid: 'z' }, ['127.0.0.9/32'])
    for (const name of NAMES) expect((await chaos(name)).rcode).toBe(Rcode.REFUSED)
    expect(await nsidOf()).toBeUndefined()
  })

  it('change while the node runs', async () => {
    await serve()
    const { access, explain, minimalResponses } = OPTIONS
    door.reconfigure({ access, explain, minimalResponses, identity: { version: 'now' } })
    expect(texts((await chaos('version.bind')).answers)).toEqual(['TXT "now"'])
    door.reconfigure({ access, explain, minimalResponses, identity: {} })
    expect((await chaos('version.bind')).rcode).toBe(Rcode.REFUSED)
  })
})

describe('NSID', () => {
  it('is sent to who asks for it, and only then', async () => {
    await serve({ nsid: 'fra-1' })
    expect(await nsidOf()).toBe('fra-1')
    expect(await nsidOf('x', Uint8Array.of(1, 2, 3))).toBe('fra-1')
    const [server] = door.addresses
    const plain = await ask(server!, { name: 'www.example.com' })
    expect(findOption(plain.edns!.options, OptionCode.NSID)).toBeUndefined()
  })

  it('is not there by default', async () => {
    await serve()
    expect(await nsidOf()).toBeUndefined()
  })
})
