/** When a schedule holds, by the machine's own time zone. */
import type { Schedule } from '../types.ts'

const MINUTES_OF_DAY = 1440

/** `now`: ms of wall clock. */
export function holdsAt({ days, from, to }: Schedule, now: number): boolean {
  const date = new Date(now)
  const minute = date.getHours() * 60 + date.getMinutes()
  const today = date.getDay()
  if (from < to) return days.includes(today) && minute >= from && minute < to
  // Over midnight: it began today, or yesterday.
  if (minute >= from) return days.includes(today)
  return minute < to && days.includes((today + 6) % 7)
}

/** "21:30" -> minutes since midnight; "24:00" is the end of the day. Undefined: it is no time. */
export function minutesOf(text: string): number | undefined {
  const match = /^(\d{1,2}):(\d\d)$/.exec(text)
  if (match === null) return undefined
  const [hours, minutes] = [Number(match[1]), Number(match[2])]
  if (minutes > 59 || hours * 60 + minutes > MINUTES_OF_DAY) return undefined
  return hours * 60 + minutes
}

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

/** For people: "sun,mon 21:30-07:00: everything". */
export function scheduleText(schedule: Schedule): string {
  const { lists } = schedule
  return `${scheduleWhen(schedule)}: ${lists === 'everything' ? lists : lists.join(',')}`
}

/** "sun,mon 21:30-07:00". */
export function scheduleWhen({ days, from, to }: Schedule): string {
  const clock = (minutes: number) =>
    `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`
  return `${days.map((day) => DAYS[day]).join(',')} ${clock(from)}-${clock(to)}`
}
