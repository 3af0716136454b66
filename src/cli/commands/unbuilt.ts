/** Commands that are planned and not built: they say so and exit 1, so that a script never takes silence for success. */
import type { Command } from 'commander'
import { ChordnsError } from '../../base/index.ts'

const UNBUILT: readonly (readonly [name: string, what: string])[] = [['domain', 'registering and claiming domains']]

export function addUnbuiltCommands(program: Command): void {
  for (const [name, what] of UNBUILT) {
    program
      .command(name, { hidden: true })
      .argument('[args...]')
      .allowUnknownOption()
      .description(`not built yet: ${what}`)
      .action(() => {
        throw new ChordnsError('NOT_BUILT', `\`chordns ${name}\` is not built yet: ${what}. See docs/roadmap.md.`, {
          name,
        })
      })
  }
}
