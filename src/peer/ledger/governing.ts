/** What a chain's members decide about each other, proven, and what this node found of who is reviewed. */
import { toHex } from '../../base/index.ts'
import { ed25519 } from '../../crypto/index.ts'
import {
  admittedOf,
  allHidden,
  casesOf,
  complaintsOf,
  decodeApplicationGenesis,
  GOVERNANCE,
  governanceRulesOf,
  isBackupNode,
  type LedgerGenesis,
  type MotionSubject,
  type MotionView,
  motionsOf,
  type NetworkNodeView,
  networkNodes,
  nodesElectorate,
  type OpenVote,
  openVotes,
  type RunningChain,
  readProven,
  reviewFindings,
  reviewQuestion,
  type StateReader,
  voteText,
} from '../../ledger/index.ts'
import type { GovernanceView } from '../../observe/index.ts'
import { limits } from '../limits.ts'
import type { LedgerSide } from './side.ts'

/** Throws LEDGER_*. */
export async function governed(
  { ledgers, follower }: LedgerSide,
  chain: LedgerGenesis,
  query: URLSearchParams,
  signal: AbortSignal,
): Promise<GovernanceView> {
  const closed = query.get('closed') === 'true' ? limits.CLOSED_SHOWN : 0
  const running = ledgers.runningOf(chain.chainId)
  const read = (state: StateReader) => ({
    rules: governanceRulesOf(state),
    members: networkNodes(state).map((node) => memberView(state, node)),
    motions: motionsOf(state, closed),
    needed: Math.floor(nodesElectorate(state).size / 2) + 1,
    votes: openVotes(state),
    cases: casesOf(state),
    hidden: allHidden(state),
    // Nobody asks: what is open is looked at, whoever has replied.
    reviews: reviewQuestion(state, new Uint8Array(32)).open,
  })
  const { value, header, fresh } = await readProven(follower, chain.chainId, read, { signal })
  const { rules, members, motions, needed, votes, cases, hidden, reviews } = value
  return {
    chain: chain.genesis.name,
    height: header.height,
    fresh,
    isGoverned: decodeApplicationGenesis(chain.genesis.application).modules.has(GOVERNANCE),
    rules: { ...rules },
    members,
    motions: motions.map((one) => motionView(one, needed, foundOf(running, one, reviews))),
    votes: votes.filter(({ expires }) => expires > header.time).map((one) => voteView(one, running)),
    cases: cases.map(({ account, motion, reason, height, held, paid, isRepaired, barredUntil }) => ({
      ...{ account: toHex(account), motion, reason, height, held, paid, isRepaired, barredUntil },
    })),
    hidden: hidden.map(({ label, reason, text, since }) => ({ label: latin1Of(label), reason, text, since })),
  }
}

function memberView(state: StateReader, node: NetworkNodeView): GovernanceView['members'][number] {
  const { account, role, joined, verified, isSeated } = node
  const leads = role === 'coordinator' || role === 'regulator'
  const standing = leads ? 'leader' : isSeated ? 'authority' : isBackupNode(state, account) ? 'backup' : 'normal'
  const name = admittedOf(state, account)?.name ?? ''
  const complaints = complaintsOf(state, account).length
  return { account: toHex(account), name, role, standing, joined, verified, complaints }
}

function motionView(
  { number, subject, by, until, state, inFavour, against }: MotionView,
  needed: number,
  found: GovernanceView['motions'][number]['found'],
): GovernanceView['motions'][number] {
  const replies = [inFavour, against].flatMap((side, index) =>
    side.map(({ account }) => ({ account: toHex(account), inFavour: index === 0 })),
  )
  const about = 'account' in subject ? toHex(subject.account) : 'label' in subject ? latin1Of(subject.label) : null
  const heights = subject.kind === 'remove' ? [...subject.heights] : []
  const said = { text: textOf(subject), heights, by: by === undefined ? null : toHex(by) }
  return { number, kind: subject.kind, about, ...said, until, state, needed, replies, found }
}

function voteView(vote: OpenVote, running: RunningChain | undefined): GovernanceView['votes'][number] {
  const { about, list, hash, opened, expires: until, voices, voters } = vote
  const found = running && voteText(running.held, vote)
  return {
    ...{ about, list: list ?? null, hash: toHex(hash), opened, until },
    text: found?.text ?? null,
    by: found === undefined ? null : toHex(found.by),
    height: found?.height ?? null,
    inFavour: voices.map(({ account }) => toHex(account)),
    needed: Math.floor(voters / 2) + 1,
  }
}

/** In a few words. */
function textOf(subject: MotionSubject): string {
  switch (subject.kind) {
    case 'remove':
    case 'hide':
      return `${subject.reason}${subject.text === '' ? '' : `: ${subject.text}`}`
    case 'add':
      return `as ${subject.role}`
    case 'compensate': {
      const sum = subject.payments.reduce((all, { amount }) => all + amount, 0)
      return `marks ${subject.marks.length} records, pays ${sum} to ${subject.payments.length} accounts`
    }
    case 'rules':
      return JSON.stringify(subject.rules)
    default:
      return ''
  }
}

function foundOf(
  running: RunningChain | undefined,
  { number }: MotionView,
  reviews: ReturnType<typeof reviewQuestion>['open'],
): GovernanceView['motions'][number]['found'] {
  const review = reviews.find(({ motion }) => motion === number)
  if (running === undefined || review === undefined) return null
  const { blocks, abnormal, missing, hasBrokenLock, carried, verdict } = reviewFindings(running, ed25519, review)
  return {
    blocks,
    abnormal: [...abnormal],
    missing: [...missing],
    hasBrokenLock,
    carried: carried.map(({ height, transaction }) => ({ height, transaction: toHex(transaction) })),
    verdict: verdict === undefined ? 'for people to say' : verdict ? 'remove' : 'keep',
  }
}

function latin1Of(label: Uint8Array): string {
  return Buffer.from(label).toString('latin1')
}
