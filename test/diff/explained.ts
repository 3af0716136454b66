/** Differences that are meant: each with the reason and the RFC that leaves the choice to us. Keep it short. */
import type { Field, Replies } from './compare.ts'
import { questionText } from './questions.ts'
import type { Question } from './types.ts'

export interface Explanation {
  /** Of "name TYPE flags". */
  readonly pattern: RegExp
  readonly fields: readonly Field[]
  readonly reason: string
  /** Narrows it further, where the question alone does not say enough. */
  readonly when?: (replies: Replies, kind: Question['kind']) => boolean
}

const EXPLANATIONS: readonly Explanation[] = [
  {
    pattern: / (do\+)?cd(\+ad)?$/,
    fields: ['ad'],
    when: ({ chordns }, kind) => !chordns.ad || kind !== 'broken',
    reason:
      'With CD the asker validates for itself (RFC 4035 section 3.2.2), and chordns does not: AD is set for what it has validated before. So do the references, which differ from each other in most such answers.',
  },
  {
    pattern: /b-n3-iter(51|150)\./,
    fields: ['ad'],
    when: ({ chordns }) => !chordns.ad,
    reason:
      'NSEC3 with more than 50 iterations counts as insecure here; RFC 9276 section 3.2 leaves the limit to the validator. These versions of the references have 150; later BIND has 50.',
  },
  {
    pattern: /o-garbage\./,
    fields: ['rcode'],
    when: answered,
    reason:
      'A malformed packet does not end the wait for the true reply here: anyone may have sent it (TuDoor). The references give up.',
  },
  {
    pattern: /o-noudp\./,
    fields: ['rcode'],
    when: answered,
    reason:
      'Servers that never answer over UDP are asked over TCP (RFC 7766 section 5 makes it equal); the references do not.',
  },
  {
    pattern: /(\.|^)mail\.b-nsec-nsbit\./,
    fields: ['rcode'],
    when: ({ chordns }) => chordns.rcode === 'SERVFAIL',
    reason:
      'The NSEC says that the name is a delegation: it proves nothing of other types than DS (RFC 6840 section 4.1), and what the zone above says of them is not believed. The references go on as if the name were an insecure zone.',
  },
  {
    pattern: /b-nsec-self\.|nonsbit\.parent\./,
    fields: ['rcode', 'ad', 'answer', 'soa', 'denial'],
    reason:
      'A signed NSEC of these zones denies names that the zones serve as well. Both are proven, so the answer depends on whether the NSEC was seen before (RFC 8198 section 5: MAY).',
  },
]

function answered({ chordns }: Replies): boolean {
  return chordns.rcode === 'NOERROR' || chordns.rcode === 'NXDOMAIN'
}

export function explanationOf(question: Question, replies: Replies, fields: readonly Field[]): Explanation | undefined {
  const text = questionText(question)
  return EXPLANATIONS.find(
    (one) =>
      one.pattern.test(text) &&
      fields.every((field) => one.fields.includes(field)) &&
      (one.when?.(replies, question.kind) ?? true),
  )
}
