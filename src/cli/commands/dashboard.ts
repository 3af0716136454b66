/** `chordns dashboard`: the address of the pages that the running node shows, signed in; and the password for other machines. */
import type { Command } from 'commander'
import { ChordnsError } from '../../base/index.ts'
import { hashPassword, signInKey } from '../../observe/index.ts'
import { loadConfigFrom } from '../common/config-option.ts'
import { type NodeFlags, nodeOf, nodeOption } from '../common/node-option.ts'
import { print, printJson } from '../common/table.ts'
import { limits } from '../limits.ts'

interface DashboardFlags extends NodeFlags {
  readonly password?: boolean
  readonly json?: boolean
}

export function addDashboardCommand(program: Command): void {
  nodeOption(program.command('dashboard'))
    .description(
      'print the address of the dashboard, by which whoever may read the data directory is signed in for five minutes',
    )
    .option(
      '--password',
      'set the password for signing in from other machines; it is read from the terminal, or a pipe',
    )
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  chordns dashboard\n  chordns dashboard --password\n  chordns start --set status.dashboard=192.168.1.2:8443    then https://192.168.1.2:8443/ shows it to the LAN',
    )
    .action((flags: DashboardFlags) => (flags.password ? setPassword(flags) : showAddress(flags)))
}

async function showAddress(flags: DashboardFlags): Promise<void> {
  const { config } = loadConfigFrom(flags)
  const { address, port } = nodeOf(flags)
  const peer = await import('../../peer/index.ts')
  const key = signInKey(await peer.dashboardKey(config.data), Date.now())
  const host = address.includes(':') ? `[${address}]` : address
  const url = `http://${host}:${port}/#/overview?key=${key}`
  const { dashboard } = config.status
  const lan =
    dashboard === false
      ? undefined
      : `https://${dashboard.address.includes(':') ? `[${dashboard.address}]` : dashboard.address}:${dashboard.port}/`
  if (flags.json) return printJson({ url, lan: lan ?? null })
  print(url)
  if (lan !== undefined) print(`${lan}  (on the LAN, with the password)`)
}

async function setPassword(flags: DashboardFlags): Promise<void> {
  const { config } = loadConfigFrom(flags)
  const password = await readPassword()
  if ([...password].length < limits.LEAST_PASSWORD)
    throw new ChordnsError('USAGE', `a password of ${limits.LEAST_PASSWORD} characters at least`, {})
  const peer = await import('../../peer/index.ts')
  const file = await peer.keepDashboardPassword(config.data, await hashPassword(password))
  if (flags.json) printJson({ file })
  else print(`its hash is in ${file}; it holds at once`)
}

/** Not shown while it is typed. */
async function readPassword(): Promise<string> {
  const { stdin, stderr } = process
  if (stdin.isTTY !== true) {
    let text = ''
    for await (const chunk of stdin) text += String(chunk)
    return text.replace(/\r?\n$/, '')
  }
  stderr.write('password: ')
  stdin.setRawMode(true)
  try {
    return await typed(stdin)
  } finally {
    stdin.setRawMode(false)
    stdin.pause()
    stderr.write('\n')
  }
}

async function typed(stdin: NodeJS.ReadStream): Promise<string> {
  let text = ''
  for await (const chunk of stdin)
    for (const key of String(chunk)) {
      if (key === '\r' || key === '\n') return text
      if (key === '\x03') throw new ChordnsError('USAGE', 'no password was set', {})
      text = key === '\x7f' ? text.slice(0, -1) : text + key
    }
  return text
}
