/** Every attack that is known to matter for a resolver, and every honest shape that its bounds must leave alone. */
import { AMPLIFICATION } from './amplification.ts'
import { DNSSEC } from './dnssec.ts'
import { FORGERY } from './forgery.ts'
import { SERVING } from './serving.ts'
import { SHAPES } from './shapes.ts'
import type { Attack, NotBuilt, Shape } from './types.ts'

export interface Chapter {
  readonly title: string
  readonly rows: readonly (Attack | NotBuilt | Shape)[]
}

export const CATALOGUE: readonly Chapter[] = [
  { title: 'amplification', rows: AMPLIFICATION },
  { title: 'forgery', rows: FORGERY },
  { title: 'DNSSEC', rows: DNSSEC },
  { title: 'door, decoder and cache', rows: SERVING },
  { title: 'honest shapes that must still resolve', rows: SHAPES },
]

export const isBuilt = (row: Attack | NotBuilt | Shape): row is Attack | Shape => 'run' in row
