/**
 * Where iteration begins when the parent zones cannot be reached: with a delegation that the ring has agreed on. What is found
 * that way never mixes with what this node fetched from the root down: it lies on the ring's side of the cache, and says so.
 */
import { LRUCache } from 'lru-cache'
import { type Delegation, type Name, nameToText, parentName } from '../../dns/index.ts'
import type { Outcome } from '../../evidence/index.ts'
import type { Cut, Job } from '../job/job.ts'
import { MAIN, nameToAskFor } from '../job/zones.ts'
import type { Engine } from '../node/engine.ts'

/** Agreed delegations and keys: implemented by chunks. */
export interface DelegationSource {
  /** The deepest agreed delegation at or above `name` with more labels than `above`, and until when it holds (unix ms). */
  find(
    name: Name,
    above: number,
    signal: AbortSignal,
  ): Promise<{ readonly delegation: Delegation; readonly parent: Name; readonly expires: number } | undefined>
  /** The DNSKEY set of a zone as it was agreed: good for validating, which it has to pass. */
  keys(zone: Name, signal: AbortSignal): Promise<Outcome | undefined>
}

export interface AgreedCut {
  readonly delegation: Delegation
  readonly parent: Name
  readonly expires: number
  /** This node had it of a server of the parent, to which an agreed delegation had led it. */
  readonly isFetched: boolean
}

export class AgreedCuts {
  readonly #cuts: LRUCache<string, AgreedCut>
  /** Zones whose servers were all silent, unix ms until when: not waited for again meanwhile. */
  readonly #blocked: LRUCache<string, number>

  constructor(max: number) {
    this.#cuts = new LRUCache({ max })
    this.#blocked = new LRUCache({ max })
  }

  put(cut: AgreedCut): void {
    this.#cuts.set(cut.delegation.zone.key, cut)
  }

  get(zone: Name, now: number): AgreedCut | undefined {
    const cut = this.#cuts.get(zone.key)
    return cut !== undefined && cut.expires > now ? cut : undefined
  }

  /** The deepest one at or above `name` with more labels than `above`. */
  enclosing(name: Name, above: number, now: number): AgreedCut | undefined {
    for (let zone = name; zone.labels > Math.max(0, above); zone = parentName(zone)) {
      const cut = this.get(zone, now)
      if (cut !== undefined) return cut
    }
    return undefined
  }

  block(zone: Name, until: number): void {
    this.#blocked.set(zone.key, until)
  }

  isBlocked(zone: Name, now: number): boolean {
    return (this.#blocked.get(zone.key) ?? 0) > now
  }
}

/** A place to begin below `above` labels: one that is remembered, else of the ring, once a job; undefined when the ring has none either. Rejects with ABORTED. */
export async function agreedCut(engine: Engine, job: Job, above: number): Promise<Cut | undefined> {
  const { delegations } = engine.deps
  if (delegations === undefined || job.context !== MAIN) return undefined
  const name = nameToAskFor(job.question)
  let cut = engine.agreed.enclosing(name, above, engine.now())
  if (cut === undefined) {
    if (job.askedRing) return undefined
    job.askedRing = true
    const found = await delegations.find(name, above, job.flight.signal)
    if (found === undefined) return undefined
    cut = { ...found, isFetched: false }
    engine.agreed.put(cut)
  }
  job.start = 'agreed'
  const { delegation } = cut
  const detail = `${nameToText(delegation.zone)}, agreed by the ring`
  job.flight.report({ kind: 'cache', question: job.question, what: 'delegation', detail })
  return { zone: delegation.zone, role: 'authority', source: { kind: 'delegated', delegation }, cached: false }
}
