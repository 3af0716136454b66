/** What validating needs beside what all share. */
import type { Name, Question } from '../../dns/index.ts'
import type { Server } from '../../iterator/index.ts'
import type { Engine } from '../job/engine.ts'
import type { Answerer } from '../known/server-memory.ts'
import type { AgreedCutTable } from '../walk/agreed-cuts.ts'

export interface TrustEngine extends Engine {
  /** Agreed delegations carry DS sets, too. */
  readonly agreed: Pick<AgreedCutTable, 'get'>
  readonly servers: {
    /** Who gave the last useful reply to this question. */
    answererOf(question: Question): Answerer | undefined
    /** What the server said for the zone is bogus: the zone's others are asked first for a while. */
    onUseless(server: Server, zone: Name): void
  }
}
