/** What others may know of a chain's nodes: modules further down, commands, the status page. */
import { equalBytes } from '../../../base/index.ts'
import { readerOf } from '../../draft.ts'
import type { Electorate } from '../../tally.ts'
import type { StateReader } from '../../types.ts'
import { AUTHORITY, electorateOf } from './authority.ts'
import { allNodes, hasVote, type NetworkNode, readNode, readRegistry } from './nodes.ts'

export interface NetworkNodeView extends NetworkNode {
  readonly account: Uint8Array
  /** It is to validate in this epoch. */
  readonly isSeated: boolean
}

export function networkNodes(state: StateReader): NetworkNodeView[] {
  const own = readerOf(state, AUTHORITY)
  const target = readRegistry(own)?.target ?? []
  return allNodes(own).map(({ account, node }) => ({
    ...node,
    account,
    isSeated: target.some((one) => equalBytes(one, account)),
  }))
}

export function networkNodeOf(state: StateReader, account: Uint8Array): NetworkNode | undefined {
  return readNode(readerOf(state, AUTHORITY), account)
}

/** The term of a node that may vote; undefined: it may not. */
export function voterTerm(state: StateReader, account: Uint8Array): number | undefined {
  const node = networkNodeOf(state, account)
  return node !== undefined && hasVote(node) ? node.joined : undefined
}

/** Who votes on the chain. */
export function nodesElectorate(state: StateReader): Electorate {
  return electorateOf(readerOf(state, AUTHORITY))
}
