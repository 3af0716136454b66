/** Makes the detail of a log line plain, bounded, and free of what the operator did not ask to see. */
import { ChordnsError, toHex } from '../base/index.ts'
import { limits } from './limits.ts'

/** Keys under which the rooms log names that were asked for, and who asked. */
const PRIVATE_KEYS: ReadonlySet<string> = new Set([
  'question',
  'questions',
  'qname',
  'name',
  'names',
  'zone',
  'owner',
  'target',
  'answers',
  'client',
])

/** What a question failed by: its text names it and the zones on its way. Its code does not. */
const FAILURE_KEY = 'failure'

/** Keys of the line itself. */
const RESERVED_KEYS: ReadonlySet<string> = new Set(['level', 'time', 'msg'])

export function plain(detail: object, withNames: boolean): Record<string, unknown> {
  return fields(detail, withNames, 0)
}

function fields(value: object, withNames: boolean, depth: number): Record<string, unknown> {
  const entries = Object.entries(value instanceof Error ? errorFields(value) : value).slice(0, limits.MAX_LOG_FIELDS)
  return Object.fromEntries(
    entries.map(([key, inner]) => [
      depth === 0 && RESERVED_KEYS.has(key) ? `${key}_` : key,
      withNames ? plainValue(inner, withNames, depth + 1) : withoutNames(key, inner, depth),
    ]),
  )
}

function withoutNames(key: string, value: unknown, depth: number): unknown {
  if (PRIVATE_KEYS.has(key)) return '[private]'
  if (key === FAILURE_KEY)
    return value instanceof ChordnsError ? value.code : value instanceof Error ? value.name : '[private]'
  return plainValue(value, false, depth + 1)
}

function plainValue(value: unknown, withNames: boolean, depth: number): unknown {
  if (typeof value === 'string') return cut(value)
  if (typeof value === 'bigint') return value.toString()
  if (value === undefined || typeof value === 'function' || typeof value === 'symbol') return undefined
  if (typeof value !== 'object' || value === null) return value
  if (depth > limits.MAX_LOG_DEPTH) return '[deep]'
  if (value instanceof Uint8Array) return cut(toHex(value.subarray(0, limits.MAX_LOG_TEXT)))
  if (value instanceof Map) return fields(Object.fromEntries(value), withNames, depth)
  if (value instanceof Set) return plainValue([...value], withNames, depth)
  if (Array.isArray(value))
    return value.slice(0, limits.MAX_LOG_FIELDS).map((inner) => plainValue(inner, withNames, depth + 1))
  return fields(value, withNames, depth)
}

/** The text of an error of another room may name what was asked; its code and detail say the rest. */
function errorFields(error: Error): object {
  if (error instanceof ChordnsError) return { code: error.code, message: error.message, ...error.detail }
  return { type: error.name, message: error.message, stack: error.stack }
}

function cut(text: string): string {
  return text.length <= limits.MAX_LOG_TEXT ? text : `${text.slice(0, limits.MAX_LOG_TEXT)}...`
}
