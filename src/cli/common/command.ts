/** What the commands of a family have in common: options that read alike, examples below the help, arguments of the same forms. */
import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { ChordnsError, fileTrouble } from '../../base/index.ts'

export function jsonOption(command: Command): Command {
  return command.option('--json', 'print JSON')
}

/** For whatever signs: what would be sent or written is shown. */
export function dryRunOption(command: Command): Command {
  return command.option('--dry-run', 'sign and show it, and send or write nothing')
}

/** Below the help, after the text if there is one: whole command lines. */
export function examples(command: Command, lines: readonly string[], text = ''): Command {
  const before = text === '' ? '' : `\n${text}\n`
  return command.addHelpText(
    'after',
    `${before}\n${lines.length === 1 ? 'Example' : 'Examples'}:\n${lines.map((line) => `  ${line}`).join('\n')}`,
  )
}

/** For options that may be given several times. */
export function collect(value: string, all: readonly string[] = []): readonly string[] {
  return [...all, value]
}

/** A public key or an account as the commands print it. Throws USAGE. */
export function hexKey(what: string, text: string): string {
  if (!/^[0-9a-fA-F]{64}$/.test(text)) throw usage(`${what} must be a public key: 64 hex digits`)
  return text.toLowerCase()
}

/** Throws USAGE. */
export function wholeNumber(what: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isInteger(value) || value < least || value > most)
    throw usage(`${what} must be a whole number from ${least} to ${most}`)
  return value
}

/** Throws FILE_UNREADABLE. */
export async function textIn(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new ChordnsError('FILE_UNREADABLE', fileTrouble(file, cause), { file }, { cause })
  }
}

export function usage(message: string): ChordnsError {
  return new ChordnsError('USAGE', message, {})
}
