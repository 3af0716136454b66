/** Files in the data directory by which somebody may sign in to the dashboard. */
import { randomBytes } from 'node:crypto'
import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readTextFile, replaceTextFile, writeNewPrivateFile } from '../io/index.ts'

export const keyFile = (data: string) => join(data, 'dashboard.key')
export const passwordFile = (data: string) => join(data, 'dashboard.password')

/** The secret that the addresses of `chordns dashboard` are made by; begun by who asks for it first. Only the node's own user can read it. */
export async function dashboardKey(data: string): Promise<string> {
  const file = keyFile(data)
  const known = readTextFile(file)
  if (known !== undefined) return known
  await mkdir(data, { recursive: true, mode: 0o700 })
  const made = `${randomBytes(32).toString('hex')}\n`
  await writeNewPrivateFile(file, made)
  return made
}

/** The line that `hashPassword` makes. Returns the file. */
export async function keepDashboardPassword(data: string, line: string): Promise<string> {
  const file = passwordFile(data)
  await mkdir(data, { recursive: true, mode: 0o700 })
  await replaceTextFile(file, `${line}\n`)
  await chmod(file, 0o600)
  return file
}
