/**
 * Reads packets from a TUN device and writes each back after its time. A loop of its own that waits in the kernel (`ppoll`): timers of Node
 * have steps of a millisecond. All packets are held for the same time, so the queue is in order.
 */
import { closeSync, constants, openSync } from 'node:fs'
import { createRequire } from 'node:module'
import { parentPort, workerData } from 'node:worker_threads'
import { Count, type HeldLinksData, STEP_US, STEPS } from './held-links.ts'

const { device, holdUs, counts } = workerData as HeldLinksData
const MAX_PACKET = 65_536
/** How often it looks whether it is to end. Ns. */
const IDLE_NS = 50_000_000n
const QUEUE = 5_000

// linux/if_tun.h, linux/if.h, poll.h, sys/prctl.h, sched.h
const TUNSETIFF = 0x400454ca
const IFF_TUN_NO_PI = 0x1001
const IFREQ_BYTES = 40
const IFREQ_FLAGS_AT = 16
const POLLIN = 1
const PR_SET_TIMERSLACK = 29
const SCHED_RR = 2

interface Packet {
  readonly read: bigint
  readonly bytes: Uint8Array
}

const system = loadSystem()
// The kernel rounds waits up by 50 microseconds otherwise, and lets others finish their turn first. Where the latter is forbidden it goes without.
system.prctl(PR_SET_TIMERSLACK, 1)
system.schedule(0, SCHED_RR, new Int32Array([5]))
const fd = openSync('/dev/net/tun', constants.O_RDWR | constants.O_NONBLOCK)
attach()
parentPort!.postMessage('ready')
run()
closeSync(fd)

function attach(): void {
  const request = new Uint8Array(IFREQ_BYTES)
  request.set(new TextEncoder().encode(device))
  new DataView(request.buffer).setUint16(IFREQ_FLAGS_AT, IFF_TUN_NO_PI, true)
  if (system.ioctl(fd, TUNSETIFF, request) !== 0) throw new Error('no TUN device to be had')
}

function run(): void {
  const hold = BigInt(holdUs) * 1_000n
  const queue: Packet[] = []
  const buffer = new Uint8Array(MAX_PACKET)
  const polled = new Uint8Array(8)
  const pollView = new DataView(polled.buffer)
  pollView.setInt32(0, fd, true)
  pollView.setInt16(4, POLLIN, true)
  const wait = new BigInt64Array(2)
  while (Atomics.load(counts, Count.END) === 0) {
    let now = process.hrtime.bigint()
    while (queue[0] !== undefined && queue[0].read + hold <= now) {
      pass(queue.shift()!)
      now = process.hrtime.bigint()
    }
    const next = queue[0] === undefined ? IDLE_NS : queue[0].read + hold - now
    wait[1] = next > 0n ? next : 0n
    pollView.setInt16(6, 0, true)
    if (system.ppoll(polled, 1, wait, null) > 0) take(queue, buffer)
  }
}

function take(queue: Packet[], buffer: Uint8Array): void {
  for (;;) {
    const length = system.read(fd, buffer, MAX_PACKET)
    if (length <= 0) return
    if (queue.length >= QUEUE) Atomics.add(counts, Count.LOST, 1)
    else queue.push({ read: process.hrtime.bigint(), bytes: buffer.slice(0, length) })
  }
}

function pass({ read, bytes }: Packet): void {
  if (system.write(fd, bytes, bytes.length) !== bytes.length) {
    Atomics.add(counts, Count.LOST, 1)
    return
  }
  const heldUs = Number(process.hrtime.bigint() - read) / 1_000
  Atomics.add(counts, Count.PACKETS, 1)
  Atomics.add(counts, Count.BYTES, bytes.length)
  Atomics.add(counts, Count.HELD + Math.min(STEPS, Math.round(heldUs / STEP_US)), 1)
}

interface System {
  ioctl(fd: number, request: number, argument: Uint8Array): number
  ppoll(fds: Uint8Array, count: number, timeout: BigInt64Array, mask: null): number
  read(fd: number, bytes: Uint8Array, length: number): number
  write(fd: number, bytes: Uint8Array, length: number): number
  prctl(option: number, argument: number): number
  schedule(thread: number, policy: number, parameter: Int32Array): number
}

function loadSystem(): System {
  const koffi = createRequire(import.meta.url)('koffi') as {
    load(path: null): { func(declaration: string): (...given: never[]) => number }
  }
  const libc = koffi.load(null)
  const declare = (declaration: string) => libc.func(declaration) as never
  return {
    ioctl: declare('int ioctl(int, uint64, void*)'),
    ppoll: declare('int ppoll(void*, uint64, void*, void*)'),
    read: declare('int64 read(int, void*, uint64)'),
    write: declare('int64 write(int, void*, uint64)'),
    prctl: declare('int prctl(int, uint64)'),
    schedule: declare('int sched_setscheduler(int, int, void*)'),
  }
}
