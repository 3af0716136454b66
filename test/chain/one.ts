/** One validator among n, whose others are played by the test: what it is told, and what it does about it. */
import { toHex } from '../../src/base/index.ts'
import type { Application } from '../../src/chain/application.ts'
import { makeBlock, ZERO_HASH } from '../../src/chain/blocks/blocks.ts'
import type { ChainMessage } from '../../src/chain/blocks/messages.ts'
import { claimBytes, voteBytes } from '../../src/chain/blocks/signing.ts'
import { nextValidatorsHash, sortedValidators, validatorsHash } from '../../src/chain/blocks/validators.ts'
import { initialState, nothingRemembered, type Remembered, step } from '../../src/chain/machine/machine.ts'
import { proposerOf } from '../../src/chain/machine/proposer.ts'
import { type ConsensusRules, tendermintRules } from '../../src/chain/machine/rules.ts'
import type { ChainContext, ChainEffect, ChainEvent, ChainState, ChainTimer } from '../../src/chain/machine/state.ts'
import { type ChainOptions, chunkChainOptions } from '../../src/chain/options.ts'
import { type StateMap, stateRoot } from '../../src/chain/trees/state-map.ts'
import type { Block, BlockCertificate, Proposal, Validator, Vote, VoteKind } from '../../src/chain/types.ts'
import { keyedHashScheme, type Signer, sha256 } from '../../src/crypto/index.ts'
import { mapApplication, transaction } from '../sim/chain/application.ts'

export const scheme = keyedHashScheme(new Uint8Array(32).fill(3))
export const chainId = sha256(new TextEncoder().encode('a chain'))
export const NOW = 1_800_000_000_000

export function people(n: number): { validators: Validator[]; signers: Signer[] } {
  const keys = Array.from({ length: n }, (_, i) => sha256(Uint8Array.of(i)))
  const validators = sortedValidators(keys.map((publicKey) => ({ id: sha256(publicKey), publicKey })))
  return { validators, signers: validators.map(({ publicKey }) => scheme.signer(publicKey)) }
}

export class One {
  readonly validators: readonly Validator[]
  readonly signers: readonly Signer[]
  readonly me: number
  readonly context: ChainContext<StateMap> & { readonly application: Application<StateMap> }
  state: ChainState<StateMap>
  effects: ChainEffect<StateMap>[] = []
  now = NOW
  /** Writes are acknowledged at once. */
  autoPersist = true

  constructor(
    n: number,
    me: number,
    {
      options = {},
      rules,
      remembered = nothingRemembered,
    }: {
      options?: Partial<ChainOptions>
      rules?: ConsensusRules
      remembered?: Remembered
    } = {},
  ) {
    const { validators, signers } = people(n)
    this.validators = validators
    this.signers = signers
    this.me = me
    this.context = {
      chainId,
      genesis: validators,
      signer: signers[me]!,
      scheme,
      application: mapApplication(validators),
      options: { ...chunkChainOptions, genesisTime: NOW - 60_000, ...options },
      rules: rules ?? tendermintRules('two-thirds'),
    }
    this.state = initialState(this.context, remembered, this.now)
    this.event({ kind: 'start' })
  }

  event(event: ChainEvent): ChainEffect<StateMap>[] {
    const result = step(this.context, this.state, event, this.now)
    this.state = result.state
    const effects = [...result.effects]
    this.effects.push(...effects)
    if (this.autoPersist)
      for (const effect of result.effects)
        if ('token' in effect) effects.push(...this.event({ kind: 'persisted', token: effect.token }))
    return effects
  }

  tell(from: number, message: ChainMessage): ChainEffect<StateMap>[] {
    // In a ledger only validators are listened to.
    const name = this.context.options.schema === 1 ? `peer ${from}` : toHex(this.validators[from]!.id)
    return this.event({ kind: 'message', from: name, message })
  }

  timeout(timer: ChainTimer, round = this.state.round, height = this.state.height): ChainEffect<StateMap>[] {
    return this.event({ kind: 'timer', timer, height, round })
  }

  vote(from: number, kind: VoteKind, blockId: Uint8Array | undefined, round = 0, height = 1): Vote {
    const content = { kind, height, round, blockId }
    const { publicKey, sign } = this.signers[from]!
    return { ...content, signer: publicKey, signature: sign(voteBytes(chainId, content)) }
  }

  votes(kind: VoteKind, from: readonly number[], blockId: Uint8Array | undefined, round = 0, height = 1) {
    return from.flatMap((one) =>
      this.tell(one, { type: 'votes', votes: [this.vote(one, kind, blockId, round, height)] }),
    )
  }

  /** A valid block of height 1. */
  block(key: number, proposer = proposerOf(this.validators, 1, 0), overrides: Partial<Block['header']> = {}): Block {
    const { application } = this.context
    const transactions = [transaction(key)]
    const content = { height: 1, time: this.now, proposer: proposer.id, extension: new Uint8Array(), transactions }
    const applied = application.apply(application.initial(), content)!
    return makeBlock(
      {
        chainId,
        height: 1,
        time: this.now,
        proposer: proposer.id,
        previousId: ZERO_HASH,
        stateRoot: stateRoot(applied.state),
        validatorsHash: validatorsHash(this.validators),
        nextValidatorsHash: nextValidatorsHash(this.validators, this.validators),
        extension: new Uint8Array(),
        ...overrides,
      },
      transactions,
      undefined,
    )
  }

  proposal(
    block: Block,
    round = 0,
    validRound = -1,
    proof?: BlockCertificate,
    from = (1 + round) % this.validators.length,
  ): Proposal {
    const { publicKey, sign } = this.signers[from]!
    const content = { height: block.header.height, round, validRound, blockId: block.id }
    return { claim: { ...content, signer: publicKey, signature: sign(claimBytes(chainId, content)) }, block, proof }
  }

  propose(block: Block, round = 0, validRound = -1, proof?: BlockCertificate): ChainEffect<StateMap>[] {
    return this.tell((1 + round) % this.validators.length, {
      type: 'proposal',
      proposal: this.proposal(block, round, validRound, proof),
    })
  }

  certificate(kind: VoteKind, from: readonly number[], blockId: Uint8Array, round = 0): BlockCertificate {
    const signatures = from.map((index) => ({ index, signature: this.vote(index, kind, blockId, round).signature }))
    return { height: 1, round, blockId, signatures }
  }

  /** Own votes sent so far, as "kind round id?" in order, without repetitions. */
  get said(): string[] {
    const own = this.context.signer.publicKey
    const said = this.effects.flatMap((effect) =>
      effect.kind === 'send' && effect.message.type === 'votes'
        ? effect.message.votes
            .filter(({ signer }) => signer === own)
            .map(({ kind, round, blockId }) => `${kind} ${round} ${blockId === undefined ? 'nil' : 'block'}`)
        : [],
    )
    return said.filter((text, i) => said.indexOf(text) === i)
  }

  get timers(): string[] {
    return this.effects.flatMap((effect) => (effect.kind === 'timer' ? [`${effect.timer} ${effect.round}`] : []))
  }

  get height(): number {
    return this.state.height
  }
}
