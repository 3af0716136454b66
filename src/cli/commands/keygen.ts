/** `chordns keygen`: an identity or a ring secret, in a file that only its owner can read. */
import type { Command } from 'commander'
import { print, printJson } from '../common/table.ts'

export function addKeygenCommand(program: Command): void {
  program
    .command('keygen')
    .description('make a node identity (Ed25519) or the secret of a psk ring')
    .argument('<file>', 'where to write it; an existing file is never overwritten')
    .option('--secret', 'make a ring secret instead of an identity')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Examples:
  chordns keygen data/identity.key         the node makes one itself at its first start, if there is none
  chordns keygen --secret ring.secret      copy this file to every member, then set ring.secretFile`,
    )
    .action(async (file: string, flags: { secret?: boolean; json?: boolean }) => {
      const { createIdentityFile, createSecretFile } = await import('../../peer/index.ts')
      if (flags.secret) {
        await createSecretFile(file)
        if (flags.json) printJson({ file, kind: 'secret' })
        else print(`wrote a ring secret to ${file} (mode 0600)`)
        return
      }
      const { peer } = await createIdentityFile(file)
      if (flags.json) printJson({ file, kind: 'identity', peer })
      else print(`wrote an identity to ${file} (mode 0600)\npeer ${peer}`)
    })
}
