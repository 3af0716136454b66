/** Validators that lie: each runs the real engine to follow the chain, and bends what it says. */
import { latin1 } from '../../../src/base/index.ts'
import { makeBlock } from '../../../src/chain/blocks/blocks.ts'
import { claimBytes, voteBytes } from '../../../src/chain/blocks/signing.ts'
import type {
  Block,
  CertifiedBlock,
  ChainMessage,
  ConsensusRules,
  PeerName,
  ProposalClaim,
  Validator,
  Vote,
  VoteKind,
} from '../../../src/chain/index.ts'
import type { Signer } from '../../../src/crypto/index.ts'
import type { SeededRandom } from '../../../src/sim/index.ts'
import type { LiarHabit } from './plan.ts'

/** What liars know of each other's lies: they work together. */
export interface Conspiracy {
  /** By "height round": the two blocks that were proposed, one to each side. */
  readonly twins: Map<string, readonly [Block, Block]>
  readonly liars: Liar[]
}

export interface LiarParts {
  readonly chainId: Uint8Array
  readonly signer: Signer
  readonly habits: readonly LiarHabit[]
  readonly random: SeededRandom
  readonly conspiracy: Conspiracy
  readonly peers: () => readonly PeerName[]
  readonly validators: () => readonly Validator[]
  readonly height: () => number
  readonly now: () => number
  readonly post: (to: PeerName, message: ChainMessage, delayMs: number) => void
}

export class Liar {
  readonly #parts: LiarParts
  readonly #habits: ReadonlySet<LiarHabit>
  #lastBlock: CertifiedBlock | undefined
  readonly #old: ChainMessage[] = []
  readonly #seed: number
  /** Lies told, by habit. */
  readonly told = new Map<LiarHabit, number>()

  constructor(parts: LiarParts) {
    this.#parts = parts
    this.#habits = new Set(parts.habits)
    this.#seed = parts.random.below(1 << 30)
    parts.conspiracy.liars.push(this)
  }

  /** Amnesia: no lock is ever remembered. */
  rules(rules: ConsensusRules): ConsensusRules {
    if (!this.#habits.has('amnesia')) return rules
    this.#count('amnesia')
    return { ...rules, locks: false, mayPrevote: () => true }
  }

  decided(block: CertifiedBlock): void {
    this.#lastBlock = block
  }

  /** In the place of the transport, for one message to one peer. */
  send(to: PeerName, message: ChainMessage) {
    const { random, now, post } = this.#parts
    if (this.#old.length < 200) this.#old.push(message)
    else this.#old[random.below(200)] = message
    if (this.#habits.has('silent') && Math.floor(now() / 1_500) % 3 !== 0) return this.#count('silent')
    if (this.#habits.has('selective') && this.#coin(`${to} ${this.#parts.height()}`) === 0)
      return this.#count('selective')
    let delay = 0
    if (this.#habits.has('late')) {
      delay = 100 + random.below(250)
      this.#count('late')
    }
    if (message.type === 'proposal' && this.#habits.has('equivocate')) return this.#equivocate(to, message, delay)
    if (message.type === 'votes' && this.#habits.has('doubleVote'))
      return post(to, { type: 'votes', votes: message.votes.flatMap((vote) => this.#twoFaced(to, vote)) }, delay)
    post(to, message, delay)
  }

  /** What somebody asks of a liar. */
  asked(from: PeerName, message: ChainMessage): void {
    if (message.type === 'ask-blocks' && this.#habits.has('forgedSnapshots')) this.#forgeSnapshot(from)
    if (message.type === 'ask-piece' && this.#habits.has('forgedSnapshots'))
      this.#parts.post(
        from,
        { type: 'piece', height: message.height, index: message.index, bytes: this.#parts.random.bytes(100) },
        0,
      )
  }

  /** From time to time. */
  act(): void {
    const { random, post, peers, height } = this.#parts
    for (const habit of this.#habits)
      for (const to of peers()) {
        if (random.below(3) > 0) continue
        if (habit === 'staleCertificates') this.#replay(to)
        else if (habit === 'flood') this.#flood(to)
        else if (habit === 'future') this.#future(to)
        else if (habit === 'forgedSnapshots') {
          // Whoever believes this asks us.
          const claim = height() + 2 + random.below(1_000)
          const none = new Uint8Array()
          post(to, { type: 'status', height: claim, round: 0, hasProposal: false, prevotes: none, precommits: none }, 0)
        }
      }
  }

  /** One block to the one half, its twin to the other; and all liars vote for both at once. */
  #equivocate(to: PeerName, message: Extract<ChainMessage, { type: 'proposal' }>, delay: number) {
    const { chainId, signer, conspiracy, post } = this.#parts
    const { claim, block, proof } = message.proposal
    const place = `${claim.height} ${claim.round}`
    let twins = conspiracy.twins.get(place)
    if (twins === undefined) {
      twins = [block, twinOf(block)]
      conspiracy.twins.set(place, twins)
      for (const liar of conspiracy.liars) liar.voteBothWays(claim.height, claim.round, twins)
    }
    if (proof !== undefined || twins[0] !== block || side(to) === 0) return post(to, message, delay)
    this.#count('equivocate')
    const content = { height: claim.height, round: claim.round, validRound: -1, blockId: twins[1].id }
    const signature = signer.sign(claimBytes(chainId, content))
    const lie: ProposalClaim = { ...content, signer: signer.publicKey, signature }
    post(to, { type: 'proposal', proposal: { claim: lie, block: twins[1], proof: undefined } }, delay)
  }

  voteBothWays(height: number, round: number, twins: readonly [Block, Block]): void {
    const { peers, post, random } = this.#parts
    if (!this.#habits.has('equivocate') && !this.#habits.has('doubleVote')) return
    for (const to of peers()) {
      const { id } = twins[side(to)]!
      const votes = [this.#vote('prevote', height, round, id), this.#vote('precommit', height, round, id)]
      post(to, { type: 'votes', votes }, random.below(60))
    }
  }

  #twoFaced(to: PeerName, vote: Vote): Vote[] {
    const { random, conspiracy, signer } = this.#parts
    if (latin1(vote.signer) !== latin1(signer.publicKey)) return [vote]
    this.#count('doubleVote')
    const twins = conspiracy.twins.get(`${vote.height} ${vote.round}`)
    const mine = twins?.[side(to)]?.id
    const other = mine ?? (random.below(2) === 0 ? undefined : random.bytes(32))
    const lie = this.#vote(vote.kind, vote.height, vote.round, other)
    if (random.below(4) === 0) return [vote, lie]
    return side(to) === 1 || mine !== undefined ? [lie] : [vote]
  }

  #replay(to: PeerName): void {
    const { random, post, height } = this.#parts
    this.#count('staleCertificates')
    const old = this.#old[random.below(Math.max(1, this.#old.length))]
    if (old !== undefined) post(to, old, 0)
    const last = this.#lastBlock
    if (last === undefined) return
    const { certificate, block } = last
    const here = height()
    const doubled = certificate.signatures.flatMap((one) => [one, one])
    const lies: ChainMessage[] = [
      { type: 'commit', certificate },
      { type: 'commit', certificate: { ...certificate, height: here } },
      { type: 'commit', certificate: { ...certificate, height: here, signatures: doubled } },
      { type: 'commit', certificate: { ...certificate, signatures: certificate.signatures.slice(0, 1) } },
      { type: 'blocks', blocks: [{ block: twinOf(block), certificate }] },
      {
        type: 'blocks',
        blocks: [{ block: twinOf(block), certificate: { ...certificate, blockId: twinOf(block).id } }],
      },
      { type: 'blocks', blocks: [this.#forgedNext(block)] },
    ]
    post(to, lies[random.below(lies.length)]!, 0)
  }

  /** A next block that only liars signed, as often as it takes. */
  #forgedNext(block: Block): CertifiedBlock {
    const { header } = block
    const next = makeBlock(
      { ...header, height: header.height + 1, time: header.time + 1, previousId: block.id },
      [],
      this.#lastBlock?.certificate,
    )
    const { signature } = this.#vote('precommit', header.height + 1, 0, next.id)
    const signatures = this.#parts.validators().map((_, index) => ({ index, signature }))
    return { block: next, certificate: { height: header.height + 1, round: 0, blockId: next.id, signatures } }
  }

  #forgeSnapshot(to: PeerName): void {
    const { random, post, validators } = this.#parts
    if (this.#lastBlock === undefined) return
    this.#count('forgedSnapshots')
    const { block, certificate } = this.#lastBlock
    const set = validators()
    const { header } = block
    const forged =
      random.below(2) === 0 ? header : { ...header, height: header.height + 5, stateRoot: random.bytes(32) }
    const sets = { validators: set, nextValidators: set, afterValidators: set }
    post(to, { type: 'snapshot', head: { header: forged, certificate, ...sets, size: 100 } }, 0)
  }

  #flood(to: PeerName): void {
    const { random, post, height } = this.#parts
    this.#count('flood')
    const votes: Vote[] = []
    for (let i = 0; i < 40; i++) {
      const vote = this.#vote('prevote', height() + random.below(3), random.below(200), random.bytes(32))
      votes.push(random.below(2) === 0 ? vote : { ...vote, signature: random.bytes(64) })
    }
    post(to, { type: 'votes', votes }, 0)
    post(to, { type: 'transactions', transactions: [random.bytes(200), random.bytes(2)] }, 0)
  }

  #future(to: PeerName): void {
    const { random, post, height } = this.#parts
    this.#count('future')
    const far = height() + 1 + random.below(1_000_000)
    const none = new Uint8Array()
    post(to, { type: 'status', height: far, round: 7, hasProposal: true, prevotes: none, precommits: none }, 0)
    const round = 1 + random.below(1_000_000)
    post(to, { type: 'votes', votes: [this.#vote('precommit', far, 0, undefined)] }, 0)
    post(to, { type: 'votes', votes: [this.#vote('precommit', height(), round, undefined)] }, 0)
  }

  #vote(kind: VoteKind, height: number, round: number, blockId: Uint8Array | undefined): Vote {
    const { chainId, signer } = this.#parts
    const content = { kind, height, round, blockId }
    return { ...content, signer: signer.publicKey, signature: signer.sign(voteBytes(chainId, content)) }
  }

  #count(habit: LiarHabit): void {
    this.told.set(habit, (this.told.get(habit) ?? 0) + 1)
  }

  /** The same for the same question in one run. */
  #coin(text: string): 0 | 1 {
    let hash = this.#seed
    for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) >>> 0
    return ((hash >>> 7) & 1) as 0 | 1
  }
}

/** Which half of the validators a peer is in, by its name. */
function side(name: PeerName): 0 | 1 {
  return (Number.parseInt(name.slice(0, 2), 16) & 1) as 0 | 1
}

const twins = new WeakMap<Block, Block>()

/** As valid as its original: only a millisecond later. */
function twinOf(block: Block): Block {
  let twin = twins.get(block)
  if (twin === undefined) {
    twin = makeBlock(
      { ...block.header, time: block.header.time + 1 },
      block.transactions,
      block.lastCertificate,
      block.evidence,
    )
    twins.set(block, twin)
  }
  return twin
}
