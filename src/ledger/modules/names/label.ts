/** Which names a chain gives out: direct children of its TLD, of letters, digits and hyphens. */
import { latin1 } from '../../../base/index.ts'
import { firstLabel, type Name, parentName, parseName, sameName } from '../../../dns/index.ts'
import { moduleKey } from '../../draft.ts'
import { NAMES } from './kinds.ts'

/** Lower case; hyphens not at the ends. Of what has hyphens in third and fourth place only A-labels (RFC 5891 section 4.2.3.1). */
const LABEL = /^(?!-)(?!..--)[a-z0-9-]{1,63}(?<!-)$/
const A_LABEL = /^xn--[a-z0-9-]{1,59}(?<!-)$/

/** A label as it stands in payloads and keys: in lower case. */
export function isNameLabel(label: Uint8Array): boolean {
  const text = latin1(label)
  return LABEL.test(text) || A_LABEL.test(text)
}

/** The label of a name that the chain of this TLD could give out; undefined for all other names. */
export function labelUnder(chainName: string, name: Name): Uint8Array | undefined {
  if (name.labels === 0 || !sameName(parentName(name), parseName(chainName))) return undefined
  const label = Uint8Array.from(firstLabel(name), (octet) => (octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet))
  return isNameLabel(label) ? label : undefined
}

/** The zone of a label. */
export function zoneOf(chainName: string, label: Uint8Array): Name {
  return parseName(latin1(label), parseName(chainName))
}

/** First byte of a key in the module's part. */
export const Part = {
  RECORD: 1,
  COMMIT: 2,
  QUEUE_ENDS: 3,
  QUEUE: 4,
  POLICY: 5,
  KEPT: 6,
  DUE_COUNT: 7,
  DUE: 8,
  QUOTA: 9,
  PAID: 10,
  HANDS_COUNT: 11,
  HANDS: 12,
  TALLY: 13,
  TALLIES: 14,
  DUE_PLACE: 15,
  NEXT_POLICY: 16,
  ADOPTED: 17,
  RULE_TALLY: 18,
  RULE_TALLIES: 19,
  JUDGED_FROM: 20,
  TITLE: 21,
  WISHES: 22,
  KEPT_ROOT: 23,
} as const

export function keyIn(part: number, rest: Uint8Array): Uint8Array {
  const key = new Uint8Array(1 + rest.length)
  key[0] = part
  key.set(rest, 1)
  return key
}

/** Under which key of a chain's state it is said who may register a name: null nobody, a key its owner, false anybody. */
export function keptNameStateKey(label: Uint8Array): Uint8Array {
  return moduleKey(NAMES, keyIn(Part.KEPT, label))
}

/** Under which key of a chain's state a name's record stands: what a proof is asked for. */
export function nameStateKey(label: Uint8Array): Uint8Array {
  return moduleKey(NAMES, keyIn(Part.RECORD, label))
}
