/** One command in this process: its exit code, and what it wrote. */
import { vi } from 'vitest'
import { main } from '../../src/cli/main.ts'

export interface Captured {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export async function captured(...args: readonly string[]): Promise<Captured> {
  const written = { stdout: '', stderr: '' }
  const spies = (['stdout', 'stderr'] as const).map((stream) =>
    vi.spyOn(process[stream], 'write').mockImplementation((text) => {
      written[stream] += text
      return true
    }),
  )
  try {
    return { code: await main(args), ...written }
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
}
