/** Ready-made values for `Behaviour.tamper`: what attackers and broken servers send. */
import { encodeMessage, type Message, parseName, parseZone, type ResourceRecord, ROOT } from '../../src/dns/index.ts'
import type { Behaviour } from './types.ts'

type Tamper = NonNullable<Behaviour['tamper']>

/** The forger's guess comes first: the same question with another id, then the truth. */
export function wrongIdFirst(forged: (reply: Message) => Message = (reply) => reply, gapMs = 5): Tamper {
  return (reply) => [{ reply: { ...forged(reply), id: (reply.id + 1) & 0xffff } }, { reply, afterMs: gapMs }]
}

/** TuDoor: bytes that do not parse come before the true reply. */
export function malformedFirst(gapMs = 5): Tamper {
  return (reply) => {
    const bytes = encodeMessage(reply)
    const broken = bytes.slice(0, Math.max(13, bytes.length - 7))
    broken[5] = 9
    return [{ reply: broken }, { reply, afterMs: gapMs }]
  }
}

/** The reply is for another question; the id is right. */
export function wrongQuestion(nameText = 'other.invalid.'): Tamper {
  return (reply) => [
    { reply: { ...reply, questions: reply.questions.map((q) => ({ ...q, name: parseName(nameText) })) } },
  ]
}

/** Adds records (zone-file text, absolute names) to a section of every reply: out-of-bailiwick NS, forged glue ... */
export function inject(section: 'answers' | 'authorities' | 'additionals', text: string): Tamper {
  const records = parseZone(text, { origin: ROOT, defaultTtl: 3600 })
  return (reply) => [{ reply: { ...reply, [section]: [...reply[section], ...records] } }]
}

/** The answer section is replaced by these records and the reply says NOERROR, AA. */
export function answerWith(text: string): Tamper {
  const answers: ResourceRecord[] = parseZone(text, { origin: ROOT, defaultTtl: 3600 })
  return (reply) => [{ reply: { ...reply, rcode: 0, aa: true, answers, authorities: [], additionals: [] } }]
}

/** Nothing but bytes of your choice. */
export function rawBytes(bytes: Uint8Array): Tamper {
  return () => [{ reply: bytes }]
}

/** Every reply is sent so many times. */
export function repeated(times: number): Tamper {
  return (reply) => Array.from({ length: times }, () => ({ reply }))
}
