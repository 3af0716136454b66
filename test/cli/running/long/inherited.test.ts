import { type ChildProcess, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ask } from '../../../world/index.ts'

const CLI = fileURLToPath(new URL('../../../../bin/sources.mjs', import.meta.url))
/** Starts a process, on a machine that may be busy. */
const SLOW = { timeout: 120_000 }

let dir: string
const running: ChildProcess[] = []
const sockets: { close(): unknown }[] = []
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'chordns-inherited-'))
})
afterEach(async () => {
  for (const child of running.splice(0)) {
    if (child.exitCode !== null) continue
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  for (const socket of sockets.splice(0)) socket.close()
  rmSync(dir, { recursive: true, force: true })
})

/** The descriptor of this process whose socket stands at that port. */
function descriptorOf(table: string, port: number): number {
  const at = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const rows = readFileSync(`/proc/self/net/${table}`, 'latin1').split('\n')
  const inode = rows.map((line) => line.trim().split(/\s+/)).find((fields) => fields[1]?.endsWith(at))?.[9]
  const fd = readdirSync('/proc/self/fd').find((one) => {
    try {
      return readlinkSync(`/proc/self/fd/${one}`) === `socket:[${inode}]`
    } catch {
      // The one that the list itself was read by.
      return false
    }
  })
  return Number(fd)
}

/** As a service manager: sockets first, then the program. */
async function openSockets(): Promise<{ port: number; fds: number[] }> {
  const server = createServer().listen(0, '127.0.0.1')
  sockets.push(server)
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const socket = createSocket('udp4')
  sockets.push(socket)
  socket.bind(port, '127.0.0.1')
  await once(socket, 'listening')
  return { port, fds: [descriptorOf('udp', port), descriptorOf('tcp', port)] }
}

function start(config: object, fds: readonly number[]): ChildProcess {
  const file = join(dir, 'resolver.config.json')
  const local = { records: ['box.lan. 300 IN A 192.0.2.9'] }
  writeFileSync(
    file,
    JSON.stringify({ status: { listen: false }, ring: { enabled: false }, data: join(dir, 'data'), local, ...config }),
  )
  const named = `LISTEN_PID=$$ LISTEN_FDS=${fds.length} exec "$0" "$@"`
  const args = ['-c', named, process.execPath, CLI, 'start', '--config', file, '--log-level', 'warn']
  const child = spawn('sh', args, { stdio: ['ignore', 'pipe', 'pipe', ...fds] })
  running.push(child)
  return child
}

async function readyLine(child: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: child.stdout! })) if (line.startsWith('ready ')) return line
  throw new Error('it ended')
}

describe('a node whose sockets the service manager has opened', () => {
  it.each([true, false])('answers there over UDP and TCP (fast path: %s)', SLOW, async (fast) => {
    const { port, fds } = await openSockets()
    const to = { address: '127.0.0.1', port }
    const child = start({ serve: { fast } }, fds)
    expect(await readyLine(child)).toContain(`udp=127.0.0.1:${port} tcp=127.0.0.1:${port}`)
    for (const socket of sockets.splice(0)) socket.close()
    for (const protocol of ['udp', 'tcp', 'udp'] as const) {
      const { answers } = await ask({ ...to, protocol }, { name: 'box.lan' }, { timeoutMs: 20_000 })
      expect(answers.map(({ rdata }) => rdata.join('.'))).toEqual(['192.0.2.9'])
    }
  })

  it('does not begin with what is no socket, and says what it was', SLOW, async () => {
    const file = join(dir, 'text')
    writeFileSync(file, '')
    const { openSync, closeSync } = await import('node:fs')
    const fd = openSync(file, 'r')
    const child = start({}, [fd])
    closeSync(fd)
    let text = ''
    child.stderr!.setEncoding('utf8').on('data', (more: string) => {
      text += more
    })
    const [code] = await once(child, 'exit')
    expect(code).not.toBe(0)
    expect(text).toMatch(/descriptor 3 \(.*text\) is neither a UDP socket nor a listening TCP socket/)
  })
})
