import ipaddr from 'ipaddr.js'
import { z } from 'zod'
import { checkFilterRule, filterLimits, minutesOf } from '../../filter/index.ts'
import { address, domain, fails, flag, list, oneOf, text, whole } from './values.ts'

const { MAX_LISTS, MAX_GROUPS, MAX_CLIENTS_OF_GROUP, MAX_SCHEDULES, MAX_OWN_RULES } = filterLimits

/** Group and list names stand in commands, in file names and in what clients are told. */
const wordError = (what: string) => `must be ${what}: letters, digits, "-", "_" and ".", at most 40`

export const word = (what: string) => {
  const error = wordError(what)
  // Rules are looked up by it in objects: `constructor` is a name that each of them has.
  return z
    .string({ error })
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$/, { error })
    .refine((text) => !(text in Object.prototype), { error: `${error}; this one is reserved` })
}

/** "own" are the rules that are made by commands, in files and in what clients are told. */
const listName = word('the name of a list').refine((name) => name !== 'own', { error: 'a list cannot be called "own"' })

const recordError =
  (what: string) =>
  ({ code }: { readonly code: string }) =>
    code === 'invalid_key' ? wordError(`the name of a ${what}`) : `must be an object: name -> ${what}`

const MODE = 'must be "null", "nxdomain", "nodata", "refused" or an object with addresses'
export const mode = () =>
  z.union(
    [
      z.enum(['null', 'nxdomain', 'nodata', 'refused']),
      z.strictObject({ ipv4: address().optional(), ipv6: address().optional() }),
    ],
    {
      error: MODE,
    },
  )

const rule = () =>
  text('a rule such as "||ads.example^"').check((context) => fails(context, () => checkFilterRule(context.value)))

const source = () =>
  text('a URL or a file').refine((value) => !/^[a-z]+:\/\//i.test(value) || /^https?:\/\//i.test(value), {
    error: 'must be an https or http URL, or a file',
  })

const transfer = z.strictObject({
  zone: domain().describe('Name of the zone.'),
  primaries: list(text('an address, with or without port'), 8)
    .min(1, { error: 'must name a server' })
    .describe('Servers that give it: addresses, with or without port. The first one that answers is taken.'),
  tsig: z
    .strictObject({
      name: domain().describe('Name of the key.'),
      algorithm: oneOf(['hmac-sha256', 'hmac-sha384', 'hmac-sha512']).default('hmac-sha256').describe('Its algorithm.'),
      secretFile: text('a file').describe('File with the secret, base64.'),
    })
    .optional()
    .describe('The key that both sides sign with (TSIG).'),
})

export const oneList = z.strictObject({
  source: source().optional().describe('Where the list is: a URL, or a file.'),
  rpz: transfer.optional().describe('A response policy zone by transfer, in place of a source.'),
  kind: oneOf(['block', 'allow']).default('block').describe('What its names are for.'),
  format: oneOf(['auto', 'hosts', 'domains', 'wildcard', 'adblock', 'rpz'])
    .default('auto')
    .describe('How its lines are read. "auto" is told by each line; "rpz" is never guessed.'),
  everyHours: whole(1, 8_760).default(24).describe('How often it is fetched.'),
  maxMegabytes: whole(1, 256).default(64).describe('A longer list is refused, and the copy of before stays in force.'),
  rewrites: flag()
    .optional()
    .describe('Whether its rules may give other addresses and aliases. Default: only those of files.'),
  enabled: flag().default(true).describe('If false, the list is neither fetched nor in force.'),
})

function hasOneSource({ source, rpz }: { readonly source?: unknown; readonly rpz?: unknown }): boolean {
  return (source === undefined) !== (rpz === undefined)
}

export const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const

const time = () =>
  z.string({ error: 'must be a time such as "21:30"' }).refine((value) => minutesOf(value) !== undefined, {
    error: 'must be a time such as "21:30"',
  })

export const schedule = z.strictObject({
  days: list(oneOf(DAYS), 7)
    .default([...DAYS])
    .describe('Days on which it begins.'),
  from: time().describe('When it begins, by the clock of this machine.'),
  to: time().describe('When it ends; before `from`: on the next day.'),
  lists: z
    .union([z.literal('everything'), list(word('the name of a list'), MAX_LISTS)], {
      error: 'must be "everything" or a list of names of lists',
    })
    .describe('Lists that hold in that time, too; "everything": only allowed names are resolved.'),
})

export const client = () =>
  text('an address, a prefix, a MAC address or the name of a device').refine(isClient, {
    error: 'must be an address, a prefix such as "192.168.1.0/28", a MAC address or the name of a device',
  })

function isClient(value: string): boolean {
  if (value.includes('/')) return ipaddr.isValidCIDR(value)
  return value.trim() === value
}

const group = z.strictObject({
  clients: list(client(), MAX_CLIENTS_OF_GROUP).default([]).describe('Who is in it.'),
  lists: list(word('the name of a list'), MAX_LISTS).optional().describe('Lists that hold for it. Default: all.'),
  allow: list(domain(), MAX_OWN_RULES)
    .default([])
    .describe('Names, with all below them, that are resolved for it whatever lists say.'),
  block: list(domain(), MAX_OWN_RULES).default([]).describe('Names, with all below them, that are blocked for it.'),
  rules: list(rule(), MAX_OWN_RULES).default([]).describe('Rules in the adblock form, for it alone.'),
  mode: mode().optional().describe('What its clients are told of a blocked name. Default: as for all.'),
  schedules: list(schedule, MAX_SCHEDULES).default([]).describe('Parts of the week in which more is blocked.'),
})

const entries = (value: object) => Object.keys(value).length

export const filter = z
  .strictObject({
    lists: z
      .record(listName, oneList.refine(hasOneSource, { error: 'must have either a source or rpz' }), {
        error: recordError('list'),
      })
      .refine((value) => entries(value) <= MAX_LISTS, { error: `must have at most ${MAX_LISTS} lists` })
      .default({})
      .describe('Blocklists: name -> {source or rpz, kind, format, everyHours, maxMegabytes, rewrites, enabled}.'),
    allow: list(domain(), MAX_OWN_RULES)
      .default([])
      .describe('Names, with all below them, that are resolved whatever lists say.'),
    block: list(domain(), MAX_OWN_RULES).default([]).describe('Names, with all below them, that are blocked.'),
    rules: list(rule(), MAX_OWN_RULES)
      .default([])
      .describe('Rules in the adblock form, such as "||ads.example^$client=tv".'),
    mode: mode()
      .default('null')
      .describe(
        'What clients are told of a blocked name: "null" (0.0.0.0 and ::), "nxdomain", "nodata", "refused", or {ipv4, ipv6}.',
      ),
    ttl: whole(0, 86_400).default(10).describe('Seconds that clients may remember that a name is blocked.'),
    groups: z
      .record(word('the name of a group'), group, { error: recordError('group') })
      .refine((value) => entries(value) <= MAX_GROUPS, { error: `must have at most ${MAX_GROUPS} groups` })
      .default({})
      .describe(
        'Clients that are treated apart: name -> {clients, lists, allow, block, rules, mode, schedules}. Who is in none is in "default".',
      ),
  })
  .prefault({})

/** 0: Sunday. */
export function dayNumber(day: (typeof DAYS)[number]): number {
  return DAYS.indexOf(day)
}
