/** A line in the adblock form, such as `@@||example.com^$dnstype=AAAA`: the way of all lines that are not `||name^` alone. */
import { type Conditions, type Rule, type RuleSink, Scope, type Skip } from '../rules.ts'
import { readNameText } from './bytes.ts'
import { type Modifiers, readModifiers } from './modifiers.ts'
import { fixedEnd } from './patterns.ts'

export interface AdblockLine {
  /** Wire form of what the rule is found by. */
  readonly name: Uint8Array
  readonly rule: Omit<Rule, 'list'>
  readonly isBadfilter: boolean
}

const wire = new Uint8Array(256)

/** Reads one line without blanks at its ends. */
export function readAdblock(line: string): AdblockLine | Skip {
  const isAllow = line.startsWith('@@')
  const text = isAllow ? line.slice(2) : line
  if (/#[@?$%]*#|\$\$/.test(text)) return 'cosmetic'
  if (/^\/.*\/(\$|$)/.test(text)) return 'regular expression'
  const at = text.indexOf('$')
  const modifiers = at === -1 || at === text.length - 1 ? NO_MODIFIERS : readModifiers(text.slice(at + 1))
  if (typeof modifiers === 'string') return modifiers
  const target = readTarget((at === -1 ? text : text.slice(0, at)).trim())
  if (typeof target === 'string') return target
  const { name, scope, pattern } = target
  if (name.length === 1 && pattern === undefined && modifiers.when === undefined) return 'too wide'
  const when = conditionsOf(modifiers, pattern)
  return { name, rule: { scope, ...actionOf(modifiers, isAllow), when }, isBadfilter: modifiers.isBadfilter }
}

const NO_MODIFIERS: Modifiers = { isImportant: false, isBadfilter: false, when: undefined, rewrite: undefined }

function actionOf({ rewrite, isImportant }: Modifiers, isAllow: boolean): Omit<Rule, 'list' | 'scope' | 'when'> {
  const common = { isImportant, isClosest: false, rewrite: undefined }
  if (rewrite === undefined) return { ...common, action: isAllow ? 'allow' : 'block' }
  // A line that allows takes back what other lines rewrite.
  if (isAllow) return { ...common, action: 'keep' }
  return rewrite === 'keep' ? { ...common, action: 'block' } : { ...common, action: 'rewrite', rewrite }
}

function conditionsOf({ when }: Modifiers, pattern: string | undefined): Conditions | undefined {
  if (when === undefined && pattern === undefined) return undefined
  return { types: undefined, clients: undefined, except: undefined, ...when, pattern }
}

interface Target {
  readonly name: Uint8Array
  readonly scope: Scope
  readonly pattern: string | undefined
}

/** What stands before the modifiers. */
function readTarget(text: string): Target | Skip {
  if (text === '*' || text === '||*^') return { name: Uint8Array.of(0), scope: Scope.BELOW, pattern: undefined }
  const anchor = /^\|{0,2}/.exec(text)![0]
  const isEnded = /\^?\|?$/.exec(text)![0] !== ''
  const body = text
    .slice(anchor.length)
    .replace(/\^?\|?$/, '')
    .toLowerCase()
  if (body === '') return 'syntax'
  if (/[/:?=&%,@^|~[\]()+]/.test(body)) return 'pattern'
  if (body.startsWith('*.') && !body.includes('*', 1))
    return withName(body.slice(2), anchor !== '' || isEnded ? Scope.BELOW : Scope.BOTH)
  // As a text that names end with, it is what is below the rest.
  if (body.startsWith('.') && !body.includes('*')) return withName(body.slice(1), Scope.BELOW)
  if (body.includes('*')) return anchor === '' ? 'pattern' : readPattern(anchor === '|' ? `|${body}` : body)
  // A name alone is that name alone; with an anchor or an end it is what is below it, too.
  const isWhole = anchor === '|' || (anchor === '' && !isEnded)
  return withName(body, isWhole ? Scope.NAME : Scope.BOTH)
}

function withName(text: string, scope: Scope): Target | Skip {
  // It means answers that have it, which nobody looks at here.
  if (/^\d+\.\d+\.\d+\.\d+$/.test(text)) return 'address'
  const length = readNameText(text, wire)
  return length === 0 ? 'bad name' : { name: wire.slice(0, length), scope, pattern: undefined }
}

function readPattern(pattern: string): Target | Skip {
  const end = fixedEnd(pattern)
  if (end === undefined) return 'pattern'
  const length = end === '' ? 0 : readNameText(end, wire)
  if (end !== '' && length === 0) return 'bad name'
  return { name: length === 0 ? Uint8Array.of(0) : wire.slice(0, length), scope: Scope.BOTH, pattern }
}

/** A line that has been read goes the short way where it can. */
export function handOn({ name, rule }: AdblockLine, sink: RuleSink, mayRewrite: boolean): void {
  const { action, when, scope, isImportant } = rule
  if (action === 'rewrite' && !mayRewrite && rule.rewrite?.rcode === 0) sink.skip('rewrite')
  else if (when === undefined && (action === 'block' || action === 'allow'))
    sink.plain(name, name.length, scope, action, isImportant)
  else sink.special(name, rule)
}
