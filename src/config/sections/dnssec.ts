import { z } from 'zod'
import { domain, flag, list, oneOf, text } from './values.ts'

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
    logOnly: flag()
      .default(false)
      .describe(
        'Log what fails validation, and serve it all the same, without AD: to try validation out, or to get through an outage.',
      ),
    ntpNames: list(domain(), 100)
      .default([])
      .describe(
        'Names of the time servers of this network. While the clock cannot be trusted, the times of their signatures do not count, so that a machine without a battery can set its clock.',
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
