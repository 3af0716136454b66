/** Logs to stderr: JSON lines for machines, one readable line each on a terminal. */
import { write, writeSync } from 'node:fs'
import { ChordnsError, type Log } from '../base/index.ts'
import { createLineWriter } from './line-writer.ts'
import { prettyLine } from './pretty.ts'
import { plain } from './redact.ts'

export interface LogOptions {
  /** `debug`, `info`, `warn`, `error` or `silent`. */
  readonly level: string
  /** Names that were asked for are private: without this they are left out, and so are clients' addresses. */
  readonly logQueries: boolean
  /** Default: the process's stderr. */
  readonly sink?: LogSink
}

/** Where finished lines go. */
export interface LogSink {
  write(text: string): void
  readonly tty: boolean
  readonly colours: boolean
}

const STDERR = 2

const LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const

/** A log whose level can change while it is in use. */
export interface AdjustableLog extends Log {
  /** Throws USAGE for an unknown level. */
  adjust(options: Pick<LogOptions, 'level' | 'logQueries'>): void
}

/** Loads what writes the lines: commands that look at a node have no log. Rejects with USAGE for an unknown level. */
export async function createLog({ level, logQueries, sink = stderrSink() }: LogOptions): Promise<AdjustableLog> {
  checkLevel(level)
  const { pino } = await import('pino')
  let withNames = logQueries
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => sink.write(sink.tty ? prettyLine(line, sink.colours) : line) },
  )
  const at = (name: 'debug' | 'info' | 'warn' | 'error') => (detail: object, message: string) => {
    if (logger.isLevelEnabled(name)) logger[name](plain(detail, withNames), message)
  }
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    adjust: (options) => {
      checkLevel(options.level)
      logger.level = options.level
      withNames = options.logQueries
    },
  }
}

function checkLevel(level: string): void {
  if (!LEVELS.some((one) => one === level))
    throw new ChordnsError('USAGE', `unknown log level "${level}"; use ${LEVELS.join(', ')}`, { level })
}

/** Asynchronous, so that a reader of stderr that stalls does not stall DNS; what is left is written when the process exits. */
function stderrSink(): LogSink {
  const tty = process.stderr.isTTY === true
  // https://no-color.org: any value but the empty one.
  const colours = tty && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb'
  const lines = createLineWriter(
    {
      write: (bytes, done) => write(STDERR, bytes, 0, bytes.length, null, done),
      writeNow: (bytes) => writeSync(STDERR, bytes),
      after: (ms, run) => {
        const timer = setTimeout(run, ms).unref()
        return () => clearTimeout(timer)
      },
    },
    (count) => {
      const time = new Date().toISOString()
      const line = `${JSON.stringify({ level: 'warn', time, count, msg: 'lines of the log could not be written' })}\n`
      return tty ? prettyLine(line, colours) : line
    },
  )
  process.on('exit', lines.flushNow)
  return { write: lines.write, tty, colours }
}
