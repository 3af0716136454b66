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
  kind: z.enum(['local', 'cache', 'query', 'validate', 'ring', 'winner', 'told']),
  question: z.string(),
  text: z.string(),
  elapsedMs: z.number().optional(),
  server: z.string().optional(),
  zone: z.string().optional(),
  protocol: z.enum(['udp', 'tcp']).optional(),
  replies: z.array(replicaWord).optional(),
})
export type StepView = z.infer<typeof stepView>

const findingView = z.object({
  question: z.string(),
  security: z.string(),
  provenance: z.string(),
  observers: z.array(z.string()),
  /** Unix ms, for each observation of the certificate. */
  observations: z.array(z.object({ observer: z.string(), when: z.number(), ttl: z.number() })),
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
})
export type RingView = z.infer<typeof ringView>

export const chunkView = z.object({
  name: z.string(),
  chunk: z.number(),
  key: z.string(),
  n: z.number(),
  replicas: z.array(z.object({ id: z.string(), peer: z.string(), self: z.boolean(), suspect: z.boolean() })),
  entries: z.array(
    z.object({
      question: z.string(),
      records: z.array(z.string()),
      expiresInSeconds: z.number(),
      observers: z.array(z.object({ peer: z.string(), when: z.number(), ttl: z.number() })),
    }),
  ),
})
export type ChunkView = z.infer<typeof chunkView>

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
  memory: z.object({ rssBytes: z.number(), heapUsedBytes: z.number() }),
})
export type StatusView = z.infer<typeof statusView>

export const errorView = z.object({ error: z.object({ code: z.string(), message: z.string() }) })
