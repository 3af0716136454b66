/**
 * Rules and pauses made by command as settings of the household. Each rule is a key of its own, so that edits of two boxes merge; a rule that blocks and the one that
 * allows the same have one key, so that the later edit holds.
 *
 *     rule/GROUP/TEXT    block, or allow for `@@TEXT`
 *     pause/GROUP        until when, Unix seconds
 *
 * GROUP is `*` for all groups.
 */
import { errorText, isChordnsError, type Log } from '../../base/index.ts'
import { checkFilterRule, filterLimits, type OwnRules, type Pause } from '../../filter/index.ts'
import type { SettingEdit, Settings, SharedSetting } from '../../settings/index.ts'
import { limits } from '../limits.ts'
import type { Made, MadeRules } from './made-rules.ts'

const RULE = /^rule\/(\*|[A-Za-z0-9][A-Za-z0-9._-]{0,39})\/(.+)$/s
const PAUSE = /^pause\/(\*|[A-Za-z0-9][A-Za-z0-9._-]{0,39})$/
const ALL = '*'

export type RuleSettings = Pick<Settings, 'get' | 'list' | 'edit' | 'onChange'>

interface SharedRule {
  /** The key that it was found by. */
  readonly key: string
  /** Undefined: all groups. */
  readonly group: string | undefined
  readonly rule: string
}

export interface SharedRulesDeps {
  readonly settings: RuleSettings
  readonly log: Log
  /** So many rules can be in force beside those of the configuration. */
  readonly room: () => number
}

export function isOfFilter(key: string): boolean {
  return key.startsWith('rule/') || key.startsWith('pause/')
}

export function sharedRules({ settings, log, room }: SharedRulesDeps): MadeRules {
  const isUsable = rulesThatCanBeRead()

  /** A newer release may write rules that this one cannot read: they are passed over, and stay where they are. */
  function inForce(): readonly SharedRule[] {
    return settings
      .list('rule/')
      .flatMap((setting) => ruleOf(setting) ?? [])
      .filter(({ rule }) => isUsable(rule))
      .slice(0, Math.max(0, room()))
  }

  return {
    read() {
      const rules = inForce()
      const left = settings.list('rule/').length - rules.length
      // Names stay out of the log.
      if (left > 0) log.warn({ left }, 'rules of the household cannot be in force here: see /settings?prefix=rule/')
      return { own: ownOf(rules), pauses: settings.list('pause/').flatMap((setting) => pauseOf(setting) ?? []) }
    },
    write(made) {
      const wanted = settingsOf(made)
      const there = inForce().map(({ key, group, rule }) => ({ key, form: settingOf(group, rule) }))
      const isWanted = ({ key, value }: SharedSetting) => wanted.get(key) === value
      const held = new Set(there.flatMap(({ form }) => (isWanted(form) ? [form.key] : [])))
      const gone: SettingEdit[] = [
        ...there.filter(({ form }) => !isWanted(form)).map(({ key }) => key),
        ...settings
          .list('pause/')
          .map(({ key }) => key)
          .filter((key) => PAUSE.test(key) && !wanted.has(key)),
      ].map((key) => ({ key, value: null }))
      const more = [...wanted].flatMap(([key, value]) => (held.has(key) ? [] : [{ key, value }]))
      settings.edit([...gone, ...more])
    },
  }
}

/**
 * What was made before there were settings goes into them; what they say of the same holds. Owes whether all of it is there.
 */
export function carryOver(made: Made, { settings, log }: Omit<SharedRulesDeps, 'room'>): boolean {
  const edits = [...settingsOf(made)].flatMap(([key, value]) =>
    settings.get(key) === undefined ? [{ key, value }] : [],
  )
  try {
    for (let i = 0; i < edits.length; i += limits.CARRIED_EDITS) settings.edit(edits.slice(i, i + limits.CARRIED_EDITS))
    if (edits.length > 0)
      log.info({ settings: edits.length }, 'rules made by command are settings of the household now')
    return true
  } catch (error) {
    if (!isChordnsError(error)) throw error
    log.error({ error: errorText(error) }, 'not all rules made by command can be settings of the household')
    return false
  }
}

/** Undefined for a key that this release does not know. */
function ruleOf({ key, value }: SharedSetting): SharedRule | undefined {
  const match = RULE.exec(key)
  if (match === null) return undefined
  const [, group, text] = match
  return { key, group: group === ALL ? undefined : group, rule: value === 'allow' ? `@@${text}` : text! }
}

function pauseOf({ key, value }: SharedSetting): Pause | undefined {
  const [, group] = PAUSE.exec(key) ?? []
  if (group === undefined || !/^\d{1,12}$/.test(value)) return undefined
  return { group: group === ALL ? undefined : group, until: Number(value) * 1000 }
}

function ownOf(rules: readonly SharedRule[]): OwnRules {
  const groups = new Map<string, string[]>()
  const all: string[] = []
  for (const { group, rule } of rules) {
    if (group === undefined) all.push(rule)
    else groups.set(group, [...(groups.get(group) ?? []), rule])
  }
  return { all, groups: Object.fromEntries(groups) }
}

function settingOf(group: string | undefined, rule: string): SharedSetting {
  const isAllowing = rule.startsWith('@@')
  return { key: `rule/${group ?? ALL}/${isAllowing ? rule.slice(2) : rule}`, value: isAllowing ? 'allow' : 'block' }
}

function settingsOf({ own, pauses }: Made): Map<string, string> {
  const found = new Map<string, string>()
  for (const [group, rules] of [[undefined, own.all] as const, ...Object.entries(own.groups)])
    for (const rule of rules) {
      const { key, value } = settingOf(group, rule)
      // As in the filter: allowing stands before blocking.
      if (found.get(key) !== 'allow') found.set(key, value)
    }
  for (const { group, until } of pauses) found.set(`pause/${group ?? ALL}`, String(Math.ceil(until / 1000)))
  return found
}

/** Each rule is looked at once. */
function rulesThatCanBeRead(): (rule: string) => boolean {
  const known = new Map<string, boolean>()
  return (rule) => {
    const before = known.get(rule)
    if (before !== undefined) return before
    if (known.size >= filterLimits.MAX_OWN_RULES) known.clear()
    const isGood = canBeRead(rule)
    known.set(rule, isGood)
    return isGood
  }
}

function canBeRead(rule: string): boolean {
  try {
    checkFilterRule(rule)
    return true
  } catch (error) {
    if (isChordnsError(error, 'FILTER_RULE')) return false
    throw error
  }
}
