/**
 * Protection against DNS rebinding: a name of the Internet that leads to an address inside makes a browser talk to the router
 * or the printer in the name of a foreign web page. Private addresses are taken out of such answers, as Unbound and dnsmasq do:
 * what remains is served, and nothing is NODATA, so that no stub goes on to ask elsewhere.
 */
import { isChordnsError } from '../../base/index.ts'
import {
  coveredType,
  Ede,
  isSubdomain,
  type Name,
  type Question,
  type ResourceRecord,
  SvcKey,
  type SvcParam,
  Type,
  viewRdata,
} from '../../dns/index.ts'
import type { Resolution } from '../types.ts'
import { isPrivateAddress } from './prefixes.ts'

export interface RebindingOptions {
  /** At and below these, private addresses are what they should be. */
  readonly allow: readonly Name[]
}

/**
 * Judged by the name that was asked, since that is what a browser takes for the origin: an alias of a foreign name that ends
 * at a name of ours is an attack, too. `isOurs` says which names are local, or in a stub or forward zone.
 */
export function withoutRebinding(
  options: RebindingOptions,
  question: Question,
  resolution: Resolution,
  isOurs: (name: Name) => boolean,
): Resolution {
  const answers = resolution.answers.filter((record) => !leadsInside(record))
  if (answers.length === resolution.answers.length) return resolution
  if (isOurs(question.name) || options.allow.some((zone) => isSubdomain(question.name, zone))) return resolution
  const gone = new Set(resolution.answers.filter(leadsInside).map((record) => record.type))
  return {
    ...resolution,
    answers: answers.filter((record) => record.type !== Type.RRSIG || !gone.has(coveredType(record.rdata) ?? 0)),
    // What is left is not what was signed.
    security: 'insecure',
    ede: [...resolution.ede, { code: Ede.BLOCKED, text: 'private address in the answer for a public name' }],
  }
}

/** Browsers connect to the hints of HTTPS records, too (RFC 9460 section 7.3). */
function leadsInside({ type, rdata }: ResourceRecord): boolean {
  if (type === Type.A || type === Type.AAAA) return isPrivateAddress(rdata)
  if (type !== Type.HTTPS && type !== Type.SVCB) return false
  const params = paramsOf(type, rdata)
  if (params === undefined) return true
  return params.some(({ key, value }) => {
    if (key !== SvcKey.IPV4HINT && key !== SvcKey.IPV6HINT) return false
    return addressesOf(value, key === SvcKey.IPV4HINT ? 4 : 16).some(isPrivateAddress)
  })
}

/** Undefined when the record is malformed: nobody knows what a client makes of it. */
function paramsOf(type: typeof Type.HTTPS | typeof Type.SVCB, rdata: Uint8Array): readonly SvcParam[] | undefined {
  try {
    return viewRdata(type, rdata).params
  } catch (error) {
    if (isChordnsError(error, 'DNS_MALFORMED')) return undefined
    throw error
  }
}

function addressesOf(value: Uint8Array, length: number): Uint8Array[] {
  return Array.from({ length: value.length / length }, (_, i) => value.subarray(i * length, (i + 1) * length))
}
