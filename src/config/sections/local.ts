import { z } from 'zod'
import { LOCAL_ZONE_TYPES, localLimits, parseDns64Prefix, parsePrefix } from '../../resolver/settings.ts'
import { address, domain, fails, flag, list, oneOf, text } from './values.ts'

const { MAX_RECORDS, MAX_RECORD_CHARACTERS } = localLimits

const RECORD = 'must be a record, such as "nas.lan 300 A 192.168.1.5"'

export const local = z
  .strictObject({
    hosts: list(text('a file'), 64)
      .default([])
      .describe(
        'Hosts files, such as "/etc/hosts", or blocklists in their form: names, and the reverse names of addresses.',
      ),
    records: list(z.string({ error: RECORD }).max(MAX_RECORD_CHARACTERS, { error: RECORD }), MAX_RECORDS)
      .default([])
      .describe('Records as lines of a zone file, such as "nas.lan 300 A 192.168.1.5"; wildcards and CNAMEs, too.'),
    allow: list(domain(), 10_000)
      .default([])
      .describe('Names, with all below them, that no hosts file blocks: your own word stands before a blocklist.'),
    zones: z
      .record(z.string(), oneOf(LOCAL_ZONE_TYPES), { error: 'must be an object: zone -> type' })
      .default({})
      .describe(
        'What becomes of the other names of a zone, as with local-zone of Unbound: zone -> "static" (no such name), "transparent" (resolved), "refuse", "redirect" (the data of the zone\'s own name), ...',
      ),
  })
  .prefault({})

export const devices = z
  .strictObject({
    enabled: z
      .union([z.literal('auto'), z.boolean()], { error: 'must be "auto", true or false' })
      .default('auto')
      .describe('Give the devices of the network names: "auto" where this node answers a LAN.'),
    domain: domain().default('home.arpa').describe('What the names of devices are in (RFC 8375).'),
    leases: z
      .union([z.literal('auto'), list(text('a file'), 16)], { error: 'must be "auto" or a list of files' })
      .default('auto')
      .describe(
        'Files with the leases of a DHCP server (dnsmasq, Kea, ISC, systemd-networkd); "auto": the usual places.',
      ),
    router: z
      .union([z.literal('auto'), z.literal(false), address()], { error: 'must be "auto", an IP address or false' })
      .default('auto')
      .describe(
        'Who is asked what addresses of the network are called; "auto": the gateway, if its address is private.',
      ),
    mdns: flag()
      .default(false)
      .describe(
        'Ask the local network for names of "local" (RFC 6762), for clients that cannot: all of it hears what was asked.',
      ),
  })
  .prefault({})

export const dns64 = z
  .strictObject({
    enabled: flag()
      .default(false)
      .describe('Make AAAA answers of A answers, for networks that reach IPv4 through a NAT64 (RFC 6147).'),
    prefix: text('an IPv6 prefix')
      .check((context) => fails(context, () => parseDns64Prefix(context.value)))
      .default('64:ff9b::/96')
      .describe('The prefix of the NAT64, of 32, 40, 48, 56, 64 or 96 bits (RFC 6052).'),
    exclude: list(
      text('an IPv6 prefix').check((context) => fails(context, () => parsePrefix(context.value))),
      64,
    )
      .default(['::ffff:0:0/96'])
      .describe('AAAA records in these ranges count as not there.'),
  })
  .prefault({})

export const rebinding = z
  .strictObject({
    protect: flag().default(false).describe('Take private addresses out of answers for public names (DNS rebinding).'),
    allow: list(domain(), 1_000)
      .default([])
      .describe('Zones of the Internet that may hold private addresses, such as "plex.direct".'),
  })
  .prefault({})

export const log = z
  .strictObject({
    level: oneOf(['debug', 'info', 'warn', 'error', 'silent'])
      .default('info')
      .describe('The least important messages that are logged.'),
    queries: flag().default(false).describe('Log each question with its name, asker and outcome; they are private.'),
  })
  .prefault({})
