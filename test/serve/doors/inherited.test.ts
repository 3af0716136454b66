import { fstatSync, openSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { inheritedSockets, type ProcFiles, SocketStock } from '../../../src/serve/doors/inherited.ts'

const PID = 4711
const env = (count: string, pid = String(PID)) => ({
  LISTEN_PID: pid,
  LISTEN_FDS: count,
  LISTEN_FDNAMES: 'a:b',
  HOME: '/',
})

const HEAD = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n'
const row = (local: string, state: string, inode: number) =>
  `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 2 0000000000000000 0\n`
const IPV6 = `${'B80D0120'}${'00000000'}${'00000000'}${'01000000'}`
const tables: Record<string, string> = {
  udp: HEAD + row('0201A8C0:0035', '07', 11) + row('00000000:0035', '07', 12),
  udp6: HEAD + row(`${IPV6}:0035`, '07', 21),
  tcp: HEAD + row('0201A8C0:0035', '0A', 31) + row('0201A8C0:0035', '01', 32),
  tcp6: '',
}
function proc(...inodes: (number | string)[]): ProcFiles {
  return {
    link(fd) {
      const target = inodes[fd - 3]
      if (target === undefined) throw new Error('ENOENT')
      return typeof target === 'number' ? `socket:[${target}]` : target
    },
    table: (name) => tables[name] ?? '',
  }
}

describe('what a service manager hands over', () => {
  it('is known by kind and address', () => {
    expect(inheritedSockets(env('3'), PID, proc(11, 31, 21))).toEqual([
      { fd: 3, kind: 'datagram', endpoint: { address: '192.168.1.2', port: 53 } },
      { fd: 4, kind: 'stream', endpoint: { address: '192.168.1.2', port: 53 } },
      { fd: 5, kind: 'datagram', endpoint: { address: '2001:db8::1', port: 53 } },
    ])
  })

  it('is for the process that is named, and for no child of it', () => {
    const own = env('1')
    inheritedSockets(own, PID, proc(11))
    expect(own).toEqual({ HOME: '/' })
    expect(inheritedSockets(env('1', '1'), PID, proc(11))).toEqual([])
    expect(inheritedSockets({ HOME: '/' }, PID, proc(11))).toEqual([])
  })

  it.each<[string, string, (number | string)[], RegExp]>([
    ['a number of them that is none', '-1', [], /LISTEN_FDS is "-1"/],
    ['more than any machine has', '9999', [], /at most/],
    ['a descriptor that is not open', '2', [11], /descriptor 4 was to be a socket, and is not open/],
    ['a file', '1', ['/etc/passwd'], /descriptor 3 \(\/etc\/passwd\) is neither/],
    ['a connection', '1', [32], /neither a UDP socket nor a listening TCP socket/],
    ['a socket of all addresses', '1', [12], /0\.0\.0\.0:53.*name addresses/],
  ])('is refused: %s', (_what, count, inodes, text) => {
    expect(() => inheritedSockets(env(count), PID, proc(...inodes))).toThrow(text)
  })
})

describe('the stock of them', () => {
  const sockets = inheritedSockets(env('3'), PID, proc(11, 31, 21))

  it('are the only ones with `auto`, and change nothing else', () => {
    const inherited = new SocketStock(sockets)
    const udp = ['192.168.1.2:53', '[2001:db8::1]:53']
    expect(inherited.listen('auto')).toEqual({ udp, tcp: ['192.168.1.2:53'] })
    expect(inherited.listen({ udp: ['127.0.0.1:53'], tcp: [] })).toEqual({ udp: ['127.0.0.1:53'], tcp: [] })
    expect(new SocketStock([]).listen('auto')).toBe('auto')
  })

  it('go to one door each, of their kind and address', () => {
    const inherited = new SocketStock(sockets)
    const at = { address: '192.168.1.2', port: 53 }
    expect(inherited.take('stream', { ...at, port: 54 })).toBeUndefined()
    expect(inherited.take('stream', at)).toBe(4)
    expect(inherited.take('stream', at)).toBeUndefined()
    expect(inherited.take('datagram', at)).toBe(3)
  })

  it('are closed where no door took them, and the log says so', () => {
    const fd = openSync('/dev/null', 'r')
    const said: string[] = []
    const stock = new SocketStock([{ fd, kind: 'stream', endpoint: { address: '192.168.1.2', port: 53 } }])
    stock.closeRest({ warn: (detail) => void said.push(JSON.stringify(detail)) })
    stock.closeRest({ warn: (detail) => void said.push(JSON.stringify(detail)) })
    expect(() => fstatSync(fd)).toThrow('EBADF')
    expect(said).toEqual(['{"address":"192.168.1.2:53","kind":"stream"}'])
  })
})
