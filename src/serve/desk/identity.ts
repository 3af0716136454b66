/**
 * What the server says of itself: CHAOS TXT names, as BIND began them, and NSID (RFC 5001). Nothing unless the operator
 * configured it: a version is a list of known holes, and names of machines are their owner's business. Pure.
 */
import {
  Class,
  type EdnsOption,
  findOption,
  type Message,
  type Name,
  OptionCode,
  optionsOf,
  parseName,
  type Question,
  type ResourceRecord,
  Type,
} from '../../dns/index.ts'
import type { IdentityOptions } from '../types.ts'

type Key = Exclude<keyof IdentityOptions, 'nsid'>

/** RFC 4892 for `id.server`; the others are BIND's, and what people ask for. */
const CHAOS_NAMES: readonly (readonly [name: Name, key: Key])[] = [
  [parseName('version.bind'), 'version'],
  [parseName('version.server'), 'version'],
  [parseName('hostname.bind'), 'id'],
  [parseName('id.server'), 'id'],
]

/** The records of a CHAOS question, none for a type other than TXT; undefined: it is nobody's business. */
export function chaosRecords(question: Question, identity: IdentityOptions): readonly ResourceRecord[] | undefined {
  if (question.class !== Class.CH) return undefined
  const key = CHAOS_NAMES.find(([name]) => name.key === question.name.key)?.[1]
  const text = key && identity[key]
  if (text === undefined) return undefined
  if (question.type !== Type.TXT && question.type !== Type.ANY) return []
  const bytes = new TextEncoder().encode(text)
  // TTL 0: another server may answer next time, and the asker wants to know which did.
  return [
    { name: question.name, type: Type.TXT, class: Class.CH, ttl: 0, rdata: Uint8Array.of(bytes.length, ...bytes) },
  ]
}

/** RFC 5001 section 2.1: told to who asks for it; what stands in the question's option is ignored. */
export function nsidOption(query: Message, { nsid }: IdentityOptions): EdnsOption | undefined {
  if (nsid === undefined || findOption(optionsOf(query), OptionCode.NSID) === undefined) return undefined
  return { code: OptionCode.NSID, data: new TextEncoder().encode(nsid) }
}
