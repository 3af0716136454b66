import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromSockaddr, toSockaddr } from '../../../src/serve/fast/system/addresses.ts'
import { byNodeFfi, type Libc, loadLibc, type Memory, type NodeFfi } from '../../../src/serve/fast/system/libc.ts'
import { openSocket, sendTo } from '../../../src/serve/fast/system/sockets.ts'
import { tellSupervisor } from '../../../src/serve/fast/system/supervisor.ts'
import { DatagramBatch } from '../../../src/serve/fast/threads/batch.ts'

const koffiLibc = loadLibc().libc
const LOOPBACK = { address: '127.0.0.1', port: 0 }
const AF_INET = 2
const EAGAIN = 11
const EBADF = 9

/** `node:ffi` as its manual has it, made of koffi: as strict about numbers and bigints, so that what is handed to it is right there, too. */
function nodeFfi(): NodeFfi {
  const koffi = createRequire(import.meta.url)('koffi')
  const self = koffi.load(null)
  const names: Record<string, string> = {
    int32: 'int',
    uint32: 'uint32',
    int64: 'int64',
    uint64: 'uint64',
    pointer: 'void*',
  }
  const check = (type: string, value: unknown) => {
    const isRight =
      type === 'pointer'
        ? value === null || ArrayBuffer.isView(value)
        : type.endsWith('64')
          ? typeof value === 'bigint' && value >= 0n
          : typeof value === 'number' && Number.isInteger(value)
    if (!isRight) throw new TypeError(`${String(value)} is no ${type}`)
    return value
  }
  return {
    dlopen(_path, definitions) {
      const functions = Object.entries(definitions).map(([name, { return: result, arguments: types }]) => {
        const returned = name === '__errno_location' ? 'intptr' : names[result]
        const call = self.func(`${returned} ${name}(${types.map((type) => names[type]).join(', ')})`)
        return [
          name,
          (...given: unknown[]) => {
            if (given.length !== types.length) throw new TypeError(`${name} takes ${types.length} arguments`)
            const value = call(...given.map((one, i) => check(types[i]!, one)))
            return result === 'int32' ? value : BigInt(value)
          },
        ]
      })
      return { functions: Object.fromEntries(functions) }
    },
    getRawPointer: (memory: Memory) => BigInt(koffi.address(memory)),
    // By way of koffi, which has changed the real one by now.
    getInt32: () => koffi.errno(),
  }
}

const backEnds: [string, () => Libc][] =
  koffiLibc === undefined
    ? []
    : [
        ['koffi', () => koffiLibc],
        ['node:ffi', () => byNodeFfi(nodeFfi())],
      ]

describe.each(backEnds)('system calls by %s', (_, make) => {
  const libc = make()
  const open = (endpoint = LOOPBACK) => openSocket(libc, endpoint, { bufferBytes: 65_536, isShared: false })

  it.each(['127.0.0.1', '::1'])('bring batches of datagrams to %s and from it', (address) => {
    const [server, client] = [open({ address, port: 0 }), open({ address, port: 0 })]
    const shape = { most: 8, stride: 192, maxQuery: 100 }
    const [there, back] = [new DatagramBatch(libc, shape), new DatagramBatch(libc, shape)]
    for (let i = 1; i <= 5; i++) sendTo(libc, client, new Uint8Array(i * 10).fill(i), toSockaddr(server.endpoint))
    expect(there.receive(server.fd)).toBe(5)
    const lengths = Int32Array.from({ length: 8 }, (_, j) => (j === 2 ? 0 : j + 1))
    expect(there.send(server.fd, server.family, 5, lengths)).toBe(0)
    expect(back.receive(client.fd)).toBe(4)
    const seen = [0, 1, 2, 3].map((j) => [back.sizes[back.sizesFrom + j * back.sizesStep], back.buffer[j * 192]])
    expect(seen).toEqual([
      [1, 1],
      [2, 2],
      [4, 4],
      [5, 5],
    ])
    expect(fromSockaddr(back.senders.subarray(0, 28))).toMatchObject({ ...server.endpoint })
    expect(back.receive(client.fd)).toBe(0)
    for (const { fd } of [server, client]) libc.close(fd)
  })

  it('say what was wrong', () => {
    const { fd, endpoint } = open()
    expect(libc.recvmmsg(fd, new Int32Array(new ArrayBuffer(128)), 1, 0x40, null)).toBe(-1)
    expect(libc.errno()).toBe(EAGAIN)
    expect(() => open(endpoint)).toThrow('EADDRINUSE')
    expect(() => open({ address: '192.0.2.1', port: 0 })).toThrow('EADDRNOTAVAIL')
    expect(libc.close(fd)).toBe(0)
    expect(libc.close(fd)).toBe(-1)
    expect(libc.errno()).toBe(EBADF)
  })

  it('wake who polls, and read what was written', () => {
    const fd = libc.eventfd(0, 0x800)
    const polled = new Int32Array(new ArrayBuffer(128))
    polled.set([fd, 1])
    expect(libc.poll(polled, 1, 0)).toBe(0)
    const count = new BigUint64Array(new ArrayBuffer(128))
    count[0] = 3n
    expect(libc.write(fd, count, 8)).toBe(8)
    expect(libc.poll(polled, 1, 1_000)).toBe(1)
    count[0] = 0n
    expect(libc.read(fd, count, 8)).toBe(8)
    expect(count[0]).toBe(3n)
    libc.close(fd)
  })

  it('are not hurt by datagrams and lengths of any kind', () => {
    const [server, client] = [open(), open()]
    const to = toSockaddr(server.endpoint)
    fc.assert(
      fc.property(
        fc.record({ most: fc.integer({ min: 1, max: 16 }), maxQuery: fc.integer({ min: 1, max: 600 }) }),
        fc.array(fc.uint8Array({ maxLength: 900 }), { maxLength: 20 }),
        fc.array(fc.integer({ min: -5, max: 700 }), { minLength: 16, maxLength: 16 }),
        ({ most, maxQuery }, packets, lengths) => {
          const batch = new DatagramBatch(libc, { most, stride: 704, maxQuery })
          for (const packet of packets) sendTo(libc, client, packet, to)
          let seen = 0
          for (let count = batch.receive(server.fd); count > 0; count = batch.receive(server.fd)) {
            for (let j = 0; j < count; j++) {
              const packet = packets[seen++]!
              const size = batch.sizes[batch.sizesFrom + j * batch.sizesStep]!
              expect(size).toBe(packet.length > maxQuery ? 0 : packet.length)
              expect(batch.buffer.subarray(j * 704, j * 704 + size)).toEqual(packet.subarray(0, size))
              expect(batch.buffer.subarray(j * 704 + maxQuery, (j + 1) * 704).every((one) => one === 0)).toBe(true)
            }
            batch.send(server.fd, AF_INET, count, Int32Array.from(lengths))
            batch.buffer.fill(0)
          }
          expect(seen).toBe(packets.length)
          const drain = new DatagramBatch(libc, { most: 16, stride: 704, maxQuery: 704 })
          while (drain.receive(client.fd) > 0);
        },
      ),
      { numRuns: 100 },
    )
    for (const { fd } of [server, client]) libc.close(fd)
  })
})

describe.runIf(koffiLibc !== undefined)('the service manager', () => {
  const LISTENER = `
    import socket, sys
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(sys.argv[1].replace('@', chr(0), 1)); print('bound', flush=True)
    print(s.recv(100).decode(), flush=True)`.replace(/^ {4}/gm, '')

  it.each([
    ['a path', (dir: string) => join(dir, 'notify')],
    ['an abstract name', (dir: string) => `@${dir}/notify`],
  ])('is told by %s that the node is ready', async (_, pathIn) => {
    const python = await promisify(execFile)('python3', ['-c', '']).then(
      () => true,
      () => false,
    )
    if (!python) return
    const dir = mkdtempSync(join(tmpdir(), 'notify-'))
    const listener = spawn('python3', ['-c', LISTENER, pathIn(dir)], { stdio: ['ignore', 'pipe', 'inherit'] })
    let said = ''
    listener.stdout.on('data', (text) => {
      said += text
    })
    await once(listener.stdout, 'data')
    expect(tellSupervisor('READY=1', { NOTIFY_SOCKET: pathIn(dir) })).toBe(true)
    await once(listener, 'close')
    expect(said).toBe('bound\nREADY=1\n')
    rmSync(dir, { recursive: true })
  })

  it('is not told where there is none, or none that can be', () => {
    for (const path of [undefined, '', 'relative', '/nobody/listens/here', `/${'x'.repeat(120)}`])
      expect(tellSupervisor('READY=1', { NOTIFY_SOCKET: path })).toBe(false)
  })
})
