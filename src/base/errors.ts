/**
 * The one error class of the project. `code` is stable and documented in docs/errors.md;
 * `detail` is typed per code by the room that raises it, and safe to log.
 */
export class ChordnsError<C extends string = string, D extends object = object> extends Error {
  readonly code: C
  readonly detail: D

  constructor(code: C, message: string, detail: D, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'ChordnsError'
    this.code = code
    this.detail = detail
  }
}

/** True when `error` is a ChordnsError, of the given code if one is named. */
export function isChordnsError(error: unknown, code?: string): error is ChordnsError {
  return error instanceof ChordnsError && (code === undefined || error.code === code)
}

/** The human text of anything thrown. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
