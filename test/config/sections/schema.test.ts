import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { configSchemaJson, loadConfig } from '../../../src/config/index.ts'
import { leaves } from '../../../src/config/sections/schema.ts'
import { nearest } from '../../../src/config/sources/suggest.ts'

const fromRoot = (path: string) => readFileSync(fileURLToPath(new URL(`../../../${path}`, import.meta.url)), 'utf8')

describe('the schema', () => {
  it('describes every key', () => {
    for (const { path, description } of leaves) expect(description, path).toMatch(/^.{10,}\.$/)
    expect(leaves.length).toBeGreaterThan(35)
  })

  it('is exported as JSON Schema, with descriptions and defaults', () => {
    expect(configSchemaJson()).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      additionalProperties: false,
      properties: {
        ring: {
          additionalProperties: false,
          properties: { replicas: { type: 'integer', default: 2, minimum: 0, maximum: 15 } },
        },
        resolver: { properties: { order: { enum: ['race', 'ring', 'iterate'], description: expect.any(String) } } },
      },
    })
    expect(configSchemaJson()).not.toHaveProperty('required')
  })

  it('is the one in docs/ that editors use', () => {
    expect(JSON.parse(fromRoot('docs/resolver.config.schema.json'))).toEqual(configSchemaJson())
  })

  it('takes the shipped resolver.config.json, which changes no default', () => {
    const { config } = loadConfig({ env: {}, file: 'x', readFile: () => fromRoot('resolver.config.json') })
    expect(config).toEqual(loadConfig({ env: {}, readFile: () => undefined }).config)
  })
})

describe('suggestions', () => {
  it('forgive a slip of the finger, and do not guess wildly', () => {
    expect(nearest('bootstap', ['bootstrap', 'listen'])).toBe('bootstrap')
    expect(nearest('lsiten', ['bootstrap', 'listen'])).toBe('listen')
    expect(nearest('ID', ['id', 'listen'])).toBe('id')
    expect(nearest('potato', ['bootstrap', 'listen'])).toBeUndefined()
    expect(nearest('x', [])).toBeUndefined()
  })
})
