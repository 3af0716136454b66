/** All names that this node answers itself, in order: layers of local data, then what DNS64 needs, then special-use names. */
import { isSubdomain, type Name, type Question } from '../../dns/index.ts'
import type { LocalAnswer } from './answer.ts'
import type { LocalData } from './data.ts'
import { type Dns64Options, dns64Answer } from './dns64.ts'
import { enclosingEmptyZone, isSpecialUse, specialAnswer } from './special.ts'

export interface LocalLayers {
  /** What people of the household entered on any of its boxes: it stands before what one box has in its configuration. */
  readonly shared: LocalData | undefined
  /** Names of devices: last, since devices choose them. */
  readonly devices: LocalData | undefined
}

export interface LocalNamesParts {
  readonly data: LocalData | undefined
  /** What changes while the node runs. */
  readonly layers?: () => LocalLayers
  readonly dns64: Dns64Options | undefined
  /** Stub and forward zones: whoever names servers for home.arpa or 10.in-addr.arpa wants them asked. */
  readonly configured: readonly Name[]
}

export interface LocalNames {
  /** Undefined when the question is one for the world. */
  answer(question: Question): LocalAnswer | undefined
  /** True for every name that means something of its own here: it is never told to a peer. */
  covers(name: Name): boolean
}

export function localNames({ data, layers, dns64, configured }: LocalNamesParts): LocalNames {
  return {
    answer: (question) => {
      const answer = firstOf(all(), question) ?? (dns64 && dns64Answer(dns64, question))
      if (answer !== undefined) return answer
      const special = specialAnswer(question)
      return special !== undefined && isOpened(question.name) ? undefined : special
    },
    covers: (name) =>
      isSpecialUse(name) || all().some((one) => one.covers(name)) || configured.some((zone) => isSubdomain(name, zone)),
  }

  function all(): readonly LocalData[] {
    if (layers === undefined) return data === undefined ? [] : [data]
    const { shared, devices } = layers()
    return [shared, data, devices].filter((one) => one !== undefined)
  }

  /** Whether a zone of the operator's, as deep as the special one or deeper, stands in its place. Never in that of localhost. */
  function isOpened(name: Name): boolean {
    const special = enclosingEmptyZone(name)
    const open = [data?.openZone(name), ...configured.filter((zone) => isSubdomain(name, zone))]
    return special !== undefined && open.some((zone) => zone !== undefined && zone.labels >= special.labels)
  }
}

/** What has the data answers, wherever it stands; where none has, or something is blocked, the first one that says so. */
function firstOf(layers: readonly LocalData[], question: Question): LocalAnswer | undefined {
  let absent: LocalAnswer | undefined
  for (const layer of layers) {
    const answer = layer.answer(question)
    if (answer === undefined) continue
    if (answer.answers.length > 0 || answer.ede.length > 0) return answer
    absent ??= answer
  }
  return absent
}
