/** Which running node a command asks: `--node`, else the status address of the configuration. */
import type { Command } from 'commander'
import { ChordnsError, type Endpoint } from '../../base/index.ts'
import { type ConfigFlags, configOptions, loadConfigFrom } from './config-option.ts'

export interface NodeFlags extends ConfigFlags {
  readonly node?: string
}

export function nodeOption(command: Command): Command {
  return configOptions(command).option(
    '--node <address:port>',
    'status address of the node to ask (default: status.listen of the configuration)',
  )
}

export function nodeOf(flags: NodeFlags): Endpoint {
  if (flags.node !== undefined) return parseEndpoint('--node', flags.node)
  const { listen } = loadConfigFrom(flags).config.status
  if (listen === false)
    throw new ChordnsError('STATUS_OFF', 'status.listen is off in the configuration; name the node with --node', {})
  return listen
}

/** Throws USAGE. */
export function parseEndpoint(what: string, text: string): Endpoint {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  if (match === null || port > 65_535) throw new ChordnsError('USAGE', `${what} takes ADDRESS:PORT, not "${text}"`, {})
  return { address: match[1] ?? match[2]!, port }
}
