/** DNS error reporting (RFC 9567): tells the agent that a zone named in its answers that its data did not validate. */
import { isChordnsError, RecentMap } from '../../base/index.ts'
import {
  type ExtendedError,
  findOption,
  isSubdomain,
  labelsOf,
  type Message,
  type Name,
  nameFromWire,
  OptionCode,
  parentName,
  prependLabel,
  type Question,
  Type,
} from '../../dns/index.ts'
import { limits } from '../limits.ts'

/** Agents by zone, and what was reported lately. */
export class Reporting {
  readonly #agents = new RecentMap<string, Name>({ max: limits.AGENTS_REMEMBERED })
  /** When each report was sent, monotonic ms. */
  readonly #reported = new RecentMap<string, number>({ max: limits.REPORTS_REMEMBERED })
  readonly #now: () => number

  constructor(monotonic: () => number) {
    this.#now = monotonic
  }

  /** Section 6.1: only what an authority of the zone says counts, and a report never starts another. */
  learn(zone: Name, reply: Message): void {
    const option = findOption(reply.edns?.options ?? [], OptionCode.REPORT_CHANNEL)
    if (option === undefined) return
    const agent = readAgent(option.data)
    if (agent === undefined || agent.labels === 0) this.#agents.delete(zone.key)
    else this.#agents.set(zone.key, agent)
  }

  /** The report to send, or undefined when nobody wants one, it was sent a while ago, or it would be about the agent itself. */
  reportFor(question: Question, ede: readonly ExtendedError[]): Question | undefined {
    const code = ede[0]?.code
    const agent = this.#agentOf(question.name)
    if (code === undefined || agent === undefined) return undefined
    if (isSubdomain(question.name, agent) || firstIsReport(question.name)) return undefined
    const name = reportName(question, code, agent)
    if (name === undefined) return undefined
    const before = this.#reported.get(name.key)
    if (before !== undefined && this.#now() - before < limits.REPORT_AGAIN_MS) return undefined
    this.#reported.set(name.key, this.#now())
    return { name, type: Type.TXT, class: question.class }
  }

  #agentOf(name: Name): Name | undefined {
    for (let zone = name; ; zone = parentName(zone)) {
      const agent = this.#agents.get(zone.key)
      if (agent !== undefined) return agent
      if (zone.labels === 0) return undefined
    }
  }
}

/** Section 6.1.1: _er.<type>.<name>.<code>._er.<agent>; undefined when that is longer than a name may be. */
export function reportName({ name, type }: Question, code: number, agent: Name): Name | undefined {
  const labels = ['_er', String(type), ...labelsOf(name), String(code), '_er']
  try {
    return labels.reduceRight<Name>((rest, label) => prependLabel(label, rest), agent)
  } catch (error) {
    if (isChordnsError(error, 'DNS_TOO_LONG')) return undefined
    throw error
  }
}

function readAgent(data: Uint8Array): Name | undefined {
  try {
    return nameFromWire(data.slice())
  } catch (error) {
    if (isChordnsError(error, 'DNS_MALFORMED')) return undefined
    throw error
  }
}

function firstIsReport(name: Name): boolean {
  return name.key.startsWith('\x03_er')
}
