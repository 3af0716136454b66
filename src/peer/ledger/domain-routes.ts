/** What the status API does for commands about names: proofs in files, and signed CDS sets as they are in the DNS. */
import { ChordnsError, fromHex, toHex } from '../../base/index.ts'
import { unprovenText } from '../../chain/index.ts'
import { encodeCanonical } from '../../crypto/index.ts'
import { canonicalName, type Name, nameToText, parseName } from '../../dns/index.ts'
import {
  claimRulesOf,
  encodePayload,
  labelUnder,
  nameStateKey,
  readProven,
  type StateReader,
  setsToValue,
  updateByCdsPayload,
} from '../../ledger/index.ts'
import {
  type CdsView,
  type ClaimProofView,
  type HeadView,
  looksUp,
  type ProofFileView,
  type StatusRoute,
} from '../../observe/index.ts'
import { signedCdsSets } from './cds-sets.ts'
import { type CertifiersDeps, certifiersOf } from './certifiers.ts'
import { claimProof } from './claim-proof.ts'
import { identitiesOf, identityProof } from './identities.ts'
import type { LedgerSide } from './side.ts'

export function domainRoutes(side: LedgerSide, deps: CertifiersDeps): Readonly<Record<string, StatusRoute>> {
  return {
    '/ledgers/head': looksUp((query) => newestHead(side, query)),
    '/ledgers/proof-file': looksUp((query, signal) => proofFile(side, nameIn(query), signal)),
    '/ledgers/cds': looksUp((query, signal) => cdsPayload(side, deps, nameIn(query), signal)),
    '/ledgers/claim-proof': looksUp((query, signal) => proofOfClaim(side, deps, nameIn(query), signal)),
    '/ledgers/identity': looksUp((query, signal) => identityProof(side, keyIn(query), signal)),
    '/ledgers/identities': looksUp((query, signal) => identitiesOf(side, keyIn(query), signal)),
    '/ledgers/certifiers': looksUp((query, signal) => {
      const name = nameIn(query)
      return certifiersOf(side, deps, { name, place: placeOf(side, name) }, signal)
    }),
  }
}

/** After a look at what the members have: followers look once a minute, and whoever has just changed something waits for it. */
async function newestHead({ ledgers, follower }: LedgerSide, query: URLSearchParams): Promise<HeadView> {
  const chain = query.get('chain') ?? ''
  const chainId = ledgers.genesisOf(chain)?.chainId
  if (chainId === undefined) throw new ChordnsError('USAGE', `there is no ledger ${chain}`, {})
  await follower.look(chainId)
  const head = follower.head(chainId)
  return { chain, height: head?.height ?? 0, fresh: head?.fresh ?? false }
}

async function proofFile(side: LedgerSide, name: Name, signal: AbortSignal): Promise<ProofFileView> {
  const { chain, chainId, label } = placeOf(side, name)
  await side.follower.look(chainId)
  const file = await side.follower.proofFile(chainId, [nameStateKey(label)], { signal })
  if (file === undefined) {
    const reason = side.follower.head(chainId)?.certified === undefined ? 'no head' : 'unreachable'
    throw new ChordnsError('LEDGER_UNPROVEN', `the ledger ${chain} proves nothing now: ${unprovenText(reason)}`, {
      reason,
    })
  }
  return { chain, file: Buffer.from(file).toString('base64') }
}

/** The CDS and DNSKEY sets of a zone with their signatures, as a payload that anybody may carry. */
async function cdsPayload(side: LedgerSide, sets: CertifiersDeps, name: Name, signal: AbortSignal): Promise<CdsView> {
  const { chain, label } = placeOf(side, name)
  const evidence = await signedCdsSets(sets, name, signal)
  if (evidence === undefined)
    throw new ChordnsError('CDS_MISSING', `${nameToText(name)} has no CDS set: its signer asks for no other keys`, {})
  const payload = toHex(encodePayload(updateByCdsPayload(label, evidence)))
  return { chain, payload, cds: evidence.cds.map(toHex) }
}

/** By the root keys that the chain trusts now. */
async function proofOfClaim(
  side: LedgerSide,
  deps: CertifiersDeps,
  name: Name,
  signal: AbortSignal,
): Promise<ClaimProofView> {
  const { chain, chainId } = placeOf(side, name)
  const read = (state: StateReader) => claimRulesOf(state)?.anchors
  const { value: anchors } = await readProven(side.follower, chainId, read, { signal })
  if (anchors === undefined) throw new ChordnsError('CLAIM_UNPROVEN', `${chain} has no claims of domains`, {})
  const sets = await claimProof(deps, canonicalName(name), anchors, signal)
  return { chain, sets: toHex(encodeCanonical(setsToValue(sets))) }
}

function placeOf({ ledgers }: LedgerSide, name: Name) {
  for (const { genesis, chainId } of ledgers.chains) {
    const label = genesis.name === 'root' ? undefined : labelUnder(genesis.name, name)
    if (label !== undefined) return { chain: genesis.name, chainId, label }
  }
  throw new ChordnsError('USAGE', `${nameToText(name)} is no name of a ledger of this node`, {})
}

function keyIn(query: URLSearchParams): Uint8Array {
  const text = query.get('key') ?? ''
  if (!/^[0-9a-f]{64}$/.test(text)) throw new ChordnsError('USAGE', 'key must be a public key in hex', {})
  return fromHex(text)
}

function nameIn(query: URLSearchParams): Name {
  return parseName(query.get('name') ?? '')
}
