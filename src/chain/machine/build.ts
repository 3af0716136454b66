/** A new block out of what waits: planned here, filled by the application, which may work elsewhere. */
import { compareBytes } from '../../base/index.ts'
import type { Applied, BlockContent, BuildPlace, Built } from '../application.ts'
import { makeBlock, ZERO_HASH } from '../blocks/blocks.ts'
import { encodeEvidence } from '../blocks/evidence.ts'
import { setFields } from '../blocks/header-sets.ts'
import { setRoot } from '../blocks/set-root.ts'
import { limits } from '../limits.ts'
import { historyRoot } from '../trees/history.ts'
import type { Block, LedgerFields } from '../types.ts'
import { pendingEvidence } from './accusations.ts'
import { consensusView, noteExecution, outcome, rulesAt } from './execute.ts'
import { mostTransactions } from './part-sending.ts'
import { fitting, forget, offered } from './pool.ts'
import type { BlockPlan, ChainWork, Execution } from './state.ts'

/**
 * A new block out of the pool; undefined when there is nothing to decide, or the block is built elsewhere and comes later. `mayBeEmpty`: even
 * nothing is worth a block. What the application builds must be what it would apply, and fit into a message: otherwise the turn is lost, and
 * said so.
 */
export function buildBlock<S>(work: ChainWork<S>, proposer: Uint8Array, mayBeEmpty: boolean): Block | undefined {
  const { context, state, now, effects } = work
  const { head, height, round } = state
  const isLedger = context.options.schema === 2
  const time = Math.max(head.time + (isLedger ? Math.max(1, context.options.intervalMs) : 1), Math.floor(now))
  const evidence = isLedger ? pendingEvidence(work, time) : []
  const plan: BlockPlan = { round, time, proposer, evidence, mayBeEmpty }
  const place = { height, time, transactions: fitting(offered(work), mostTransactions(context.options.schema)) }
  const { application } = context
  if ('worksElsewhere' in application) {
    if (state.sync?.isFetching === true) return undefined
    state.building = plan
    effects.push({ kind: 'build', round, place, around: around(work, plan) })
    return undefined
  }
  const made = application.build(state.app, place)
  return finish(work, plan, made, () => application.apply(state.app, contentOfPlan(work, plan, place, made)))
}

/** The answer to `build`: the block, if its round is still ours to fill. */
export function onBuilt<S>(work: ChainWork<S>, height: number, round: number, built: Built<S>): Block | undefined {
  const { state } = work
  for (const transaction of built.refused) forget(work, transaction)
  const plan = state.building
  if (height !== state.height || plan?.round !== round) return undefined
  state.building = undefined
  if (state.round !== round || state.step !== 'propose' || state.valid !== undefined) return undefined
  return finish(work, plan, built, () => built.executed)
}

function around<S>(
  work: ChainWork<S>,
  { proposer, evidence }: BlockPlan,
): Pick<BlockContent, 'proposer' | 'consensus'> {
  if (work.context.options.schema === 1) return { proposer }
  return { proposer, consensus: consensusView(work, work.state.head.certificate, evidence) }
}

function contentOfPlan<S>(
  work: ChainWork<S>,
  plan: BlockPlan,
  { height, time }: BuildPlace,
  { extension, transactions }: Pick<Built<S>, 'extension' | 'transactions'>,
): BlockContent {
  return { height, time, extension, transactions, ...around(work, plan) }
}

function finish<S>(
  work: ChainWork<S>,
  plan: BlockPlan,
  { extension, transactions }: Pick<Built<S>, 'extension' | 'transactions'>,
  apply: () => Applied<S> | undefined,
): Block | undefined {
  const { context, effects } = work
  if (transactions.length === 0 && plan.evidence.length === 0 && !plan.mayBeEmpty) return undefined
  const isLedger = context.options.schema === 2
  const most = isLedger ? limits.MAX_LEDGER_EXTENSION_BYTES : limits.MAX_EXTENSION_BYTES
  const fits = fitting(transactions, mostTransactions(context.options.schema)).length === transactions.length
  const isSmall = extension.length <= most && fits
  const executed = isSmall ? outcome(work, { transactions }, apply()) : undefined
  if (executed === undefined) {
    const reason = isSmall ? 'the application built a block that it does not apply' : 'the application built too large'
    effects.push({ kind: 'warn', reason })
    return undefined
  }
  const block = blockOf(work, plan, { extension, transactions }, executed)
  // It was applied there; to send it there once more would take as long again.
  if ('worksElsewhere' in context.application) noteExecution(work, block, executed)
  return block
}

function blockOf<S>(
  { context, state }: ChainWork<S>,
  { time, proposer, evidence }: BlockPlan,
  { extension, transactions }: Pick<Built<S>, 'extension' | 'transactions'>,
  executed: NonNullable<Execution<S>>,
): Block {
  const { head, height } = state
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
      ...(context.options.schema === 2 ? { ledger: ledgerFields(state, executed) } : {}),
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
    resultsRoot: results.root,
    historyRoot: historyRoot(state.history),
    rules: rulesAt(state).now,
    nextRules,
  }
}
