/** A zone on odd servers, in short: what the lists of odd zones are made of. */
import type { Message } from '../../src/dns/index.ts'
import type { Asked, Behaviour } from '../world/types.ts'
import type { ZonePlan } from './types.ts'

export interface Odd {
  readonly name: string
  readonly about: string
  readonly servers: readonly Behaviour[]
  readonly signed?: boolean
  readonly slow?: boolean
  readonly records?: string
  readonly ask?: readonly string[]
  readonly copies?: ZonePlan['copies']
  /** A sound zone `sub` is delegated from here, unsigned, to a real server. */
  readonly child?: boolean
}

export const good: Behaviour = {}

export const twice = (behaviour: Behaviour): readonly Behaviour[] => [behaviour, behaviour]

export function shaped(change: (reply: Message, asked: Asked) => Message): Behaviour {
  return { tamper: (reply, asked) => [{ reply: change(reply, asked) }] }
}
