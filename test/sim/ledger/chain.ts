/** One ledger chain of a world: the real application on the engine, who sends transactions to it, and what must be so at every height. */
import { equalBytes, toHex } from '../../../src/base/index.ts'
import { changesBetween } from '../../../src/chain/blocks/set-root.ts'
import type { FollowReply } from '../../../src/chain/follow/messages.ts'
import {
  type Applied,
  type BlockContent,
  type CertifiedBlock,
  mostChanges,
  proveKeys,
  sortedValidators,
  stateView,
  type Validator,
} from '../../../src/chain/index.ts'
import { type Signer, sha256 } from '../../../src/crypto/index.ts'
import {
  createLedgerApplication,
  type LedgerState,
  ledgerModules,
  MemoryState,
  mayCarry,
  networkNodes,
} from '../../../src/ledger/index.ts'
import type { SeededRandom } from '../../../src/sim/index.ts'
import { TestLedger } from '../../chain/light/ledger.ts'
import type { Cargo } from '../chain/cargo.ts'
import { Violation } from '../chain/checks.ts'
import type { Plan as ChainPlan } from '../chain/plan.ts'
import type { LinkSource } from './acts/acting.ts'
import type { Actor, Cast } from './cast.ts'
import { compare, expectedOf } from './checks.ts'
import { compareClaims } from './claim-checks.ts'
import { Clients } from './clients.ts'
import type { Deed } from './intents.ts'
import { modelOf } from './model/begin.ts'
import type { LedgerModel } from './model/model.ts'
import { compareNameVotes } from './name-vote-checks.ts'
import { NameWatch } from './name-watch.ts'
import { sharedApplication } from './shared.ts'
import { faultSource, linkSource, type Shown } from './sources.ts'

export interface LedgerChainDeps {
  readonly cast: Cast
  readonly index: number
  readonly plan: ChainPlan
  readonly epochBlocks: number
  readonly turnsOver: boolean
  readonly activation: number | undefined
  readonly linksChains: boolean
  readonly keepsNames: boolean
  readonly rulesFrom: number | undefined
  readonly isGoverned: boolean
  readonly random: SeededRandom
  readonly now: () => number
  readonly jumpedMs: () => number
  readonly happens: (what: string) => void
}

/** A number of a person in a mirror stands for an actor and one of its keys; all others are of nobody. */
const NUMBERS_EACH = 1_000
export const ROLLS = 12

export class LedgerChain {
  readonly name: string
  readonly chainId: Uint8Array
  readonly cargo: Cargo<LedgerState>
  readonly clients: Clients
  /** The headers that were decided, for liars to begin from, and for links. */
  readonly mirror: TestLedger
  /** Other chains of the world; filled in by it. */
  readonly others: LinkSource[] = []
  /** Keys of people who are in no set any more, for liars. */
  bad: readonly number[] = []
  readonly #deps: LedgerChainDeps
  readonly #application: ReturnType<typeof sharedApplication>
  readonly #model: LedgerModel
  readonly #states: LedgerState[] = []
  readonly #expected: ReadonlyMap<string, Uint8Array>[] = []
  readonly #sets: (readonly Validator[])[] = []
  readonly #rolls = new Map<Actor, number>()
  readonly #numbers = new Map<string, number>()
  readonly #gone = new Set<Actor>()
  readonly #committed = new Map<string, number>()
  readonly #liars: ReadonlySet<number>
  readonly #rules: number
  #premiums = 0
  #state: LedgerState
  readonly #nameWatch: NameWatch

  constructor(deps: LedgerChainDeps, ofOthers: () => Uint8Array | undefined) {
    this.#deps = deps
    const { cast, index, plan, random, now } = deps
    const { genesis, chainId } = cast.chains[index]!
    this.name = genesis.name
    this.chainId = chainId
    this.#rules = genesis.rules
    this.#nameWatch = new NameWatch(genesis.name, deps.happens)
    const { scheme } = cast
    const parts = { chainId, chainName: genesis.name, genesisTime: genesis.time, validators: genesis.validators }
    const application = { genesis: genesis.application, modules: ledgerModules, scheme, mayCarry }
    const real = createLedgerApplication({ ...parts, ...application })
    this.#application = sharedApplication(real)
    this.#state = real.initial()
    this.#model = modelOf(cast, genesis, deps.epochBlocks)
    this.#liars = new Set(plan.faults.flatMap((fault) => (fault.kind === 'liar' ? [fault.node] : [])))
    this.mirror = this.#mirrorOf(genesis.validators.length)
    this.#sets.push(genesis.validators)
    const acting = {
      cast,
      chainName: genesis.name,
      chainId,
      random,
      now,
      height: () => this.height,
      state: () => this.#state,
      turnsOver: deps.turnsOver,
      activation: deps.activation,
      linksChains: deps.linksChains,
      keepsNames: deps.keepsNames,
      rulesFrom: deps.rulesFrom,
      policy: () => this.#model.names.policy ?? cast.policy,
      mayLose: (actor: Actor) => this.#mayLose(actor),
      isLiar: ({ person }: Actor) => person !== undefined && this.#liars.has(person),
      others: this.others,
      faults: faultSource(this.#shown()),
      charges: [],
      registrations: [],
      committed: this.#committed,
      wishes: new Map(),
      renewals: new Map(),
      accused: new Set<Actor>(),
      isGoverned: deps.isGoverned,
      cdsMade: [],
      shown: new Map(),
      proofs: [],
      rolls: this.#rolls,
    }
    this.clients = new Clients({ ...acting, ofOthers })
    this.cargo = this.#makeCargo(genesis)
  }

  get height(): number {
    return this.mirror.height
  }

  /** What must stand under these keys after that block. */
  expectedAt(height: number): ReadonlyMap<string, Uint8Array> {
    return this.#expected[height - 1]!
  }

  /** What the state of a height says, with its proof. */
  prove(height: number, keys: readonly Uint8Array[]) {
    const state = this.#states[height - 1]
    if (!(state instanceof MemoryState)) return undefined
    return { values: keys.map((key) => state.get(key)), proof: proveKeys(stateView(state.map), keys) }
  }

  stateAt(height: number, keys: readonly Uint8Array[]): FollowReply | undefined {
    const proven = this.prove(height, keys)
    return proven && { kind: 'state', ...proven }
  }

  /** What others show of this chain. */
  source(): LinkSource {
    return linkSource(this.#shown())
  }

  #shown(): Shown {
    return {
      mirror: this.mirror,
      bad: () => this.bad,
      now: this.#deps.now,
      signerOf: (validator) => this.#personOf(this.numberOf(validator)).signer,
      numberOf: (validator) => this.numberOf(validator),
    }
  }

  #mirrorOf(n: number): TestLedger {
    const { cast, index } = this.#deps
    const mirror = new TestLedger(
      Array.from({ length: n }, (_, i) => i * NUMBERS_EACH),
      { name: this.name, person: (number) => this.#personOf(number) },
    )
    Object.assign(mirror, { genesis: cast.chains[index]!.genesis, chainId: this.chainId })
    for (const { person } of cast.actors)
      if (person !== undefined) for (let roll = 0; roll < ROLLS; roll++) mirror.know(person * NUMBERS_EACH + roll)
    return mirror
  }

  #personOf(number: number) {
    const { cast } = this.#deps
    const roll = number % NUMBERS_EACH
    const actor = roll < ROLLS ? cast.actors[Math.floor(number / NUMBERS_EACH)] : undefined
    const signer = actor?.voting(roll) ?? cast.signer(`liar ${number}`)
    this.#numbers.set(toHex(signer.publicKey), number)
    return { validator: { id: actor?.id ?? sha256(signer.publicKey), publicKey: signer.publicKey }, signer }
  }

  /** The number of whoever holds a key of a set. */
  numberOf({ publicKey }: Validator): number {
    return this.#numbers.get(toHex(publicKey))!
  }

  #makeCargo({
    validators,
    heartbeatMs,
    intervalMs,
    rules,
    time,
  }: Cast['chains'][number]['genesis']): Cargo<LedgerState> {
    const { cast, jumpedMs, random } = this.#deps
    const people = cast.actors.filter(({ person }) => person !== undefined)
    const { inMemory, hosted } = this.#application
    const stuff = <V extends LedgerState>(view: V, transactions: readonly Uint8Array[]) =>
      this.#stuffed(view, transactions, random)
    const lying = {
      ...inMemory,
      build: (...given: Parameters<typeof inMemory.build>) => {
        const built = inMemory.build(...given)
        return { ...built, transactions: stuff(given[0], built.transactions) }
      },
    }
    const lyingHosted = {
      ...hosted,
      build: (...given: Parameters<typeof hosted.build>) => {
        const built = hosted.build(...given)
        return { ...built, transactions: stuff(given[0] as LedgerState, built.transactions) }
      },
    }
    return {
      chainId: this.chainId,
      scheme: cast.scheme,
      people: people.map(({ id, voting }) => ({ id, signer: voting(0) })),
      genesis: validators,
      options: { heartbeatMs, intervalMs, rules, genesisTime: time },
      sets: () => this.#sets,
      application: (person) => (this.#liars.has(person) ? lying : inMemory),
      stateApplication: (person) => (this.#liars.has(person) ? lyingHosted : hosted),
      root: (state) => state.root(),
      bring: (submit) => this.clients.bring(submit),
      seats: () => {
        throw new Error('the chain decides by itself')
      },
      isKeyOf: (person, key) => {
        for (let roll = 0; roll <= (this.#rolls.get(people[person]!) ?? 0); roll++)
          if (equalBytes(people[person]!.voting(roll).publicKey, key)) return true
        return false
      },
      jumpedMs,
      signerOf: (person) => this.#signerOf(people[person]!),
      onDecided: (block, blockOf) => this.#onDecided(block, blockOf),
    }
  }

  /** Of the next height's set, as far as it is in that; else the one that it has brought. */
  #signerOf(actor: Actor): Signer {
    const seated = this.mirror.setAt(this.height + 1).find(({ id }) => equalBytes(id, actor.id))
    const key = seated?.publicKey
    for (let roll = 0; key !== undefined && roll < ROLLS; roll++)
      if (equalBytes(actor.voting(roll).publicKey, key)) return actor.voting(roll)
    return actor.voting(this.#rolls.get(actor) ?? 0)
  }

  /** What a proposer that lies puts into its block: old ones, those of other chains, noise. */
  #stuffed(_: LedgerState, transactions: readonly Uint8Array[], random: SeededRandom): readonly Uint8Array[] {
    const junk: Uint8Array[] = []
    for (let i = random.below(3); i > 0; i--) junk.push(this.clients.any(random) ?? random.bytes(40))
    if (junk.length > 0) this.#deps.happens('stuffed')
    return random.below(2) === 0 ? [...junk, ...transactions] : [...transactions, ...junk]
  }

  /** For good: whoever is let go counts no more, whether or not it goes. */
  #mayLose(actor: Actor): boolean {
    const { cast } = this.#deps
    if (actor.person === undefined) return true
    const seats = new Set(
      networkNodes(this.#state)
        .filter(({ voting }) => voting !== undefined)
        .map(({ account }) => toHex(account)),
    )
    const sitting = cast.actors.filter((one) => one.person !== undefined && seats.has(toHex(one.account.publicKey)))
    const stays = sitting.filter((one) => one !== actor && !this.#gone.has(one))
    const liars = stays.filter(({ person }) => this.#liars.has(person!)).length
    // Who is suspended for silence goes, too: one honest more than the bound.
    if (stays.length === 0 || stays.length <= 3 * liars + Number(liars > 0)) return false
    this.#gone.add(actor)
    return true
  }

  #onDecided(block: CertifiedBlock, blockOf: (height: number) => CertifiedBlock | undefined): void {
    for (let at = this.height + 1; at <= block.block.header.height; at++) {
      const next = at === block.block.header.height ? block : blockOf(at)
      if (next === undefined) throw new Violation(`nothing lost: nobody has block ${at}`)
      this.#take(next)
    }
  }

  #take({ block, certificate }: CertifiedBlock): void {
    const { header, transactions } = block
    const { height, time } = header
    const { applied, content } = this.#applied(block)
    const results = applied.results ?? []
    const validators = content.consensus?.validators.map(({ id }) => toHex(id)) ?? []
    const happens = this.#deps.happens
    for (const [i, bytes] of transactions.entries()) {
      const intent = this.clients.intentOf(bytes)
      const { code, fee } = results[i]!
      const expected = this.#model.execute(intent, { height, time, validators }, code === 0)
      const what = intent?.deed.kind ?? 'nobody'
      if (expected.fee !== fee || (expected.isDone !== undefined && expected.isDone !== (code === 0)))
        throw new Violation(
          `outcomes: a ${what} at height ${height} of ${this.name} ended with ${code} and fee ${fee}, not ${expected.isDone ? 'done' : 'refused'} and ${expected.fee}`,
        )
      happens(code === 0 ? `done ${what}` : `refused ${what}`)
      if (intent !== undefined && code === 0) this.#noteCommit(intent.deed, height)
    }
    const accused = content.consensus?.evidence.map((one) => ({
      id: toHex(one.accused),
      height: one.accusation.first.height,
    }))
    const { judged } = this.#model.nodes
    this.#model.endBlock({ height, time }, accused ?? [])
    for (; this.#premiums < this.#model.terms.premiums; this.#premiums++) happens('premium paid')
    for (const what of this.#model.governance.takeWon()) happens(`won: ${what}`)
    for (const what of this.#model.nameVotes.takeWon()) happens(`names: ${what}`)
    for (const end of this.#model.claims.takeEnded()) happens(`claim ${end}`)
    const { activations } = this.#model.applications
    if (header.ledger?.rules !== this.#model.applications.rulesAt(height, this.#rules))
      throw new Violation(`modules: height ${height} of ${this.name} says that it has rules ${header.ledger?.rules}`)
    if (this.#model.nodes.judged > judged) happens('charge judged')
    if (activations.some((one) => one.height === height)) happens('activated')
    this.#state = applied.state
    this.#states.push(applied.state)
    this.mirror.adopt({ header, certificate }, this.#nextSet(applied, content))
    const where = `height ${height} of ${this.name}`
    compare(this.#state, this.#model, this.#deps.cast, where)
    compareClaims(this.#state, this.#model, this.#deps.cast, { time, where })
    compareNameVotes(this.#state, this.#model, this.#deps.cast, where)
    this.#expected.push(expectedOf(this.#model, this.#deps.cast))
    this.#nameWatch.check(this.#model, this.#state, header)
    happens('heights')
  }

  #noteCommit(deed: Deed, height: number): void {
    if (deed.kind === 'commit') this.#committed.set(deed.hash, height)
    if (deed.kind === 'register' || deed.kind === 'registerTerm') this.#committed.delete(deed.hash)
  }

  /** By the world's own application, on the state that the world has: it must come to what was decided. */
  #applied({ header }: CertifiedBlock['block']): {
    readonly applied: Applied<LedgerState>
    readonly content: BlockContent
  } {
    for (const content of this.#application.tried(header)) {
      const applied = this.#application.inMemory.apply(this.#state, content)
      if (applied !== undefined && equalBytes(applied.state.root(), header.stateRoot)) return { applied, content }
    }
    throw new Violation(`state roots: block ${header.height} of ${this.name} does not lead to its root`)
  }

  /** Few changes at a time, never nobody, and no newcomer whom the chain has given no seat. */
  #nextSet({ validators }: Applied<LedgerState>, { consensus }: BlockContent): readonly Validator[] {
    const before = consensus!.afterValidators
    if (validators === undefined) return before
    const entitled = networkNodes(this.#state).filter(({ isSeated }) => isSeated)
    const newcomers = validators.filter((one) => !before.some((other) => equalBytes(one.publicKey, other.publicKey)))
    for (const { publicKey, id } of newcomers)
      if (
        !entitled.some(
          ({ voting }) => voting !== undefined && equalBytes(voting.key, publicKey) && equalBytes(voting.id, id),
        )
      )
        throw new Violation(
          `seats: a validator at height ${this.height + 3} of ${this.name} whom nobody has given a seat`,
        )
    if (validators.length === 0 || changesBetween(before, validators) > mostChanges(before.length))
      throw new Violation(`seats: too much changes at height ${this.height + 3} of ${this.name}`)
    const set = sortedValidators(validators)
    if (newcomers.length > 0 || set.length !== before.length) this.#sets.push(set)
    this.#deps.happens('set changes')
    return set
  }
}
