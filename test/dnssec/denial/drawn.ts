/** Small zones that properties draw, signed with a key that signs nothing: proofs are read there, not verified. */
import fc from 'fast-check'
import { type Name, parseName, parseZone, type ResourceRecord, Type } from '../../../src/dns/index.ts'
import { VALID } from '../internet.ts'
import { type SignZoneOptions, signZone } from '../signer.ts'
import { KSK, keyFrom } from '../signing-keys.ts'

/** It saves the time of a thousand signatures. */
const KEY = keyFrom(13, KSK, new Uint8Array(64), () => new Uint8Array(64))
const HEAD = '@ 3600 IN SOA ns h 1 7200 900 1209600 300\n@ NS ns.elsewhere.\n'

export const APEX = parseName('example.')

export const CHAINS: readonly (readonly [string, Partial<SignZoneOptions>])[] = [
  ['NSEC', { nsec: 'nsec' }],
  ['NSEC3', { nsec: 'nsec3', iterations: 1, salt: 'ab' }],
  ['NSEC3 with opt-out', { nsec: 'nsec3', optOut: true }],
]

/** What is asked of drawn zones. */
export const types = fc.constantFrom(Type.A, Type.TXT, Type.DS, Type.NS, Type.CNAME, Type.AAAA)

/** Labels below the apex, and what stands there: a record, or `SECURE` for a signed delegation. */
export type Drawn = readonly (readonly [string[], string])[]

export function signDrawn(
  drawn: Drawn,
  options: Partial<SignZoneOptions>,
  apex: Name = APEX,
): readonly ResourceRecord[] {
  const taken = new Map<string, string>()
  const lines: string[] = []
  for (const [labels, what] of drawn) {
    const owner = labels.join('.').toLowerCase()
    const kind = what === 'SECURE' ? 'NS' : what.split(' ')[0]!
    const others = taken.get(owner)
    // One owner holds one thing, or addresses and texts; delegations and DNAMEs are not made at wildcards.
    if (others !== undefined && !(isPlain(kind) && isPlain(others))) continue
    if (owner.startsWith('*') && (kind === 'NS' || kind === 'DNAME')) continue
    taken.set(owner, kind)
    if (what !== 'SECURE') lines.push(`${owner} ${what}`)
    else lines.push(`${owner} NS ns.elsewhere.`, `${owner} DS 1 13 2 ${'00'.repeat(32)}`)
  }
  const records = parseZone(`${HEAD}${lines.join('\n')}\n`, { origin: apex, defaultTtl: 3_600 })
  return signZone(records, { ...VALID, ...options, apex, keys: [KEY] }).records
}

const isPlain = (kind: string) => kind === 'A' || kind === 'TXT'
