/** The sets of the DNS that prove a domain's text by themselves: from the keys of the root down, each with one signature. */
import { Budget, ChordnsError, type Clock, isChordnsError } from '../../base/index.ts'
import { Class, type Name, nameToText, parentName, ROOT, type RRset, Type, typeToText } from '../../dns/index.ts'
import { keyTag } from '../../dnssec/index.ts'
import { claimTextName, type ProvenSet, setsVerdict } from '../../ledger/index.ts'
import type { Recursor } from '../../recurse/index.ts'
import { resolverLimits } from '../../resolver/index.ts'

export interface ClaimProofDeps {
  readonly recursor: Pick<Recursor, 'resolve'>
  readonly clock: Pick<Clock, 'now' | 'monotonic'>
}

/**
 * `anchors`: DS records of the root that the chain trusts. Checked as the chain will check it. Rejects with CLAIM_UNPROVEN when the domain, or
 * a zone above, is not signed; and with ABORTED.
 */
export async function claimProof(
  { recursor, clock }: ClaimProofDeps,
  zone: Name,
  anchors: readonly Uint8Array[],
  signal: AbortSignal,
): Promise<readonly ProvenSet[]> {
  const tld = parentName(zone)
  const text = claimTextName(zone)
  const sets: ProvenSet[] = []
  let trusted = anchors
  for (const [name, type] of [
    [ROOT, Type.DNSKEY],
    [tld, Type.DS],
    [tld, Type.DNSKEY],
    [zone, Type.DS],
    [zone, Type.DNSKEY],
    [text, Type.TXT],
  ] as const) {
    const rrset = await setOf(name, type)
    const tags = type === Type.DNSKEY ? trusted.map(tagOfDs) : sets.at(-1)!.records.map(keyTag)
    const signature = newestBy(rrset, new Set(tags))
    if (signature === undefined) throw unproven(`${nameToText(name)} ${typeToText(type)} is not signed`)
    sets.push({ name, type, records: rrset.rdatas, signature })
    trusted = rrset.rdatas
  }
  const verdict = setsVerdict(sets, { anchors, name: text, now: Math.floor(clock.now() / 1_000) })
  if (!verdict.ok) throw unproven(`the chain of DNSSEC to ${nameToText(text)} does not hold: ${verdict.word}`)
  return sets

  async function setOf(name: Name, type: number): Promise<RRset> {
    const budget = new Budget(resolverLimits.REFRESH, () => clock.monotonic())
    const question = { name, type, class: Class.IN }
    const how = { origin: 'own', checkingDisabled: false, context: 'main', fresh: true } as const
    const what = `${nameToText(name)} ${typeToText(type)}`
    try {
      const { outcome } = await recursor.resolve({ question, budget, signal, ...how })
      if (outcome.kind === 'rrset' && outcome.rrset.type === type) return outcome.rrset
    } catch (error) {
      if (!isChordnsError(error) || error.code === 'ABORTED') throw error
      throw unproven(`${what} cannot be had: ${error.message}`)
    }
    throw unproven(`there is no ${what}`)
  }
}

/** RDATA of an RRSIG: type covered, algorithm, labels, TTL, expiration at 8, inception at 12, key tag at 16. */
function newestBy({ signatures }: RRset, tags: ReadonlySet<number>): Uint8Array | undefined {
  const own = signatures.filter((rdata) => rdata.length > 18 && tags.has(rdata[16]! * 256 + rdata[17]!))
  const inception = (rdata: Uint8Array) => new DataView(rdata.buffer, rdata.byteOffset).getUint32(12)
  return own.sort((a, b) => inception(b) - inception(a))[0]
}

function tagOfDs(rdata: Uint8Array): number {
  return rdata[0]! * 256 + rdata[1]!
}

function unproven(message: string) {
  return new ChordnsError('CLAIM_UNPROVEN', message, {})
}
