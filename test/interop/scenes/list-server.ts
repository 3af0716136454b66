/** `node list-server.ts ADDRESS FILE`: serves a file over HTTP on port 80, with an ETag, and adds a line for each request to FILE.requests. */
import { createHash } from 'node:crypto'
import { appendFileSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { argv, stdout } from 'node:process'

const [address, file] = [argv[2]!, argv[3]!]
createServer((request, response) => {
  const body = readFileSync(file)
  const etag = `"${createHash('sha256').update(body).digest('hex').slice(0, 16)}"`
  const isKnown = request.headers['if-none-match'] === etag
  appendFileSync(`${file}.requests`, `${request.headers.host} ${isKnown ? 304 : 200}\n`)
  response.writeHead(isKnown ? 304 : 200, { etag })
  response.end(isKnown ? undefined : body)
}).listen(80, address, () => stdout.write('ready\n'))
