/**
 * Sums up the reports of one CI run: `node ci-summary.mjs REPORT_DIR [FAILED_STEP...]`. Prints what failed, and as the
 * last line "N passed, N failed". A step that failed without a failing test in its report counts as one failure.
 * Plain JavaScript: it must also run on the Node of a machine where `npm ci` failed.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Of one failing test. */
const SHOWN_LINES = 40
const [dir, ...failedSteps] = process.argv.slice(2)
let passed = 0
let failed = 0
let skipped = 0
/** Steps with a failing report: one step may write several, as interop-NAME.json. */
const failing = new Set()

for (const file of readdirSync(dir).sort()) {
  if (file.endsWith('.unsteady')) {
    failuresOf(file, 'failed at the first try')
    continue
  }
  const counts = file.endsWith('.json') ? vitestCounts(file) : lineCounts(file)
  passed += counts.passed
  failed += counts.failed
  skipped += counts.skipped
  if (counts.failed > 0) failing.add(file.split(/[-.]/)[0])
}
failed += Math.max(0, failedSteps.length - failing.size)
if (skipped > 0) console.log(`${skipped} skipped`)
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 && failedSteps.length === 0 && passed > 0 ? 0 : 1

/** A file that could not even be loaded has no tests in it, and is a failed suite. */
function vitestCounts(file) {
  const { report, broken } = failuresOf(file, 'failed')
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken.length,
    skipped: report.numPendingTests + report.numTodoTests,
  }
}

/** Prints what failed; `broken`: suites that failed as a whole. */
function failuresOf(file, what) {
  const report = JSON.parse(readFileSync(join(dir, file), 'utf8'))
  const broken = report.testResults.filter(
    (one) => one.status === 'failed' && one.assertionResults.every((test) => test.status !== 'failed'),
  )
  for (const suite of report.testResults)
    for (const test of suite.assertionResults)
      if (test.status === 'failed') console.log(`${what}: ${test.fullName}${reasons(test.failureMessages)}`)
  for (const suite of broken) console.log(`${what}: ${suite.name}: ${suite.message}`)
  return { report, broken }
}

/** Why it failed, here too: of a long output the end is what is kept. The last lines are often what a node said. */
function reasons(messages) {
  const lines = messages.join('\n').split('\n')
  const shown =
    lines.length <= SHOWN_LINES ? lines : [...lines.slice(0, SHOWN_LINES / 2), '...', ...lines.slice(-SHOWN_LINES / 2)]
  return shown.map((line) => `\n    ${line.slice(0, 300)}`).join('')
}

function lineCounts(file) {
  const match = /(\d+) passed, (\d+) failed\s*$/.exec(readFileSync(join(dir, file), 'utf8'))
  if (match === null) console.log(`${file}: no figures`)
  return { passed: Number(match?.[1] ?? 0), failed: Number(match?.[2] ?? 0), skipped: 0 }
}
