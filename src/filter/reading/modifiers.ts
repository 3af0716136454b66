/** What stands behind the `$` of a line in the adblock form: modifiers that mean something to a resolver. */

import { domainToASCII } from 'node:url'
import { isChordnsError } from '../../base/index.ts'
import { parseName, typeFromText } from '../../dns/index.ts'
import { limits } from '../limits.ts'
import type { Conditions, Rewrite, Skip } from '../rules.ts'
import { readRewrite } from './rewrites.ts'

export interface Modifiers {
  readonly isImportant: boolean
  /** The line is there to take another one out of force. */
  readonly isBadfilter: boolean
  readonly when: Omit<Conditions, 'pattern'> | undefined
  /** `keep`: `$dnsrewrite` without a value, of a line that allows. */
  readonly rewrite: Rewrite | 'keep' | undefined
}

interface Reading {
  isImportant: boolean
  isBadfilter: boolean
  types: Conditions['types']
  clients: Conditions['clients']
  except: Conditions['except']
  rewrite: Modifiers['rewrite']
}

/** The reason when it cannot be read: a modifier of browsers changes what the line means. */
export function readModifiers(text: string): Modifiers | Skip {
  const reading: Reading = {
    isImportant: false,
    isBadfilter: false,
    types: undefined,
    clients: undefined,
    except: undefined,
    rewrite: undefined,
  }
  for (const modifier of split(text, ',')) {
    const at = modifier.indexOf('=')
    const name = (at === -1 ? modifier : modifier.slice(0, at)).trim().toLowerCase()
    const failed = readOne(reading, name, at === -1 ? '' : modifier.slice(at + 1).trim())
    if (failed !== undefined) return failed
  }
  const { isImportant, isBadfilter, types, clients, except, rewrite } = reading
  const isAlways = types === undefined && clients === undefined && except === undefined
  return { isImportant, isBadfilter, rewrite, when: isAlways ? undefined : { types, clients, except } }
}

/** By name; each owes false where the value cannot be read. */
const READERS: Readonly<Record<string, (reading: Reading, value: string) => boolean>> = {
  important(reading) {
    reading.isImportant = true
    return true
  },
  badfilter(reading) {
    reading.isBadfilter = true
    return true
  },
  dnstype(reading, value) {
    reading.types = readTypes(value)
    return reading.types !== undefined
  },
  client(reading, value) {
    reading.clients = readClients(value)
    return reading.clients !== undefined
  },
  denyallow(reading, value) {
    reading.except = readNames(value)
    return reading.except !== undefined
  },
  dnsrewrite(reading, value) {
    reading.rewrite = value === '' ? 'keep' : readRewrite(value)
    return reading.rewrite !== undefined
  },
}

function readOne(reading: Reading, name: string, value: string): Skip | undefined {
  const read = Object.hasOwn(READERS, name) ? READERS[name] : undefined
  if (read?.(reading, value) === true) return undefined
  return name === 'dnsrewrite' ? 'rewrite' : 'modifier'
}

/** All with `~` or none: a mixture says nothing more than those without. */
function readTypes(value: string): Conditions['types'] {
  const words = value.split('|')
  if (words.length > limits.MAX_CONDITION_VALUES) return undefined
  const types = words.map((word) => typeFromText(word.replace(/^~/, '').toUpperCase()))
  if (types.some((type) => type === undefined)) return undefined
  const wanted = types.filter((_, i) => !words[i]!.startsWith('~'))
  return wanted.length > 0 ? { values: wanted as number[], not: false } : { values: types as number[], not: true }
}

function readClients(value: string): Conditions['clients'] {
  const words = split(value, '|')
  if (words.length > limits.MAX_CONDITION_VALUES) return undefined
  const bare = (word: string) => unquoted(word.replace(/^~/, '')).toLowerCase()
  if (words.some((word) => bare(word) === '')) return undefined
  return {
    only: words.filter((word) => !word.startsWith('~')).map(bare),
    not: words.filter((word) => word.startsWith('~')).map(bare),
  }
}

function readNames(value: string): readonly string[] | undefined {
  const words = value.split('|')
  if (words.length > limits.MAX_CONDITION_VALUES) return undefined
  try {
    return words.map((word) => parseName(isAscii(word) ? word : domainToASCII(word)).key)
  } catch (error) {
    if (isChordnsError(error, 'DNS_BAD_TEXT')) return undefined
    throw error
  }
}

function isAscii(word: string): boolean {
  return Buffer.byteLength(word) === word.length
}

/** At each `by` that stands in no quotes and behind no backslash. */
function split(text: string, by: string): string[] {
  const parts: string[] = []
  let part = ''
  let quote = ''
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!
    if (character === '\\' && i + 1 < text.length) {
      part += character + text[++i]!
      continue
    }
    if (quote !== '') quote = character === quote ? '' : quote
    else if (character === '"' || character === "'") quote = character
    if (character === by && quote === '') {
      parts.push(part)
      part = ''
    } else part += character
  }
  return [...parts, part]
}

function unquoted(word: string): string {
  const inner = /^(["'])(.*)\1$/.exec(word)?.[2] ?? word
  return inner.replace(/\\(.)/g, '$1')
}
