import { describe, expect, it } from 'vitest'
import { holdersIn, isInTheWay } from '../../../src/cli/setup/port-53.ts'

const UDP = `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  301: 3500007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000   101        0 20917 2 0000000000000000 0
  502: 0A01A8C0:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 20918 2 0000000000000000 0
  503: 00000000:14E9 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 20919 2 0000000000000000 0
`
const TCP6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:0035 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 31 1 0 100 0 0 10 0
   1: 00000000000000000000000001000000:0035 00000000000000000000000001000000:9C40 01 00000000:00000000 00:00000000 00000000     0        0 32 1 0 100 0 0 10 0
   2: B80D0120000000000000000001000000:0035 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 33 1 0 100 0 0 10 0
`

describe('who has a port', () => {
  it('is read from the tables of the kernel, in the byte order that they have', () => {
    expect(holdersIn(UDP, 'udp', 53)).toEqual([
      { protocol: 'udp', address: '127.0.0.53', inode: '20917' },
      { protocol: 'udp', address: '192.168.1.10', inode: '20918' },
    ])
    expect(holdersIn(TCP6, 'tcp', 53)).toEqual([
      { protocol: 'tcp', address: '::', inode: '31' },
      { protocol: 'tcp', address: '2001:db8::1', inode: '33' },
    ])
  })

  it('is nobody for what cannot be read', () => {
    expect(holdersIn('', 'udp', 53)).toEqual([])
    expect(holdersIn('x y:0035\n 1: zz:0035 0 0A', 'udp', 53)).toEqual([])
  })

  it('matters at the same address, and at all of them', () => {
    const at = (address: string) => ({ address })
    expect(isInTheWay(at('127.0.0.53'), '127.0.0.1')).toBe(false)
    expect(isInTheWay(at('127.0.0.1'), '127.0.0.1')).toBe(true)
    expect(isInTheWay(at('0.0.0.0'), '192.168.1.10')).toBe(true)
    expect(isInTheWay(at('0.0.0.0'), '::1')).toBe(false)
    expect(isInTheWay(at('::'), '192.168.1.10')).toBe(true)
  })
})
