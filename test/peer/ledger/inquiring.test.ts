import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Endpoint } from '../../../src/base/index.ts'
import type { Config } from '../../../src/config/index.ts'
import { endorsementFrom, loadApplicant, makeApplication, makeInquiry } from '../../../src/peer/ledger/admitting.ts'
import { answerOne, contactAddress, InquiryDesk, sendInquiry } from '../../../src/peer/ledger/inquiring.ts'
import { makeGenesis } from '../../../src/peer/ledgers.ts'
import { testClock } from '../../setup/clock.ts'
import { organisationAt } from '../../world/founding.ts'

const dir = mkdtempSync(join(tmpdir(), 'chordns-inquiring-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))
const at = (name: string) => join(dir, name)
const configOf = (who: string) => {
  const data = at(who)
  const keys = { accountFile: join(data, 'account.key'), votingKeyFile: join(data, 'voting.key') }
  return { data, ledger: { ...keys, genesis: at('genesis.json') } } as unknown as Config
}
const [endorser, applicant, stranger] = ['endorser', 'applicant', 'stranger'].map(configOf) as [Config, Config, Config]
const keys: Record<string, string> = {}

/** Somebody who answers as it likes. Resolves with what `run` makes of its address. */
async function withServer<T>(listener: RequestListener, run: (to: Endpoint) => Promise<T>): Promise<T> {
  const server = createServer(listener)
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  try {
    return await run({ address: '127.0.0.1', port: (server.address() as AddressInfo).port })
  } finally {
    server.close()
    server.closeAllConnections()
  }
}

/** The machine waits; what is done meanwhile with its address. */
async function whileWaiting(
  who: Config,
  endorserKey: string,
  run: (to: Endpoint) => Promise<unknown>,
  waitMs = 20_000,
) {
  const ready = Promise.withResolvers<Endpoint>()
  const listen = { address: '127.0.0.1', port: 0 }
  const answered = answerOne(who, { listen, waitMs, endorser: endorserKey, onReady: ready.resolve })
  answered.catch(ready.reject)
  return [await run(await ready.promise), await answered] as const
}

beforeAll(async () => {
  for (const who of ['endorser', 'applicant', 'stranger'])
    keys[who] = (JSON.parse(await organisationAt(at(who), 1, false)) as { account: string }).account
  writeFileSync(at('validator.json'), await organisationAt(at('validator'), 0, true))
  const shape = { ringId: 'home', time: Date.now() - 5_000, chainNames: ['root'], others: [] }
  writeFileSync(at('genesis.json'), makeGenesis({ ...shape, endorsers: [at('validator.json')] }).text)
  const asked = { chain: 'root', list: 0, name: 'A library' }
  writeFileSync(
    at('application.json'),
    await makeApplication(applicant, { ...asked, contact: 'admin@library.example' }),
  )
  for (const [name, address] of Object.entries({
    own: '127.0.0.1:8053',
    lan: '192.168.1.1:80',
    mapped: '[::ffff:10.0.0.1]:80',
  }))
    writeFileSync(at(`${name}.json`), await makeApplication(applicant, { ...asked, contact: `admin ${address}` }))
})

describe('an inquiry over the network', () => {
  it('is answered by the machine of the applicant, and the answer is one to endorse by', async () => {
    const inquiry = await makeInquiry(endorser, at('application.json'))
    const [sent, by] = await whileWaiting(applicant, keys['endorser']!, (to) =>
      sendInquiry(at('application.json'), inquiry, to),
    )
    expect(by).toBe(keys['endorser'])
    const { answer } = sent as { answer: string }
    writeFileSync(at('answer.json'), answer)
    const files = { application: at('application.json'), answer: at('answer.json') }
    expect(await endorsementFrom(endorser, files)).toMatchObject({ account: keys['applicant'], name: 'A library' })
  })

  it('is answered to nobody but the endorser that was named, whose signature it is', async () => {
    const foreign = await makeInquiry(stranger, at('application.json'))
    const forged = { ...JSON.parse(foreign), endorser: keys['endorser'] }
    const good = await makeInquiry(endorser, at('application.json'))
    const [reasons] = await whileWaiting(applicant, keys['endorser']!, async (to) => {
      const reasonOf = (inquiry: string) =>
        sendInquiry(at('application.json'), inquiry, to).catch((error: Error) => error.message)
      return [
        await reasonOf(foreign),
        await reasonOf(JSON.stringify(forged)),
        await reasonOf('{}'),
        await reasonOf(' '.repeat(5_000)),
        typeof (await reasonOf(good)),
      ]
    })
    const refused = expect.stringMatching(
      /did not answer: it does not answer this endorser.*or exchange the files by hand/,
    )
    expect(reasons).toEqual([refused, refused, refused, expect.stringContaining('did not answer'), 'object'])
  })

  it('takes no answer of another machine, or to another inquiry', async () => {
    const inquiry = await makeInquiry(endorser, at('application.json'))
    const impostor = { ...(await loadApplicant(stranger)), account: keys['applicant']! }
    const desk = new InquiryDesk({
      machine: impostor,
      endorsers: new Set([keys['endorser']!]),
      clock: { now: () => Date.now(), monotonic: () => 0 } as never,
    })
    const told = await withServer(
      (_, response) => response.end(desk.answer('POST', Buffer.from(inquiry), '').body),
      (to) => sendInquiry(at('application.json'), inquiry, to).catch((error: Error) => error.message),
    )
    expect(told).toMatch(/signature: it is not that of the applicant's machine/)
    const earlier = readFileSync(at('answer.json'))
    const replayed = await withServer(
      (_, response) => response.end(earlier),
      (to) => sendInquiry(at('application.json'), inquiry, to).catch((error: Error) => error.message),
    )
    expect(replayed).toMatch(/it answered another inquiry/)
  })

  it('goes nowhere else, and reads no more than an answer has', async () => {
    const inquiry = await makeInquiry(endorser, at('application.json'))
    let visits = 0
    const reasonFrom = (listener: RequestListener) =>
      withServer(listener, (to) =>
        sendInquiry(at('application.json'), inquiry, to).catch((error: Error) => error.message),
      )
    await withServer(
      (_, response) => response.end(String(++visits)),
      async ({ port }) => {
        const away = { location: `http://127.0.0.1:${port}/ledgers` }
        expect(await reasonFrom((_, response) => response.writeHead(302, away).end())).toMatch(/HTTP status 302/)
      },
    )
    expect(visits).toBe(0)
    expect(await reasonFrom((_, response) => response.end('x'.repeat(100_000)))).toMatch(/too long/)
    expect(await reasonFrom((request) => request.socket.destroy())).toMatch(/ECONNRESET|socket hang up/)
  })

  it('is put to no address of this machine or network that a stranger chose', async () => {
    for (const name of ['own', 'lan', 'mapped'])
      await expect(sendInquiry(at(`${name}.json`), '{}', undefined)).rejects.toMatchObject({
        code: 'USAGE',
        message: expect.stringContaining('no public address'),
      })
    await expect(sendInquiry(at('application.json'), '{}', undefined)).rejects.toThrow('names no address')
  })

  it('that never comes ends the wait, and says what to do', async () => {
    const waiting = whileWaiting(applicant, keys['endorser']!, async () => undefined, 50)
    await expect(waiting).rejects.toMatchObject({
      code: 'LEDGER_UNASKED',
      message: expect.stringContaining('tell the endorser'),
    })
  })
})

describe('the desk of an applicant', () => {
  it('answers so many inquiries and no more, until time has passed; strangers take none of them', async () => {
    const clock = testClock()
    const machine = await loadApplicant(applicant)
    const desk = new InquiryDesk({ machine, endorsers: new Set([keys['endorser']!]), clock })
    const inquiryBy = async (who: Config) => Buffer.from(await makeInquiry(who, at('application.json'), { clock }))
    const foreign = await inquiryBy(stranger)
    for (let i = 0; i < 50; i++) expect(desk.answer('POST', foreign, 'one').status).toBe(403)
    const good = await inquiryBy(endorser)
    const statuses = Array.from({ length: 12 }, () => desk.answer('POST', good, 'one').status)
    expect(statuses).toEqual([...Array<number>(10).fill(200), 429, 429])
    expect(desk.answer('POST', good, 'another').status).toBe(200)
    clock.advance(2_000)
    expect(desk.answer('POST', good, 'one').status).toBe(200)
    expect(desk.answer('GET', good, 'one')).toMatchObject({ status: 405, headers: { allow: 'POST' } })
  })

  it('answers no inquiry that somebody has kept', async () => {
    const clock = testClock()
    const desk = new InquiryDesk({
      machine: await loadApplicant(applicant),
      endorsers: new Set([keys['endorser']!]),
      clock,
    })
    const old = Buffer.from(await makeInquiry(endorser, at('application.json'), { clock }))
    clock.advance(11 * 60_000)
    expect(desk.answer('POST', old, 'one').status).toBe(403)
  })
})

describe('the address in a contact', () => {
  it.each([
    ['admin@library.example 192.0.2.7:4154', { address: '192.0.2.7', port: 4154 }],
    ['[2001:db8::7]:4154', { address: '2001:db8::7', port: 4154 }],
    ['192.0.2.7:4154, or by phone', undefined],
    ['x192.0.2.7:4154', undefined],
    ['192.0.2.700:4154', undefined],
    ['library.example:4154', undefined],
    ['192.0.2.7:0', undefined],
    ['192.0.2.7:70000', undefined],
  ])('of %s', (contact, address) => expect(contactAddress(contact)).toEqual(address))
})
