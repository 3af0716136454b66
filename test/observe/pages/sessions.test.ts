import { describe, expect, it } from 'vitest'
import { hashPassword, Sessions, signInKey } from '../../../src/observe/index.ts'

const SECRET = 'ab'.repeat(32)
let now = 1_700_000_000_000

async function sessions(password?: string): Promise<Sessions> {
  now = 1_700_000_000_000
  const line = password === undefined ? undefined : await hashPassword(password)
  return new Sessions({ now: () => now, passwordLine: () => line, keySecret: () => `${SECRET}\n` })
}

describe('signing in', () => {
  it('takes the password, in whichever way its letters are composed', async () => {
    const all = await sessions('geheim-ü')
    const { token, expires } = await all.signIn({ password: 'geheim-u\u0308' })
    expect(all.isOwner(`Bearer ${token}`)).toBe(true)
    expect(all.isOwner(`Bearer ${token.slice(1)}x`)).toBe(false)
    expect(all.isOwner(undefined)).toBe(false)
    now = expires
    expect(all.isOwner(`Bearer ${token}`)).toBe(false)
  })

  it('ends for all when the password is another one', async () => {
    let line: string | undefined = await hashPassword('known to too many')
    const all = new Sessions({ now: () => now, passwordLine: () => line, keySecret: () => SECRET })
    const { token } = await all.signIn({ password: 'known to too many' })
    expect(all.isOwner(`Bearer ${token}`)).toBe(true)
    line = await hashPassword('mine again')
    expect(all.isOwner(`Bearer ${token}`)).toBe(false)
    const again = await all.signIn({ password: 'mine again' })
    expect([token, again.token].map((one) => all.isOwner(`Bearer ${one}`))).toEqual([false, true])
    line = undefined
    expect(all.isOwner(`Bearer ${again.token}`)).toBe(false)
  })

  it('refuses another password, and all where none is set', async () => {
    await expect((await sessions('right')).signIn({ password: 'wrong' })).rejects.toMatchObject({
      code: 'SIGN_IN_REFUSED',
    })
    await expect((await sessions()).signIn({ password: '' })).rejects.toMatchObject({ code: 'SIGN_IN_REFUSED' })
  })

  it('lets nobody guess for long, nor many at once', async () => {
    const all = await sessions('right')
    const first = all.signIn({ password: 'wrong' })
    await expect(all.signIn({ password: 'wrong' })).rejects.toMatchObject({ code: 'SIGN_IN_BUSY' })
    await expect(first).rejects.toMatchObject({ code: 'SIGN_IN_REFUSED' })
    for (let i = 0; i < 9; i++) await all.signIn({ password: 'wrong' }).catch(() => {})
    await expect(all.signIn({ password: 'right' })).rejects.toMatchObject({ code: 'SIGN_IN_BUSY' })
    now += 61_000
    await expect(all.signIn({ password: 'right' })).resolves.toHaveProperty('token')
  })

  it('takes the key that the command prints, for five minutes', async () => {
    const all = await sessions()
    const key = signInKey(SECRET, now)
    await expect(all.signIn({ key })).resolves.toHaveProperty('token')
    await expect(all.signIn({ key: signInKey('cd'.repeat(32), now) })).rejects.toThrow()
    await expect(all.signIn({ key: `${Number(key.split('.')[0]) + 1}.${key.split('.')[1]}` })).rejects.toThrow()
    now += 301_000
    await expect(all.signIn({ key })).rejects.toMatchObject({ code: 'SIGN_IN_REFUSED' })
  })
})
