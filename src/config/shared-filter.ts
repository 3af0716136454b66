/**
 * Lists and groups that the boxes of a household share, in the words of the section `filter`. Whoever reads them did not write them: what is wrong is said, and nothing throws. Pure.
 */
import { z } from 'zod'
import { type AnswerMode, filterLimits, type Schedule } from '../filter/index.ts'
import { modeOf, scheduleOf } from './derive-filter.ts'
import { client, DAYS, mode, oneList, schedule, word } from './sections/filter.ts'
import { list, text, whole } from './sections/values.ts'
import type { FilterList } from './types.ts'

const { MAX_LISTS, MAX_GROUPS, MAX_SHARED_LIST_MEGABYTES, MAX_SHARED_URL_CHARACTERS } = filterLimits

/** By URL alone: a file of one box is not there on the others. Names and passwords in URLs would be shown to whoever sees settings. */
const url = () =>
  text('an http or https URL')
    .max(MAX_SHARED_URL_CHARACTERS, { error: `must have at most ${MAX_SHARED_URL_CHARACTERS} characters` })
    .refine(isListUrl, { error: 'must be an http or https URL without a name and password' })

function isListUrl(value: string): boolean {
  if (!URL.canParse(value)) return false
  const { protocol, username, password } = new URL(value)
  return /^https?:$/.test(protocol) && username === '' && password === ''
}

const listForm = oneList.omit({ rpz: true }).extend({
  source: url(),
  maxMegabytes: whole(1, MAX_SHARED_LIST_MEGABYTES).default(32),
  groups: list(word('the name of a group'), MAX_GROUPS).optional(),
})

const groupForm = z.strictObject({
  lists: list(word('the name of a list'), MAX_LISTS).optional(),
  mode: mode().optional(),
})

export interface SharedList {
  readonly list: FilterList
  /** For whom it is; undefined: each group says itself. */
  readonly groups: readonly string[] | undefined
  /** Neither fetched nor in force, until somebody lets it go on. */
  readonly isPaused: boolean
}

export interface SharedGroup {
  readonly lists: readonly string[] | undefined
  readonly mode: AnswerMode | undefined
}

/** What `json` says of a list, or what is wrong with it. */
export function readSharedList(name: string, json: string): SharedList | string {
  // What people call their own rules, in what clients are told and in `why`.
  if (name === 'own') return 'a list cannot be called "own"'
  const read = parsed(listForm, json)
  if (typeof read === 'string') return read
  const { source, kind, format, everyHours, maxMegabytes, rewrites = false, groups, enabled } = read
  return {
    list: {
      source,
      isUrl: true,
      everyMs: everyHours * 3_600_000,
      maxBytes: maxMegabytes * 2 ** 20,
      options: { name, kind, format, rewrites },
      isShared: true,
    },
    groups,
    isPaused: !enabled,
  }
}

/** What `json` says of a group, or what is wrong with it. */
export function readSharedGroup(json: string): SharedGroup | string {
  const read = parsed(groupForm, json)
  return typeof read === 'string' ? read : { lists: read.lists, mode: read.mode && modeOf(read.mode) }
}

/** `when`: "sun,mon 21:00-07:00"; `lists`: "everything" or names with commas between. Or what is wrong. */
export function readSharedSchedule(when: string, lists: string): Schedule | string {
  const match = /^(\S+) (\d{1,2}:\d\d)-(\d{1,2}:\d\d)$/.exec(when)
  if (match === null) return 'must be days and times such as "sun,mon 21:00-07:00"'
  const [, days, from, to] = match
  const value = { days: days!.split(','), from, to, lists: lists === 'everything' ? lists : lists.split(',') }
  const read = checked(schedule, value)
  return typeof read === 'string' ? read : scheduleOf(read)
}

/** "sun-thu 21:00-7:00" or "daily ..." with each day for itself, in their order; undefined: it is no such text. */
export function scheduleForm(when: string): string | undefined {
  const match = /^(\S+)\s+(\d{1,2}:\d\d)-(\d{1,2}:\d\d)$/.exec(when.trim().toLowerCase())
  if (match === null) return undefined
  const [, words, from, to] = match
  const days = words!.split(',').map(daysOf)
  if (days.some((some) => some.length === 0)) return undefined
  const all = new Set(days.flat())
  return `${DAYS.filter((day) => all.has(day)).join(',')} ${from!.padStart(5, '0')}-${to!.padStart(5, '0')}`
}

/** "sun", "fri-sun" or "daily". */
function daysOf(words: string): readonly string[] {
  if (words === 'daily') return DAYS
  const [from, to = from, more] = words.split('-').map((day) => (DAYS as readonly string[]).indexOf(day))
  if (from === undefined || from < 0 || to! < 0 || more !== undefined) return []
  return DAYS.map((_, i) => DAYS[(from + i) % DAYS.length]!).slice(0, ((to! - from + DAYS.length) % DAYS.length) + 1)
}

/** What is wrong with a client of a group; undefined: nothing. */
export function faultOfClient(value: string): string | undefined {
  const read = client().safeParse(value)
  return read.success ? undefined : told(read.error)
}

/** Names of groups and lists. */
export function isFilterWord(value: string): boolean {
  return word('a name').safeParse(value).success
}

function parsed<T>(form: z.ZodType<T>, json: string): T | string {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    return 'it is not JSON'
  }
  return checked(form, value)
}

function checked<T>(form: z.ZodType<T>, value: unknown): T | string {
  const read = form.safeParse(value)
  return read.success ? read.data : told(read.error)
}

function told({ issues }: z.ZodError): string {
  return issues
    .slice(0, 3)
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')} ${message}`))
    .join('; ')
}
