import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'

const script = fileURLToPath(new URL('../../scripts/ci-summary.mjs', import.meta.url))
const dirs: string[] = []
afterEach(() => {
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true })
})

function summary(reports: Record<string, object | string>, ...failedSteps: string[]) {
  const dir = mkdtempSync(join(tmpdir(), 'ci-summary-'))
  dirs.push(dir)
  for (const [name, report] of Object.entries(reports))
    writeFileSync(join(dir, name), typeof report === 'string' ? report : JSON.stringify(report))
  const { status, stdout } = spawnSync(process.execPath, [script, dir, ...failedSteps], { encoding: 'utf8' })
  return { status, lines: stdout.trimEnd().split('\n') }
}

const report = (passed: number, failed: number, testResults: object[] = []) => ({
  numPassedTests: passed,
  numFailedTests: failed,
  numPendingTests: 2,
  numTodoTests: 0,
  testResults,
})

describe('the summary of a CI run', () => {
  it('adds up all reports and is green when nothing failed', () => {
    const result = summary({
      'unit.json': report(10, 0),
      'interop.json': report(5, 0),
      'sim.txt': 'seed 1\n200 passed, 0 failed\n',
    })
    expect(result).toEqual({ status: 0, lines: ['4 skipped', '215 passed, 0 failed'] })
  })

  it('names the failed tests, and says why, with the beginning and the end of what is long', () => {
    const failed = (...failureMessages: string[]) => ({
      name: 'a.test.ts',
      status: 'failed',
      assertionResults: [{ status: 'failed', fullName: 'ring heals', failureMessages }],
    })
    const result = summary({ 'unit.json': report(10, 1, [failed('not in time', 'seen: 2')]) }, 'unit tests')
    expect(result.status).toBe(1)
    const head = ['failed: ring heals', '    not in time', '    seen: 2']
    expect(result.lines).toEqual([...head, '2 skipped', '10 passed, 1 failed'])
    const long = Array.from({ length: 1_000 }, (_, line) => `line ${line}`).join('\n')
    const { lines } = summary({ 'unit.json': report(10, 1, [failed(long)]) }, 'unit tests')
    expect(lines).toHaveLength(44)
    expect(lines.slice(19, 23)).toEqual(['    line 18', '    line 19', '    ...', '    line 980'])
  })

  it('says what failed at a first try and not at the second, which counts', () => {
    const failed = { status: 'failed', fullName: 'ring heals', failureMessages: ['not in time'] }
    const first = report(4, 1, [{ name: 'a.test.ts', status: 'failed', assertionResults: [failed] }])
    const result = summary({ 'interop-a.unsteady': first, 'interop-a.json': report(5, 0) })
    const said = ['failed at the first try: ring heals', '    not in time']
    expect(result).toEqual({ status: 0, lines: [...said, '2 skipped', '5 passed, 0 failed'] })
  })

  it('counts a file that could not be loaded as a failure', () => {
    const suite = { name: 'a.test.ts', status: 'failed', message: 'no such module', assertionResults: [] }
    expect(summary({ 'unit.json': report(10, 0, [suite]) }, 'unit tests').lines.at(-1)).toBe('10 passed, 1 failed')
  })

  it('takes several reports of one step for one step that failed', () => {
    const reports = { 'interop-a.json': report(1, 1), 'interop-b.json': report(2, 2), 'interop-c.json': report(3, 0) }
    expect(summary(reports, 'interoperability tests').lines.at(-1)).toBe('6 passed, 3 failed')
    expect(summary(reports, 'interoperability tests', 'check').lines.at(-1)).toBe('6 passed, 4 failed')
  })

  it('counts a failed step that has no failing test in a report', () => {
    expect(summary({ 'unit.json': report(10, 0) }, 'check')).toMatchObject({ status: 1 })
    expect(summary({ 'unit.json': report(10, 0) }, 'check', 'interoperability tests').lines.at(-1)).toBe(
      '10 passed, 2 failed',
    )
  })

  it('is not green when nothing ran', () => {
    expect(summary({})).toEqual({ status: 1, lines: ['0 passed, 0 failed'] })
  })
})
