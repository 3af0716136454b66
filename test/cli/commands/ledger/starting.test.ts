import { describe, expect, it } from 'vitest'
import { captured } from '../../captured.ts'

describe('chordns ledger start', () => {
  it('says what is missing where nothing gives the node a part', async () => {
    const none = await captured('ledger', 'start', '--set', 'ledger.roles=[]')
    expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining('give one with --role') })
  })

  it('refuses a part that there is not, and one without the file that ledgers begin with', async () => {
    const king = await captured('ledger', 'start', '--role', 'king')
    expect(king).toMatchObject({ code: 2, stderr: expect.stringContaining('must be one of "validator"') })
    const bare = await captured('ledger', 'start', '--role', 'validator')
    expect(bare).toMatchObject({ code: 2, stderr: expect.stringContaining('ledger.genesis: missing') })
  })
})
