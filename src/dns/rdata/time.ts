import { badText } from '../errors.ts'

/** Seconds since 1970 as YYYYMMDDHHmmSS (RFC 4034 section 3.2). */
export function timeToText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 19).replace(/[-:T]/g, '')
}

/** YYYYMMDDHHmmSS, or plain seconds; modulo 2^32, as the field is a serial number (RFC 1982). */
export function timeFromText(text: string): number {
  if (/^\d{1,10}$/.test(text) && Number(text) < 2 ** 32) return Number(text)
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(text)
  if (parts === null) throw badText(`not a time of the form YYYYMMDDHHmmSS: ${text.slice(0, 20)}`)
  const [year, month, day, hour, minute, second] = parts.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const ms = Date.UTC(year, month - 1, day, hour, minute, second)
  // Date.UTC carries 31 February over into March; text that does not come back is no date.
  if (new Date(ms).toISOString().slice(0, 19).replace(/[-:T]/g, '') !== text) throw badText(`no such time: ${text}`)
  const seconds = (ms / 1000) % 2 ** 32
  return seconds < 0 ? seconds + 2 ** 32 : seconds
}
