/** Whether a block is valid: a pure function of block and state, so that voting never waits on the network. */
import { compareBytes, equalBytes, isChordnsError, latin1 } from '../../base/index.ts'
import type { BlockContent, ConsensusView } from '../application.ts'
import { makeBlock, ZERO_HASH } from '../blocks/blocks.ts'
import { decodeEvidence, type EvidenceItem, encodeEvidence, isEvidence } from '../blocks/evidence.ts'
import { namesNextSets, namesOwnSet, setFields } from '../blocks/header-sets.ts'
import { changesBetween, mostChanges, setRoot } from '../blocks/set-root.ts'
import { verifyCertificate } from '../blocks/signing.ts'
import { DONE, encodeResult } from '../blocks/transactions.ts'
import { isValidatorSet } from '../blocks/validators.ts'
import { limits } from '../limits.ts'
import { historyRoot } from '../trees/history.ts'
import { merkleRoot } from '../trees/merkle.ts'
import type { Block, BlockCertificate, LedgerFields } from '../types.ts'
import { pendingEvidence } from './accusations.ts'
import { fitting, offered } from './pool.ts'
import type { ChainContext, ChainWork, Execution, RulesState } from './state.ts'
import { hasScheme } from './work.ts'

/** Applies a block of this height ahead of its decision, once; undefined when it is not valid. */
export function execution<S>(work: ChainWork<S>, block: Block): Execution<S> {
  const { executions } = work.state
  const key = latin1(block.id)
  if (executions.has(key)) return executions.get(key)
  const result = fits(work, block) ? apply(work, contentOf(work, block)) : undefined
  const holds = result !== undefined && isResult(work, block, result)
  // What an equivocating proposer makes us remember is bounded; to apply a block again is only slow.
  if (executions.size >= limits.ROUNDS_KEPT * 2) executions.clear()
  executions.set(key, holds ? result : undefined)
  return executions.get(key)
}

/** Whether the header says what came of the block. */
function isResult<S>({ context, state }: ChainWork<S>, { header }: Block, result: NonNullable<Execution<S>>): boolean {
  const { ledger } = header
  return (
    equalBytes(header.stateRoot, context.application.root(result.state)) &&
    namesNextSets(header, state.nextValidators, result.after) &&
    (ledger === undefined ||
      (equalBytes(ledger.resultsRoot, merkleRoot(result.results)) && sameRules(ledger.nextRules, result.nextRules)))
  )
}

/** What header and certificates must be, before the application is asked. */
function fits<S>(work: ChainWork<S>, block: Block): boolean {
  const { context, state } = work
  const { header, lastCertificate } = block
  return (
    equalBytes(header.chainId, context.chainId) &&
    header.height === state.height &&
    header.time > state.head.time &&
    equalBytes(header.previousId, state.head.id) &&
    (header.ledger === undefined) === (context.options.schema === 1) &&
    namesOwnSet(header, state.validators) &&
    state.validators.some(({ id }) => equalBytes(id, header.proposer)) &&
    isLastCertificate(context, state, lastCertificate) &&
    (header.ledger === undefined || fitsLedger(work, block, header.ledger))
  )
}

/** What the headers of ledgers must be beyond that. */
function fitsLedger<S>({ context, state }: ChainWork<S>, block: Block, ledger: LedgerFields): boolean {
  const { intervalMs, heartbeatMs } = context.options
  const { transactions, evidence = [], header } = block
  const since = header.time - state.head.time
  const isEmpty = transactions.length === 0 && evidence.length === 0
  return (
    since >= intervalMs &&
    (!isEmpty || (heartbeatMs !== undefined && since >= heartbeatMs)) &&
    equalBytes(ledger.historyRoot, historyRoot(state.history)) &&
    ledger.rules === rulesAt(state).now &&
    evidenceOf(context, block) !== undefined
  )
}

/** The rules of the height in work, before its block. */
export function rulesAt<S>({ rules, height }: ChainWork<S>['state']): RulesState {
  return rules.next?.height === height ? { now: rules.next.rules, next: undefined } : rules
}

function sameRules(a: RulesState['next'], b: RulesState['next']): boolean {
  return a === undefined || b === undefined ? a === b : a.rules === b.rules && a.height === b.height
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
    hasScheme(context, certificate) &&
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
  const isLedger = context.options.schema === 2
  const after =
    applied.validators === undefined
      ? state.nextValidators
      : [...applied.validators].sort((a, b) => compareBytes(a.id, b.id))
  if (after !== state.nextValidators && !isValidatorSet(after)) return undefined
  if (!isLedger) return { state: applied.state, after, results: [], nextRules: undefined }
  const { transactions } = content
  const results = applied.results ?? transactions.map(() => DONE)
  const nextRules = applied.nextRules ?? rulesAt(state).next
  const holds =
    results.length === transactions.length &&
    results.every(({ detail }) => detail.length <= limits.MAX_DETAIL_BYTES) &&
    changesBetween(state.nextValidators, after) <= mostChanges(state.nextValidators.length) &&
    (applied.nextRules === undefined || applied.nextRules.height >= state.height + 2)
  return holds ? { state: applied.state, after, results: results.map(encodeResult), nextRules } : undefined
}

/** What the application sees of a block that fits. */
export function contentOf<S>(work: ChainWork<S>, block: Block): BlockContent {
  const { height, time, proposer, extension } = block.header
  const content = { height, time, proposer, extension, transactions: block.transactions }
  return work.context.options.schema === 1
    ? content
    : { ...content, consensus: consensusView(work, block.lastCertificate, evidenceOf(work.context, block) ?? []) }
}

function consensusView<S>(
  { state }: ChainWork<S>,
  last: BlockCertificate | undefined,
  evidence: readonly EvidenceItem[],
): ConsensusView {
  const { previousValidators, validators, nextValidators } = state
  return {
    last: last && {
      round: last.round,
      signers: last.signatures.map(({ index }) => previousValidators[index]!.id),
    },
    validators,
    nextValidators,
    afterValidators: nextValidators,
    evidence: evidence.map(({ place, accusation }) => ({ accused: place.id, accusation })),
    rules: rulesAt(state).now,
  }
}

/** The items of a block, when all of them hold, and none comes twice. */
function evidenceOf<S>({ scheme }: ChainContext<S>, { header, evidence = [] }: Block): EvidenceItem[] | undefined {
  const { chainId, height, time, ledger } = header
  if (ledger === undefined) return []
  const items: EvidenceItem[] = []
  for (const [i, bytes] of evidence.entries()) {
    if (i > 0 && compareBytes(evidence[i - 1]!, bytes) >= 0) return undefined
    const item = readEvidence(bytes)
    const at = { chainId, height, time, historyRoot: ledger.historyRoot }
    if (item === undefined || !isEvidence(scheme, item, at)) return undefined
    items.push(item)
  }
  return items
}

function readEvidence(bytes: Uint8Array): EvidenceItem | undefined {
  try {
    return decodeEvidence(bytes)
  } catch (error) {
    if (!isChordnsError(error, 'CHAIN_MALFORMED')) throw error
    return undefined
  }
}

/**
 * A new block out of the pool; undefined when there is nothing to decide. `mayBeEmpty`: even nothing is worth a block. What
 * the application builds must be what it would apply, and fit into a message: otherwise the turn is lost, and said so.
 */
export function buildBlock<S>(work: ChainWork<S>, proposer: Uint8Array, mayBeEmpty: boolean): Block | undefined {
  const { context, state, now, effects } = work
  const { head, height } = state
  const isLedger = context.options.schema === 2
  const time = Math.max(head.time + (isLedger ? Math.max(1, context.options.intervalMs) : 1), Math.floor(now))
  const evidence = isLedger ? pendingEvidence(work, time) : []
  const place = { height, time, transactions: fitting(offered(work)) }
  const { extension, transactions } = context.application.build(state.app, place)
  if (transactions.length === 0 && evidence.length === 0 && !mayBeEmpty) return undefined
  const most = isLedger ? limits.MAX_LEDGER_EXTENSION_BYTES : limits.MAX_EXTENSION_BYTES
  const isSmall = extension.length <= most && fitting(transactions).length === transactions.length
  const content = { height, time, proposer, extension, transactions }
  const consensus = isLedger ? { consensus: consensusView(work, head.certificate, evidence) } : {}
  const executed = isSmall ? apply(work, { ...content, ...consensus }) : undefined
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
      ...setFields(context.options.schema, state.validators, state.nextValidators, executed.after),
      extension,
      ...(isLedger ? { ledger: ledgerFields(state, executed) } : {}),
    },
    transactions,
    head.certificate,
    evidence.map(encodeEvidence).sort(compareBytes),
  )
}

function ledgerFields<S>(
  state: ChainWork<S>['state'],
  { after, results, nextRules }: NonNullable<Execution<S>>,
): Omit<LedgerFields, 'evidenceRoot'> {
  return {
    afterValidatorsRoot: setRoot(after),
    resultsRoot: merkleRoot(results),
    historyRoot: historyRoot(state.history),
    rules: rulesAt(state).now,
    nextRules,
  }
}
