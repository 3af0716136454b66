import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { CATALOGUE, isBuilt } from '../catalogue.ts'
import { exceeded } from '../types.ts'

for (const { title, rows } of CATALOGUE) {
  describe(title, () => {
    for (const row of rows) {
      if (!isBuilt(row)) {
        it.todo(`${row.name} (${row.reference}): ${row.notBuilt}`)
        continue
      }
      it(`${row.name} (${row.reference})`, async () => {
        const measured = await row.run()
        expect({ over: exceeded(row.bounds, measured), measured }).toEqual({ over: [], measured })
      })
    }
  })
}

describe('npm run report:attacks', () => {
  const report = (text: string) =>
    execFileSync(process.execPath, [fileURLToPath(new URL('../report.ts', import.meta.url)), text], {
      encoding: 'utf8',
    })

  it('prints what each attack was bound by, what was measured, and what is not built', () => {
    const notify = report('NOTIFY')
    expect(notify).toContain('reference  CVE-2025-59030')
    expect(notify).toContain('queries 0 <= 0')
    expect(notify).toMatch(/1 passed, 0 failed\s*$/)
    expect(report('without end')).toContain('NOT BUILT')
  })

  it('does not pass when nothing was run', () => {
    expect(() => report('no such attack')).toThrow(expect.objectContaining({ status: 1 }))
  })
})

describe('the catalogue', () => {
  it('names no row twice, and bounds each by something', () => {
    const rows = CATALOGUE.flatMap((chapter) => chapter.rows)
    expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length)
    expect(rows.filter((row) => isBuilt(row) && row.bounds.length === 0)).toEqual([])
  })
})
