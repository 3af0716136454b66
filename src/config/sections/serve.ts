import { z } from 'zod'
import { compileAccess, serveLimits } from '../../serve/settings.ts'
import { bytesOf } from './cache.ts'
import { fails, list, listenAddress, text, whole } from './values.ts'

const addresses = (what: string) =>
  list(listenAddress(), 64)
    .default([])
    .describe(`Addresses and ports for ${what}, such as "127.0.0.1:53" or "[::1]:53".`)

const split = z.strictObject({
  udp: addresses('DNS over UDP'),
  tcp: addresses('DNS over TCP'),
  tls: addresses('DNS over TLS (RFC 7858), on port 853 by custom'),
  https: addresses('DNS over HTTPS (RFC 8484) at /dns-query, on port 443 by custom'),
})

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

export const tls = z
  .strictObject({
    certificateFile: text('a file')
      .optional()
      .describe(
        'Certificate of listen.tls and listen.https, PEM, with those between it and what clients trust. Not given: one that this node signs itself, in the data directory.',
      ),
    keyFile: text('a file').optional().describe('Its private key, PEM.'),
    name: text('a domain name')
      .refine((value) => isHostName(value), { error: 'must be the name of a host, such as "dns.example.net"' })
      .optional()
      .describe(
        'The name that clients know this server by. It stands in a certificate of its own making, and is told to who asks for encrypted ways (DDR, RFC 9462).',
      ),
  })
  .prefault({})

/** RFC 1123 section 2.1: what certificates and clients take for one. */
function isHostName(value: string): boolean {
  return value.length <= 253 && /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/i.test(value)
}

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

const TABLE_ERROR = 'must be bytes, or text such as "32MiB", from 1MiB to 4GiB'

export const serve = z
  .strictObject({
    fast: z
      .boolean()
      .default(true)
      .describe(
        'Answer what was answered before on threads of their own, straight from a table, where the machine can (64-bit Linux); elsewhere, and with false, the main thread answers.',
      ),
    workers: whole(1, serveLimits.MAX_FAST_WORKERS)
      .default(1)
      .describe('Threads of serve.fast; each takes a core when it is asked enough.'),
    tableBytes: z
      .union([z.number(), z.string()], { error: TABLE_ERROR })
      .default('32MiB')
      .refine((value) => bytesOf(value) >= 2 ** 20 && bytesOf(value) <= 2 ** 32, { error: TABLE_ERROR })
      .describe('Memory for the table of serve.fast, which is used as it fills: bytes, or text such as "32MiB".'),
    repliesPerSecond: whole(0, 1_000_000)
      .default(0)
      .describe(
        'Replies over UDP that one client (an address; of IPv6 a /64) gets in a second, this machine and those with our cookie apart; 0: no limit.',
      ),
    slip: whole(0, 10)
      .default(2)
      .describe(
        'Every so-manieth reply above serve.repliesPerSecond goes out cut, for TCP, and is not dropped; 0: none.',
      ),
  })
  .prefault({})

export const status = z
  .strictObject({
    listen: z
      .union([z.literal(false), listenAddress()], { error: 'must be an address and port, or false' })
      .default('127.0.0.1:8053')
      .describe(
        'Where the status API answers `chordns status` and `chordns lookup`, and a browser on this machine shows the dashboard: a loopback address and port, or false.',
      ),
    dashboard: z
      .union([z.literal(false), listenAddress()], { error: 'must be an address and port, or false' })
      .default(false)
      .describe(
        'Where else the dashboard is shown, over HTTPS (`tls`) and with the password that `chordns dashboard --password` sets: an address of the LAN and a port, or false.',
      ),
  })
  .prefault({})
