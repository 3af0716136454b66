/** A validator that is nothing else: `chordns ledger start`, as its operator types it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { CLI, said, until } from './scenes/asking.ts'

describe('a node for its ledgers alone', () => {
  const dir = mkdtempSync(join(tmpdir(), 'chordns-ledger-start-'))
  const at = (name: string) => join(dir, name)
  let child: ChildProcess | undefined

  afterAll(() => {
    child?.kill('SIGKILL')
    rmSync(dir, { recursive: true, force: true })
  })

  it('makes blocks, says so to its operator, listens to no stub, and stops in order', async () => {
    const data = ['--set', `data=${at('data')}`]
    await said('ledger', 'keygen', ...data, '--name', 'Alone', '--out', at('alone.json'))
    const init = ['--chain', 'root', '--ring', 'home', '--endorser', at('alone.json'), '--out', at('genesis.json')]
    await said('ledger', 'init', ...init, '--heartbeat', '2')
    const settings = [
      ...data,
      ...['--set', `ledger.genesis=${at('genesis.json')}`, '--set', 'ring.listen=["/ip4/127.0.0.1/tcp/0"]'],
      ...['--set', 'ring.id=home', '--set', 'ring.mdns=false', '--set', 'status.listen=127.0.0.1:0'],
    ]
    let out = ''
    let log = ''
    child = spawn(process.execPath, [CLI, 'ledger', 'start', '--role', 'validator', '--json', ...settings])
    child.stdout?.on('data', (text) => {
      out += text
    })
    child.stderr?.on('data', (text) => {
      log += text
    })
    const ended = new Promise((go) => child?.once('exit', go))
    const ready = await until(
      'the node to be ready',
      () => (out.includes('}') ? JSON.parse(out) : undefined),
      () => log.slice(-2_000),
    )
    expect(ready).toMatchObject({ ready: true, status: expect.stringContaining('127.0.0.1:') })
    expect(ready).not.toHaveProperty('udp')
    const there = ['--node', ready.status]
    // Its account, and the value that founders have.
    const pay = () => said('ledger', 'transfer', '11'.repeat(32), '5', ...there, ...data)
    // There is nothing to build on before its first block.
    const sent = await until('a first block', pay, () => log.slice(-2_000))
    expect(sent).toMatch(/^moved 5, in block \d+ of root/)
    // The header that proves it is the next one.
    await until('the value', async () => {
      const account = JSON.parse(await said('ledger', 'account', '11'.repeat(32), '--json', ...there))
      return account.balance === 5
    })
    const [chain] = JSON.parse(await said('ledger', 'status', '--json', ...there)).chains
    expect(chain).toMatchObject({ name: 'root' })
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
  })
})
