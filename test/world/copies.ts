/** Other versions of a zone: what a server serves that did not get the last transfer, or that signed for itself. */
import { nameToText, parseName, parseZone, type ResourceRecord, recordToText, typeToText } from '../../src/dns/index.ts'
import { type Algorithm, makeKeys } from './keys.ts'
import { type SignedWorld, type SignOptions, signZone } from './sign.ts'

/**
 * How a copy differs from what the other servers have; everything else stays the same, keys included. Labels are as in
 * `SignOptions`: "www.example.com. A" for one set, "DS" for all sets of a type, "*" for all.
 */
export interface ZoneCopy extends Omit<SignOptions, 'keys' | 'algorithm'> {
  /** False: no DNSKEY, RRSIG or NSEC, as before the zone was signed. */
  readonly signed?: boolean
  /** `other`: signed with keys of its own that no DS knows. */
  readonly keys?: 'other' | SignOptions['keys']
  readonly algorithm?: Algorithm
  /** Zone-file text: its RRsets take the place of the zone's own before signing: old data, another DS set ... */
  readonly records?: string
  /** RRsets that this copy does not have: "www.example.com. A". */
  readonly without?: readonly string[]
}

/** The text of a copy of a zone of a signed world, signed like the rest or not at all. */
export function copyOf(world: SignedWorld, origin: string, copy: ZoneCopy): string {
  const { signed = true, keys, records, without, ...how } = copy
  const plain = world.unsignedTexts.get(origin)
  if (plain === undefined) throw new Error(`the world has no zone ${origin}`)
  const text = editedText(origin, plain, { ...(records && { records }), ...(without && { without }) })
  const base = world.options.get(origin)
  if (base === undefined || !signed) return text
  const own = keys === 'other' ? makeKeys(copy.algorithm ?? 13) : (keys ?? base.keys)
  return signZone(origin, text, { ...base, ...how, ...(own && { keys: own }) })
}

export interface ZoneEdit {
  readonly records?: string
  readonly without?: readonly string[]
}

/** Zone-file text with other RRsets in the place of its own, and without some. */
export function editedText(originText: string, text: string, { records = '', without = [] }: ZoneEdit): string {
  const origin = parseName(originText)
  const over = parseZone(records, { origin, defaultTtl: 3600 })
  const label = ({ name, type }: ResourceRecord) => `${nameToText(name).toLowerCase()} ${typeToText(type)}`
  const gone = new Set([...over.map(label), ...without])
  const kept = parseZone(text, { origin, defaultTtl: 3600 }).filter((record) => !gone.has(label(record)))
  return `${[...kept, ...over].map(recordToText).join('\n')}\n`
}
