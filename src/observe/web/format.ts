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
  const seconds = Math.max(0, (now - at) / 1_000)
  const [size, unit] =
    seconds >= 172_800
      ? [86_400, 'day']
      : seconds >= 7_200
        ? [3_600, 'hour']
        : seconds >= 120
          ? [60, 'minute']
          : [1, 'second']
  const words = new Intl.RelativeTimeFormat(language.value, { numeric: 'auto' })
  return words.format(-Math.floor(seconds / Number(size)), unit as Intl.RelativeTimeFormatUnit)
}

export function span(seconds: number): string {
  const [size, unit] =
    seconds >= 172_800
      ? [86_400, 'day']
      : seconds >= 7_200
        ? [3_600, 'hour']
        : seconds >= 120
          ? [60, 'minute']
          : [1, 'second']
  return new Intl.NumberFormat(language.value, { style: 'unit', unit: String(unit), unitDisplay: 'long' }).format(
    Math.floor(seconds / Number(size)),
  )
}

/** `www.example.org.` -> `www.example.org`; the root stays. */
export function bare(name: string): string {
  return name.length > 1 ? name.replace(/\.$/, '') : name
}
