import { describe, expect, it } from 'vitest'
import { captured } from '../../captured.ts'

const KEY = '1916a1acebfe326815de34000f6fa08e1ec357954b222eab1437105b1444d85a'
/** Nobody listens there. */
const NOBODY = ['--node', '127.0.0.1:9']

describe('chordns ledger complain, propose and vote', () => {
  it.each([
    [['vote', '7'], 'say --yes or --no'],
    [['vote', '7', '--yes', '--no'], 'say --yes or --no'],
    [['vote', 'seven', '--yes'], '<motion> must be a whole number'],
    [['propose', 'fly', KEY], 'fly is nothing to propose'],
    [['propose', 'add', 'somebody'], '<account> must be a public key'],
    [['propose', 'add', KEY, '--role', 'king'], '--role must be one of'],
    [['propose', 'compensate', KEY], 'name the bad records'],
    [['propose', 'compensate', KEY, '--mark', `12:${KEY}`, '--pay', `1:${KEY}:5`], '--pay must be a whole number'],
    [['propose', 'rules'], '--file FILE'],
    [['propose', 'hide', 'a.name'], 'name the label'],
    [['propose', 'withdraw'], '<subject> must be a whole number'],
    [['complain', KEY, '--reason', 'envy'], '--reason must be one of'],
    [['complain', KEY, '--height', '0'], '--height must be a whole number'],
  ])('%j says what is wrong', async (args, words) => {
    expect(await captured('ledger', ...args, ...NOBODY)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(words),
    })
  })
})
