import { z } from 'zod'
import { parseName } from '../../dns/index.ts'
import { fails, flag, list, oneOf, text } from './values.ts'

const domain = () => text('a domain name').check((context) => fails(context, () => parseName(context.value)))

export const dnssec = z
  .strictObject({
    validate: flag()
      .default(true)
      .describe('Check signatures. If false, every answer counts as unsigned, and AD is never set.'),
    trustAnchors: text('"builtin" or a file')
      .default('builtin')
      .describe('"builtin": the root keys that IANA published; or a file of DS or DNSKEY lines in zone-file form.'),
    negativeTrustAnchors: list(domain(), 1_000)
      .default([])
      .describe(
        'Zones whose signatures are broken and known to be: at and below them nothing is validated (RFC 7646).',
      ),
    sha1: oneOf(['validate', 'insecure'])
      .default('validate')
      .describe('Whether RSASHA1 signatures (algorithms 5 and 7) count, or leave a zone unsigned (RFC 9905).'),
    aggressive: flag()
      .default(true)
      .describe(
        'Answer for names that do not exist, and for wildcards, from what signed zones have proven of other names (RFC 8198).',
      ),
  })
  .prefault({})
