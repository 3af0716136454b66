/**
 * Checking who is reviewed: each node looks at the blocks and messages of the accused that it holds (N36). What it finds is shown; where its operator
 * wishes, it replies for its organisation, if what it found is proof for or against.
 */
import { equalBytes, isChordnsError } from '../../../base/index.ts'
import {
  decodeTransaction,
  isAlive,
  isSignedTransaction,
  type Transaction,
  transactionId,
} from '../../../chain/index.ts'
import type { SignatureScheme } from '../../../crypto/index.ts'
import { encodePayload } from '../../application/payload.ts'
import { limits } from '../../limits.ts'
import type { OpenReview, ReviewState } from '../../modules/governance/duty.ts'
import { replyPayload } from '../../modules/governance/subjects.ts'
import type { RunningChain } from '../running-chain.ts'
import type { Due, Duty } from './duties.ts'

const NOBODY = new Uint8Array()

export interface ReviewDutyDeps {
  readonly scheme: SignatureScheme
  readonly account: Uint8Array
}

export interface ReviewFindings extends OpenReview {
  /** Blocks of the accused that were looked at: those that are named, and the last ones. */
  readonly blocks: number
  /** Heights of blocks of its making that have what no honest proposer puts in: transactions that nobody could be charged for. */
  readonly abnormal: readonly number[]
  /** Named heights whose block this node holds no more. */
  readonly missing: readonly number[]
  /** It voted against a lock of its own, as far as this node heard. */
  readonly hasBrokenLock: boolean
  /** Transactions that it sent in those blocks, by id: what a compensation may have to mark. */
  readonly carried: readonly { readonly height: number; readonly transaction: Uint8Array }[]
  /** Undefined: that is for people to say. */
  readonly verdict: boolean | undefined
}

export class ReviewDuty implements Duty {
  readonly name = 'reviews'
  readonly isOfAllMembers = true
  readonly #deps: ReviewDutyDeps
  /** Reviews of which this node has nothing to say: it is not looked again after each block. */
  readonly #silent = new Set<string>()

  constructor(deps: ReviewDutyDeps) {
    this.#deps = deps
  }

  async due(chain: RunningChain): Promise<Due | undefined> {
    const { account, scheme } = this.#deps
    const { mayReply, open } = (await chain.application.ask('reviews', account)) as ReviewState
    if (!mayReply) return undefined
    for (const review of open) {
      const place = `${chain.id} ${review.motion}`
      if (review.reply !== undefined || equalBytes(review.account, account) || this.#silent.has(place)) continue
      const { verdict } = reviewFindings(chain, scheme, review)
      if (verdict === undefined) {
        if (this.#silent.size >= limits.MAX_LOOKED_AT) this.#silent.clear()
        this.#silent.add(place)
        continue
      }
      return { what: `review ${review.motion}`, payload: encodePayload(replyPayload(review.motion, verdict)) }
    }
    return undefined
  }
}

/** Of the blocks that this node holds. */
export function reviewFindings(chain: RunningChain, scheme: SignatureScheme, review: OpenReview): ReviewFindings {
  const { account, heights, accusedId } = review
  const { height: top } = chain.status()
  const last = Array.from({ length: Math.min(top, limits.REVIEWED_BLOCKS) }, (_, i) => top - i)
  const abnormal: number[] = []
  const missing: number[] = []
  const carried: { height: number; transaction: Uint8Array }[] = []
  let blocks = 0
  for (const height of [...new Set([...heights, ...last])]) {
    const found = chain.chain.block(height)?.block
    if (found === undefined) {
      if (heights.includes(height)) missing.push(height)
      continue
    }
    const { header, transactions } = found
    for (const bytes of transactions)
      if (equalBytes(transactionIn(bytes)?.account ?? NOBODY, account))
        carried.push({ height, transaction: transactionId(bytes) })
    if (accusedId === undefined || !equalBytes(header.proposer, accusedId)) continue
    blocks += 1
    // Signatures cost more than all the rest, so they are checked where somebody says that something is wrong.
    const isNamed = heights.includes(height)
    const isBad = (bytes: Uint8Array) => {
      const transaction = transactionIn(bytes)
      if (transaction === undefined || !isAlive(transaction, header.time)) return true
      return isNamed && !isSignedTransaction(scheme, chain.genesis.chainId, transaction)
    }
    if (transactions.some(isBad)) abnormal.push(height)
  }
  const hasBrokenLock =
    accusedId !== undefined && chain.brokenLocks.some(({ first }) => equalBytes(first.signer, accusedId))
  const looked = { abnormal, missing, hasBrokenLock }
  return { ...review, ...looked, blocks, carried, verdict: verdictOf(review, looked) }
}

/** Proof is a verdict. So is its absence, where the complaint is about what blocks show, and all that it names was looked at. */
function verdictOf(
  { reason, heights, isIdle }: OpenReview,
  { abnormal, missing, hasBrokenLock }: Pick<ReviewFindings, 'abnormal' | 'missing' | 'hasBrokenLock'>,
): boolean | undefined {
  if (abnormal.length > 0 || hasBrokenLock) return true
  if (reason === 'silence') return isIdle ? true : undefined
  return reason === 'abnormal block' && heights.length > 0 && missing.length === 0 ? false : undefined
}

/** Undefined: bytes that are none. */
function transactionIn(bytes: Uint8Array): Transaction | undefined {
  try {
    return decodeTransaction(bytes)
  } catch (error) {
    if (isChordnsError(error, 'CHAIN_MALFORMED')) return undefined
    throw error
  }
}
