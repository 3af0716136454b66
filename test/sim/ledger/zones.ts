/** The zones behind names: the keys that sign them, what their owners anchor, and the CDS sets that change it. */
import { concatBytes } from '../../../src/base/index.ts'
import { ed25519Signer, sha256 } from '../../../src/crypto/index.ts'
import { Class, type Name, parseName, type RRset, Type } from '../../../src/dns/index.ts'
import type { CdsEvidence, NameSettings } from '../../../src/ledger/index.ts'
import { zoneOf } from '../../../src/ledger/modules/names/label.ts'
import { signRRset } from '../../dnssec/signer.ts'
import { dsFor, KSK, keyFrom, type SigningKey } from '../../dnssec/signing-keys.ts'

/** Of each zone. */
export const ZONE_KEYS = 3

export interface CdsSigning {
  /** Whose DS the set names, and who signs it. */
  readonly next: number
  readonly by: number
  /** In the DNSKEY set, which all of them sign. */
  readonly keys: readonly number[]
  /** Of the signature of the CDS set, unix seconds. */
  readonly from: number
  readonly until: number
  /** False: its signature is of something else. */
  readonly isTrue: boolean
}

export interface Zone {
  readonly ds: (key: number) => Uint8Array
  readonly settings: (key: number) => NameSettings
  readonly cds: (signing: CdsSigning) => CdsEvidence
}

export interface Zones {
  readonly of: (chainName: string, label: Uint8Array) => Zone
}

/** Real keys of their own, which are the same in each run. */
export function zonesOf(seed: number, startMs: number): Zones {
  const keys = Array.from({ length: ZONE_KEYS }, (_, i) => {
    const { publicKey, sign } = ed25519Signer(sha256(new TextEncoder().encode(`zone key ${seed} ${i}`)))
    return keyFrom(15, KSK, publicKey, sign)
  })
  const start = Math.floor(startMs / 1_000)
  return { of: (chainName, label) => zoneWith(zoneOf(chainName, label), keys, start) }
}

const YEAR_S = 365 * 86_400

function zoneWith(zone: Name, keys: readonly SigningKey[], start: number): Zone {
  const ds = (key: number) => dsFor(zone, keys[key]!)
  const rrset = (type: number, rdatas: readonly Uint8Array[]): RRset => ({
    name: zone,
    type,
    class: Class.IN,
    ttl: 3_600,
    rdatas,
    signatures: [],
  })
  return {
    ds,
    settings: (key) => ({
      // One of three has said that it does not want it.
      updateByCds: key > 0,
      ds: [ds(key)],
      servers: [{ name: parseName(`ns${key}.example.net.`), addresses: [Uint8Array.of(192, 0, 2, key)] }],
    }),
    cds({ next, by, keys: all, from, until, isTrue }) {
      const cds = rrset(Type.CDS, [ds(next)])
      const dnskeys = rrset(
        Type.DNSKEY,
        all.map((key) => keys[key]!.rdata),
      )
      const said = isTrue ? cds : rrset(Type.CDS, [concatBytes(ds(next).subarray(0, 4), sha256(ds(next)))])
      const long = { signer: zone, inception: start - YEAR_S, expiration: start + 2 * YEAR_S }
      return {
        cds: cds.rdatas,
        cdsSignatures: [signRRset(said, keys[by]!, { signer: zone, inception: from, expiration: until })],
        dnskeys: dnskeys.rdatas,
        dnskeySignatures: all.map((key) => signRRset(dnskeys, keys[key]!, long)),
      }
    },
  }
}
