/** A tiny stub client for tests: one question over UDP or TCP, one decoded reply. */
import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import {
  Class,
  decodeMessage,
  type EdnsOption,
  encodeMessage,
  type Message,
  makeQuery,
  parseName,
  type ResourceRecord,
  rdataToText,
  typeFromText,
  typeToText,
} from '../../src/dns/index.ts'

export interface AskTarget {
  readonly address: string
  readonly port: number
  /** Default: udp. Of encrypted ones nothing is asked here. */
  readonly protocol?: 'udp' | 'tcp' | 'tls' | 'https'
  /** Local address to ask from, e.g. 127.0.0.9: what `access` and views go by. */
  readonly from?: string
}

export interface AskQuestion {
  /** Presentation form; a missing final dot is added. */
  readonly name: string
  /** 'A', 'TYPE65280', or a number. Default A. */
  readonly type?: string | number
  readonly class?: number
}

export interface AskFlags {
  /** Default true. */
  readonly rd?: boolean
  readonly cd?: boolean
  readonly ad?: boolean
  readonly do?: boolean
  /** UDP size in the OPT record; false: no OPT. Default 1232. */
  readonly edns?: number | false
  readonly options?: readonly EdnsOption[]
  readonly id?: number
  readonly timeoutMs?: number
}

let nextId = 1

/** The query that `ask` sends. */
export function queryFor(question: AskQuestion, flags: AskFlags = {}): Message {
  const type = typeof question.type === 'number' ? question.type : typeFromText(question.type ?? 'A')
  if (type === undefined) throw new Error(`unknown type ${question.type}`)
  const size = flags.edns ?? 1232
  const edns =
    size === false ? {} : { edns: { udpSize: size, version: 0, do: flags.do ?? false, options: flags.options ?? [] } }
  return makeQuery({
    id: flags.id ?? nextId++ & 0xffff,
    name: parseName(question.name),
    type,
    class: question.class ?? Class.IN,
    rd: flags.rd ?? true,
    cd: flags.cd ?? false,
    ad: flags.ad ?? false,
    ...edns,
  })
}

/** Rejects after `timeoutMs` (default 20 s: a machine that is busy otherwise answers late). */
export async function ask(target: AskTarget, question: AskQuestion, flags: AskFlags = {}): Promise<Message> {
  const query = queryFor(question, flags)
  const reply = decodeMessage(await askRaw(target, encodeMessage(query), flags.timeoutMs))
  if (reply.id !== query.id) throw new Error(`reply with id ${reply.id} to query ${query.id}`)
  return reply
}

/** Sends the bytes as they are and gives back the first message that comes. */
export function askRaw(target: AskTarget, bytes: Uint8Array, timeoutMs = 20_000): Promise<Uint8Array> {
  return target.protocol === 'tcp' ? overTcp(target, bytes, timeoutMs) : overUdp(target, bytes, timeoutMs)
}

/** The records as short texts: 'A 192.0.2.1'. */
export function texts(records: readonly ResourceRecord[]): string[] {
  return records.map(({ type, rdata }) => `${typeToText(type)} ${rdataToText(type, rdata)}`)
}

function overUdp({ address, port, from }: AskTarget, bytes: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
    const timer = setTimeout(
      () => end(() => reject(new Error(`no reply from ${address} port ${port} over udp`))),
      timeoutMs,
    )
    const end = (settle: () => void) => {
      clearTimeout(timer)
      socket.close()
      settle()
    }
    socket.once('error', (error) => end(() => reject(error)))
    socket.once('message', (message) => end(() => resolve(new Uint8Array(message))))
    socket.bind({ address: from ?? (address.includes(':') ? '::1' : '127.0.0.1') }, () => {
      socket.connect(port, address, () => socket.send(bytes))
    })
  })
}

function overTcp({ address, port, from }: AskTarget, bytes: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port, ...(from === undefined ? {} : { localAddress: from }) })
    const timer = setTimeout(
      () => end(() => reject(new Error(`no reply from ${address} port ${port} over tcp`))),
      timeoutMs,
    )
    const end = (settle: () => void) => {
      clearTimeout(timer)
      socket.destroy()
      settle()
    }
    let held = Buffer.alloc(0)
    socket.once('error', (error) => end(() => reject(error)))
    socket.once('close', () => end(() => reject(new Error(`${address} port ${port} closed the connection`))))
    socket.on('data', (chunk) => {
      held = Buffer.concat([held, chunk])
      if (held.length < 2 || held.length < 2 + held.readUInt16BE(0)) return
      const message = new Uint8Array(held.subarray(2, 2 + held.readUInt16BE(0)))
      end(() => resolve(message))
    })
    socket.write(frame(bytes))
  })
}

/** With the two length bytes of DNS over TCP in front. */
export function frame(bytes: Uint8Array): Uint8Array {
  const framed = new Uint8Array(2 + bytes.length)
  new DataView(framed.buffer).setUint16(0, bytes.length)
  framed.set(bytes, 2)
  return framed
}
