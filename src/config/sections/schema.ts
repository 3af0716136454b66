/** `resolver.config.json`, put together from the sections; and what it knows of itself: leaves, descriptions, JSON Schema. */
import { z } from 'zod'
import { cache } from './cache.ts'
import { dnssec } from './dnssec.ts'
import { filter } from './filter.ts'
import { iterator } from './iterator.ts'
import { ledger } from './ledger.ts'
import { devices, dns64, local, log, rebinding } from './local.ts'
import { queries } from './queries.ts'
import { resolver } from './resolver.ts'
import { chunks, ring } from './ring.ts'
import { access, identity, listen, serve, status, tls } from './serve.ts'
import { text } from './values.ts'

export const schema = z.strictObject({
  $schema: z.string().optional().describe('Where editors find the schema of this file.'),
  listen,
  access,
  tls,
  serve,
  resolver,
  iterator,
  dnssec,
  cache,
  local,
  devices,
  filter,
  dns64,
  rebinding,
  ring,
  chunks,
  ledger,
  data: text('a directory').default('./data').describe('Directory of the node identity and databases.'),
  identity,
  status,
  log,
  queries,
})

/** A checked configuration in the form of the file, defaults filled in. */
export type ConfigValues = z.output<typeof schema>

/** One key that holds a value, not a section. */
export interface Leaf {
  readonly path: string
  readonly schema: z.ZodType
  readonly description: string
}

export const leaves: readonly Leaf[] = leavesOf(schema, '')

/** The keys that may stand in the section at `path` ('' is the whole file); undefined when there is no such section. */
export function keysOf(path: string): readonly string[] | undefined {
  let section: z.ZodType = schema
  for (const key of path === '' ? [] : path.split('.')) {
    const shape = sectionShape(section)
    if (shape === undefined || !Object.hasOwn(shape, key)) return undefined
    section = shape[key]!
  }
  const shape = sectionShape(section) ?? sectionShape(objectOption(section))
  return shape && Object.keys(shape)
}

/** JSON Schema (2020-12) for editors and `config schema`. */
export function configSchemaJson(): object {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
  return { $schema, title: 'resolver.config.json of chordns', ...rest }
}

function leavesOf(section: z.ZodType, path: string): Leaf[] {
  const shape = sectionShape(section)
  if (shape === undefined) return [{ path, schema: section, description: section.description ?? '' }]
  return Object.entries(shape)
    .filter(([key]) => key !== '$schema')
    .flatMap(([key, inner]) => leavesOf(inner, path === '' ? key : `${path}.${key}`))
}

function sectionShape(type: z.ZodType | undefined): Readonly<Record<string, z.ZodType>> | undefined {
  const bare = unwrap(type)
  return bare instanceof z.ZodObject ? (bare.shape as Readonly<Record<string, z.ZodType>>) : undefined
}

/** The object among the forms of a value, as in `listen`. */
function objectOption(type: z.ZodType): z.ZodType | undefined {
  const bare = unwrap(type)
  if (!(bare instanceof z.ZodUnion)) return undefined
  return (bare.options as readonly z.ZodType[]).find((option) => option instanceof z.ZodObject)
}

function unwrap(type: z.ZodType | undefined): z.ZodType | undefined {
  const wrapped = type instanceof z.ZodPrefault || type instanceof z.ZodDefault || type instanceof z.ZodOptional
  return wrapped ? unwrap(type.unwrap() as z.ZodType) : type
}
