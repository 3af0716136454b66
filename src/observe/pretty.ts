/** A JSON log line as one line for a person: `02:31:05.120 WARN  root servers do not answer code=UPSTREAM_TIMEOUT`. */

const COLOURS: Readonly<Record<string, number>> = { debug: 90, info: 32, warn: 33, error: 31 }

/** Control characters never reach the terminal raw, whoever chose the text. */
export function prettyLine(jsonLine: string, colours: boolean): string {
  const { level, time, msg, ...rest } = JSON.parse(jsonLine) as Record<string, unknown>
  const paint = (text: string, code: number) => (colours ? `\u001b[${code}m${text}\u001b[0m` : text)
  const name = String(level)
  const parts = [
    paint(String(time).slice(11, 23), 90),
    paint(name.toUpperCase().padEnd(5), COLOURS[name] ?? 0),
    safe(String(msg)),
    ...Object.entries(rest).map(([key, value]) => `${paint(`${safe(key)}=`, 90)}${valueText(value)}`),
  ]
  return `${parts.join(' ')}\n`
}

function valueText(value: unknown): string {
  if (typeof value !== 'string') return safe(JSON.stringify(value))
  return /^[^\s"=\p{C}]+$/u.test(value) ? value : safe(JSON.stringify(value))
}

/** Cc, and Cf too: bidirectional overrides reorder what a terminal shows. */
function safe(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
