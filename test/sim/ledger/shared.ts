/** The real application of a ledger for all nodes of one simulated chain: the same block on the same state is applied once. */
import { latin1, toHex } from '../../../src/base/index.ts'
import type { Application, Applied, BlockContent, StateApplication, Ticket } from '../../../src/chain/index.ts'
import type { LedgerApplication, LedgerState } from '../../../src/ledger/index.ts'

export interface SharedApplication {
  readonly inMemory: Application<LedgerState>
  readonly hosted: StateApplication
  /** What was tried at a height, by anybody. */
  readonly tried: (place: Pick<BlockContent, 'height' | 'time' | 'proposer'>) => readonly BlockContent[]
}

export function sharedApplication(real: LedgerApplication): SharedApplication {
  const results = new Map<string, Applied<LedgerState> | undefined>()
  const tried = new Map<string, Map<string, BlockContent>>()
  const admitted = new WeakMap<Uint8Array, { readonly state: LedgerState; readonly verdict: boolean }>()
  const snapshots = new Map<LedgerState, Uint8Array>()
  const restored = new Map<string, LedgerState>()
  const note = (content: BlockContent): string => {
    const place = placeOf(content)
    const whole = wholeOf(content)
    const there = tried.get(place) ?? new Map<string, BlockContent>()
    there.set(whole, content)
    tried.set(place, there)
    return `${place} ${whole}`
  }
  let first: LedgerState | undefined
  const tickets = new WeakMap<Uint8Array, { readonly ticket: Ticket | undefined }>()
  const ticket = (bytes: Uint8Array) => {
    const known = tickets.get(bytes) ?? { ticket: real.ticket(bytes) }
    tickets.set(bytes, known)
    return known.ticket
  }
  const inMemory: Application<LedgerState> = {
    initial() {
      first ??= real.initial()
      return first
    },
    root: (state) => state.root(),
    ticket,
    knowsRules: (rules) => real.knowsRules(rules),
    admits(state, bytes) {
      const known = admitted.get(bytes)
      if (known?.state === state) return known.verdict
      const verdict = real.admits(state, bytes)
      admitted.set(bytes, { state, verdict })
      return verdict
    },
    build: (state, place) => real.build(state, place),
    apply(state, content) {
      const key = `${latin1(state.root())} ${note(content)}`
      if (!results.has(key)) results.set(key, real.apply(state, content))
      return results.get(key)
    },
    snapshot(state) {
      const known = snapshots.get(state)
      if (known !== undefined) return known
      const bytes = real.snapshot(state)
      snapshots.set(state, bytes)
      restored.set(latin1(bytes), state)
      return bytes
    },
    restore: (bytes) => restored.get(latin1(bytes)) ?? real.restore(bytes),
  }
  const hosted: StateApplication = {
    begin: (empty) => real.begin(empty) as typeof empty,
    ticket,
    knowsRules: (rules) => real.knowsRules(rules),
    admits: (view, bytes) => real.admits(view, bytes),
    build: (view, place) => real.build(view, place),
    apply(view, content) {
      note(content)
      return real.apply(view, content) as Applied<typeof view> | undefined
    },
  }
  return { inMemory, hosted, tried: (place) => [...(tried.get(placeOf(place))?.values() ?? [])] }
}

function placeOf({ height, time, proposer }: Pick<BlockContent, 'height' | 'time' | 'proposer'>): string {
  return `${height} ${time} ${toHex(proposer)}`
}

/** Validators that share a block share its list. */
const texts = new WeakMap<readonly Uint8Array[], string>()

function textOf(transactions: readonly Uint8Array[]): string {
  const text = texts.get(transactions) ?? transactions.map(latin1).join('|')
  texts.set(transactions, text)
  return text
}

function wholeOf({ transactions, consensus }: BlockContent): string {
  const signers = consensus?.last?.signers.map(latin1).join() ?? ''
  const accused = consensus?.evidence.map((one) => `${latin1(one.accused)} ${one.accusation.first.height}`).join() ?? ''
  return `${textOf(transactions)} ${signers} ${accused}`
}
