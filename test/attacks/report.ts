/**
 * `npm run report:attacks [-- TEXT]`: runs every attack (or those whose name or reference holds TEXT) against the whole
 * resolver and the embedded world, and prints what it was bound by and the worst that was measured. Exit 1 when a bound
 * does not hold. CPU is this process's own, the world's servers included; it is shown and not judged.
 */
import { Command } from 'commander'
import { CATALOGUE, isBuilt } from './catalogue.ts'
import { type Attack, exceeded, figureOf, type Measured, type NotBuilt, type Shape } from './types.ts'

const command = new Command('report:attacks')
  .description('run the attacks against the whole resolver, and print what each was bound by and what it reached')
  .argument('[text]', 'only those whose name or reference holds this, as in CVE-2023-50387')
  .parse()
const only = command.args[0]?.toLowerCase()
const COMMON = ['queries', 'victim', 'bytes', 'ms', 'signatures', 'hashes', 'cpuMs', 'cacheBytes'] as const

let failed = 0
let passed = 0
let notBuilt = 0
for (const { title, rows } of CATALOGUE) {
  const chosen = rows.filter(
    ({ name, reference }) => only === undefined || `${name} ${reference}`.toLowerCase().includes(only),
  )
  if (chosen.length === 0) continue
  console.log(`\n# ${title}`)
  for (const row of chosen) await report(row)
}
console.log(`\n${notBuilt} not built\n${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1

async function report(row: Attack | NotBuilt | Shape): Promise<void> {
  console.log(`\n${row.name}\n  reference  ${row.reference}`)
  if (!isBuilt(row)) {
    notBuilt++
    console.log(`  NOT BUILT  ${row.notBuilt}`)
    return
  }
  try {
    const measured = await row.run()
    const over = exceeded(row.bounds, measured)
    for (const bound of row.bounds) {
      const { figure, atMost, limit, because } = bound
      const mark = over.includes(bound) ? 'EXCEEDED ' : 'bound    '
      const now = limit === undefined || limit === atMost ? '' : `, now ${limit}`
      console.log(`  ${mark}  ${figure} ${shown(figureOf(measured, figure))} <= ${atMost}  (${because}${now})`)
    }
    console.log(`  measured   ${figuresText(measured)}`)
    if (over.length === 0) passed++
    else failed++
  } catch (error) {
    failed++
    console.log(`  FAILED     ${error instanceof Error ? error.stack : String(error)}`)
  }
}

function figuresText(measured: Measured): string {
  const own = Object.entries(measured.own ?? {})
  const common = COMMON.flatMap((figure): [string, number][] => {
    const value = measured[figure]
    return value === undefined ? [] : [[figure, value]]
  })
  const all = [...common, ...own]
  return all.length === 0 ? 'no harm' : all.map(([figure, value]) => `${figure} ${shown(value)}`).join(', ')
}

function shown(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(1)
}
