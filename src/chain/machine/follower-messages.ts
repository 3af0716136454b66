/** What followers say to a node, and what it may answer them. */
import { fromHex } from '../../base/index.ts'
import type { ChainMessage } from '../blocks/messages.ts'
import { limits } from '../limits.ts'
import { chooseUpstreams, mayAsk, owe, placeFor } from './followers.ts'
import { type Hearings, hearingOf, refuseMessage } from './hearing.ts'
import { servePart } from './part-sending.ts'
import { offer } from './pool.ts'
import type { ChainWork, PeerName } from './state.ts'
import { onAskBlocks, onAskPiece, ownStatus, serveBehind } from './sync.ts'
import { isMember, SELF, send } from './work.ts'

/** Whether whoever says something is neither a validator of this height or the next, nor followed by us. */
export function isFollower<S>(work: ChainWork<S>, name: PeerName): boolean {
  const { context, state } = work
  if (context.options.schema === 1 || name === SELF || isMember(work, name)) return false
  return !state.upstreams.some((one) => one.name === name)
}

/** All that a follower may say; the rest is of no use. */
export function onFollowerMessage<S>(work: ChainWork<S>, from: PeerName, message: ChainMessage) {
  const { who, hear } = hearingOf(OF_FOLLOWERS, message)
  const isHeard = who === 'anybody' || (who === 'followers' && work.state.followers.has(from))
  const cost = message.type === 'transactions' ? Math.max(1, message.transactions.length) : 1
  if (!isHeard || !mayAsk(work, from, cost)) return refuseMessage(work)
  hear(work, from, message as never)
}

const REFUSED = { who: 'nobody', hear: refuseMessage } as const

/** `who`: without a place one may ask for one, and offer transactions. */
const OF_FOLLOWERS: Hearings<{ readonly who: 'anybody' | 'followers' | 'nobody' }> = {
  status: { who: 'anybody', hear: (work, from, { height }) => onFollowerStatus(work, from, height) },
  transactions: { who: 'anybody', hear: (work, _, { transactions }) => void offer(work, transactions, 'follower') },
  'ask-blocks': { who: 'followers', hear: (work, from, message) => void onAskBlocks(work, from, message.from) },
  'ask-part': {
    who: 'followers',
    hear(work, from, { height, blockId, from: part }) {
      owe(work, from, limits.PART_BYTES)
      servePart(work, from, height, blockId, part)
    },
  },
  'ask-piece': {
    who: 'followers',
    hear(work, from, { height, index }) {
      // Of a ledger whose state is in memory; one on disk is got by requests of its own.
      owe(work, from, limits.SNAPSHOT_PIECE_BYTES)
      onAskPiece(work, from, height, index)
    },
  },
  proposal: REFUSED,
  votes: REFUSED,
  commit: REFUSED,
  blocks: REFUSED,
  snapshot: REFUSED,
  piece: REFUSED,
  'bare-proposal': REFUSED,
  'bare-block': REFUSED,
  part: REFUSED,
  redirect: REFUSED,
}

function onFollowerStatus<S>(work: ChainWork<S>, from: PeerName, height: number) {
  const { state, now } = work
  const follower = placeFor(work, from)
  if (follower === undefined) return send(work, [from], { type: 'redirect', to: others(work, from) })
  follower.heardAt = now
  follower.height = height
  if (height < state.height) return serveBehind(work, from, height)
  // So that it knows that we are there.
  send(work, [from], ownStatus(work))
}

/** Some of those who are up to date: not always the same ones. */
function others<S>({ state, now }: ChainWork<S>, asker: PeerName): Uint8Array[] {
  const able = [...state.followers].filter(([name, { height }]) => name !== asker && height >= state.height)
  const from = able.length === 0 ? 0 : Math.floor(now) % able.length
  return [...able.slice(from), ...able.slice(0, from)].slice(0, limits.MAX_REDIRECT).map(([name]) => fromHex(name))
}

/** One that we follow has no place for us. */
export function onRedirect<S>(work: ChainWork<S>, from: PeerName, to: readonly PeerName[]): void {
  const { state } = work
  if (!state.upstreams.some(({ name }) => name === from)) return
  state.upstreams = state.upstreams.filter(({ name }) => name !== from)
  const fresh = to.filter((name) => name !== from && !state.candidates.includes(name))
  state.candidates = [...fresh, ...state.candidates].slice(0, limits.MAX_CANDIDATES)
  const before = new Set(state.upstreams.map(({ name }) => name))
  chooseUpstreams(work)
  const added = state.upstreams.map(({ name }) => name).filter((name) => !before.has(name))
  send(work, added, ownStatus(work))
}
