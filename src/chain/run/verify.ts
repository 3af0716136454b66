/** Checks a stored chain from its start: every header, certificate, transaction and state root, without believing the store. */
import { compareBytes, equalBytes, isChordnsError, toHex } from '../../base/index.ts'
import type { SignatureScheme } from '../../crypto/index.ts'
import type { Application, BlockContent } from '../application.ts'
import { ZERO_HASH } from '../blocks/blocks.ts'
import { namesOwnSet } from '../blocks/header-sets.ts'
import { verifyCertificate } from '../blocks/signing.ts'
import { sortedValidators } from '../blocks/validators.ts'
import type { VoteRecord } from '../machine/guard.ts'
import { initialState, nothingRemembered, replay } from '../machine/machine.ts'
import { tendermintRules } from '../machine/rules.ts'
import type { ChainContext, ChainWork } from '../machine/state.ts'
import { chunkChainOptions, type QuorumRule } from '../options.ts'
import type { Block, CertifiedBlock, Validator } from '../types.ts'

export interface CheckParts<S> {
  readonly chainId: Uint8Array
  /** The first set, in any order. */
  readonly validators: readonly Validator[]
  readonly scheme: SignatureScheme
  /** `fault`, if there is one, says in words why a block is not valid. */
  readonly application: Application<S> & { fault?(state: S, block: BlockContent): string | undefined }
  readonly quorum?: QuorumRule
  readonly genesisTime?: number
}

export interface ChainChecker<S> {
  /** Takes the next block; returns what is wrong with it, and then takes no more. */
  next(decided: CertifiedBlock): string | undefined
  readonly height: number
  state(): S
}

/** Throws CHAIN_VALIDATORS for a bad first set. */
export function createChainChecker<S>(parts: CheckParts<S>): ChainChecker<S> {
  const { chainId, scheme, application, quorum = 'two-thirds', genesisTime = 0 } = parts
  const rules = tendermintRules(quorum)
  const context: ChainContext<S> = {
    chainId,
    genesis: sortedValidators(parts.validators),
    // Nobody's key: a checker signs nothing.
    signer: { publicKey: ZERO_HASH, sign: () => new Uint8Array() },
    scheme,
    application,
    options: { ...chunkChainOptions, quorum, genesisTime },
    rules,
  }
  const state = initialState(context, nothingRemembered, 0)
  const work: ChainWork<S> = { context, state, now: 0, effects: [] }

  function next({ block, certificate }: CertifiedBlock): string | undefined {
    if (block.header.height !== state.height) return `a block of height ${block.header.height} in its place`
    const { validators } = state
    const signed =
      certificate.height === state.height &&
      equalBytes(certificate.blockId, block.id) &&
      verifyCertificate(scheme, chainId, validators, certificate, 'precommit', rules.quorum(validators.length))
    if (!signed) return 'its certificate does not hold'
    const { app } = state
    try {
      replay(work, { block, certificate })
      return undefined
    } catch (error) {
      if (!isChordnsError(error, 'CHAIN_STORE')) throw error
    }
    return headerFault(work, block) ?? contentFault(app, block) ?? 'it does not follow from the blocks before it'
  }

  /** Why the application, or the header's word about it, is not satisfied. */
  function contentFault(app: S, { header, transactions }: Block): string | undefined {
    const { height, time, proposer, extension } = header
    const content = { height, time, proposer, extension, transactions }
    const applied = application.apply(app, content)
    if (applied === undefined) return application.fault?.(app, content) ?? 'its transactions are not valid'
    const isSame = equalBytes(application.root(applied.state), header.stateRoot)
    return isSame ? undefined : 'its state root is not that of its state'
  }

  return {
    next,
    get height() {
      return state.height - 1
    },
    state: () => state.app,
  }
}

function headerFault<S>({ context, state }: ChainWork<S>, { header }: Block): string | undefined {
  if (!equalBytes(header.chainId, context.chainId)) return 'it is of another chain'
  if (!equalBytes(header.previousId, state.head.id)) return 'it does not name the block before it'
  if (header.time <= state.head.time) return 'it is not later than the block before it'
  if (!namesOwnSet(header, state.validators)) return 'it names other validators'
  if (!state.validators.some(({ id }) => compareBytes(id, header.proposer) === 0)) return 'its proposer is no validator'
  return undefined
}

/**
 * Whether what the sign guard remembers is at odds with the block that was decided at its height: a precommit of the deciding
 * round for another block. Undefined when it is not.
 */
export function voteContradiction(record: VoteRecord, decided: CertifiedBlock, ownIndex: number): string | undefined {
  const { certificate } = decided
  if (record.height !== certificate.height || record.round !== certificate.round) return undefined
  if (!certificate.signatures.some(({ index }) => index === ownIndex)) return undefined
  const at = record.signed.findIndex(({ step }) => step === 'precommit')
  if (at === -1) return undefined
  const id = record.ids[at]
  return id !== undefined && equalBytes(id, certificate.blockId)
    ? undefined
    : `the precommit of round ${record.round} was for ${id === undefined ? 'nil' : toHex(id)}`
}
