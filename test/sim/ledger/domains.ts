/** The DNS that domains are claimed from: its root has another key than the ledger knows, too, and each domain shows what its holder wants. */
import { latin1 } from '../../../src/base/index.ts'
import { ed25519Signer, sha256 } from '../../../src/crypto/index.ts'
import { Class, type Name, parseName, ROOT, type RRset, Type } from '../../../src/dns/index.ts'
import { claimText, claimTextName, type ProvenSet, sortedAnchors } from '../../../src/ledger/index.ts'
import { zoneOf } from '../../../src/ledger/modules/names/label.ts'
import { signRRset } from '../../dnssec/signer.ts'
import { dsFor, KSK, keyFrom, type SigningKey } from '../../dnssec/signing-keys.ts'

/** Keys that the root may have. */
export const ROOT_KEYS = 2

export interface ProofSigning {
  readonly chainName: string
  readonly label: Uint8Array
  /** Which key of the root all of it begins with. */
  readonly root: number
  /** The key that the text names. */
  readonly key: Uint8Array
  /** Of the signature of the text, unix seconds. */
  readonly from: number
  readonly until: number
  /** False: the text is signed by the keys of the zone above. */
  readonly isProven: boolean
}

export interface Domains {
  /** DS records of keys of the root, as the ledger has them. */
  readonly anchors: (roots: readonly number[]) => readonly Uint8Array[]
  /** All sets from the root down to the text of a domain. */
  readonly prove: (signing: ProofSigning) => readonly ProvenSet[]
}

const YEAR_S = 365 * 86_400
const utf8 = new TextEncoder()

/** Real keys, which are the same in each run. */
export function domainsOf(seed: number, startMs: number): Domains {
  const keyOf = (name: string): SigningKey => {
    const { publicKey, sign } = ed25519Signer(sha256(utf8.encode(`dns ${seed} ${name}`)))
    return keyFrom(15, KSK, publicKey, sign)
  }
  const roots = Array.from({ length: ROOT_KEYS }, (_, i) => keyOf(`root ${i}`))
  const [tldKey, domainKey] = [keyOf('tld'), keyOf('domain')]
  const start = Math.floor(startMs / 1_000)
  const long = { inception: start - YEAR_S, expiration: start + 2 * YEAR_S }
  const set = (name: Name, type: number, records: readonly Uint8Array[], by: SigningKey, signer: Name, term = long) => {
    const rrset: RRset = { name, type, class: Class.IN, ttl: 3_600, rdatas: records, signatures: [] }
    return { name, type, records, signature: signRRset(rrset, by, { ...term, signer }) }
  }
  /** All but the text, which stays the same. */
  const aboveText = new Map<string, readonly ProvenSet[]>()
  const above = (root: number, tld: Name, zone: Name) => {
    const rootKey = roots[root]!
    return [
      set(ROOT, Type.DNSKEY, [rootKey.rdata], rootKey, ROOT),
      set(tld, Type.DS, [dsFor(tld, tldKey)], rootKey, ROOT),
      set(tld, Type.DNSKEY, [tldKey.rdata], tldKey, tld),
      set(zone, Type.DS, [dsFor(zone, domainKey)], tldKey, tld),
      set(zone, Type.DNSKEY, [domainKey.rdata], domainKey, zone),
    ]
  }
  return {
    anchors: (some) => sortedAnchors(some.map((root) => dsFor(ROOT, roots[root]!))),
    prove({ chainName, label, root, key, from, until, isProven }) {
      const zone = zoneOf(chainName, label)
      const place = `${root} ${chainName} ${latin1(label)}`
      const sets = aboveText.get(place) ?? above(root, parseName(`${chainName}.`), zone)
      aboveText.set(place, sets)
      const text = utf8.encode(claimText(key))
      const records = [Uint8Array.of(text.length, ...text)]
      const term = { inception: from, expiration: until }
      return [...sets, set(claimTextName(zone), Type.TXT, records, isProven ? domainKey : tldKey, zone, term)]
    },
  }
}
