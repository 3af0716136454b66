/**
 * The words of what is voted on: in the block that opened the vote, whose time the tally says. Blocks have ascending times, so it is found by halving, and
 * no block beside it is read. A node that keeps it no more has no words for it: an archive has.
 */
import { isChordnsError } from '../../base/index.ts'
import { type Block, type BlockHeader, decodeTransaction } from '../../chain/index.ts'
import { decodePayload } from '../application/payload.ts'
import { type OpenVote, votedOn } from '../modules/ballots.ts'

/** Blocks that a node holds. */
export interface HeldBlocks {
  /** Of the newest. */
  height(): number
  /** Undefined: not kept any more. */
  header(height: number): Pick<BlockHeader, 'time'> | undefined
  transactions(height: number): Block['transactions'] | undefined
}

export interface VoteText {
  readonly height: number
  /** Account of who opened it. */
  readonly by: Uint8Array
  readonly text: string
}

/** Undefined: its block is not kept, or it has no words. */
export function voteText(blocks: HeldBlocks, vote: OpenVote): VoteText | undefined {
  const height = heightAt(blocks, vote.opened)
  if (height === undefined) return undefined
  for (const bytes of blocks.transactions(height) ?? []) {
    const found = readVote(bytes, vote)
    if (found !== undefined) return { height, ...found }
  }
  return undefined
}

/** Of the block of exactly this time. What is not kept is older than what is. */
function heightAt(blocks: HeldBlocks, time: number): number | undefined {
  let low = 1
  let high = blocks.height()
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const header = blocks.header(middle)
    if (header === undefined || header.time < time) low = middle + 1
    else high = middle
  }
  return blocks.header(low)?.time === time ? low : undefined
}

function readVote(bytes: Uint8Array, vote: OpenVote): Omit<VoteText, 'height'> | undefined {
  try {
    const { account, payload } = decodeTransaction(bytes)
    const text = votedOn(vote, decodePayload(payload))
    return text === undefined ? undefined : { by: account, text }
  } catch (error) {
    // A block may have what is no transaction: it is marked, and voids nothing.
    if (isChordnsError(error, 'CHAIN_MALFORMED') || isChordnsError(error, 'LEDGER_MALFORMED')) return undefined
    throw error
  }
}
