import type { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { completables } from '../../src/cli/commands/completion.ts'
import { commandLine } from '../../src/cli/main.ts'
import { captured } from './captured.ts'

const helpOf = (command: Command) => command.helpInformation()

describe('commands that are loaded one by one', () => {
  it('are listed as they say of themselves', async () => {
    expect(helpOf(await commandLine([]))).toBe(helpOf(await commandLine('all')))
  })

  it('have all their options and commands when they are asked for', async () => {
    const all = await commandLine('all')
    for (const whole of all.commands) {
      const one = (await commandLine([whole.name()])).commands.find((found) => found.name() === whole.name())!
      expect(completables(one)).toEqual(completables(whole))
      expect(helpOf(one)).toBe(helpOf(whole))
    }
  })

  it('are all complete for a shell', async () => {
    const { code, stdout } = await captured('completion', 'bash')
    expect(code).toBe(0)
    for (const option of ['--explain', '--dry-run', '--household', '--svg']) expect(stdout).toContain(option)
  })

  it('have their help behind the word, too', async () => {
    const asked = await captured('help', 'lookup')
    expect(asked.code).toBe(0)
    expect(asked.stdout).toContain('--explain')
    expect(asked.stdout).toBe((await captured('lookup', '--help')).stdout)
  })

  it('suggest a name that is near', async () => {
    const { code, stderr } = await captured('lokup', 'example.com')
    expect(code).toBe(2)
    expect(stderr).toContain('Did you mean lookup?')
  })
})
