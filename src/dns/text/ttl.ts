const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }

/** Seconds as a plain number or with units, `1h30m`; undefined for anything else or above 2^32-1. */
export function parsePeriod(text: string): number | undefined {
  if (!/^(\d{1,10}|(\d{1,10}[smhdwSMHDW])+)$/.test(text)) return undefined
  let seconds = 0
  for (const [, digits, unit] of text.matchAll(/(\d+)([a-zA-Z]?)/g)) {
    seconds += Number(digits) * UNITS[unit === '' ? 's' : unit!.toLowerCase()]!
  }
  return seconds <= 0xffff_ffff ? seconds : undefined
}
