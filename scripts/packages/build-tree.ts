/** `npm run build:tree -- --to DIR`: an installation below DIR, as the container image has it below /. */
import { copyFileSync, mkdirSync, symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Command } from 'commander'
import { layOut, ROOT } from './layout.ts'

const { to, packed } = new Command('build:tree')
  .description('lays out an installation: the program, its modules and its Node')
  .requiredOption('--to <directory>', 'what becomes / of the image')
  .option('--packed <file>', 'what npm pack made (default: it is made now)')
  .parse()
  .opts<{ readonly to: string; readonly packed?: string }>()

const home = join(resolve(to), 'usr/lib/chordns')
layOut({ to: home, packed })
mkdirSync(join(resolve(to), 'usr/bin'), { recursive: true })
symlinkSync('../lib/chordns/bin/chordns', join(resolve(to), 'usr/bin/chordns'))
symlinkSync(`../node_modules/node-linux-${process.arch}/bin/node`, join(home, 'bin/node'))
copyFileSync(join(ROOT, 'packaging/healthz.js'), join(home, 'bin/healthz.js'))
