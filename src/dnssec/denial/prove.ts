/** Proofs of absence, by NSEC or by NSEC3: what a ProofSet shows of one question. */
import {
  Ede,
  type ExtendedError,
  type Name,
  nameToText,
  type Question,
  type RRset,
  typeToText,
} from '../../dns/index.ts'
import { limits } from '../limits.ts'
import { why } from '../why.ts'
import { nsecExpansion, nsecNodata, nsecNxdomain } from './nsec.ts'
import { type ProofSet, setsOf } from './proof-set.ts'

export type Denial =
  /** Shown. `types` are the types at the name, where a record stands there. */
  | {
      readonly kind: 'proven'
      readonly by: 'exact' | 'empty' | 'wildcard' | 'missing'
      readonly types?: ReadonlySet<number>
      readonly used: readonly RRset[]
    }
  /** Shown, but for unsigned delegations, which an opt-out span may hide: no better than insecure (RFC 5155 section 9.2). */
  | { readonly kind: 'opt-out'; readonly used: readonly RRset[] }
  /** The zone asks for more hashing than we do: insecure (RFC 9276 section 3.2). */
  | { readonly kind: 'iterations'; readonly ede: ExtendedError }
  | { readonly kind: 'unproven'; readonly ede: ExtendedError }

/** NOERROR without the type. */
export function proveNodata(question: Question, proofs: ProofSet): Denial {
  const { name, type } = question
  const nsec = nsecNodata(name, type, proofs.nsec)
  if (nsec !== undefined) {
    const used = setsOf(nsec.used)
    return nsec.proof === 'exact'
      ? { kind: 'proven', by: 'exact', types: nsec.types, used }
      : { kind: 'proven', by: nsec.proof, used }
  }
  const chain = proofs.nsec3
  if (chain === undefined) return unproven(question, proofs)
  if (chain.tooManyIterations) return iterations(proofs)
  const nsec3 = chain.nodata(name, type)
  if (nsec3 === undefined) return unproven(question, proofs)
  const used = setsOf(nsec3.used)
  if (nsec3.proof === 'opt-out') return { kind: 'opt-out', used }
  return nsec3.proof === 'exact'
    ? { kind: 'proven', by: 'exact', types: nsec3.types, used }
    : { kind: 'proven', by: 'wildcard', used }
}

/** NXDOMAIN. */
export function proveNxdomain(question: Question, proofs: ProofSet): Denial {
  const { name } = question
  const nsec = nsecNxdomain(name, proofs.nsec)
  if (nsec !== undefined) return { kind: 'proven', by: 'missing', used: setsOf(nsec) }
  const chain = proofs.nsec3
  if (chain === undefined) return unproven(question, proofs)
  if (chain.tooManyIterations) return iterations(proofs)
  const nsec3 = chain.nxdomain(name)
  if (nsec3 === undefined) return unproven(question, proofs)
  const used = setsOf(nsec3.used)
  return nsec3.optOut ? { kind: 'opt-out', used } : { kind: 'proven', by: 'missing', used }
}

/** An answer for `name` that was expanded from the wildcard below `encloser`: nothing nearer to the name exists. */
export function proveExpansion(name: Name, encloser: Name, type: number, proofs: ProofSet): Denial {
  const nsec = nsecExpansion(name, encloser, proofs.nsec)
  if (nsec !== undefined) return { kind: 'proven', by: 'missing', used: setsOf(nsec) }
  const chain = proofs.nsec3
  if (chain === undefined) return unproven({ name, type, class: 1 }, proofs)
  if (chain.tooManyIterations) return iterations(proofs)
  const nsec3 = chain.expansion(name, encloser)
  if (nsec3 === undefined) return unproven({ name, type, class: 1 }, proofs)
  const used = [nsec3.rrset]
  return nsec3.optOut ? { kind: 'opt-out', used } : { kind: 'proven', by: 'missing', used }
}

function unproven({ name, type }: Question, { zone, accepted, failure }: ProofSet): Denial {
  if (accepted.length === 0 && failure !== undefined) return { kind: 'unproven', ede: failure }
  const text = `${nameToText(zone)} does not prove the absence of ${nameToText(name)} ${typeToText(type)}`
  return { kind: 'unproven', ede: why(Ede.NSEC_MISSING, text) }
}

function iterations({ zone, nsec3 }: ProofSet): Denial {
  const text = `${nameToText(zone)} has ${nsec3!.iterations} NSEC3 iterations, more than ${limits.MAX_NSEC3_ITERATIONS}`
  return { kind: 'iterations', ede: why(Ede.UNSUPPORTED_NSEC3_ITERATIONS, text) }
}
