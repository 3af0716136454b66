/** Values of a YAML file whose kind is not known. Pure. */
import type { YamlMap, YamlValue } from './yaml.ts'

export function isMap(value: YamlValue | undefined): value is YamlMap {
  return value instanceof Map
}

export function itemsOf(value: YamlValue | undefined): readonly YamlValue[] {
  return Array.isArray(value) ? value : []
}

/** A single value as it is written; else empty. */
export function textOf(value: YamlValue | undefined): string {
  return value === undefined || value === null || typeof value === 'object' ? '' : String(value)
}

export function numberOf(value: YamlValue | undefined): number {
  return typeof value === 'number' ? value : Number.NaN
}

/** For a person. */
export function shown(value: YamlValue): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    inner instanceof Map ? Object.fromEntries(inner) : inner,
  ).replace(/^"(.*)"$/s, '$1')
}
