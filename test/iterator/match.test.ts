import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeMessage, type Message, makeQuery, nameToText, parseName, sameName } from '../../src/dns/index.ts'
import { matchReply, randomiseCase, type Sent, withLowerQuestion } from '../../src/iterator/index.ts'
import { seededRandom } from '../../src/sim/index.ts'

const ASKED = { name: parseName('www.EXAMPLE.test.'), type: 1, class: 1 }
const CASED = { ...ASKED, name: parseName('wWw.eXample.Test.') }
const SENT: Sent = { id: 4_711, question: CASED, exactCase: true }

function reply(change: Partial<Message> = {}): Uint8Array {
  const query = makeQuery({ id: SENT.id, name: CASED.name, type: 1, rd: false })
  return encodeMessage({ ...query, qr: true, aa: true, ...change })
}

describe('matchReply', () => {
  it('takes the reply with our id and question', () => {
    expect(matchReply(reply(), SENT)).toBe('ours')
  })

  const others: [string, Uint8Array, string][] = [
    ['the query itself', reply({ qr: false }), 'foreign'],
    ['another opcode', reply({ opcode: 4 }), 'foreign'],
    ['another name', reply({ questions: [{ ...ASKED, name: parseName('www.example.tesu.') }] }), 'foreign'],
    ['a longer name', reply({ questions: [{ ...ASKED, name: parseName('a.www.example.test.') }] }), 'foreign'],
    ['another type', reply({ questions: [{ ...CASED, type: 28 }] }), 'foreign'],
    ['another class', reply({ questions: [{ ...CASED, class: 3 }] }), 'foreign'],
    ['two questions', reply({ questions: [CASED, CASED] }), 'foreign'],
    ['another id and another question', reply({ id: 1, questions: [{ ...CASED, type: 28 }] }), 'foreign'],
    ['no question and no error', reply({ questions: [] }), 'foreign'],
    ['no question, an error, another id', reply({ questions: [], rcode: 1, id: 1 }), 'foreign'],
    ['no question, an error', reply({ questions: [], rcode: 1 }), 'ours'],
    ['another id', reply({ id: 4_712 }), 'wrong-id'],
    ['another case', reply({ questions: [ASKED] }), 'wrong-case'],
    ['a header and nothing else', reply().slice(0, 12), 'foreign'],
    ['half a header', reply().slice(0, 7), 'foreign'],
    ['a question cut short', reply().slice(0, -3), 'foreign'],
  ]
  for (const [what, bytes, expected] of others) {
    it(`calls ${what} ${expected}`, () => expect(matchReply(bytes, SENT)).toBe(expected))
  }

  it('does not mind the case where none was sent', () => {
    expect(matchReply(reply({ questions: [ASKED] }), { ...SENT, exactCase: false })).toBe('ours')
  })

  it('never throws, and takes no random bytes for a reply', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        expect(matchReply(bytes, SENT)).not.toBe('ours')
      }),
    )
  })
})

describe('withLowerQuestion', () => {
  it('has the question in lower case, whatever was asked, leaves the rest alone, and copies', () => {
    const bytes = reply()
    const restored = withLowerQuestion(bytes, ASKED)
    const lower = parseName(nameToText(ASKED.name).toLowerCase())
    expect(restored.slice(12, 12 + lower.wire.length)).toEqual(lower.wire)
    expect(restored.slice(12 + ASKED.name.wire.length)).toEqual(bytes.slice(12 + ASKED.name.wire.length))
    expect(matchReply(bytes, SENT)).toBe('ours')
  })
})

describe('randomiseCase', () => {
  it('changes nothing but the case of letters, and changes that', () => {
    const random = seededRandom(7)
    const name = parseName('abcdefghijklmnopqrstuvwxyz-0123456789.\\064\\091\\096\\123\\255.test.')
    const seen = new Set<string>()
    for (let i = 0; i < 50; i++) {
      const cased = randomiseCase(name, random)
      expect(sameName(cased, name)).toBe(true)
      expect(parseName(nameToText(cased)).wire).toEqual(cased.wire)
      seen.add(nameToText(cased))
    }
    expect(seen.size).toBe(50)
  })
})
