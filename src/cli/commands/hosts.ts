/** `chordns hosts check|lookup`: hosts files and local records, without a running node. */
import { randomBytes } from 'node:crypto'
import type { Command } from 'commander'
import { ChordnsError } from '../../base/index.ts'
import { checkHosts } from '../../config/index.ts'
import { Class, parseName, rcodeToText, recordToText, typeFromText } from '../../dns/index.ts'
import { type ConfigFlags, configOptions, loadConfigFrom, readFile } from '../common/config-option.ts'
import { print, printJson } from '../common/table.ts'
import { parseArgument } from './lookup.ts'

export function addHostsCommands(program: Command): void {
  const hosts = program.command('hosts').description('check hosts files, and see what local names answer')
  hosts
    .command('check')
    .description('say whether all of a file can be used in local.hosts; exit 2 when not')
    .argument('<file>', 'a hosts file, or a blocklist in its form')
    .option('--json', 'print JSON')
    .action((file: string, flags: { readonly json?: boolean }) => check(file, flags.json ?? false))
  configOptions(hosts.command('lookup'))
    .description('say what the local names of the configuration answer, and which line says so')
    .argument('<name>', 'domain name')
    .argument('[type]', 'record type', 'A')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Examples:
  chordns hosts check /etc/hosts
  chordns hosts lookup printer.lan
  chordns hosts lookup 5.1.168.192.in-addr.arpa PTR`,
    )
    .action((name: string, type: string, flags: ConfigFlags & { readonly json?: boolean }) => lookup(name, type, flags))
}

function check(file: string, json: boolean): void {
  const { stats, problems } = checkHosts(file, { readFile, hashSeed: randomBytes(8) })
  if (json) printJson({ ok: problems.length === 0, file, names: stats.hostNames, bytes: stats.hostBytes, problems })
  else if (problems.length === 0)
    print(`${file}: ok, ${stats.hostNames} names in ${(stats.hostBytes / 2 ** 20).toFixed(1)} MiB`)
  if (problems.length > 0)
    throw new ChordnsError('CONFIG_INVALID', problems.join('\n  '), {
      problems: problems.map((message) => ({ message })),
    })
}

function lookup(nameText: string, typeText: string, flags: ConfigFlags & { readonly json?: boolean }): void {
  const type = typeFromText(typeText)
  if (type === undefined) throw new ChordnsError('USAGE', `unknown record type "${typeText}"`, {})
  const name = parseName(parseArgument(nameText))
  const answer = loadConfigFrom(flags).config.local.answer({ name, type, class: Class.IN })
  if (flags.json) {
    const records = answer?.answers.map(recordToText) ?? []
    printJson({
      local: answer !== undefined,
      rcode: answer && rcodeToText(answer.rcode),
      records,
      from: answer?.detail,
    })
    return
  }
  if (answer === undefined) {
    print('not a local name: it is resolved like any other')
    return
  }
  print(
    [
      `${rcodeToText(answer.rcode)}  from ${answer.detail}`,
      ...answer.answers.map((one) => `  ${recordToText(one)}`),
    ].join('\n'),
  )
}
