/** `chordns chain verify`: are the chains that this node has stored what they say they are? */
import { setTimeout as pause } from 'node:timers/promises'
import type { Command } from 'commander'
import { ChordnsError, isChordnsError } from '../../base/index.ts'
import { type VerifyView, verifyView } from '../../observe/index.ts'
import { loadConfigFrom } from '../common/config-option.ts'
import { type NodeFlags, nodeOf, nodeOption } from '../common/node-option.ts'
import { askNode } from '../common/status-client.ts'
import { print, printJson } from '../common/table.ts'

type Flags = NodeFlags & { readonly json?: boolean }

const POLL_MS = 300
/** Lines of progress on a terminal, ms apart. */
const PROGRESS_MS = 500

export function addChainCommands(program: Command): void {
  const chain = program.command('chain').description('the chains that record what the chunks of this node agreed on')
  nodeOption(chain.command('verify'))
    .description('check every stored block, certificate, state root and transaction from the start of each chain')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Reads the data directory of the configuration; while the node runs, the node checks itself, and answers meanwhile.
Exit code 1 and the place when something is wrong.

Examples:
  chordns chain verify
  chordns chain verify --json --node 127.0.0.1:8054      a running node`,
    )
    .action(async (flags: Flags) => {
      const progress = createProgress()
      const report = await verify(flags, progress.show)
      progress.end()
      if (flags.json) printJson(report)
      else print(render(report))
      if (report.faults.length > 0) {
        const [first] = report.faults
        const text = `the stored chains do not hold: ${report.faults.length} faults, the first: ${placeOf(first!)}`
        throw new ChordnsError('CHAIN_UNSOUND', text, { faults: report.faults })
      }
    })
}

async function verify(flags: Flags, onProgress: (report: VerifyView) => void): Promise<VerifyView> {
  if (flags.node === undefined) {
    try {
      const { verifyOffline } = await import('../../peer/index.ts')
      const { config } = loadConfigFrom(flags)
      const found = await verifyOffline(config, onProgress)
      if (found === undefined)
        throw new ChordnsError('CHAIN_UNSOUND', `there is no data.db in ${config.data}: nothing was ever kept`, {
          faults: [],
        })
      return found.report
    } catch (error) {
      // The node has its files to itself while it runs.
      if (!isChordnsError(error, 'STORE_BUSY')) throw error
    }
  }
  for (;;) {
    const report = await askNode(nodeOf(flags), '/chain/verify', {}, verifyView)
    if (report.state === 'done') return report
    onProgress(report)
    await pause(POLL_MS)
  }
}

/** On a terminal only: what is piped elsewhere gets the result alone. */
function createProgress() {
  let shownAt = Date.now()
  let shown = false
  return {
    show({ chains, blocks }: VerifyView) {
      if (!process.stderr.isTTY || Date.now() - shownAt < PROGRESS_MS) return
      shownAt = Date.now()
      shown = true
      process.stderr.write(`\r${chains.checked} of ${chains.total} chains, ${blocks} blocks`)
    },
    end() {
      if (shown) process.stderr.write('\r\u001b[K')
    },
  }
}

function render({ chains, blocks, transactions, faults }: VerifyView): string {
  const checked = `${chains.checked} chains, ${blocks} blocks, ${transactions} transactions`
  if (faults.length === 0) return `${checked}: every block, certificate, state root and transaction holds`
  const lines = faults.map((fault) => `  ${placeOf(fault)}`)
  return `${checked}\n${lines.join('\n')}`
}

function placeOf({ chain, chunk, height, reason }: VerifyView['faults'][number]): string {
  const place = [
    ...(chunk < 0 ? [] : [`chunk ${chunk}`]),
    ...(chain === '' ? [] : [`chain ${chain.slice(0, 16)}`]),
    ...(height === 0 ? [] : [`height ${height}`]),
  ]
  return place.length === 0 ? reason : `${place.join(', ')}: ${reason}`
}
