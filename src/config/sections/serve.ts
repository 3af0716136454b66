import { z } from 'zod'
import { compileAccess } from '../../serve/index.ts'
import { fails, list, listenAddress, text } from './values.ts'

const addresses = (what: string) =>
  list(listenAddress(), 64)
    .default([])
    .describe(`Addresses and ports for ${what}, such as "127.0.0.1:53" or "[::1]:53".`)

const split = z.strictObject({ udp: addresses('DNS over UDP'), tcp: addresses('DNS over TCP') })

export const listen = z
  .union([z.literal('auto'), split])
  .default('auto')
  .describe(
    'Where stub resolvers ask: "auto" is 127.0.0.1 and ::1 on port 53, or on 5300 if 53 is not to be had; or lists of addresses.',
  )

export const access = z
  .strictObject({
    allow: list(
      text('an address range').check((context) => fails(context, () => compileAccess({ allow: [context.value] }))),
      4_096,
    )
      .default(['127.0.0.0/8', '::1/128'])
      .describe(
        'Who may ask, as address ranges. A listener beyond loopback needs a list that goes beyond loopback, too.',
      ),
  })
  .prefault({})

const said = (what: string, most: number, description: string) =>
  text(`text of at most ${most} bytes`)
    .refine((value) => new TextEncoder().encode(value).length <= most && !/\p{Cc}/u.test(value), {
      error: `must be ${what} of at most ${most} bytes, without control characters`,
    })
    .optional()
    .describe(description)

export const identity = z
  .strictObject({
    version: said('a text', 255, 'Answer to "version.bind" and "version.server" in class CHAOS; refused if not given.'),
    id: said('a text', 255, 'Answer to "id.server" and "hostname.bind" in class CHAOS; refused if not given.'),
    nsid: said('a text', 128, 'Sent to who asks which server answered (NSID, RFC 5001); not sent if not given.'),
  })
  .prefault({})

export const status = z
  .strictObject({
    listen: z
      .union([z.literal(false), listenAddress()], { error: 'must be an address and port, or false' })
      .default('127.0.0.1:8053')
      .describe(
        'Where the status API answers `chordns status` and `chordns lookup`: a loopback address and port, or false.',
      ),
  })
  .prefault({})
