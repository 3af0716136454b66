import { z } from 'zod'
import { domain, list, oneOf, whole } from './values.ts'

export const queries = z
  .strictObject({
    privacy: oneOf(['off', 'names', 'clients', 'full'])
      .default('off')
      .describe(
        'What the dashboard and `chordns queries` can say of single questions: nothing but counts; names; also marks by which clients can be told apart; or addresses and devices, too. Above "off" nothing is answered by the threads of serve.fast.',
      ),
    keep: whole(10, 100_000).default(5_000).describe('Questions that are kept at most, in memory only.'),
    hours: whole(1, 720).default(24).describe('Hours that they are kept for.'),
    ignore: list(domain(), 1_000).default([]).describe('Names that are never kept, and those below them.'),
  })
  .prefault({})
