import { execFileSync } from 'node:child_process'
import { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { addCompletionCommand, completables, completionScript } from '../../../src/cli/commands/completion.ts'

function program(): Command {
  const made = new Command('chordns').option('--version', 'the version')
  made.command('lookup').description("ask, don't tell").option('--json', 'print JSON').option('-x', 'short only')
  made.command('config').command('check').option('--config <file>', 'which file')
  made.command('secret', { hidden: true })
  addCompletionCommand(made)
  return made
}

/** What bash offers after these words. */
function offered(...words: string[]): string[] {
  const script = completionScript('bash', completables(program()))
  const list = words.map((word) => `'${word}'`).join(' ')
  const run = `${script}\nCOMP_WORDS=(chordns ${list}); COMP_CWORD=${words.length}; _chordns; printf '%s\\n' "\${COMPREPLY[@]}"`
  return execFileSync('bash', ['-c', run], { cwd: '/proc/self/task', encoding: 'utf8' }).trim().split('\n')
}

describe('completion', () => {
  it('offers the commands that the help shows', () => {
    expect(offered('')).toEqual(['lookup', 'config', 'completion', '--version', '--help'])
    expect(offered('co')).toEqual(['config', 'completion'])
  })

  it('offers what stands behind a command, whatever options are between', () => {
    expect(offered('lookup', '--j')).toEqual(['--json'])
    expect(offered('--version', 'config', '')).toContain('check')
    expect(offered('config', 'check', '--')).toEqual(['--config', '--help'])
    expect(offered('lookup', 'config', '--')).toEqual(['--json', '--help'])
  })

  it('is a script that each shell can read', () => {
    const commands = completables(program())
    expect(completionScript('zsh', commands)).toMatch(/^#compdef chordns\n/)
    const fish = completionScript('fish', commands)
    expect(fish).toContain("-a 'lookup' -d 'ask, don\\'t tell'")
    expect(fish).toContain("-n '__fish_seen_subcommand_from config; and __fish_seen_subcommand_from check' -l 'config'")
  })

  it('knows no other shell', async () => {
    const made = program().exitOverride()
    await expect(made.parseAsync(['completion', 'tcsh'], { from: 'user' })).rejects.toThrow('no completion for tcsh')
  })
})
