/** Asks the running node over its status API. */
import { request as httpRequest } from 'node:http'
import type { z } from 'zod'
import { ChordnsError, type Endpoint } from '../../base/index.ts'
import { errorView, STATUS_HEADER } from '../../observe/index.ts'
import { limits } from '../limits.ts'

export async function askNode<T>(
  node: Endpoint,
  path: string,
  query: Readonly<Record<string, string>> | URLSearchParams,
  schema: z.ZodType<T>,
  timeoutMs: number = limits.REPLY_MS,
): Promise<T> {
  return call(node, { method: 'GET', path: `${path}?${new URLSearchParams(query)}`, timeoutMs }, schema)
}

/** Has the running node change something. */
export async function tellNode<T>(
  node: Endpoint,
  path: string,
  query: Readonly<Record<string, string>>,
  schema: z.ZodType<T>,
  body?: string,
  timeoutMs: number = limits.REPLY_MS,
): Promise<T> {
  const what = { method: 'POST' as const, path: `${path}?${new URLSearchParams(query)}`, timeoutMs }
  return call(node, { ...what, ...(body !== undefined && { body }) }, schema)
}

interface Call {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly timeoutMs: number
  readonly body?: string
}

async function call<T>(node: Endpoint, what: Call, schema: z.ZodType<T>): Promise<T> {
  const { status, body } = await send(node, what)
  const json = parseJson(body)
  if (status !== 200) {
    const failure = errorView.safeParse(json)
    if (failure.success) throw new ChordnsError(failure.data.error.code, failure.data.error.message, { status })
    throw new ChordnsError('STATUS_API', `the node answered with HTTP status ${status}`, { status })
  }
  const parsed = schema.safeParse(json)
  if (!parsed.success)
    throw new ChordnsError('STATUS_API', 'what answers at the status address is not this version of chordns', { node })
  return parsed.data
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ChordnsError('STATUS_API', 'what answers at the status address does not speak JSON', {}, { cause })
  }
}

function send(node: Endpoint, { method, path, timeoutMs, body }: Call): Promise<{ status: number; body: string }> {
  const headers = { [STATUS_HEADER]: '1' }
  const options = { host: node.address, port: node.port, method, path, headers, timeout: timeoutMs }
  return new Promise((resolve, reject) => {
    const request = httpRequest(options, (response) => {
      const chunks: Buffer[] = []
      let size = 0
      response.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size > limits.MAX_REPLY_BYTES) request.destroy(new Error('the reply is too long'))
        else chunks.push(chunk)
      })
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
      )
      response.on('error', reject)
    })
    request.on('timeout', () => request.destroy(new Error('no answer in time')))
    request.on('error', (error: NodeJS.ErrnoException) =>
      reject(
        new ChordnsError(
          'NODE_UNREACHABLE',
          `no node answers at ${node.address} port ${node.port} (${error.code ?? error.message}); start one with \`chordns start\`, or name its status address with --node`,
          { ...node },
          { cause: error },
        ),
      ),
    )
    request.end(body)
  })
}
