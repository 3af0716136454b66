/** Where an entry lives: context, side, and the question it stands for. */
import { type Name, nameFromWire, type Question, Type } from '../dns/index.ts'
import type { Outcome, Security } from '../evidence/index.ts'
import type { CacheContext, Reach, Side } from './types.ts'

/** Not a DNS type: the key of a proven absence that holds for every type of the name (NXDOMAIN, RFC 2308 section 5). */
export const WHOLE_NAME_TYPE = 0

/**
 * The key of a proof that a name is no alias. It must not lie where a CNAME would, which answers questions of every type:
 * otherwise one question for the CNAME of a name would deny all that is there. (41 is OPT, which is never cached.)
 */
export const NO_CNAME_TYPE = Type.OPT

/**
 * The type an outcome is filed under. A CNAME stands for all types of its name; a DNAME is filed under the question, since it
 * answers by synthesis. A proven NXDOMAIN stands for the whole name. One that nobody has proven stands for its question only:
 * there are servers that say it of AAAA where there is an A record (RFC 4074 section 4.2), and Unbound files it so, too.
 */
export function typeToFile(question: Question, outcome: Outcome, security: Security): number {
  if (outcome.kind === 'absent') {
    if (outcome.rcode === 3 && security === 'secure') return WHOLE_NAME_TYPE
    return question.type === Type.CNAME ? NO_CNAME_TYPE : question.type
  }
  return outcome.rrset.type === Type.CNAME ? Type.CNAME : question.type
}

/** The types under which an older word on the same question may lie, apart from where the outcome itself is filed. */
export function typesOutdated(question: Question, outcome: Outcome, security: Security): readonly number[] {
  const filed = typeToFile(question, outcome, security)
  if (filed === WHOLE_NAME_TYPE) return typesToTry(question.type).filter((type) => type !== filed)
  if (filed === Type.CNAME) return [NO_CNAME_TYPE]
  return filed === NO_CNAME_TYPE ? [Type.CNAME] : []
}

/** Types that stand beside a CNAME (RFC 4034 sections 3 and 4): whoever asks for one does not ask where the alias leads. */
const BESIDE_CNAME: ReadonlySet<number> = new Set([Type.RRSIG, Type.NSEC])

/** The types to look under for a question, the most direct first. */
export function typesToTry(type: number): readonly number[] {
  if (BESIDE_CNAME.has(type)) return [type, WHOLE_NAME_TYPE]
  return type === Type.CNAME ? [type, NO_CNAME_TYPE, WHOLE_NAME_TYPE] : [type, Type.CNAME, WHOLE_NAME_TYPE]
}

/** Key bytes: side u8 | type u16 | class u16 | context length u16 | context | lower-cased name. */
export class KeyWriter {
  readonly bytes = new Uint8Array(7 + 0xffff)
  #encoder = new TextEncoder()
  #context: CacheContext | undefined
  #nameStart = 7
  #length = 0

  get length(): number {
    return this.#length
  }

  /** Fills `bytes`; valid until the next call. */
  write(context: CacheContext, name: Name, type: number, classNumber: number, side: Side): void {
    if (context !== this.#context) {
      const { read, written } = this.#encoder.encodeInto(context, this.bytes.subarray(7, 7 + 0xfeff))
      if (read < context.length) throw new RangeError('the cache context is too long')
      this.bytes[5] = written >> 8
      this.bytes[6] = written & 0xff
      this.#nameStart = 7 + written
      this.#context = context
    }
    this.bytes[0] = side === 'own' ? 0 : 1
    this.setType(type)
    this.bytes[3] = classNumber >> 8
    this.bytes[4] = classNumber & 0xff
    for (let i = 0; i < name.key.length; i++) this.bytes[this.#nameStart + i] = name.key.charCodeAt(i)
    this.#length = this.#nameStart + name.key.length
  }

  /** Changes only the type of the key that was written last. */
  setType(type: number): void {
    this.bytes[1] = type >> 8
    this.bytes[2] = type & 0xff
  }

  setSide(side: Side): void {
    this.bytes[0] = side === 'own' ? 0 : 1
  }
}

/** True when the name in a packed key is `name`, or below it where that counts, too. */
export function keyReaches(key: Uint8Array, name: Name, reach: Reach): boolean {
  const nameLength = key.length - 7 - ((key[5]! << 8) | key[6]!)
  return (reach === 'below' || nameLength === name.key.length) && keyIsBelow(key, name)
}

/** True when the name in a packed key is `name` or below it. `name.key` is lower-cased wire as latin1. */
function keyIsBelow(key: Uint8Array, name: Name): boolean {
  let start = 7 + ((key[5]! << 8) | key[6]!)
  const suffixStart = key.length - name.key.length
  while (start < suffixStart) start += key[start]! + 1
  if (start !== suffixStart) return false
  for (let i = 0; i < name.key.length; i++) if (key[start + i] !== name.key.charCodeAt(i)) return false
  return true
}

/** The inverse of `KeyWriter.write`, with a question that the record is filed under. */
export function readKey(key: Uint8Array): { context: CacheContext; question: Question; side: Side } {
  const nameStart = 7 + ((key[5]! << 8) | key[6]!)
  const filed = (key[1]! << 8) | key[2]!
  // What stands for the whole name may stand under any of its types.
  const type = filed === WHOLE_NAME_TYPE ? Type.A : filed === NO_CNAME_TYPE ? Type.CNAME : filed
  return {
    context: new TextDecoder().decode(key.subarray(7, nameStart)),
    question: { name: nameFromWire(key.slice(nameStart)), type, class: (key[3]! << 8) | key[4]! },
    side: key[0] === 0 ? 'own' : 'ring',
  }
}
