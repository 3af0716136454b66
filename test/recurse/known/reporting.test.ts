import { describe, expect, it } from 'vitest'
import { nameToText, OptionCode, parseName, type Question, Rcode, Type } from '../../../src/dns/index.ts'
import { Reporting, reportName } from '../../../src/recurse/known/reporting.ts'
import { until } from '../../setup/until.ts'
import { createStack, createWorld, demoSpec, signWorld } from '../../world/index.ts'
import { replyWith } from './reply.ts'

const question: Question = { name: parseName('broken.test.example'), type: Type.A, class: 1 }
const agent = parseName('a01.agent-domain.example')

const replyOf = (data?: Uint8Array) => replyWith(data === undefined ? [] : [{ code: OptionCode.REPORT_CHANNEL, data }])

describe('error reporting', () => {
  it('names type, question, error and agent as RFC 9567 section 4.1 does', () => {
    expect(nameToText(reportName(question, 7, agent)!)).toBe(
      '_er.1.broken.test.example.7._er.a01.agent-domain.example.',
    )
  })

  it('gives up on names that would be too long', () => {
    const long = parseName(`${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(50)}`)
    expect(reportName({ ...question, name: long }, 7, agent)).toBeUndefined()
  })

  it('reports to the agent of the zone, once an hour, and never about the agent or about reports', () => {
    let now = 0
    const reporting = new Reporting(() => now)
    const ede = [{ code: 7 }]
    expect(reporting.reportFor(question, ede)).toBeUndefined()
    reporting.learn(parseName('test.example'), replyOf(agent.wire))
    expect(reporting.reportFor(question, [])).toBeUndefined()
    expect(reporting.reportFor(question, ede)).toMatchObject({ type: Type.TXT })
    expect(reporting.reportFor(question, ede)).toBeUndefined()
    now = 3_600_001
    expect(reporting.reportFor(question, ede)).toBeDefined()
    reporting.learn(parseName('agent-domain.example'), replyOf(agent.wire))
    expect(reporting.reportFor({ ...question, name: parseName('x.a01.agent-domain.example') }, ede)).toBeUndefined()
    expect(reporting.reportFor({ ...question, name: parseName('_er.1.x.test.example') }, ede)).toBeUndefined()
  })

  it('is ended by an empty agent, and not begun by a malformed one', () => {
    const reporting = new Reporting(() => 0)
    const zone = parseName('test.example')
    reporting.learn(zone, replyOf(Uint8Array.of(5, 1)))
    expect(reporting.reportFor(question, [{ code: 7 }])).toBeUndefined()
    reporting.learn(zone, replyOf(agent.wire))
    reporting.learn(zone, replyOf(Uint8Array.of(0)))
    expect(reporting.reportFor(question, [{ code: 7 }])).toBeUndefined()
  })

  it('sends a report over TCP when a zone that names an agent is bogus, and only if the operator wants it', async () => {
    const signed = signWorld(demoSpec(), { '.': {}, 'com.': {}, 'example.com.': { corrupt: ['mail.example.com. A'] } })
    for (const errorReporting of [true, false]) {
      const world = await createWorld(signed.spec, { sockets: false })
      for (const name of ['ns1.example.com', 'ns2.example.com'])
        world.server(name).behave({
          tamper: (message) => [
            {
              reply: {
                ...message,
                edns: {
                  ...message.edns!,
                  options: [{ code: OptionCode.REPORT_CHANNEL, data: parseName('example.net').wire }],
                },
              },
            },
          ],
        })
      const stack = createStack(world, { anchors: signed.anchorText, recursor: { errorReporting } })
      expect((await stack.ask({ name: 'mail.example.com' })).rcode).toBe(Rcode.SERVFAIL)
      const sent = () =>
        world.queries().filter((one) => one.name.toLowerCase().startsWith('_er.1.mail.example.com.6._er.'))
      if (errorReporting) await until(() => sent().length > 0, 'a report')
      else await new Promise((resolve) => setTimeout(resolve, 500))
      expect(sent().map((one) => one.protocol)).toEqual(errorReporting ? ['tcp'] : [])
    }
  })
})
