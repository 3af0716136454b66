import { z } from 'zod'
import { list, oneOf, text } from './values.ts'

export const ledger = z
  .strictObject({
    genesis: text('a file')
      .optional()
      .describe(
        'The genesis file of the ledgers of this ring (`chordns ledger init` makes one; the same for all). Left out: no ledger.',
      ),
    roles: list(oneOf(['validator', 'full']), 2)
      .default([])
      .describe(
        'What this node does beyond following the newest headers: "full" keeps and serves the chains, "validator" also signs blocks of those whose set it is in.',
      ),
    votingKeyFile: text('a file')
      .optional()
      .describe('Key that signs blocks (mode 0600). If not given: voting.key in the data directory.'),
    accountFile: text('a file')
      .optional()
      .describe(
        "Key of the organisation's account, which signs its transactions (mode 0600). If not given: account.key in the data directory.",
      ),
  })
  .prefault({})
