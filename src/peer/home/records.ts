/** Local records of the household: from what people write to the key of a setting, and from settings to local data. Pure. */
import { ChordnsError, isChordnsError } from '../../base/index.ts'
import {
  addressText,
  Class,
  isWildcard,
  nameToText,
  parseName,
  parseZone,
  type ResourceRecord,
  ROOT,
  rdataToText,
  Type,
  typeFromText,
  typeToText,
} from '../../dns/index.ts'
import { compileLocal, isPrivateAddress, type LocalData } from '../../resolver/index.ts'
import type { SettingEdit, SharedSetting } from '../../settings/index.ts'

export const RECORD_PREFIX = 'record/'
/** Seconds: a change is seen everywhere soon. */
export const RECORD_TTL = 300
/** What people are told that an answer comes from. */
const FROM = 'the records of the household'

export interface SharedRecord {
  /** Without its final dot. */
  readonly name: string
  readonly type: string
  readonly data: string
  readonly ttl: number
}

export interface SharedRecords {
  /** Undefined: there are none. */
  readonly data: LocalData | undefined
  /** What is left out, in words. */
  readonly problems: readonly string[]
}

/**
 * The setting of a record. `type` undefined: A or AAAA, as the address is. Throws SETTINGS_INVALID, with what is wrong in words.
 */
export function recordSetting(name: string, type: string | undefined, data: string, ttl = RECORD_TTL): SharedSetting {
  const kind = type ?? (data.includes(':') ? 'AAAA' : 'A')
  if (typeFromText(kind) === undefined) throw invalid(`${kind} is no type of record`)
  const [record, second] = parsed(name, kind, data, ttl)
  if (record === undefined || second !== undefined) throw invalid('it is not one record')
  if (record.class !== Class.IN) throw invalid('only records of class IN are served')
  return settingOf(record)
}

/** A line of a zone file has blanks and comments of its own: each part is one by itself. */
function parsed(name: string, kind: string, data: string, ttl: number): readonly ResourceRecord[] {
  if (/[\r\n]/.test(data) || data.trim() === '') throw invalid('the data is missing')
  try {
    const owner = nameToText(parseName(name))
    return parseZone(`${owner} ${ttl} ${kind} ${data}`, { origin: ROOT, defaultTtl: ttl })
  } catch (error) {
    if (!isChordnsError(error)) throw error
    const { what } = error.detail as { readonly what?: unknown }
    throw invalid(`${name} ${kind} ${data}: ${typeof what === 'string' ? what : error.message}`)
  }
}

function settingOf({ name, type, ttl, rdata }: ResourceRecord): SharedSetting {
  const owner = nameToText({ ...name })
    .replace(/(?<=.)\.$/, '')
    .toLowerCase()
  return { key: `${RECORD_PREFIX}${owner} ${typeToText(type)} ${rdataToText(type, rdata)}`, value: String(ttl) }
}

/** Undefined for a key that is no record. */
export function recordOf({ key, value }: SharedSetting): SharedRecord | undefined {
  const match = /^record\/(\S+) (\S+) (.+)$/s.exec(key)
  const ttl = Number(value)
  if (match === null || !Number.isInteger(ttl) || ttl < 0) return undefined
  return { name: match[1]!, type: match[2]!, data: match[3]!, ttl }
}

/** The keys that remove a name, its records of a type, or one of them. Throws SETTINGS_INVALID. */
export function removals(
  settings: readonly SharedSetting[],
  name: string,
  type: string | undefined,
  data: string | undefined,
): SettingEdit[] {
  const owner = nameToText(parseName(name))
    .replace(/(?<=.)\.$/, '')
    .toLowerCase()
  const one = data === undefined ? undefined : recordSetting(name, type, data).key
  return settings.flatMap((setting) => {
    const record = recordOf(setting)
    if (record === undefined || record.name !== owner) return []
    if (type !== undefined && record.type !== type.toUpperCase()) return []
    return one !== undefined && setting.key !== one ? [] : [{ key: setting.key, value: null }]
  })
}

/** A key that somebody wrote by hand: it must be in the form that all boxes give it, or the same record would be there twice. Throws SETTINGS_INVALID. */
export function checkRecordEdit({ key, value }: SettingEdit): void {
  if (!key.startsWith(RECORD_PREFIX) || value === null) return
  const record = recordOf({ key, value })
  if (record === undefined) throw invalid(`${key}: write record/NAME TYPE DATA, and the TTL as its value`)
  const form = recordSetting(record.name, record.type, record.data, record.ttl)
  if (form.key !== key) throw invalid(`${key}: write ${form.key}`)
}

/** `seed`: 8 random bytes. Names of private addresses lead both ways. */
export function compileRecords(settings: readonly SharedSetting[], seed: Uint8Array): SharedRecords {
  const records = settings.flatMap((setting) => recordOf(setting) ?? [])
  const unread = settings.length - records.length
  if (settings.length === 0) return { data: undefined, problems: [] }
  const compiled = compileLocal(
    {
      records: records.map(({ name, type, data, ttl }) => `${name}. ${ttl} ${type} ${data}`),
      hosts: [{ file: FROM, text: records.flatMap(reverseLine).join('\n') }],
      zones: {},
      allow: [],
      recordsFrom: FROM,
    },
    seed,
  )
  const problems = compiled.problems.map(({ message }) => message)
  return { data: compiled.data, problems: unread === 0 ? problems : [...problems, `${unread} cannot be read here`] }
}

function reverseLine({ name, type, data }: SharedRecord): string[] {
  if ((type !== 'A' && type !== 'AAAA') || isWildcard(parseName(name))) return []
  const [record] = parseZone(`${name}. 1 ${type} ${data}`, { origin: ROOT, defaultTtl: 1 })
  if (record === undefined || (record.type !== Type.A && record.type !== Type.AAAA)) return []
  return isPrivateAddress(record.rdata) ? [`${addressText(record.rdata)} ${name}`] : []
}

function invalid(problem: string) {
  return new ChordnsError('SETTINGS_INVALID', problem, { key: 'record', problem })
}
