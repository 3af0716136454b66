import { z } from 'zod'
import { address, flag, isAddress, list, oneOf, text, whole } from './values.ts'

const limit = (least: number, most: number, description: string) => whole(least, most).optional().describe(description)

const limits = z
  .strictObject({
    queriesPerQuestion: limit(1, 1_000, 'Queries that one question may send; 50 if not given.'),
    sendsPerZone: limit(1, 1_000, 'Queries to the servers of one zone for one question; 16 if not given.'),
    inFlight: limit(1, 1_000_000, 'Questions in work at once; 20000 if not given.'),
    failureMs: limit(0, 300_000, 'Milliseconds until a question that failed is asked again; 2000 if not given.'),
    maxFailureMs: limit(0, 300_000, 'The same after many failures in a row; 5000 if not given.'),
  })
  .prefault({})

const zoneServers = (description: string) =>
  z
    .record(z.string(), list(text('an address, with or without port'), 32).min(1, { error: 'must name a server' }), {
      error: 'must be an object: zone -> list of addresses',
    })
    .default({})
    .describe(description)

const switches = z.strictObject(
  {
    transport: oneOf(['auto', 'tcp']).optional().describe('"tcp": never ask this server by UDP.'),
    edns: flag()
      .optional()
      .describe('Send EDNS. Without it there are no signatures, and answers over 512 bytes come by TCP.'),
    caseRandomisation: flag().optional().describe('Random case in names (0x20).'),
    cookie: flag().optional().describe('Send DNS cookies (RFC 7873).'),
    cd: flag()
      .optional()
      .describe('Set CD. If not given: for forwarders, when this node validates itself (RFC 6840 section 5.9).'),
    maxTtl: whole(0, 604_800).optional().describe('Seconds that records of this server are kept at most.'),
  },
  { error: 'must be an object, such as { "transport": "tcp" }' },
)

const servers = z
  .record(z.string(), switches, { error: 'must be an object: address -> switches' })
  .check((context) => {
    for (const text of Object.keys(context.value))
      if (!isAddress(text))
        context.issues.push({
          code: 'custom',
          path: [text],
          message: 'must be an IP address without port, such as "192.0.2.1" or "2001:db8::1"',
          input: context.value,
        })
  })
  .default({})
  .describe(
    'Ways out for servers that cannot cope: address -> what is done otherwise there (transport, edns, caseRandomisation, cookie, cd, maxTtl).',
  )

export const iterator = z
  .strictObject({
    rootHints: text('"builtin" or a file')
      .default('builtin')
      .describe('"builtin", or a file of zone-file lines with the NS and address records of the root.'),
    port: whole(1, 65_535).default(53).describe('Port of all authoritative servers; other than 53 only for tests.'),
    ipv4: flag().default(true).describe('Ask servers by IPv4.'),
    ipv6: z
      .union([z.literal('auto'), z.boolean()], { error: 'must be "auto", true or false' })
      .default('auto')
      .describe('Ask servers by IPv6; "auto": while there is a route and it works.'),
    queryLoopback: flag()
      .default(false)
      .describe(
        'Ask servers on loopback addresses. Only for tests: on the Internet such an address is an attack on this host.',
      ),
    qnameMinimisation: oneOf(['relaxed', 'strict', 'off'])
      .default('relaxed')
      .describe('RFC 9156. "relaxed" falls back to the whole name when servers do not cope.'),
    caseRandomisation: flag()
      .default(true)
      .describe('Random case in the names of queries (0x20), against forged replies.'),
    localRoot: text('a file')
      .optional()
      .describe(
        'A copy of the root zone in zone-file form (RFC 8806): its delegations are taken from there, and checked by ZONEMD when signatures are. Read again twice a day.',
      ),
    errorReporting: flag()
      .default(false)
      .describe(
        'Tell zones that ask for it that their data did not validate (RFC 9567). They learn which name was asked.',
      ),
    bind: list(address(), 16)
      .default([])
      .describe('Source addresses of queries; an empty list is the choice of the system.'),
    limits,
    servers,
    stubs: zoneServers('Zones whose authoritative servers are given: zone -> addresses, with or without port.'),
    forwards: zoneServers(
      'Zones that another resolver is asked for: zone -> addresses, with or without port. Never ".": that would be a central resolver.',
    ),
  })
  .prefault({})
