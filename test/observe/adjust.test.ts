import { describe, expect, it } from 'vitest'
import { createLog } from '../../src/observe/index.ts'

describe('a log in use', () => {
  it('takes another level, and shows or hides names, without being made anew', async () => {
    const lines: string[] = []
    const sink = { write: (text: string) => void lines.push(text), tty: false, colours: false }
    const log = await createLog({ level: 'warn', logQueries: false, sink })
    log.info({ name: 'a.example' }, 'one')
    log.adjust({ level: 'info', logQueries: true })
    log.info({ name: 'b.example' }, 'two')
    log.adjust({ level: 'info', logQueries: false })
    log.info({ name: 'c.example' }, 'three')
    log.adjust({ level: 'silent', logQueries: false })
    log.error({}, 'four')
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { msg: 'two', name: 'b.example' },
      { msg: 'three', name: '[private]' },
    ])
  })

  it('refuses a level it does not know, and stays as it is', async () => {
    const lines: string[] = []
    const sink = { write: (text: string) => void lines.push(text), tty: false, colours: false }
    const log = await createLog({ level: 'info', logQueries: false, sink })
    expect(() => log.adjust({ level: 'loud', logQueries: true })).toThrow(expect.objectContaining({ code: 'USAGE' }))
    log.info({ name: 'a' }, 'still here')
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain('[private]')
  })
})
