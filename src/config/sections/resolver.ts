import { z } from 'zod'
import { domain, flag, list, oneOf, whole } from './values.ts'

const HEDGE = 'must be "auto" or milliseconds from 0 to 10000'

export const resolver = z
  .strictObject({
    order: oneOf(['race', 'ring', 'iterate'])
      .default('race')
      .describe(
        '"race": the ring first, own iteration beside it after the hedge delay; "ring": own iteration only when the ring has not enough; "iterate": the ring only when own iteration failed.',
      ),
    hedgeMs: z
      .union([z.literal('auto'), whole(0, 10_000, HEDGE)], { error: HEDGE })
      .default('auto')
      .describe(
        'Milliseconds until own iteration starts beside a ring read; "auto" goes by how fast the ring lately was.',
      ),
    strict: flag().default(false).describe('Refuse answers that only this node has seen (SERVFAIL).'),
    serveStale: flag()
      .default(true)
      .describe('Serve expired answers, for a day at most, when fresh ones do not come (RFC 8767).'),
    explain: flag().default(false).describe('Add to each answer an EDE text that says how it came.'),
    followChanges: flag()
      .default(true)
      .describe(
        'Fetch anew what is asked for when its zone says that it has changed: by NOTIFY from one of its servers, or by a newer serial.',
      ),
    keepDelegations: z
      .strictObject({
        zones: list(domain(), 256)
          .default([])
          .describe(
            'Zones that are resolved on when their parent says that they do not exist: by the last delegation that the ring has agreed on. Answers are never called secure then, and say it (EDE).',
          ),
        days: whole(1, 3_650)
          .default(90)
          .describe('Days for which such a delegation is kept after the last word of the ring.'),
      })
      .prefault({}),
    minimalResponses: flag().default(true).describe('Leave out what the question did not ask for.'),
  })
  .prefault({})
