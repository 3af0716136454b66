/** Who certifies the keys of a name, and what each says: its parent in the DNS, and the ledger of its TLD (M16). */
import { Budget, type Clock, isChordnsError, toHex } from '../../base/index.ts'
import { Class, type Name, nameToText, Type } from '../../dns/index.ts'
import { decodeRecord, nameStateKey } from '../../ledger/index.ts'
import type { CertifiersView } from '../../observe/index.ts'
import type { Recursor } from '../../recurse/index.ts'
import { type Resolver, resolverLimits } from '../../resolver/index.ts'
import { dsText } from './domains.ts'
import type { LedgerSide } from './side.ts'

export interface CertifiersDeps {
  readonly resolver: Pick<Resolver, 'resolve'>
  readonly recursor: Pick<Recursor, 'resolve' | 'contextOf'>
  readonly clock: Clock
}

/** Where a name stands on a ledger of this node. */
export interface LedgerPlace {
  readonly chain: string
  readonly chainId: Uint8Array
  readonly label: Uint8Array
}

type Certifier = CertifiersView['certifiers'][number]

/** Rejects with ABORTED only. */
export async function certifiersOf(
  side: LedgerSide,
  deps: CertifiersDeps,
  { name, place }: { readonly name: Name; readonly place: LedgerPlace },
  signal: AbortSignal,
): Promise<CertifiersView> {
  const [dns, ledger, believed] = await Promise.all([
    byDns(deps, name, signal),
    byLedger(side, place, signal),
    believedHere(deps, name, signal),
  ])
  return { name: nameToText(name), certifiers: [ledger, dns], believed }
}

/** The DS set as the parent has it, whatever a ledger says. */
async function byDns({ recursor, clock }: CertifiersDeps, name: Name, signal: AbortSignal): Promise<Certifier> {
  const certifier = { by: 'dns', who: 'the parent zone, from the root key', height: null, time: null } as const
  const budget = new Budget(resolverLimits.REFRESH, () => clock.monotonic())
  const question = { name, type: Type.DS, class: Class.IN }
  try {
    const request = { question, budget, signal, origin: 'any', checkingDisabled: false, context: 'main' } as const
    const { outcome, evidence } = await recursor.resolve(request)
    const { security } = evidence
    if (outcome.kind !== 'rrset') return { ...certifier, says: 'no keys', security, ds: [] }
    return { ...certifier, says: 'keys', security, ds: outcome.rrset.rdatas.map(dsText) }
  } catch (error) {
    if (!isChordnsError(error) || error.code === 'ABORTED') throw error
    return { ...certifier, says: 'unknown', security: null, ds: [] }
  }
}

async function byLedger(
  { follower }: LedgerSide,
  { chain, chainId, label }: LedgerPlace,
  signal: AbortSignal,
): Promise<Certifier> {
  const certifier = { by: chain, who: `ledger ${chain}, ${toHex(chainId).slice(0, 16)}`, ds: [] as string[] }
  const proven = await follower.prove(chainId, [nameStateKey(label)], { signal })
  if (proven.kind !== 'proven') return { ...certifier, says: 'unknown', security: null, height: null, time: null }
  const { height, time } = proven.header
  const value = proven.values[0]
  const settings = value === undefined ? undefined : decodeRecord(value).settings
  const at = { security: 'secure', height, time } as const
  if (settings === undefined) return { ...certifier, ...at, says: 'no keys' }
  return { ...certifier, ...at, says: 'keys', ds: settings.ds.map(dsText) }
}

/** Whose word this node goes by, as its operator has said (`ledger.precedence`). */
async function believedHere({ resolver, recursor }: CertifiersDeps, name: Name, signal: AbortSignal) {
  const question = { name, type: Type.SOA, class: Class.IN }
  await resolver.resolve({
    question,
    recursionDesired: true,
    checkingDisabled: false,
    dnssecOk: true,
    authenticData: true,
    client: 'status-api',
    signal,
  })
  return recursor.contextOf(question).startsWith('ledger:') ? ('ledger' as const) : ('dns' as const)
}
