import { describe, expect, it } from 'vitest'
import type { OwnFinding } from '../../src/chunks/index.ts'
import { ownFetchBeside } from '../../src/household/index.ts'
import { peerOf, question } from './boxes.ts'

const finding = { fetched: 'here' } as unknown as OwnFinding
const signal = new AbortController().signal
const asked = question('www.example.com')

describe('fetches for observations', () => {
  it('are made where members do not believe each other', async () => {
    expect(await ownFetchBeside(undefined, async () => finding)(asked, signal, 'known')).toBe(finding)
  })

  it.each([
    ['none while the members tell each other', true, undefined],
    ['none of what a member has told before the ring grew', false, peerOf(1)],
  ])('are %s', async (_, isWhole, source) => {
    const fetch = ownFetchBeside({ isWhole: () => isWhole, sourceOf: () => source }, async () => finding)
    await expect(fetch(asked, signal, 'fresh')).rejects.toMatchObject({ code: 'HOUSEHOLD_UNSIGNED' })
  })

  it('are made in a larger ring of what nobody has told', async () => {
    const fetch = ownFetchBeside({ isWhole: () => false, sourceOf: () => undefined }, async () => finding)
    expect(await fetch(asked, signal, 'known')).toBe(finding)
  })
})
