/** Numbers, times and sizes as people read them. Pure, but for the language. */
import { language } from './texts.ts'

export function count(value: number): string {
  return new Intl.NumberFormat(language.value, { maximumFractionDigits: value < 10 ? 1 : 0 }).format(value)
}

export function percent(part: number, whole: number): string {
  if (whole === 0) return '–'
  return new Intl.NumberFormat(language.value, { style: 'percent', maximumFractionDigits: 1 }).format(part / whole)
}

export function ms(value: number): string {
  if (value >= 1_000) return `${count(value / 1_000)} s`
  const digits = value < 1 ? 2 : value < 10 ? 1 : 0
  return `${new Intl.NumberFormat(language.value, { maximumFractionDigits: digits }).format(value)} ms`
}

export function bytes(value: number): string {
  if (value < 1_024) return `${value} B`
  return value < 1_048_576 ? `${count(value / 1_024)} KiB` : `${count(value / 1_048_576)} MiB`
}

export function clock(at: number): string {
  return new Date(at).toLocaleTimeString(language.value, { hour12: false })
}

export function date(at: number): string {
  return new Date(at).toLocaleString(language.value, { dateStyle: 'medium', timeStyle: 'short' })
}

/** "3 hours ago". */
export function ago(at: number, now = Date.now()): string {
  const { count, unit } = inWords(Math.max(0, (now - at) / 1_000))
  return new Intl.RelativeTimeFormat(language.value, { numeric: 'auto' }).format(-count, unit)
}

export function span(seconds: number): string {
  const { count, unit } = inWords(seconds)
  return new Intl.NumberFormat(language.value, { style: 'unit', unit, unitDisplay: 'long' }).format(count)
}

/** The largest unit of which there are two. */
function inWords(seconds: number): { readonly count: number; readonly unit: 'day' | 'hour' | 'minute' | 'second' } {
  if (seconds >= 172_800) return { count: Math.floor(seconds / 86_400), unit: 'day' }
  if (seconds >= 7_200) return { count: Math.floor(seconds / 3_600), unit: 'hour' }
  if (seconds >= 120) return { count: Math.floor(seconds / 60), unit: 'minute' }
  return { count: Math.floor(seconds), unit: 'second' }
}

/** `www.example.org.` -> `www.example.org`; the root stays. */
export function bare(name: string): string {
  return name.length > 1 ? name.replace(/\.$/, '') : name
}
