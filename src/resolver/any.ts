/** ANY: one RRset that is known anyway, else a HINFO that says why there is no more (RFC 8482 section 4). Never asks anybody. */
import { type Question, type RRset, sameName, Type } from '../dns/index.ts'
import type { Finding } from '../evidence/index.ts'

/** The most telling first; few, since each is a look into the cache. */
const TYPES = [Type.A, Type.AAAA, Type.MX, Type.TXT, Type.NS, Type.SOA, Type.PTR, Type.SRV, Type.HTTPS] as const

const HINFO_TTL_SECONDS = 3_600

/** `known`: what the cache has for a question, if it may be served to this asker. */
export function answerAny(
  question: Question,
  known: (question: Question) => Finding | undefined,
  now: number,
): Finding {
  for (const type of TYPES) {
    const found = known({ ...question, type })
    if (found !== undefined && speaksOfAll(found, question)) return { ...found, question }
  }
  return {
    question,
    outcome: { kind: 'rrset', rrset: minimal(question), apex: question.name, proofs: [] },
    evidence: { security: 'insecure', provenance: 'local', observers: [] },
    expires: now + HINFO_TTL_SECONDS * 1000,
  }
}

/**
 * An RRset at the very name, or the proof that there is no such name. That one type is absent says nothing of the others, nor
 * does an NXDOMAIN that nobody has proven: there are servers that say it of one type only.
 */
function speaksOfAll({ outcome, evidence }: Finding, { name }: Question): boolean {
  if (outcome.kind === 'rrset') return sameName(outcome.rrset.name, name)
  return outcome.rcode === 3 && evidence.security === 'secure'
}

/** RFC 8482 section 4.2: CPU "RFC8482", no OS. */
function minimal({ name, class: classNumber }: Question): RRset {
  const cpu = new TextEncoder().encode('RFC8482')
  const rdata = Uint8Array.of(cpu.length, ...cpu, 0)
  return { name, type: Type.HINFO, class: classNumber, ttl: HINFO_TTL_SECONDS, rdatas: [rdata], signatures: [] }
}
