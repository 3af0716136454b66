/** What `config print` shows. */
import { variableOf } from './sources/layers.ts'
import type { LoadedConfig } from './types.ts'

/** One line a value: what it is and where it came from. Nothing needs hiding: secrets are in files, not in values. */
export function configText({ settings, file }: LoadedConfig): string {
  const rows = settings.map(({ path, value, source, where }) => {
    const origin =
      source === 'default' ? `default; ${variableOf(path)}` : source === 'flag' ? 'flag' : `${source} ${where}`
    return [path, value === undefined ? '-' : JSON.stringify(value), origin] as const
  })
  const width = (column: 0 | 1) => Math.min(40, Math.max(...rows.map((row) => row[column].length)))
  const lines = rows.map(([path, value, origin]) => `${path.padEnd(width(0))}  ${value.padEnd(width(1))}  # ${origin}`)
  return [`# ${file === undefined ? 'no configuration file' : `from ${file}`}`, ...lines].join('\n')
}
