/** Two references and us: where they agree and we do not. */
import { explanationOf } from './explained.ts'
import { questionText } from './questions.ts'
import type { Question, Reply } from './types.ts'

export interface Replies {
  readonly chordns: Reply
  readonly unbound: Reply
  readonly bind: Reply
}

export type Field = 'rcode' | 'ad' | 'answer' | 'soa' | 'denial'

export type Verdict =
  /** All three say the same. */
  | 'same'
  /** The references agree on everything, we differ. */
  | 'different'
  /** The same, but the reason is written down. */
  | 'explained'
  /** The references differ from each other; where they agree, so do we. */
  | 'references-differ'

export interface Compared {
  readonly question: Question
  readonly replies: Replies
  readonly verdict: Verdict
  /** Where the references agree and we differ. */
  readonly fields: readonly Field[]
  /** Where the references differ from each other. */
  readonly openFields: readonly Field[]
  /** Of these, where we agree with neither. */
  readonly aloneFields: readonly Field[]
  readonly reason?: string
}

export function compare(question: Question, replies: Replies): Compared {
  const { chordns, unbound, bind } = replies
  const openFields = differing(unbound, bind)
  const fields = openFields.includes('rcode')
    ? []
    : differing(chordns, unbound).filter((field) => !openFields.includes(field))
  const withBind = differing(chordns, bind)
  const aloneFields = differing(chordns, unbound).filter(
    (field) => withBind.includes(field) && openFields.includes(field),
  )
  const base = { question, replies, fields, openFields, aloneFields }
  if (fields.length > 0) {
    const explanation = explanationOf(question, replies, fields)
    return explanation === undefined
      ? { ...base, verdict: 'different' }
      : { ...base, verdict: 'explained', reason: explanation.reason }
  }
  return { ...base, verdict: openFields.length > 0 ? 'references-differ' : 'same' }
}

/** When the rcodes differ, nothing else can be compared; a failure has nothing else to compare. */
function differing(a: Reply, b: Reply): Field[] {
  if (outcome(a) !== outcome(b)) return ['rcode']
  if (outcome(a) === 'SERVFAIL') return []
  const fields: Field[] = []
  if (a.ad !== b.ad) fields.push('ad')
  if (a.answers.join('\n') !== b.answers.join('\n')) fields.push('answer')
  if (a.soa !== b.soa) fields.push('soa')
  if (a.denial !== b.denial) fields.push('denial')
  return fields
}

/** Whether a resolver gives up before its client does is no difference in what it found. */
const outcome = ({ rcode }: Reply): string => (rcode === 'TIMEOUT' ? 'SERVFAIL' : rcode)

export function replyText(reply: Reply): string {
  const notes = [reply.rcode, reply.ad ? 'AD' : '', reply.soa ? 'SOA' : '', reply.denial ? 'NSEC' : '']
  const ede = reply.ede.length > 0 ? [`EDE ${reply.ede.join(', ')}`] : []
  const head = [...notes.filter((one) => one !== ''), ...ede, `${reply.milliseconds} ms`].join(' ')
  return [head, ...reply.answers].join('\n      ')
}

export function comparedText({ question, replies, fields }: Compared): string {
  const lines = Object.entries(replies).map(([name, reply]) => `    ${name}: ${replyText(reply)}`)
  return [`${questionText(question)}  [${fields.join(' ')}]`, ...lines].join('\n')
}
