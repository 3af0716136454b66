/** Zones on servers that misbehave as programs never do: played by the embedded servers of test/world. */
import { shortContent } from './content.ts'
import { withCopies } from './odd-copies.ts'
import { MANNERS } from './odd-manners.ts'
import { MET } from './odd-met.ts'
import { PARENTS, SHAPES } from './odd-shapes.ts'
import type { Odd } from './odd-zone.ts'
import type { Signing, ZonePlan } from './types.ts'

const SIGN: Signing = { tool: 'ldns', algorithm: 13, denial: 'nsec' }

const ALL: readonly Odd[] = [...MANNERS, ...MET, ...SHAPES, ...PARENTS, ...withCopies(2, 1), ...withCopies(3, 2)]

/** `*-signed` where a zone of that name is there in both forms. */
export function oddZones(): ZonePlan[] {
  return ALL.flatMap(({ name, about, servers, signed, slow, records, ask, copies, child }): ZonePlan[] => {
    const label = signed && ALL.some((other) => other.name === name && !other.signed) ? `${name}-signed` : name
    const origin = `o-${label}.com.`
    const plan: ZonePlan = {
      origin,
      kind: 'odd',
      about,
      server: 'leaf-nsd',
      records: records ?? shortContent(),
      odd: servers,
      ...(signed && { sign: SIGN }),
      ...(slow && { slow }),
      ...(copies && { copies }),
      ...(ask && { ask: ask.map((text) => text.replace(' ', `.${origin} `)) }),
    }
    if (child !== true) return [plan]
    const sub = `sub.${origin}`
    return [
      plan,
      { origin: sub, kind: 'odd', about, server: 'leaf-nsd', records: shortContent(), ask: [`alias.${sub} A`] },
    ]
  })
}

/** Server names of the embedded world: the zone's origin and a number. */
export const oddServerName = (origin: string, index: number): string => `${origin}#${index}`
