import type { EdnsOption, Message } from '../../../src/dns/index.ts'

/** An empty reply of an authority with these options. */
export function replyWith(options: readonly EdnsOption[]): Message {
  return {
    id: 1,
    qr: true,
    opcode: 0,
    aa: true,
    tc: false,
    rd: false,
    ra: false,
    ad: false,
    cd: false,
    rcode: 0,
    questions: [],
    answers: [],
    authorities: [],
    additionals: [],
    edns: { udpSize: 1232, version: 0, do: true, options },
  }
}
