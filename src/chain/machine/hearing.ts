/** What is done with each kind of message, as tables in which every kind must stand: one that is forgotten does not compile. */
import type { ChainMessage } from '../blocks/messages.ts'
import type { ChainWork, PeerName } from './state.ts'

export type MessageKind = ChainMessage['type']
export type MessageOf<K extends MessageKind> = Extract<ChainMessage, { readonly type: K }>
export type Hear<K extends MessageKind> = <S>(work: ChainWork<S>, from: PeerName, message: MessageOf<K>) => void

/** One row for each kind: what it says of that kind, and what is done with one. */
export type Hearings<T> = { readonly [K in MessageKind]: T & { readonly hear: Hear<K> } }

/** The row of a message, whose `hear` takes it. */
export function hearingOf<T>(table: Hearings<T>, { type }: ChainMessage): T & { readonly hear: Hear<never> } {
  return table[type] as T & { readonly hear: Hear<never> }
}

export function refuseMessage<S>({ state }: ChainWork<S>): void {
  state.stats.refused++
}
