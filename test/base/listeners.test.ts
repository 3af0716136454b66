import { describe, expect, it } from 'vitest'
import { Listeners } from '../../src/base/index.ts'

describe('listeners', () => {
  it('all hear, also behind one that throws, whose fault is told to whoever made the list', () => {
    const faults: unknown[] = []
    const heard: string[] = []
    const listeners = new Listeners<[number, string]>((error) => faults.push(error))
    const fault = new Error('no')
    listeners.add(() => {
      throw fault
    })
    const end = listeners.add((number, text) => heard.push(`${number} ${text}`))
    listeners.tell(1, 'one')
    expect(heard).toEqual(['1 one'])
    expect(faults).toEqual([fault])
    end()
    listeners.tell(2, 'two')
    expect(heard).toEqual(['1 one'])
    listeners.clear()
    listeners.tell(3, 'three')
    expect(faults).toHaveLength(2)
  })

  it('who leaves while all are told hears this time, and no more', () => {
    const heard: string[] = []
    const listeners = new Listeners<[]>(() => {})
    let end = () => {}
    listeners.add(() => end())
    end = listeners.add(() => heard.push('second'))
    listeners.tell()
    listeners.tell()
    expect(heard).toEqual(['second'])
  })
})
