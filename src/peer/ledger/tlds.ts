/** Which TLDs stand on the Root chain, proven, and how this node resolves names below them. */
import { ChordnsError, equalBytes, fromHex, toHex } from '../../base/index.ts'
import type { Config } from '../../config/index.ts'
import {
  decodeTld,
  encodePayload,
  handOverTldPayload,
  isNameLabel,
  moduleKey,
  REGISTRIES,
  readProven,
  type StateReader,
  type TldRecord,
  tldOf,
  tldStateKey,
  tldsOf,
  tldVotePayload,
  updateTldPayload,
} from '../../ledger/index.ts'
import type { TldsView } from '../../observe/index.ts'
import type { LedgerSide } from './side.ts'

/** Under which key of the Root's state a TLD stands, hex. Throws USAGE. */
export function tldKeyOf(tld: string): string {
  return toHex(moduleKey(REGISTRIES, tldStateKey(tldLabel(tld))))
}

/** What a registry says of its TLD, or more than half of the nodes of who has it. Throws USAGE. */
export const tldPayloads = {
  give: (tld: string, registry: string, inFavour: boolean) =>
    encodePayload(tldVotePayload({ kind: 'give', label: tldLabel(tld), registry: fromHex(registry) }, inFavour)),
  take: (tld: string, inFavour: boolean) =>
    encodePayload(tldVotePayload({ kind: 'take', label: tldLabel(tld) }, inFavour)),
  update: (tld: string, record: Pick<TldRecord, 'chainId' | 'zone' | 'isLedgerOnly'>) =>
    encodePayload(updateTldPayload(tldLabel(tld), record)),
  handOver: (tld: string, registry: string) => encodePayload(handOverTldPayload(tldLabel(tld), fromHex(registry))),
}

/** Null: nobody has it. Throws LEDGER_MALFORMED. */
export function tldRecord(value: string | null): TldRecord | undefined {
  return value === null ? undefined : decodeTld(fromHex(value))
}

/** `tld` of the query: only that one, which nobody may have. Throws USAGE, LEDGER_*. */
export async function tlds(
  { ledgers, follower }: LedgerSide,
  precedence: Config['ledger']['precedence'],
  query: URLSearchParams,
  signal: AbortSignal,
): Promise<TldsView> {
  const root = ledgers.genesisOf('root')
  if (root === undefined) throw new ChordnsError('USAGE', 'there is no Root chain in the genesis file', {})
  const label = labelIn(query)
  const read = (state: StateReader) => (label === undefined ? tldsOf(state) : [{ label, record: tldOf(state, label) }])
  const { value, header, fresh } = await readProven(follower, root.chainId, read, { signal })
  const viewOf = ({ label: of, record }: { readonly label: Uint8Array; readonly record: TldRecord | undefined }) => {
    const tld = Buffer.from(of).toString('latin1')
    const chain = ledgers.genesisOf(tld)
    const isOther = record?.chainId !== undefined && chain !== undefined && !equalBytes(record.chainId, chain.chainId)
    return {
      tld,
      registry: record === undefined ? null : toHex(record.registry),
      chainId: record?.chainId === undefined ? null : toHex(record.chainId),
      isLedgerOnly: record?.isLedgerOnly ?? false,
      servers: record?.zone?.servers.length ?? 0,
      keys: record?.zone?.ds.length ?? 0,
      changed: record?.changed ?? 0,
      isFollowed: chain !== undefined && !isOther,
      precedence: precedence.get(tld) ?? 'ledger',
    }
  }
  return { height: header.height, fresh, tlds: value.map(viewOf) }
}

function labelIn(query: URLSearchParams): Uint8Array | undefined {
  const text = query.get('tld')
  return text === null ? undefined : tldLabel(text)
}

function tldLabel(text: string): Uint8Array {
  const label = new TextEncoder().encode(text.toLowerCase().replace(/\.$/, ''))
  if (isNameLabel(label)) return label
  throw new ChordnsError('USAGE', `${text} is no TLD`, {})
}
