/** `--config` and friends: reads the configuration with the real environment and files. */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { systemCodeOf, utf8Text } from '../../base/index.ts'
import { type LoadedConfig, loadConfig, type ReadFile } from '../../config/index.ts'

export interface ConfigFlags {
  readonly config?: string
  readonly set?: readonly string[]
}

export function configOptions(command: Command): Command {
  return command
    .option('-c, --config <file>', 'configuration file (default: $CHORDNS_CONFIG, ./resolver.config.json, ...)')
    .option('--set <path=value>', 'set one value, such as --set resolver.strict=true (repeatable)', collect, [])
}

function collect(value: string, all: readonly string[]): readonly string[] {
  return [...all, value]
}

export function loadConfigFrom(flags: ConfigFlags): LoadedConfig {
  const overrides: Record<string, string> = {}
  for (const text of flags.set ?? []) {
    const equals = text.indexOf('=')
    overrides[equals === -1 ? text : text.slice(0, equals)] = equals === -1 ? '' : text.slice(equals + 1)
  }
  return loadConfig({ overrides, env: process.env, file: flags.config, readFile, hashSeed: randomBytes(8) })
}

export const readFile: ReadFile = (path, reading) => {
  try {
    const bytes = readFileSync(path)
    return reading === 'strict' ? utf8Text(bytes) : bytes.toString('utf8')
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined
    throw error
  }
}
