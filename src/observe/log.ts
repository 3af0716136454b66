/** Logs to stderr: JSON lines for machines, one readable line each on a terminal. */
import { pino } from 'pino'
import { ChordnsError, type Log } from '../base/index.ts'
import { limits } from './limits.ts'
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

const LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const

/** A log whose level can change while it is in use. */
export interface AdjustableLog extends Log {
  /** Throws USAGE for an unknown level. */
  adjust(options: Pick<LogOptions, 'level' | 'logQueries'>): void
}

/** Throws USAGE for an unknown level. */
export function createLog({ level, logQueries, sink = stderrSink() }: LogOptions): AdjustableLog {
  checkLevel(level)
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

/**
 * Asynchronous, so that a reader of stderr that stalls does not stall DNS; flushed when the process exits. Beyond the
 * bound lines are dropped.
 */
function stderrSink(): LogSink {
  const stream = pino.destination({ dest: 2, sync: false, maxLength: limits.MAX_PENDING_LOG_BYTES })
  const tty = process.stderr.isTTY === true
  // https://no-color.org: any value but the empty one.
  const colours = tty && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb'
  return { write: (text) => void stream.write(text), tty, colours }
}
