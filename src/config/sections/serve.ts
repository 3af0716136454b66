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
