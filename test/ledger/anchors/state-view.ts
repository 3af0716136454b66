/** What a light follower offers, over a state that the test makes, and that can be cut off. */
import type { FollowedChain, LedgerHead, LedgerView, StateAnswer } from '../../../src/chain/index.ts'
import { proveKeys, stateView, verifyStateProof } from '../../../src/chain/index.ts'
import { sha256 } from '../../../src/crypto/index.ts'
import type { MemoryState } from '../../../src/ledger/index.ts'
import { chainId } from '../../chain/one.ts'

export interface StateChain {
  /** A new head. Without a state: the same one, a block later. */
  advance(state?: MemoryState): void
  /** Nobody gives a proof any more. */
  cut: boolean
  /** The head is old. */
  stale: boolean
  readonly requests: number
  readonly view: LedgerView
}

export function stateChain(name: string, first: MemoryState, time = () => 0): StateChain {
  let state = first
  let height = 1
  const listeners = new Set<(chain: FollowedChain) => void>()
  const chain = {
    cut: false,
    stale: false,
    requests: 0,
    advance(next?: MemoryState) {
      height++
      state = next ?? state
      for (const listener of listeners) listener({ chainId, name })
    },
  }
  const header = () => ({ chainId, height, time: time(), stateRoot: state.root() })
  const view: LedgerView = {
    chains: () => [{ chainId, name }],
    head: () =>
      ({ ...header(), name, state: chain.stale ? 'stale' : 'fresh', fresh: !chain.stale }) as unknown as LedgerHead,
    async prove(_, keys) {
      chain.requests++
      if (chain.cut) return { kind: 'unproven', reason: 'unreachable' }
      const proof = proveKeys(stateView(state.map), keys)
      const values = keys.map((key) => state.get(key))
      const claims = keys.map((key, index) => ({ key, value: values[index] }))
      if (!verifyStateProof(sha256, state.root(), claims, proof)) throw new Error('the test proves badly')
      return { kind: 'proven', values, header: header(), fresh: !chain.stale, proof } as unknown as StateAnswer
    },
    proofFile: async () => undefined,
    onHead(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  return Object.assign(chain, { view })
}
