/** `chordns top`: what the running node does, each second. */
import type { Command } from 'commander'
import { overviewView } from '../../observe/index.ts'
import { type NodeFlags, nodeOf, nodeOption } from '../common/node-option.ts'
import { askNode } from '../common/status-client.ts'
import { print, printJson } from '../common/table.ts'
import { topText } from '../common/top-text.ts'

const EVERY_MS = 1_000
const WIDTH = 80
/** ANSI: another screen without a cursor, and back. */
const ENTER = '\x1b[?1049h\x1b[?25l'
const LEAVE = '\x1b[?25h\x1b[?1049l'
const HOME = '\x1b[H'
const TO_LINE_END = '\x1b[K'
const TO_SCREEN_END = '\x1b[J'

interface TopFlags extends NodeFlags {
  readonly once?: boolean
  readonly json?: boolean
}

export function addTopCommand(program: Command): void {
  nodeOption(program.command('top'))
    .description('show queries, hit rate, times and failures of the running node, each second')
    .option('--once', 'once, and end')
    .option('--json', 'print JSON, a line each second')
    .addHelpText(
      'after',
      '\nExamples:\n  chordns top\n  chordns top --once --json\n\nIt names no domain and no client. End it with Ctrl-C.',
    )
    .action(async (flags: TopFlags) => {
      const node = nodeOf(flags)
      const look = () => askNode(node, '/overview', {}, overviewView)
      const isScreen = process.stdout.isTTY === true && flags.once !== true && flags.json !== true
      if (!isScreen) return list(look, flags)
      await screen(look)
    })
}

type Look = () => Promise<Parameters<typeof show>[0]>

async function list(look: Look, { once, json }: TopFlags): Promise<void> {
  for (;;) {
    const view = await look()
    if (json !== true) print(show(view).join('\n'))
    else if (once === true) printJson(view)
    else print(JSON.stringify(view.pulse))
    if (once === true) return
    await pause()
  }
}

/** Until Ctrl-C, or the node is gone. The terminal is as it was afterwards. */
async function screen(look: Look): Promise<void> {
  let isOver = false
  process.once('SIGINT', () => {
    isOver = true
  })
  process.stdout.write(ENTER)
  try {
    while (!isOver) {
      const lines = show(await look())
      process.stdout.write(`${HOME}${lines.map((line) => `${line}${TO_LINE_END}\n`).join('')}${TO_SCREEN_END}`)
      await pause()
    }
  } finally {
    process.stdout.write(LEAVE)
  }
}

function show({ pulse, series }: (typeof overviewView)['_output']): string[] {
  return topText(pulse, series, process.stdout.columns ?? WIDTH)
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, EVERY_MS))
}
