/** What the status API says, as JSON: the schemas that the command line parses and the node's views are typed by. */
import { z } from 'zod'

const replicaWord = z.object({
  peer: z.string(),
  elapsedMs: z.number(),
  /** certificate, proof, vote, unknown, not-mine, discarded, failed */
  said: z.string(),
  detail: z.string(),
})

export const stepView = z.object({
  kind: z.enum(['local', 'ledger', 'kept', 'cache', 'query', 'validate', 'ring', 'winner', 'told']),
  question: z.string(),
  text: z.string(),
  elapsedMs: z.number().optional(),
  server: z.string().optional(),
  zone: z.string().optional(),
  protocol: z.enum(['udp', 'tcp']).optional(),
  replies: z.array(replicaWord).optional(),
})
export type StepView = z.infer<typeof stepView>

/** What an observer saw, where not all saw the same: presentation form of the data. */
const saw = z.array(z.string())
/** Where answers differed: networks (or aliases) in them, and how many observers saw each. */
const networks = z.array(z.object({ network: z.string(), observers: z.number() }))

const findingView = z.object({
  question: z.string(),
  security: z.string(),
  provenance: z.string(),
  observers: z.array(z.string()),
  /** Unix ms, for each observation of the certificate. */
  observations: z.array(z.object({ observer: z.string(), when: z.number(), ttl: z.number(), saw })),
  networks,
  ttl: z.number(),
})

export const lookupView = z.object({
  question: z.string(),
  rcode: z.string(),
  answers: z.array(z.string()),
  authorities: z.array(z.string()),
  security: z.string(),
  provenance: z.string().nullable(),
  ede: z.array(z.object({ code: z.number(), text: z.string() })),
  findings: z.array(findingView),
  steps: z.array(stepView),
  elapsedMs: z.number(),
})
export type LookupView = z.infer<typeof lookupView>

const memberView = z.object({
  id: z.string(),
  peer: z.string(),
  addresses: z.array(z.string()),
  status: z.string(),
  self: z.boolean(),
  suspect: z.boolean(),
  /** Peer id of the member by whose invitation it joined; null for one that had the secret from elsewhere. */
  /** What the box is called, in a household. */
  name: z.string().optional(),
  invitedBy: z.string().nullable(),
  /** How long it takes to reply, ms; left out: it was not asked lately. */
  replyMs: z.number().optional(),
})

export const ringView = z.object({
  ringId: z.string(),
  joined: z.boolean(),
  id: z.string(),
  predecessor: z.string().nullable(),
  successors: z.array(z.string()),
  members: z.array(memberView),
  largest: z.number(),
  n: z.number(),
  /** Members that others want out, and who voted for it. */
  expulsions: z.array(
    z.object({
      id: z.string(),
      peer: z.string(),
      isExpelled: z.boolean(),
      voters: z.array(z.string()),
      needed: z.number(),
    }),
  ),
  /** Those of this node, and those of others that were used or revoked. Times are Unix ms. */
  invitations: z.array(
    z.object({
      id: z.string(),
      inviter: z.string(),
      uses: z.number(),
      at: z.number(),
      expires: z.number(),
      isRevoked: z.boolean(),
      machines: z.array(z.object({ peer: z.string(), door: z.string(), at: z.number(), isSurplus: z.boolean() })),
    }),
  ),
  /**
   * Members of an endorsed ring that do not let this node in, since the list does not have it. `wasListed`: this node's own list has it, so
   * theirs is newer. Left out: nobody says so. Unix ms.
   */
  turnedAway: z.object({ members: z.number(), since: z.number(), wasListed: z.boolean() }).optional(),
})
export type RingView = z.infer<typeof ringView>

const chainView = z.object({
  chain: z.string().nullable(),
  /** none, closed, open, following, stalled, broken, not-mine */
  state: z.string(),
  height: z.number(),
  /** Above `height` while the node catches up. */
  target: z.number(),
  waiting: z.number(),
  previous: z.string().nullable(),
  blocks: z.array(
    z.object({
      height: z.number(),
      id: z.string(),
      time: z.number(),
      proposer: z.string(),
      transactions: z.array(z.object({ kind: z.string(), question: z.string() })),
    }),
  ),
})

export const chunkView = z.object({
  name: z.string(),
  chunk: z.number(),
  key: z.string(),
  n: z.number(),
  replicas: z.array(z.object({ id: z.string(), peer: z.string(), self: z.boolean(), suspect: z.boolean() })),
  /** Of this node; null when it keeps no chains. */
  chain: chainView.nullable(),
  entries: z.array(
    z.object({
      question: z.string(),
      records: z.array(z.string()),
      expiresInSeconds: z.number(),
      /** agreed, rotating, divergent, signed */
      class: z.string(),
      /** Where it is recorded; null: not yet, or carried over by its certificate from before this node kept the chunk. */
      block: z.object({ chain: z.string(), height: z.number(), time: z.number() }).nullable(),
      observers: z.array(z.object({ peer: z.string(), when: z.number(), ttl: z.number(), saw })),
      networks,
    }),
  ),
})
export type ChunkView = z.infer<typeof chunkView>

/** What the replicas of a name answered, whoever asks them. */
export const chunkReadView = z.array(
  z.object({
    question: z.string(),
    records: z.array(z.string()),
    expiresInSeconds: z.number(),
    /** agreed, divergent, or secure: signed by its zone, which needs no observers. */
    class: z.string(),
    observers: z.array(z.object({ peer: z.string(), when: z.number(), ttl: z.number(), saw })),
    networks,
  }),
)
export type ChunkReadView = z.infer<typeof chunkReadView>

/** What the cache has of a name. */
export const cacheView = z.object({
  name: z.string(),
  below: z.boolean(),
  /** There is more than is shown. */
  isCut: z.boolean(),
  entries: z.array(
    z.object({
      /** main, or a stub or forward zone */
      context: z.string(),
      question: z.string(),
      records: z.array(z.string()),
      /** own: fetched by this node; ring: accepted from the ring */
      side: z.string(),
      security: z.string(),
      provenance: z.string(),
      /** 0 or less: expired, and kept for when nothing fresh comes. */
      ttl: z.number(),
      ageSeconds: z.number(),
    }),
  ),
  delegations: z.array(
    z.object({
      context: z.string(),
      zone: z.string(),
      nameServers: z.array(z.string()),
      signed: z.boolean(),
      ttl: z.number(),
    }),
  ),
  failures: z.array(
    z.object({ context: z.string(), question: z.string(), code: z.string(), why: z.string(), ttl: z.number() }),
  ),
})
export type CacheView = z.infer<typeof cacheView>

export const flushView = z.object({
  name: z.string(),
  below: z.boolean(),
  /** Entries, delegations and failures that were forgotten. */
  forgotten: z.number(),
  /** Links of chains of trust that were. */
  links: z.number(),
})
export type FlushView = z.infer<typeof flushView>

const chainFault = z.object({ chain: z.string(), chunk: z.number(), height: z.number(), reason: z.string() })

export const verifyView = z.object({
  state: z.enum(['running', 'done']),
  chains: z.object({ checked: z.number(), total: z.number() }),
  blocks: z.number(),
  transactions: z.number(),
  faults: z.array(chainFault),
})
export type VerifyView = z.infer<typeof verifyView>

const counters = z.record(z.string(), z.number())

export const statusView = z.object({
  version: z.string(),
  pid: z.number(),
  uptimeSeconds: z.number(),
  /** Multiaddrs with `/p2p/<id>`; empty without a ring. */
  multiaddrs: z.array(z.string()),
  peer: z.string().nullable(),
  listen: z.array(z.object({ protocol: z.string(), address: z.string(), port: z.number() })),
  ring: ringView.nullable(),
  cache: counters,
  upstream: counters,
  serve: counters,
  chunks: counters.nullable(),
  chains: counters.nullable(),
  /** Null where members do not believe each other. */
  household: counters.nullable(),
  /** What the boxes of a household have in common; null without a ring. */
  settings: counters.nullable(),
  /** CDS sets that it carries to the ledger; null: none (`ledger.carry`). */
  carrier: counters.nullable(),
  /** Requests to peers, by room. */
  traffic: counters.nullable(),
  /** Messages by dnstap; left out: it is off. */
  dnstap: counters.optional(),
  memory: z.object({ rssBytes: z.number(), heapUsedBytes: z.number() }),
})
export type StatusView = z.infer<typeof statusView>

export const errorView = z.object({ error: z.object({ code: z.string(), message: z.string() }) })
