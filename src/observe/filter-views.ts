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
    }),
  ),
  groups: z.array(z.object({ name: z.string(), clients: z.array(z.string()), lists: z.array(z.string()).nullable() })),
  /** Null: all groups. Unix ms. */
  pauses: z.array(z.object({ group: z.string().nullable(), until: z.number() })),
  /** Rules made while the node runs. */
  own: z.object({ all: rules, groups: z.record(z.string(), rules) }),
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
