/** Whether a block is valid: a pure function of block and state, so that voting never waits on the network. */
import { compareBytes, equalBytes, latin1 } from '../../base/index.ts'
import type { BlockContent } from '../application.ts'
import { makeBlock, ZERO_HASH } from '../blocks/blocks.ts'
import { verifyCertificate } from '../blocks/signing.ts'
import { isValidatorSet, nextValidatorsHash, validatorsHash } from '../blocks/validators.ts'
import { limits } from '../limits.ts'
import type { Block, BlockCertificate } from '../types.ts'
import { admissible, fitting } from './pool.ts'
import type { ChainWork, Execution } from './state.ts'

/** Applies a block of this height ahead of its decision, once; undefined when it is not valid. */
export function execution<S>(work: ChainWork<S>, block: Block): Execution<S> {
  const { executions } = work.state
  const key = latin1(block.id)
  if (executions.has(key)) return executions.get(key)
  const result = fits(work, block) ? apply(work, contentOf(block)) : undefined
  const { header } = block
  const holds =
    result !== undefined &&
    equalBytes(header.stateRoot, work.context.application.root(result.state)) &&
    equalBytes(header.nextValidatorsHash, nextValidatorsHash(work.state.nextValidators, result.after))
  // What an equivocating proposer makes us remember is bounded; to apply a block again is only slow.
  if (executions.size >= limits.ROUNDS_KEPT * 2) executions.clear()
  executions.set(key, holds ? result : undefined)
  return executions.get(key)
}

/** What header and certificates must be, before the application is asked. */
function fits<S>({ context, state }: ChainWork<S>, { header, lastCertificate }: Block): boolean {
  return (
    equalBytes(header.chainId, context.chainId) &&
    header.height === state.height &&
    header.time > state.head.time &&
    equalBytes(header.previousId, state.head.id) &&
    equalBytes(header.validatorsHash, validatorsHash(state.validators)) &&
    state.validators.some(({ id }) => equalBytes(id, header.proposer)) &&
    isLastCertificate(context, state, lastCertificate)
  )
}

function isLastCertificate<S>(
  context: ChainWork<S>['context'],
  state: ChainWork<S>['state'],
  certificate: BlockCertificate | undefined,
): boolean {
  if (state.height === 1) return certificate === undefined
  const { previousValidators, previousLog, head } = state
  return (
    certificate !== undefined &&
    certificate.height === state.height - 1 &&
    equalBytes(certificate.blockId, head.id) &&
    verifyCertificate(
      context.scheme,
      context.chainId,
      previousValidators,
      certificate,
      'precommit',
      context.rules.quorum(previousValidators.length),
      (index, signature) => previousLog?.hasVote('precommit', certificate, index, signature) ?? false,
    )
  )
}

function apply<S>({ context, state }: ChainWork<S>, content: BlockContent): Execution<S> {
  const applied = context.application.apply(state.app, content)
  if (applied === undefined) return undefined
  if (applied.validators === undefined) return { state: applied.state, after: state.nextValidators }
  const after = [...applied.validators].sort((a, b) => compareBytes(a.id, b.id))
  return isValidatorSet(after) ? { state: applied.state, after } : undefined
}

function contentOf({ header, transactions }: Block): BlockContent {
  const { height, time, proposer, extension } = header
  return { height, time, proposer, extension, transactions }
}

/**
 * A new block out of the pool; undefined when there is nothing to decide. `mayBeEmpty`: even nothing is worth a block. What
 * the application builds must be what it would apply, and fit into a message: otherwise the turn is lost, and said so.
 */
export function buildBlock<S>(work: ChainWork<S>, proposer: Uint8Array, mayBeEmpty: boolean): Block | undefined {
  const { context, state, now, effects } = work
  const { head, height } = state
  const time = Math.max(head.time + 1, Math.floor(now))
  const place = { height, time, transactions: fitting(admissible(work)) }
  const { extension, transactions } = context.application.build(state.app, place)
  if (transactions.length === 0 && !mayBeEmpty) return undefined
  const isSmall = extension.length <= limits.MAX_EXTENSION_BYTES && fitting(transactions).length === transactions.length
  const executed = isSmall ? apply(work, { height, time, proposer, extension, transactions }) : undefined
  if (executed === undefined) {
    const reason = isSmall ? 'the application built a block that it does not apply' : 'the application built too large'
    effects.push({ kind: 'warn', reason })
    return undefined
  }
  return makeBlock(
    {
      chainId: context.chainId,
      height,
      time,
      proposer,
      previousId: height === 1 ? ZERO_HASH : head.id,
      stateRoot: context.application.root(executed.state),
      validatorsHash: validatorsHash(state.validators),
      nextValidatorsHash: nextValidatorsHash(state.nextValidators, executed.after),
      extension,
    },
    transactions,
    head.certificate,
  )
}
