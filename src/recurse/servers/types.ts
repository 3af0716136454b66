/** What this room hands around: a query and what came of it, and where addresses come from. */
import type { UpstreamProtocol } from '../../base/index.ts'
import type { Message, Name } from '../../dns/index.ts'
import type { Asked, Reply, Server } from '../../iterator/index.ts'
import type { Job } from '../job/job.ts'

/** What a query carries beside the question. */
export interface QueryForm {
  readonly edns: boolean
  /** A DNS cookie, where EDNS is used. */
  readonly cookie: boolean
  /** 0x20, unless it is known that the server does not keep the case. */
  readonly exactCase: boolean
  /** UDP: so many replies with another id are let pass. Default 0: the first one ends the wait. */
  readonly guesses?: number
}

/** In what a reply differed that may have been guessed: its id, the case of the name, or a cookie that is missing. */
export type NearMiss = 'id' | 'case' | 'cookie'

/** One query to one server, in one form. */
export interface ServerQuery extends QueryForm {
  readonly job: Job
  readonly asked: Asked
  readonly server: Server
  readonly protocol: UpstreamProtocol
  /** UDP: hears the reply that comes after the query was given up as timed out. */
  readonly onLate?: (result: QueryResult) => void
}

export type QueryResult =
  /** `message` is the whole reply: only priming may look beside `reply`. `ignoredCookie`: a cookie was sent, and none came back. */
  | { readonly kind: 'reply'; readonly reply: Reply; readonly message: Message; readonly ignoredCookie: boolean }
  /** `nearMiss`: something came that may have been guessed. */
  | { readonly kind: 'silent' | 'network'; readonly what: string; readonly nearMiss?: NearMiss | undefined }

/** A reply that leads on, or ends the walk. */
export type UsefulReply = Exclude<Reply, { kind: 'lame' | 'truncated' | 'error' | 'mismatch' }>

/** Finds the addresses of a name server: from the cache, or by asking for them. An empty list when there are none. */
export interface ServerFinder {
  /** Asked for the servers of a zone, one after the other: what holds for all of them is looked at once. */
  known(job: Job): (server: Name) => readonly string[]
  /** `known`: of the families that these addresses are of, none is looked up. */
  lookUp(job: Job, server: Name, known?: readonly string[]): Promise<readonly string[]>
  /** What the parent of the zone that the server's name is in said of it: glue, of the lowest rank. */
  glue(job: Job, server: Name): readonly string[]
  /** Asks the parent of `zone` for the address of a name server within it that its referral left out (RFC 9471 section 3). */
  askForGlue(job: Job, zone: Name, server: Name): Promise<readonly string[]>
}
