/**
 * Runs in the namespace: reads jobs from stdin, one JSON object a line, asks, and writes replies to stdout. UDP first, TCP when
 * the reply is truncated, as stub resolvers do.
 */
import { createHash } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { isChordnsError, latin1 } from '../../src/base/index.ts'
import {
  canonicalName,
  canonicalRdata,
  decodeMessage,
  encodeMessage,
  type Message,
  makeQuery,
  nameFromWire,
  nameToText,
  parseName,
  type ResourceRecord,
  rcodeToText,
  rdataToText,
  readEde,
  Type,
  typeToText,
} from '../../src/dns/index.ts'
import { typeNumber } from './edit.ts'
import type { Flags, Reply } from './types.ts'

export interface Job {
  readonly id: number
  readonly address: string
  readonly name: string
  readonly type: string
  readonly flags: Flags
  readonly rd: boolean
  readonly timeoutMs: number
}

export interface Done {
  readonly id: number
  readonly reply: Reply
}

const UDP_SIZE = 1232
/** A stub asks again; the resolver merges it with the question in work. */
const SENDS = 2

let nextId = 1

async function ask(job: Job): Promise<Reply> {
  const started = performance.now()
  const since = () => Math.round(performance.now() - started)
  const query = encodeMessage(queryOf(job))
  let reply = await byUdp(job, query)
  if (reply !== undefined && reply !== 'malformed' && reply.tc) reply = await byTcp(job, query)
  if (reply === undefined) return { ...NOTHING, milliseconds: since() }
  if (reply === 'malformed') return { ...NOTHING, rcode: 'MALFORMED', milliseconds: since() }
  return {
    rcode: rcodeToText(reply.rcode),
    ad: reply.ad,
    answers: [...new Set(reply.answers.map(text))].sort(),
    ...(reply.answers.length > 0 && { ttl: Math.min(...reply.answers.map(({ ttl }) => ttl)) }),
    soa: reply.authorities.some(({ type }) => type === Type.SOA),
    denial: reply.authorities.some(({ type }) => type === Type.NSEC || type === Type.NSEC3),
    ede: reply.edns === undefined ? [] : readEde(reply.edns.options).map(({ code, text }) => `${code} ${text}`.trim()),
    milliseconds: since(),
  }
}

const NOTHING: Omit<Reply, 'milliseconds'> = {
  rcode: 'TIMEOUT',
  ad: false,
  answers: [],
  soa: false,
  denial: false,
  ede: [],
}

function queryOf({ name, type, flags, rd }: Job): Message {
  return makeQuery({
    id: nextId++ & 0xffff,
    name: parseName(name),
    type: typeNumber(type),
    rd,
    cd: flags.cd,
    ad: flags.ad,
    ...(flags.edns && { edns: { udpSize: UDP_SIZE, version: 0, do: flags.do, options: [] } }),
  })
}

/** Owner and names in lower case, so that two spellings of one record are equal. */
function text({ name, type, rdata }: ResourceRecord): string {
  const owner = nameToText(nameFromWire(canonicalName(name).wire))
  return `${owner} ${typeToText(type)} ${rdataText(type, canonicalRdata(type, rdata))}`
}

function rdataText(type: number, rdata: Uint8Array): string {
  const shown = rdataToText(type, rdata)
  if (shown.length <= 120) return shown
  return `${shown.slice(0, 60)}... ${rdata.length} octets, ${createHash('sha256').update(rdata).digest('hex').slice(0, 16)}`
}

/** Undefined: none in time, or one for another question. */
type Read = Message | 'malformed' | undefined

function byUdp(job: Job, query: Uint8Array): Promise<Read> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4')
    let sends = 0
    let timer: NodeJS.Timeout
    const end = (reply?: Read) => {
      clearTimeout(timer)
      socket.close()
      resolve(reply)
    }
    const send = () => {
      if (sends++ === SENDS) return end()
      socket.send(query, 53, job.address, () => {})
      timer = setTimeout(send, job.timeoutMs)
    }
    socket.on('error', () => end())
    socket.on('message', (bytes) => {
      const reply = readReply(bytes, query)
      if (reply !== undefined) end(reply)
    })
    send()
  })
}

function byTcp(job: Job, query: Uint8Array): Promise<Read> {
  return new Promise((resolve) => {
    const framed = new Uint8Array(2 + query.length)
    framed.set([query.length >> 8, query.length & 255])
    framed.set(query, 2)
    const socket = connect(53, job.address, () => socket.write(framed))
    const end = (reply?: Read) => {
      socket.destroy()
      resolve(reply)
    }
    socket.setTimeout(job.timeoutMs, () => end())
    socket.on('error', () => end())
    socket.on('close', () => resolve(undefined))
    let held = Buffer.alloc(0)
    socket.on('data', (chunk) => {
      held = Buffer.concat([held, chunk])
      if (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0))
        end(readReply(held.subarray(2, 2 + held.readUInt16BE(0)), query))
    })
  })
}

/** A reply must bear the query's id and question, in its very spelling. */
function readReply(bytes: Uint8Array, query: Uint8Array): Read {
  if (bytes.length < 12 || bytes[0] !== query[0] || bytes[1] !== query[1]) return undefined
  const reply = decoded(bytes)
  if (reply === 'malformed') return reply
  const [asked] = decodeMessage(query).questions
  const [echoed] = reply.questions
  if (asked === undefined || echoed === undefined || asked.type !== echoed.type) return undefined
  return reply.qr && latin1(asked.name.wire) === latin1(echoed.name.wire) ? reply : undefined
}

function decoded(bytes: Uint8Array): Message | 'malformed' {
  try {
    return decodeMessage(bytes)
  } catch (error) {
    if (isChordnsError(error, 'DNS_MALFORMED')) return 'malformed'
    throw error
  }
}

if (import.meta.main) {
  createInterface({ input: process.stdin }).on('line', async (line) => {
    const job = JSON.parse(line) as Job
    const done: Done = { id: job.id, reply: await ask(job) }
    process.stdout.write(`${JSON.stringify(done)}\n`)
  })
}
