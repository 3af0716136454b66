/** Prints tables and writes results. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { basename, dirname, isAbsolute, join } from 'node:path'
import type { Machine } from './machine.ts'
import type { BenchResult, Cell, Table, Target } from './types.ts'

/** Columns padded to their widest cell; numbers to the right. */
export function tableText({ title, columns, rows }: Table): string {
  const cells = [columns, ...rows.map((row) => row.map(cellText))]
  const widths = columns.map((_, i) => Math.max(...cells.map((row) => row[i]?.length ?? 0)))
  const line = (row: readonly string[], source?: readonly Cell[]) =>
    row
      .map((text, i) => (typeof source?.[i] === 'number' ? text.padStart(widths[i]!) : text.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd()
  const body = rows.map((row) => line(row.map(cellText), row))
  return [title, line(columns), widths.map((width) => '-'.repeat(width)).join('  '), ...body].join('\n')
}

export function targetText({ what, measured, atMost, met }: Target): string {
  return `${met ? 'met   ' : 'MISSED'}  ${what}: ${cellText(measured)} (at most ${atMost})`
}

export function resultText({ tables, targets }: BenchResult): string {
  return [...tables.map(tableText), targets.map(targetText).join('\n')].filter((text) => text !== '').join('\n\n')
}

export function writeResult(
  file: string,
  name: string,
  args: readonly string[],
  machine: Machine,
  result: BenchResult,
): void {
  mkdirSync(dirname(file), { recursive: true })
  const { targets, data, picture } = result
  // Where a file lies on this machine says nothing to anybody else.
  const shown = args.map((argument) => (isAbsolute(argument) ? basename(argument) : argument))
  writeFileSync(file, `${JSON.stringify({ benchmark: name, arguments: shown, ...machine, targets, data }, null, 2)}\n`)
  if (picture !== undefined) writeFileSync(pictureFile(file), picture)
}

/** `x/hops.json` -> `x/hops.svg`. */
function pictureFile(file: string): string {
  return join(dirname(file), `${basename(file, '.json')}.svg`)
}

function cellText(cell: Cell): string {
  return typeof cell === 'number' && !Number.isInteger(cell) ? cell.toFixed(cell < 10 ? 2 : 1) : String(cell)
}
