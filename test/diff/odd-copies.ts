/** Signed zones of which some servers have another version. */
import { corrupt, remove, removeAllSignatures, resignAll, setDnskeys } from './edit.ts'
import { good, type Odd } from './odd-zone.ts'
import type { SignedZone } from './types.ts'

const DAY = 86_400
const now = () => Math.floor(Date.now() / 1000)

/** What a server has that did not get the last transfer, or signs for itself. */
const COPIES: readonly (readonly [name: string, about: string, copy: (zone: SignedZone) => void])[] = [
  [
    'expired',
    'expired signatures',
    (zone) => resignAll(zone, { inception: now() - 40 * DAY, expiration: now() - 10 * DAY }),
  ],
  ['corrupt', 'a wrong signature over the data', (zone) => corrupt(zone, 'www', 'A')],
  ['corruptkeys', 'a wrong signature over the DNSKEY set', (zone) => corrupt(zone, '@', 'DNSKEY')],
  ['nosig', 'no signatures', removeAllSignatures],
  [
    'plain',
    'the zone before it was signed',
    (zone) => {
      removeAllSignatures(zone)
      remove(zone, '*any*', 'NSEC')
      remove(zone, '@', 'DNSKEY')
    },
  ],
  ['nozsk', 'a DNSKEY set without the signing key', (zone) => setDnskeys(zone, [zone.keys.ksk.rdata])],
  [
    'denies',
    'a denial of www with a wrong signature',
    (zone) => {
      remove(zone, 'www', 'A')
      corrupt(zone, 'www', 'NSEC')
    },
  ],
]

/** Of `count` servers, `bad` have another copy. */
export function withCopies(count: number, bad: number): Odd[] {
  return COPIES.map(([name, about, copy]) => ({
    name: `${bad}of${count}-${name}`,
    about: `${bad} of ${count} servers have ${about}`,
    servers: Array.from({ length: count }, () => good),
    signed: true,
    copies: Array.from({ length: bad }, () => copy),
    ask: ['www A', 'missing A', 'www MX', 'alias A', 'any.wild A'],
  }))
}
