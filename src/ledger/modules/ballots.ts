/**
 * What is open to vote on, of all modules. A state has only the hash of what is voted on; the words are in the transaction that opened the vote, which
 * `votedOn` reads. Motions of governance stand in the state whole, and are not here; nor is what nodes say by themselves (claims, use, wishes).
 */
import { equalBytes, isChordnsError } from '../../base/index.ts'
import { type CborValue, encodeCanonical, sha256 } from '../../crypto/index.ts'
import { readerOf } from '../draft.ts'
import { limits } from '../limits.ts'
import { TransactionRefusal } from '../refusal.ts'
import { type BallotBook, type OpenTally, openTallies } from '../tally.ts'
import type { StateReader } from '../types.ts'
import { openListVotes, readListBallot } from './admission/list-votes.ts'
import { moduleBallots } from './applications/applications.ts'
import { nodeBallots } from './authority/authority.ts'
import { nodesElectorate } from './authority/view.ts'
import { anchorBallots } from './claims/claims.ts'
import { certifierBallots } from './identity/identity.ts'
import { chainBallots } from './links/links.ts'
import { ruleBallots } from './names/rule-votes.ts'
import { tldBallots } from './registries/registries.ts'

const BOOKS: readonly BallotBook[] = [
  nodeBallots,
  tldBallots,
  certifierBallots,
  ruleBallots,
  anchorBallots,
  moduleBallots,
  chainBallots,
]

export interface OpenVote extends OpenTally {
  /** `endorsers`, or what nodes vote on. */
  readonly about: string
  /** Whose endorsers vote; undefined: all nodes do. */
  readonly list: number | undefined
  /** Who may vote. */
  readonly voters: number
  /** Unix ms, the time of the block in which it was opened. */
  readonly opened: number
}

/** Also those whose term is over and whose place nobody has taken: `expires` says so. */
export function openVotes(state: StateReader): readonly OpenVote[] {
  const nodes = nodesElectorate(state)
  const ofNodes = BOOKS.flatMap(({ about, module, place }) =>
    openTallies(readerOf(state, module), place, nodes).map((one) => voteOf(one, about, undefined, nodes.size)),
  )
  const ofLists = Array.from({ length: limits.MAX_LISTS }, (_, list) => {
    const { size, open } = openListVotes(state, list)
    return open.map((one) => voteOf(one, 'endorsers', list, size))
  })
  return [...ofNodes, ...ofLists.flat()]
}

function voteOf(tally: OpenTally, about: string, list: number | undefined, voters: number): OpenVote {
  return { ...tally, about, list, voters, opened: tally.expires - limits.VOTE_TERM_MS }
}

/** In words, if this payload is a vote on what the open one is on. */
export function votedOn(
  { about, list, hash }: Pick<OpenVote, 'about' | 'list' | 'hash'>,
  { kind, fields }: { readonly kind: number; readonly fields: readonly CborValue[] },
): string | undefined {
  const found = attempt(() =>
    list === undefined
      ? BOOKS.find((one) => one.about === about)?.read(kind, fields)
      : readListBallot(kind, fields, list),
  )
  return found !== undefined && equalBytes(sha256(encodeCanonical(found.subject)), hash) ? found.text : undefined
}

/** What a module would refuse is a vote on nothing. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof TransactionRefusal || isChordnsError(error)) return undefined
    throw error
  }
}
