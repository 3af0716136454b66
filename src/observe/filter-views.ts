/** What the status API says of blocking, as JSON. */
import { z } from 'zod'

const rules = z.array(z.string())

export const filterView = z.object({
  lists: z.array(
    z.object({
      name: z.string(),
      kind: z.enum(['block', 'allow']),
      source: z.string(),
      entries: z.number(),
      skipped: z.number(),
      /** Unix ms; null: it was never there. */
      updatedAt: z.number().nullable(),
      /** Why the last try failed. */
      trouble: z.string().nullable(),
      /** Unix ms: when that was. */
      failedAt: z.number().nullable(),
      /** Whether the household shares it; else it is of this box's configuration. */
      shared: z.boolean(),
      /** Neither fetched nor in force, by the household's wish. */
      paused: z.boolean(),
      /** Questions of today, by the clock of this box; without those that were answered again from the table. */
      blockedToday: z.number(),
      /** For whom it is; null: each group says itself. */
      groups: z.array(z.string()).nullable(),
    }),
  ),
  groups: z.array(
    z.object({
      name: z.string(),
      clients: z.array(z.string()),
      /** Null: all that do not say for whom they are. */
      lists: z.array(z.string()).nullable(),
      shared: z.boolean(),
      /** Null: as for all. */
      mode: z.union([z.string(), z.object({ ipv4: z.string().optional(), ipv6: z.string().optional() })]).nullable(),
      /** In words: days, times, and what holds then. */
      schedules: z.array(z.string()),
      /** The same in parts. `when`: "sun,mon 21:00-07:00". */
      plans: z.array(z.object({ when: z.string(), lists: z.union([z.literal('everything'), z.array(z.string())]) })),
    }),
  ),
  /** Settings of the household that are not in force on this box. */
  passedOver: z.array(z.object({ key: z.string(), why: z.string() })),
  /** Null: all groups. Unix ms. */
  pauses: z.array(z.object({ group: z.string().nullable(), until: z.number() })),
  /** Rules made while the node runs. */
  own: z.object({ all: rules, groups: z.record(z.string(), rules) }),
  /** Questions of today that own rules have blocked. */
  ownBlockedToday: z.number(),
  /** Memory of the names. */
  bytes: z.number(),
})
export type FilterView = z.infer<typeof filterView>

const ruleView = z.object({
  list: z.string(),
  action: z.enum(['block', 'allow', 'rewrite']),
  text: z.string().optional(),
  line: z.number().optional(),
  matched: z.string(),
})

export const whyView = z.object({
  verdict: z.enum(['pass', 'allowed', 'blocked', 'rewritten', 'paused']),
  group: z.string(),
  by: ruleView.optional(),
  rules: z.array(ruleView),
})
export type WhyView = z.infer<typeof whyView>
