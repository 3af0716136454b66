import { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { addDomainCommands } from '../../../../src/cli/commands/domain/domain.ts'
import { addLedgerCommands } from '../../../../src/cli/commands/ledger/ledger.ts'

const program = new Command('chordns').exitOverride()
addLedgerCommands(program)
addDomainCommands(program)
const leaves = program.commands.flatMap((family) => leavesOf(family, family.name()))

/** A command of commands is none itself. */
function leavesOf(family: Command, path: string): (readonly [string, Command])[] {
  return family.commands.flatMap((command) => {
    const name = `${path} ${command.name()}`
    return command.commands.length > 0 ? leavesOf(command, name) : [[name, command] as const]
  })
}

/** What signs, or writes what cannot be taken back. */
const SIGNING = [
  ...[
    'init',
    'apply',
    'inquire',
    'answer',
    'endorse',
    'withdraw',
    'leave',
    'pay',
    'tld give',
    'tld take',
    'tld update',
    'tld hand-over',
    'complain',
    'propose',
    'link',
    'names',
    'root-keys',
    'vote',
    'certifier',
    'identity ask',
    'identity endorse',
    'identity revoke',
  ].map((one) => `ledger ${one}`),
  ...['register', 'update', 'transfer', 'release', 'roll'].map((one) => `domain ${one}`),
  ...['renew', 'restore', 'lock', 'unlock', 'roll-owner', 'cancel'].map((one) => `domain ${one}`),
  ...['guardians', 'freeze', 'recover', 'claim'].map((one) => `domain ${one}`),
]

function helpOf(command: Command): string {
  let text = ''
  command.configureOutput({
    writeOut: (more) => {
      text += more
    },
  })
  command.outputHelp()
  return text
}

describe('chordns ledger and chordns domain', () => {
  it.each(leaves)('%s prints JSON when asked to, and its help has an example', (name, command) => {
    expect(command.options.map(({ long }) => long)).toContain('--json')
    expect(helpOf(command)).toMatch(new RegExp(`Examples?:\\n(?:.*\\n)*?  chordns ${name}`))
    expect(command.description()).not.toBe('')
  })

  it('show what they would send or write, where they sign', () => {
    const able = leaves
      .filter(([, { options }]) => options.some(({ long }) => long === '--dry-run'))
      .map(([name]) => name)
    expect(new Set(able)).toEqual(new Set(SIGNING))
  })
})
