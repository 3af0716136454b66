/** Signed CDS and DNSKEY sets of `example.p2p.`, as the servers of the zone would have them. */
import { Class, type RRset, Type } from '../../../../src/dns/index.ts'
import type { CdsEvidence } from '../../../../src/ledger/index.ts'
import { signRRset } from '../../../dnssec/signer.ts'
import { dsFor, KSK, makeSigningKey, type SigningKey } from '../../../dnssec/signing-keys.ts'
import { START, zone, zoneKey } from './blocks.ts'

const NOW = START / 1_000
export const next = makeSigningKey(15, KSK)
export const ecdsa = makeSigningKey(13, KSK)

export const rrset = (type: number, rdatas: readonly Uint8Array[]): RRset => ({
  name: zone,
  type,
  class: Class.IN,
  ttl: 3_600,
  rdatas,
  signatures: [],
})

export interface Signing {
  /** Whose DS the set names. */
  readonly to: readonly SigningKey[]
  readonly keys?: readonly SigningKey[]
  readonly cdsBy?: SigningKey
  readonly keysBy?: readonly SigningKey[]
  readonly inception?: number
  readonly expiration?: number
}

/** As Knot signs it in a roll-over: both keys are in the DNSKEY set and sign it, the old one signs the CDS set. */
export function evidence({
  to,
  keys = [zoneKey, next, ecdsa],
  cdsBy = zoneKey,
  keysBy = keys,
  inception = NOW - 3_600,
  expiration = NOW + 86_400 * 14,
}: Signing): CdsEvidence {
  const validity = { signer: zone, inception, expiration }
  const cds = rrset(
    Type.CDS,
    to.map((key) => dsFor(zone, key)),
  )
  const dnskeys = rrset(
    Type.DNSKEY,
    keys.map(({ rdata }) => rdata),
  )
  return {
    cds: cds.rdatas,
    cdsSignatures: [signRRset(cds, cdsBy, validity)],
    dnskeys: dnskeys.rdatas,
    dnskeySignatures: keysBy.map((key) => signRRset(dnskeys, key, { ...validity, inception: NOW - 3_600 })),
  }
}
