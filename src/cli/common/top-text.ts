/** The screen of `chordns top`. Pure. */
import type { PulseView, SeriesView } from '../../observe/index.ts'

const BLOCKS = '▁▂▃▄▅▆▇█'
/** Of a bar, characters. */
const BAR = 30

const NAMES: Readonly<Record<string, string>> = {
  secure: 'signed by the zone',
  agreed: 'agreed by the ring',
  rotating: 'agreed, rotating',
  divergent: 'depends on place',
  solo: 'this node alone',
  local: 'local',
  blocked: 'blocked',
  failed: 'failed',
  refused: 'refused',
  table: 'again from the table',
}

/** Lines of at most `width` characters. */
export function topText(pulse: PulseView, series: SeriesView, width: number): string[] {
  const { queries, atOnce, lastSecond, latency, outcomes, failures } = pulse
  const whole = Object.values(outcomes).reduce((sum, one) => sum + one, 0)
  const shares = Object.entries(outcomes)
    .filter(([, count]) => count > 0)
    .sort(([, one], [, other]) => other - one)
    .map(([name, count]) => {
      const full = Math.round((BAR * count) / whole)
      return `  ${(NAMES[name] ?? name).padEnd(21)} ${'█'.repeat(full).padEnd(BAR)} ${percent(count, whole).padStart(6)}  ${count}`
    })
  const failed = Object.entries(failures)
    .sort(([, one], [, other]) => other - one)
    .map(([code, count]) => `${code === '-1' ? 'no reason' : `EDE ${code}`}: ${count}`)
  return [
    `chordns   up ${span(pulse.uptimeSeconds)}   ${mib(pulse.rssBytes)}   ${pulse.members === 0 ? 'no ring' : `${pulse.members} in the ring`}`,
    '',
    `  now     ${String(lastSecond.queries).padStart(7)} queries/s   half within ${ms(lastSecond.p50)}   95 % within ${ms(lastSecond.p95)}`,
    `  total   ${String(queries).padStart(7)} queries     from memory ${percent(atOnce, queries)}   in work ${pulse.inFlight}`,
    `  times   half within ${ms(latency.p50)}   90 % within ${ms(latency.p90)}   99 % within ${ms(latency.p99)}`,
    `  servers ${String(pulse.upstreamQueries).padStart(7)} asked       no reply ${percent(pulse.timeouts, pulse.upstreamQueries)}`,
    `  cache   ${String(pulse.cacheEntries).padStart(7)} answers     ${mib(pulse.cacheBytes)}`,
    '',
    `  ${spark(series.columns.queries, Math.max(10, width - 4))}`,
    '',
    ...(shares.length === 0 ? ['  nobody has asked anything yet'] : shares),
    ...(failed.length === 0 ? [] : ['', `  failures: ${failed.join(', ')}`]),
  ].map((line) => [...line].slice(0, width).join(''))
}

/** The last values, the largest of all as a full block. */
export function spark(values: readonly number[], width: number): string {
  const shown = values.slice(-width)
  const most = Math.max(1, ...shown)
  return shown.map((value) => BLOCKS[Math.min(7, Math.floor((8 * value) / most))]).join('')
}

function percent(part: number, whole: number): string {
  return whole === 0 ? '-' : `${((100 * part) / whole).toFixed(1)} %`
}

function ms(value: number): string {
  return value < 1 ? `${value.toFixed(2)} ms` : `${value.toFixed(value < 10 ? 1 : 0)} ms`
}

function mib(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`
}

function span(seconds: number): string {
  const parts = [Math.floor(seconds / 86_400), Math.floor(seconds / 3_600) % 24, Math.floor(seconds / 60) % 60]
  const [days, hours, minutes] = parts
  return `${days! > 0 ? `${days} d ` : ''}${hours} h ${minutes} min`
}
