import { z } from 'zod'
import { domain, flag, list, oneOf, text, whole } from './values.ts'

const tld = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

export const ledger = z
  .strictObject({
    genesis: text('a file')
      .optional()
      .describe(
        'The genesis file of the ledgers of this ring (`chordns ledger init` makes one; the same for all). Left out: no ledger.',
      ),
    roles: list(oneOf(['validator', 'full', 'archive']), 3)
      .default([])
      .describe(
        'What this node does beyond following the newest headers: "full" keeps and serves the chains, with the blocks of the last 21 days, "archive" with all of them; "validator" also signs blocks of those whose set it is in.',
      ),
    votingKeyFile: text('a file')
      .optional()
      .describe('Key that signs blocks (mode 0600). If not given: voting.key in the data directory.'),
    accountFile: text('a file')
      .optional()
      .describe(
        "Key of the organisation's account, which signs its transactions (mode 0600). If not given: account.key in the data directory.",
      ),
    precedence: z
      .record(z.string().regex(tld, { error: 'must be a TLD in lower case' }), oneOf(['ledger', 'dns', 'ledger-only']))
      .default({})
      .describe(
        'Who says what a name is, by TLD: "ledger" (the default for every TLD with a ledger) resolves what is registered there by the keys and servers that stand there, and all else by the DNS; "dns" asks the ledger only for names that the DNS does not have; "ledger-only" never asks the DNS.',
      ),
    trust: z
      .record(
        z.string().regex(tld, { error: 'must be "root" or a TLD in lower case' }),
        z
          .string()
          .regex(/^[1-9][0-9]{0,14}:[0-9a-f]{64}$/, { error: 'must be HEIGHT:BLOCK ID, the id in 64 hex digits' }),
      )
      .default({})
      .describe(
        'A block of a ledger, as HEIGHT:ID from somebody whom you trust (`chordns ledger status --json` shows it), by "root" or TLD: where following begins when the genesis, or what this node knew, is older than 14 days, or when the ledger was forked below it.',
      ),
    carry: z
      .strictObject({
        names: list(domain(), 256)
          .default([])
          .describe(
            'Names whose CDS sets this node carries to the ledger as soon as they ask for other keys: whoever signs the zone rolls its key, and nobody types a command.',
          ),
        notified: flag()
          .default(false)
          .describe(
            'Also look at names of this ledger that somebody names by NOTIFY(CDS) (RFC 9859), a few at a time. What it carries, the account of this machine pays.',
          ),
        everySeconds: whole(5, 86_400).default(600).describe('How often each of `names` is looked at.'),
      })
      .prefault({})
      .describe(
        'Carrying CDS sets (RFC 7344) to the ledger. Off by default; needs the account key of an organisation.',
      ),
    unreachable: oneOf(['dns', 'fail'])
      .default('dns')
      .describe(
        'What happens to names of which nothing is known while the ledger cannot be asked: "dns" resolves them as any resolver does, "fail" answers SERVFAIL. A name that is known to be anchored is never given to the DNS, and one under a ledger-only TLD always fails.',
      ),
    hidden: oneOf(['heed', 'ignore'])
      .default('heed')
      .describe(
        'What becomes of registered names that the members of a TLD have hidden by a vote: "heed" answers NXDOMAIN with Extended DNS Error 16 (Censored), which names the motion and its reason; "ignore" resolves them all the same. `chordns domain show` and `ledger review` show them either way.',
      ),
    answerTo: list(z.string().regex(/^[0-9a-f]{64}$/, { error: 'must be an account key: 64 hex digits' }), 16)
      .default([])
      .describe(
        "Account keys of endorsers whose inquiries this node answers by itself, as `chordns ledger answer` does (POST /ledger/inquiry on the status address). Get the keys in another way than from the endorsers' own machines.",
      ),
    reviews: oneOf(['show', 'vote'])
      .default('show')
      .describe(
        'What a node of a ledger does while another one is reviewed: "show" says what it found in the blocks and messages that it holds (`chordns ledger review`), "vote" also replies for its organisation where what it found is proof for or against.',
      ),
    witness: list(
      z.strictObject({
        origin: text('the origin of a log'),
        keys: list(text('a key of notes, such as "name+1a2b3c4d+BASE64"'), 128),
        enough: whole(1, 128).default(1),
      }),
      64,
    )
      .default([])
      .describe(
        'Outside logs whose checkpoints this node cosigns when they are consistent (C2SP tlog-witness, POST /ledger/add-checkpoint on the status address): `origin`, the `keys` that sign them, and how many of these are `enough`.',
      ),
  })
  .prefault({})
