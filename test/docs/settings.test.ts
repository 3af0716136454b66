import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { configSchemaJson } from '../../src/config/index.ts'

/** What of JSON Schema the configuration uses. */
interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema | boolean
  readonly anyOf?: readonly Schema[]
  readonly items?: Schema
}

const schema = JSON.parse(JSON.stringify(configSchemaJson())) as Schema
const sections = Object.keys(schema.properties ?? {})
const manual = (file: string) => readFileSync(fileURLToPath(new URL(`../../${file}`, import.meta.url)), 'utf8')

/** Whether some value of the schema has a key of that path. */
function has(of: Schema, [key, ...rest]: readonly string[]): boolean {
  if (key === undefined) return true
  const { properties, additionalProperties, anyOf = [], items } = of
  const below = properties?.[key] ?? (typeof additionalProperties === 'object' ? additionalProperties : undefined)
  if (below !== undefined && has(below, rest)) return true
  return [...anyOf, ...(items === undefined ? [] : [items])].some((one) => has(one, [key, ...rest]))
}

/** `section.key`, as the manuals write a setting; not the name of a file. */
function settingsIn(text: string): string[] {
  const names = [...text.matchAll(/`([a-z][A-Za-z0-9]*(?:\.[A-Za-z0-9]+)+)`/g)].map(([, name]) => name!)
  return [...new Set(names)].filter((name) => sections.includes(name.split('.')[0]!) && !name.endsWith('.json'))
}

describe('the settings that manuals name', () => {
  it.each(['README.md', 'docs/home.md', 'docs/coming-from.md', 'docs/registry.md'])('exist, in %s', (file) => {
    expect(settingsIn(manual(file)).filter((name) => !has(schema, name.split('.')))).toEqual([])
  })

  it('are found where they are, and missed where they are not', () => {
    expect(settingsIn('`filter.lists` and `filter.lost`, `a.b`')).toEqual(['filter.lists', 'filter.lost'])
    expect(has(schema, ['filter', 'lost'])).toBe(false)
    expect(has(schema, ['filter', 'groups', 'NAME', 'schedules'])).toBe(true)
  })
})
