/** `chordns setup ring`: two boxes that act as one, by one command on each. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Command } from 'commander'
import { ChordnsError, isChordnsError } from '../../base/index.ts'
import { statusView } from '../../observe/index.ts'
import { loadConfigFrom } from '../common/config-option.ts'
import { type NodeFlags, nodeOf } from '../common/node-option.ts'
import { askNode } from '../common/status-client.ts'
import { print, printJson } from '../common/table.ts'
import { limits } from '../limits.ts'
import { applyFiles } from '../setup/apply.ts'
import { householdConfig } from '../setup/household.ts'
import { configFile, restartService } from '../setup/machine.ts'
import { inviteMachines, readTerm } from './invite.ts'
import { acceptInvitation } from './join.ts'

interface RingFlags extends NodeFlags {
  readonly data?: string
  readonly force?: boolean
  readonly json?: boolean
}

export function addSetupRing(setup: Command): void {
  setup
    .command('ring')
    .description(
      'make this machine and another one two boxes that act as one: one cache, the same local records and rules',
    )
    .argument('[token]', 'what this command printed on the first box; left out: this is the first box')
    .option('--data <dir>', 'with a token: data directory (default: that of the configuration, else data)')
    .option('--node <address:port>', 'status address of the node to ask (default: status.listen of the configuration)')
    .addHelpText(
      'after',
      `
Examples:
  sudo chordns setup ring             on the first box: prints a token, good for one box and a day
  sudo chordns setup ring TOKEN       on the other box

The boxes believe each other, and find each other on the local network (ring.acceptFrom: any-member, ring.mdns). If systemd runs
the node (as chordns), it is restarted where that is needed; else the command says what to do.
What setup wrote into the configuration of the first box, setup --undo takes back.`,
    )
    .action(async (token: string | undefined, _: RingFlags, command: Command) => {
      // `setup` has some of these options as well, and takes them for itself.
      const flags = command.optsWithGlobals<RingFlags>()
      const file = configFile(flags)
      if (token === undefined) await firstBox({ ...flags, config: file })
      else await otherBox(token, { ...flags, config: file })
    })
}

async function firstBox(flags: RingFlags & { readonly config: string }): Promise<void> {
  const { config: file } = flags
  const before = existsSync(file) ? configIn(file) : {}
  const after = householdConfig(before)
  if (after !== undefined) {
    const planned = { path: file, text: `${JSON.stringify(after, null, 2)}\n`, why: 'a box of a household' }
    applyFiles([planned], { record: join(dirname(file), 'setup.undo.json') })
    if (!restartService()) {
      if (flags.json) printJson({ config: file, isWritten: true, token: null })
      else
        print(
          `wrote ${file}\nrestart the node (chordns start --config ${file}), then run\n  chordns setup ring\nonce more: it prints what the other box needs.`,
        )
      return
    }
  }
  await answers(flags)
  const made = await inviteMachines(flags, 1, readTerm('24h'))
  if (flags.json) {
    printJson({ config: file, isWritten: after !== undefined, ...made })
    return
  }
  print(`on the other box, within a day:\n  sudo chordns setup ring ${made.token}`)
}

async function otherBox(text: string, flags: RingFlags & { readonly config: string }): Promise<void> {
  const { config: file, data, force = false } = flags
  const { decodeToken } = await import('../../peer/index.ts')
  const token = decodeToken(text)
  const known = { config: file, household: true, force, ...(data !== undefined && { data }) }
  const { secretFile } = await acceptInvitation(token, known)
  const isRestarted = restartService()
  if (flags.json) printJson({ config: file, secretFile: secretFile ?? null, ring: token.ringId, isRestarted })
  else
    print(
      isRestarted
        ? 'this box belongs to the household now: `chordns ring` shows the others'
        : `wrote ${file}\nnow (re)start the node: chordns start --config ${file}`,
    )
}

function configIn(file: string): Record<string, unknown> {
  // Its texts name line and column of what is wrong.
  loadConfigFrom({ config: file })
  return JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
}

/** A node that was restarted takes a moment. Throws NODE_UNREACHABLE after that. */
async function answers(flags: NodeFlags): Promise<void> {
  const end = performance.now() + limits.RESTART_MS
  for (;;) {
    try {
      await askNode(nodeOf(flags), '/status', {}, statusView)
      return
    } catch (error) {
      if (!(error instanceof ChordnsError) || !isChordnsError(error, 'NODE_UNREACHABLE') || performance.now() > end)
        throw error
    }
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}
