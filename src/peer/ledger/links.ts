/** Which chains a ledger has linked, for the status, and what a node's operator can vote on where a link begins, or begins anew. */
import { ChordnsError, equalBytes, isChordnsError, toHex } from '../../base/index.ts'
import {
  encodePayload,
  type LedgerGenesis,
  type LinkedChain,
  type LinkState,
  linkChainPayload,
  linkedChains,
  linkStates,
  readProven,
  renewalOf,
  type StateReader,
} from '../../ledger/index.ts'
import type { LedgerStatusView, LinkVoteView } from '../../observe/index.ts'
import { limits } from '../limits.ts'
import type { LedgerSide } from './side.ts'

/** Whoever asks for the status waits no longer than this for what others would have to prove, ms. */
const LINKS_WITHIN_MS = 1_000

type LinkViews = LedgerStatusView['chains'][number]['links']

/** Of very many chains the first ones. Null: that is not known now. */
export async function linksOf(side: LedgerSide, chain: LedgerGenesis, signal: AbortSignal): Promise<LinkViews> {
  const { ledgers } = side
  const others = linkedChains(ledgers.chains, chain).slice(0, limits.MAX_LINKS_SHOWN)
  const soon = AbortSignal.any([signal, AbortSignal.timeout(LINKS_WITHIN_MS)])
  const states = others.length === 0 ? [] : await linkStatesOf(side, chain, others, soon)
  if (states === undefined) return null
  return others.flatMap(({ chainId }, index) => {
    const { record, fork, isOver: over } = states[index]!
    if (record === undefined) return []
    const chainName = nameOf(side, chainId)
    const { size: height, time, isForked: forked } = record
    const signers = fork?.signers.map((id) => toHex(id)) ?? []
    return [{ chain: chainName, height, time: height === 0 ? 0 : time, forked, over, signers }]
  })
}

/** The vote that this node would give: `of` names the other chain. Throws USAGE, LEDGER_UNPROVEN. */
export async function linkVote(
  side: LedgerSide,
  chain: LedgerGenesis,
  of: string | null,
  signal: AbortSignal,
): Promise<LinkVoteView> {
  const { follower, clock, rules } = side
  const others = linkedChains(side.ledgers.chains, chain)
  const other = others.find(({ chainId }) => nameOf(side, chainId) === of)
  if (other === undefined) throw new ChordnsError('USAGE', `${chain.genesis.name} links no chain ${of ?? ''}`, {})
  await Promise.all([chain, other].map(({ chainId }) => follower.look(chainId)))
  const [state] = (await linkStatesOf(side, chain, [other], signal)) ?? []
  if (state === undefined)
    throw new ChordnsError('LEDGER_UNPROVEN', `the ledger ${chain.genesis.name} proves nothing now`, {})
  const { record, isOver } = state
  const view = { chain: chain.genesis.name, of: nameOf(side, other.chainId), height: record?.size ?? 0 }
  if (record === undefined) {
    const payload = encodePayload(linkChainPayload(other.genesis))
    return { ...view, state: 'not begun', at: 0, payload: toHex(payload) }
  }
  if (!isOver) return { ...view, state: record.isForked ? 'forked' : 'linked', at: record.size, payload: null }
  const renewal = await renewalOf({ rules, follower }, other.chainId, record, clock.now())
  if (renewal === undefined)
    throw new ChordnsError(
      'LEDGER_UNPROVEN',
      `no member shows a checkpoint of ${view.of} that this node trusts: see \`chordns ledger status\``,
      {},
    )
  return { ...view, state: 'over', at: renewal.size, payload: toHex(renewal.payload) }
}

/** Of a chain that runs here from its state, else by a proof, if it comes soon. */
async function linkStatesOf(
  { ledgers, follower, clock }: LedgerSide,
  { chainId }: LedgerGenesis,
  chains: readonly LinkedChain[],
  signal: AbortSignal,
): Promise<readonly LinkState[] | undefined> {
  const asked = chains.map(({ origin, subject }) => ({ origin, subject }))
  const question = { account: undefined, time: clock.now(), chains: asked }
  try {
    const running = ledgers.runningOf(chainId)
    if (running !== undefined) return (await running.application.ask('links', question)) as LinkState[]
    const read = (state: StateReader) => linkStates(state, question)
    return (await readProven(follower, chainId, read, { signal })).value
  } catch (error) {
    if (!isChordnsError(error)) throw error
    return undefined
  }
}

function nameOf({ ledgers }: LedgerSide, chainId: Uint8Array): string {
  return ledgers.chains.find((one) => equalBytes(one.chainId, chainId))!.genesis.name
}
