/**
 * Linking other chains on this one, and voting that they are linked: Root links all TLD chains of the genesis file, each TLD chain links Root. One
 * validator sends at a time, by rotation; the next one does when it was late. What is sent was checked as the chain will check it.
 */
import { type Clock, equalBytes, isChordnsError } from '../../../base/index.ts'
import {
  applyHeaderFork,
  applyLink,
  applyNoteFork,
  type ChainLink,
  type Checkpoint,
  decodeCheckpointNote,
  decodeConflict,
  decodeLink,
  encodeGenesis,
  encodeHeaderFork,
  encodeNoteFork,
  type LedgerHead,
  type LightFollower,
  type LinkedRecord,
  lightRules,
  originOf,
  setRoot,
  type Validator,
} from '../../../chain/index.ts'
import { type SignatureScheme, sha256 } from '../../../crypto/index.ts'
import { encodePayload } from '../../application/payload.ts'
import { kindOf } from '../../genesis/found.ts'
import type { LedgerGenesis } from '../../genesis/genesis-file.ts'
import { limits } from '../../limits.ts'
import type { LinkQuestion, LinkState } from '../../modules/links/duty.ts'
import { linkChainPayload, linkChainSubject } from '../../modules/links/links.ts'
import type { RunningChain } from '../running-chain.ts'
import type { Due, Duty } from './duties.ts'
import { type Renewal, renewalOf, renewalPlace } from './relinking.ts'
import { Rotation } from './rotation.ts'

export interface LinkingDeps {
  readonly clock: Clock
  readonly scheme: SignatureScheme
  /** All chains of the genesis file. */
  readonly all: readonly LedgerGenesis[]
  readonly account: Uint8Array
  /** By what this node is known in sets. */
  readonly memberId: Uint8Array
  readonly follower: Pick<LightFollower, 'head' | 'links' | 'holds' | 'conflict' | 'setOf'>
  /** What runs here: two notes that it was shown are evidence on the other chain. */
  readonly runningOf: (chainId: Uint8Array) => RunningChain | undefined
}

export interface LinkedChain extends LinkQuestion {
  readonly chainId: Uint8Array
  /** As bytes. */
  readonly genesis: Uint8Array
}

/** Whom a chain links: Root all TLD chains, a TLD chain Root. */
export function linkedChains(all: readonly LedgerGenesis[], chain: LedgerGenesis): LinkedChain[] {
  return all
    .filter(({ genesis }) => kindOf(genesis.name) !== kindOf(chain.genesis.name))
    .map(({ genesis, chainId }) => {
      const bytes = encodeGenesis(genesis)
      const origin = originOf(genesis.ringId, genesis.name)
      return { chainId, origin, genesis: bytes, subject: linkChainSubject(bytes) }
    })
}

export class Linking implements Duty {
  readonly name = 'links'
  readonly #deps: LinkingDeps
  readonly #turns: Rotation
  readonly #others = new Map<string, readonly LinkedChain[]>()
  /** Which of many chains was looked at last. */
  readonly #cursors = new Map<string, number>()
  /** By the chain that links and the linked one: what this node votes for is the same until there is a newer place. */
  readonly #renewals = new Map<string, Renewal>()

  constructor(deps: LinkingDeps) {
    this.#deps = deps
    this.#turns = new Rotation(deps)
  }

  async due(chain: RunningChain): Promise<Due | undefined> {
    const { clock, account } = this.#deps
    const some = this.#some(chain)
    if (some.length === 0) return undefined
    const chains = some.map(({ origin, subject }) => ({ origin, subject }))
    const given = { account, time: clock.now(), chains }
    const states = (await chain.application.ask('links', given)) as LinkState[]
    for (const [i, { record, owesVote, isOver }] of states.entries()) {
      const other = some[i]!
      const { origin, genesis } = other
      if (record === undefined && owesVote)
        return { what: `vote ${origin}`, payload: encodePayload(linkChainPayload(genesis)) }
      if (record === undefined || record.isForked) continue
      if (isOver) {
        const renewal = await this.#renewal(chain, other, record)
        if (renewal !== undefined) return { what: `renew ${origin} ${renewal.size}`, payload: renewal.payload }
        continue
      }
      const payload = this.#fork(chain, other, record) ?? (await this.#link(chain, other, record))
      if (payload !== undefined) return { what: `link ${origin} ${record.size}`, payload }
    }
    return undefined
  }

  /** A vote that this node owes on where a link begins anew. */
  async #renewal(chain: RunningChain, other: LinkedChain, record: LinkedRecord): Promise<Renewal | undefined> {
    const { clock, account, follower, scheme } = this.#deps
    const key = `${chain.id} ${other.origin}`
    const head = follower.head(other.chainId)
    const known = this.#renewals.get(key)
    const isNewest = head !== undefined && known?.size === renewalPlace(head) && known.size > record.size
    const deps = { rules: lightRules(scheme), follower }
    const renewal = isNewest ? known : await renewalOf(deps, other.chainId, record, clock.now())
    if (renewal === undefined) return undefined
    this.#renewals.set(key, renewal)
    const chains = [{ origin: other.origin, subject: renewal.subject }]
    const [state] = (await chain.application.ask('links', { account, time: clock.now(), chains })) as LinkState[]
    return state?.owesVote ? renewal : undefined
  }

  /** Of very many chains some after each block. */
  #some({ genesis, id }: RunningChain): readonly LinkedChain[] {
    const others = this.#others.get(id) ?? linkedChains(this.#deps.all, genesis)
    this.#others.set(id, others)
    if (others.length <= limits.LINKS_AT_ONCE) return others
    const from = this.#cursors.get(id) ?? 0
    this.#cursors.set(id, (from + limits.LINKS_AT_ONCE) % others.length)
    return [...others.slice(from), ...others.slice(0, from)].slice(0, limits.LINKS_AT_ONCE)
  }

  #isTurn(chain: RunningChain, what: string, { origin, size }: LinkedRecord): boolean {
    const { validators } = chain.status()
    return this.#turns.isOurs(`${chain.id} ${what} ${origin}`, size, firstOf(origin, size, validators), validators)
  }

  /** Two headers or two notes that this node was shown, if the other chain's set that is linked here signed both by a quorum. */
  #fork(chain: RunningChain, other: LinkedChain, record: LinkedRecord): Uint8Array | undefined {
    const fork = this.#headerFork(other, record) ?? this.#shownNotes(other, record)
    return fork !== undefined && this.#isTurn(chain, 'fork', record) ? fork : undefined
  }

  #headerFork({ chainId, origin }: LinkedChain, record: LinkedRecord): Uint8Array | undefined {
    const { follower, runningOf, scheme, clock } = this.#deps
    const bytes = follower.conflict(chainId)
    if (bytes === undefined) return undefined
    const conflict = decodeConflict(bytes)
    const root = record.nextSetRoot
    const sets = [conflict.firstSet, conflict.secondSet, follower.setOf(chainId, root)]
    const known = sets.find((set) => set !== undefined && equalBytes(setRoot(set), root))
    const lastSet = known ?? runningOf(chainId)?.served.headers.set(root)
    if (lastSet === undefined) return undefined
    const payload = encodeHeaderFork({ origin, conflict, lastSet })
    // Three different sets of a hundred are more than a transaction holds.
    if (payload.length > limits.MAX_PAYLOAD_BYTES) return undefined
    const outcome = applyHeaderFork(lightRules(scheme), record, payload, clock.now())
    return outcome.kind === 'forked' ? payload : undefined
  }

  #shownNotes({ chainId }: LinkedChain, record: LinkedRecord): Uint8Array | undefined {
    const running = this.#deps.runningOf(chainId)
    const validators = running?.served.headers.set(record.nextSetRoot)
    if (running === undefined || validators === undefined) return undefined
    for (const { own, other } of running.cosigning.forks) {
      const fork = this.#forkOf(record, own, other, validators)
      if (fork !== undefined) return fork
    }
    return undefined
  }

  #forkOf(
    record: LinkedRecord,
    first: Uint8Array,
    second: Uint8Array,
    validators: readonly Validator[],
  ): Uint8Array | undefined {
    const { origin } = record
    const fork = encodeNoteFork({ origin, first, second, split: undefined, validators })
    const { scheme, clock } = this.#deps
    return applyNoteFork(lightRules(scheme), record, fork, clock.now()).kind === 'forked' ? fork : undefined
  }

  /** The newest that follows what is linked; where the set has changed too much since, one between. Or two that contradict each other. */
  async #link(chain: RunningChain, { chainId }: LinkedChain, record: LinkedRecord): Promise<Uint8Array | undefined> {
    const { follower } = this.#deps
    const head = follower.head(chainId)
    if (head === undefined || !isDue(head, record) || !this.#isTurn(chain, 'link', record)) return undefined
    const linked = { size: record.size, setRoot: record.nextSetRoot }
    const newest = newestOf(head.height)
    let size = 0
    for (let tries = 0; tries < limits.LINK_TRIES; tries++) {
      const links = (await follower.links(chainId, linked, size)).flatMap(readLink)
      const found = this.#contradiction(links, record) ?? this.#best(links, record)
      if (found !== undefined) return found
      const steps = Math.floor(((size === 0 ? newest : size) - record.size) / limits.CHECKPOINT_EVERY)
      if (steps <= 1) break
      size = record.size + Math.floor(steps / 2) * limits.CHECKPOINT_EVERY
    }
    if (record.size === 0) return undefined
    // Nothing follows what is linked: it may have been of another branch.
    const before = await follower.links(chainId, linked, record.size)
    return this.#contradiction(before.flatMap(readLink), record)
  }

  #best(links: readonly ReadLink[], record: LinkedRecord): Uint8Array | undefined {
    const { scheme, clock } = this.#deps
    const rules = lightRules(scheme)
    const good = links.filter(({ bytes }) => applyLink(rules, record, bytes, clock.now()).kind === 'linked')
    return good.sort((a, b) => b.checkpoint.size - a.checkpoint.size)[0]?.bytes
  }

  /** Members that show different notes of one size are on two branches. */
  #contradiction(links: readonly ReadLink[], record: LinkedRecord): Uint8Array | undefined {
    for (const [i, { checkpoint, link }] of links.entries()) {
      const isOther = ({ checkpoint: other }: ReadLink) =>
        other.size === checkpoint.size && !equalBytes(other.root, checkpoint.root)
      const other = links.slice(i + 1).find(isOther)
      const fork = other && this.#forkOf(record, link.note, other.link.note, link.lastSet)
      if (fork !== undefined) return fork
    }
    return undefined
  }
}

interface ReadLink {
  readonly bytes: Uint8Array
  readonly link: ChainLink
  readonly checkpoint: Checkpoint
}

/** Nothing of what cannot be read. */
function readLink(bytes: Uint8Array): ReadLink[] {
  try {
    const link = decodeLink(bytes)
    return [{ bytes, link, checkpoint: decodeCheckpointNote(link.note).checkpoint }]
  } catch (error) {
    if (isChordnsError(error, 'CHAIN_MALFORMED')) return []
    throw error
  }
}

/** At the first checkpoint, once an hour where there are more, and at each that has another set: who is linked seldom cannot be followed. */
function isDue({ height, time, validators, state }: LedgerHead, record: LinkedRecord): boolean {
  if (state === 'forked' || newestOf(height) <= record.size) return false
  if (record.size === 0 || time - record.time >= limits.LINK_EVERY_MS) return true
  return !equalBytes(setRoot(validators), record.nextSetRoot)
}

function newestOf(height: number): number {
  return height - (height % limits.CHECKPOINT_EVERY)
}

/** Not the same one for all chains. */
function firstOf(origin: string, size: number, validators: readonly Validator[]): number {
  const [high = 0, low = 0] = sha256(Uint8Array.from(origin, (letter) => letter.charCodeAt(0)))
  return (high * 256 + low + size / limits.CHECKPOINT_EVERY) % validators.length
}
