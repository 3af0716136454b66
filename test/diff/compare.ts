/** Three references and us: where two of them agree and we do not, and where we fail and one of them answers. */
import { explanationOf } from './explained.ts'
import { questionText } from './questions.ts'
import type { Question, Reply } from './types.ts'

export interface Replies {
  readonly chordns: Reply
  readonly unbound: Reply
  readonly bind: Reply
  readonly knot: Reply
}

export type Field = 'rcode' | 'ad' | 'answer' | 'soa' | 'denial'

export type Verdict =
  /** All four say the same. */
  | 'same'
  /** At least two references agree and we differ, or we fail where one of them answers. */
  | 'different'
  /** The same, but the reason is written down. */
  | 'explained'
  /** The references differ from each other; where two agree, so do we. */
  | 'references-differ'

export interface Compared {
  readonly question: Question
  readonly replies: Replies
  readonly verdict: Verdict
  /** Where at least two references agree and we differ, or we fail for nothing. */
  readonly fields: readonly Field[]
  /** Where not all references agree. */
  readonly openFields: readonly Field[]
  /** Of these, where we agree with none. */
  readonly aloneFields: readonly Field[]
  readonly reason?: string
}

export function compare(question: Question, replies: Replies): Compared {
  const { chordns } = replies
  const references = [replies.unbound, replies.bind, replies.knot]
  const openFields = openOf(references)
  const fields = against(chordns, references)
  const aloneFields = openFields.filter((field) =>
    references.every((reference) => differing(chordns, reference).includes(field)),
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

function against(ours: Reply, references: readonly Reply[]): Field[] {
  // Whoever switches to us must not lose a name that one of the others finds.
  if (isFailure(ours) && references.some((reference) => !isFailure(reference) && isAnswer(reference))) return ['rcode']
  const said = majority(references.map(outcome))
  if (said === undefined) return []
  if (outcome(ours) !== said) return ['rcode']
  if (isFailure(ours)) return []
  const alike = references.filter((reference) => outcome(reference) === said)
  return FIELDS.filter((field) => {
    const value = majority(alike.map((reference) => valueIn(reference, field)))
    return value !== undefined && value !== valueIn(ours, field)
  })
}

function openOf(references: readonly Reply[]): Field[] {
  const [first, ...others] = references
  const open = new Set(others.flatMap((other) => differing(first!, other)))
  return ALL_FIELDS.filter((field) => open.has(field))
}

const FIELDS = ['ad', 'answer', 'soa', 'denial'] as const satisfies readonly Field[]
const ALL_FIELDS: readonly Field[] = ['rcode', ...FIELDS]

/** What at least two say. */
function majority(values: readonly string[]): string | undefined {
  return values.find((value, i) => values.indexOf(value) !== i)
}

function valueIn(reply: Reply, field: (typeof FIELDS)[number]): string {
  return field === 'answer' ? reply.answers.join('\n') : String(reply[field])
}

/** When the rcodes differ, nothing else can be compared; a failure has nothing else to compare. */
function differing(a: Reply, b: Reply): Field[] {
  if (outcome(a) !== outcome(b)) return ['rcode']
  if (isFailure(a)) return []
  return FIELDS.filter((field) => valueIn(a, field) !== valueIn(b, field))
}

const isFailure = (reply: Reply): boolean => outcome(reply) === 'SERVFAIL'
const isAnswer = ({ rcode }: Reply): boolean => ANSWERS.has(rcode)
const ANSWERS: ReadonlySet<string> = new Set(['NOERROR', 'NXDOMAIN', 'YXDOMAIN'])

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
