/** What the pages of the dashboard and `chordns top` and `queries` read, as JSON. */
import { z } from 'zod'
import { PRIVACY_LEVELS } from './privacy.ts'

const many = z.array(z.number())

/** Columns have their values at the same places as `at`, unix seconds. */
export const seriesView = z.object({
  stepSeconds: z.number(),
  at: many,
  columns: z.object({
    queries: many,
    /** Answered from memory, without asking another machine. */
    atOnce: many,
    failed: many,
    blocked: many,
    p50: many,
    p95: many,
  }),
})
export type SeriesView = z.infer<typeof seriesView>

const paceView = z.object({
  queries: z.number(),
  atOnce: z.number(),
  failed: z.number(),
  p50: z.number(),
  p95: z.number(),
})

/** Sent once a second to pages that are open. */
export const pulseView = z.object({
  /** Unix ms. */
  at: z.number(),
  uptimeSeconds: z.number(),
  /** Since the start. */
  queries: z.number(),
  atOnce: z.number(),
  inFlight: z.number(),
  /** Answers by what they rest on, or why there was none: secure, agreed, ..., blocked, failed, refused, table. */
  outcomes: z.record(z.string(), z.number()),
  /** Failures by the code of their extended error (RFC 8914); -1: without one. */
  failures: z.record(z.string(), z.number()),
  /** Ms, since the start. Answers of the table count as 0.05 ms. */
  latency: z.object({ p50: z.number(), p90: z.number(), p99: z.number() }),
  lastSecond: paceView,
  cacheEntries: z.number(),
  cacheBytes: z.number(),
  upstreamQueries: z.number(),
  timeouts: z.number(),
  /** 0: there is no ring. */
  members: z.number(),
  rssBytes: z.number(),
})
export type PulseView = z.infer<typeof pulseView>

export const overviewView = z.object({ pulse: pulseView, series: seriesView })
export type OverviewView = z.infer<typeof overviewView>

export const queryRow = z.object({
  id: z.number(),
  /** Unix ms. */
  at: z.number(),
  name: z.string(),
  type: z.string(),
  /** An address, a mark, or empty, by the level of privacy. */
  client: z.string(),
  /** Of a device whose name is known; else empty. */
  device: z.string(),
  protocol: z.string(),
  /** Empty: no reply. */
  rcode: z.string(),
  outcome: z.string(),
  /** Texts of extended errors. */
  reason: z.string(),
  ms: z.number(),
})
export type QueryRow = z.infer<typeof queryRow>

export const queriesView = z.object({
  privacy: z.enum(PRIVACY_LEVELS),
  /** Unix ms: the configured level comes back then; null: this is it. */
  until: z.number().nullable(),
  /** Rows that are kept at most, and for how long. */
  keep: z.number(),
  hours: z.number(),
  /** Rows that there are. */
  size: z.number(),
  ignore: z.array(z.string()),
  /** The newest first. */
  rows: z.array(queryRow),
})
export type QueriesView = z.infer<typeof queriesView>

export const configurationView = z.object({
  file: z.string().nullable(),
  settings: z.array(
    z.object({
      path: z.string(),
      /** JSON. */
      value: z.string(),
      source: z.string(),
      where: z.string().nullable(),
      description: z.string(),
    }),
  ),
})
export type ConfigurationView = z.infer<typeof configurationView>

export const sessionView = z.object({
  /** The request was of somebody who has signed in. */
  isOwner: z.boolean(),
  /** Nothing is shown without signing in. */
  isNeeded: z.boolean(),
  hasPassword: z.boolean(),
})
export type SessionView = z.infer<typeof sessionView>

export const signedInView = z.object({ token: z.string(), /** Unix ms. */ expires: z.number() })
export type SignedInView = z.infer<typeof signedInView>

export const invitedView = z.object({ token: z.string(), id: z.string(), expires: z.number() })
export type InvitedView = z.infer<typeof invitedView>
