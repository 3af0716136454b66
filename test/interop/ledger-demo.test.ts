/** `npm run demo -- --ledger`, as somebody runs it who wants to see what the ledger is good for. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import type { LedgerDemoReport } from '../world/ledger-demo.ts'

const run = promisify(execFile)
const DEMO = fileURLToPath(new URL('../world/demo.ts', import.meta.url))
const scratch = mkdtempSync(join(tmpdir(), 'demo-test-'))
const demo = (...args: string[]) =>
  run(process.execPath, [DEMO, ...args], { env: { ...process.env, TMPDIR: scratch }, timeout: 500_000 })

describe('the demo of the ledger', () => {
  afterAll(() => rmSync(scratch, { recursive: true, force: true }))

  it('says what it does, and what it cannot', async () => {
    expect((await demo('--help')).stdout).toContain('npm run demo -- --ledger')
    await expect(demo('--json')).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('--ledger') })
  })

  it('goes as told, and leaves nothing behind', async () => {
    const { stdout, stderr } = await demo('--ledger', '--json')
    const { ok, steps } = JSON.parse(stdout) as LedgerDemoReport
    expect(ok).toBe(true)
    expect(steps.map(({ seen }) => seen)).toEqual([
      'NOERROR 192.0.2.80',
      'registered',
      'NOERROR AD 192.0.2.80',
      expect.stringMatching(/^secure, shop\.com\. is anchored on com: key \d+, generation 1, proven by \d+ bytes/),
      'proven',
      'SERVFAIL',
      'NOERROR AD 192.0.2.82',
      'SERVFAIL',
      'NOERROR AD 192.0.2.82',
    ])
    // Progress for whoever waits, where it is in nobody's way.
    expect(stderr).toMatch(/^\[ +\d+\.\d s\] The Internet: root, com and shop\.com/)
    expect(readdirSync(scratch).filter((name) => name.startsWith('chordns-'))).toEqual([])
  })
})
