/** Whether a block is valid: a pure function of block and state, so that voting never waits on the network. */
import { compareBytes, equalBytes, isChordnsError, latin1 } from '../../base/index.ts'
import type { Applied, BlockContent, ConsensusView, Executed } from '../application.ts'
import { decodeEvidence, type EvidenceItem, isEvidence } from '../blocks/evidence.ts'
import { namesNextSets, namesOwnSet } from '../blocks/header-sets.ts'
import { transactionsRoot } from '../blocks/parts.ts'
import { changesBetween, mostChanges } from '../blocks/set-root.ts'
import { verifyCertificate } from '../blocks/signing.ts'
import { type EncodedResults, encodeResults } from '../blocks/transactions.ts'
import { isValidatorSet } from '../blocks/validators.ts'
import { limits } from '../limits.ts'
import { historyRoot } from '../trees/history.ts'
import { merkleRoot } from '../trees/merkle.ts'
import type { Block, BlockCertificate, LedgerFields } from '../types.ts'
import type { ChainContext, ChainWork, Execution, RulesState } from './state.ts'
import { hasScheme } from './work.ts'

/**
 * Applies a block of this height ahead of its decision, once; undefined when it is not valid. `waits`: it is being applied elsewhere, and the
 * machine goes on when the result comes.
 */
export function execution<S>(work: ChainWork<S>, block: Block): Execution<S> | 'waits' {
  const { context, state } = work
  const key = latin1(block.id)
  if (state.executions.has(key)) return state.executions.get(key)
  if (state.executing.has(key)) return 'waits'
  if (!fits(work, block)) return keepExecution(work, block, undefined)
  const content = contentOf(work, block)
  const { application } = context
  if ('worksElsewhere' in application) {
    // Until the state is whole nothing can be applied.
    if (state.sync?.isFetching === true) return 'waits'
    if (state.executing.size >= limits.ROUNDS_KEPT * 2) state.executing.clear()
    state.executing.set(key, block)
    work.effects.push({ kind: 'execute', height: state.height, id: block.id, content })
    return 'waits'
  }
  return keepExecution(work, block, outcome(work, content, application.apply(state.app, content)))
}

/** An answer to `execute`. What is of an earlier height, or was asked for too long ago, is forgotten. */
export function onExecuted<S>(
  work: ChainWork<S>,
  height: number,
  id: Uint8Array,
  result: Executed<S> | undefined,
): void {
  const { state } = work
  const key = latin1(id)
  const block = height === state.height ? state.executing.get(key) : undefined
  if (block === undefined) return
  state.executing.delete(key)
  if (result?.isVotedFor === false) state.opposed.add(key)
  keepExecution(work, block, outcome(work, block, result))
}

/** Keeps what came of a block, if it is what its header says. */
function keepExecution<S>(work: ChainWork<S>, block: Block, result: Execution<S>): Execution<S> {
  const { executions } = work.state
  const holds = result !== undefined && isResult(work, block, result)
  // What an equivocating proposer makes us remember is bounded; to apply a block again is only slow.
  if (executions.size >= limits.ROUNDS_KEPT * 2) executions.clear()
  executions.set(latin1(block.id), holds ? result : undefined)
  return holds ? result : undefined
}

/** What came of an own block while it was built. */
export function noteExecution<S>(work: ChainWork<S>, block: Block, result: NonNullable<Execution<S>>): void {
  keepExecution(work, block, fits(work, block) ? result : undefined)
}

/** Whether the application has something of its own against a block that is valid and new. */
export function isVotedFor<S>(work: ChainWork<S>, block: Block): boolean {
  const { application } = work.context
  if ('worksElsewhere' in application) return !work.state.opposed.has(latin1(block.id))
  return application.votesFor?.(contentOf(work, block)) ?? true
}

/** Whether the header says what came of the block. Its transactions may come from the own store, which checks no tree. */
function isResult<S>(
  { context, state }: ChainWork<S>,
  { header, transactions }: Block,
  result: NonNullable<Execution<S>>,
): boolean {
  const { ledger } = header
  return (
    equalBytes(header.stateRoot, context.application.root(result.state)) &&
    namesNextSets(header, state.nextValidators, result.after) &&
    (ledger === undefined ||
      (equalBytes(header.transactionsRoot, transactionsRoot(2, transactions)) &&
        equalBytes(ledger.resultsRoot, result.results.root) &&
        sameRules(ledger.nextRules, result.nextRules)))
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

/** What the application made of a block, if it is within what a chain allows. */
export function outcome<S>(
  { context, state }: ChainWork<S>,
  { transactions }: Pick<BlockContent, 'transactions'>,
  applied: Applied<S> | Executed<S> | undefined,
): Execution<S> {
  if (applied === undefined) return undefined
  const isLedger = context.options.schema === 2
  const after =
    applied.validators === undefined
      ? state.nextValidators
      : [...applied.validators].sort((a, b) => compareBytes(a.id, b.id))
  if (after !== state.nextValidators && !isValidatorSet(after)) return undefined
  if (!isLedger) return { state: applied.state, after, results: NO_RESULTS, nextRules: undefined }
  const encoded = 'encoded' in applied ? applied.encoded : undefined
  const results = encoded ?? encodeResults(transactions.length, applied.results)
  if (results?.list.length !== transactions.length) return undefined
  const nextRules = applied.nextRules ?? rulesAt(state).next
  const holds =
    changesBetween(state.nextValidators, after) <= mostChanges(state.nextValidators.length) &&
    (applied.nextRules === undefined || applied.nextRules.height >= state.height + 2)
  return holds ? { state: applied.state, after, results, nextRules } : undefined
}

const NO_RESULTS: EncodedResults = { list: [], root: merkleRoot([]) }

/** What the application sees of a block that fits. */
export function contentOf<S>(work: ChainWork<S>, block: Block): BlockContent {
  const { height, time, proposer, extension } = block.header
  const content = { height, time, proposer, extension, transactions: block.transactions }
  return work.context.options.schema === 1
    ? content
    : { ...content, consensus: consensusView(work, block.lastCertificate, evidenceOf(work.context, block) ?? []) }
}

/** What the application sees of the chain itself beside a block of this height. */
export function consensusView<S>(
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
    historyRoot: historyRoot(state.history),
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
