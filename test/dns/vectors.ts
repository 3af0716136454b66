/**
 * Messages written down by hand, octet by octet, that docs/protocol.md cites: `wire` is what `message` encodes to, and what
 * decodes to it.
 */
import { fromHex } from '../../src/base/index.ts'
import { type Message, makeQuery, parseName, parseZone, ROOT, Type } from '../../src/dns/index.ts'

export interface MessageVector {
  readonly title: string
  readonly message: Message
  readonly wire: string
}

const records = (text: string) => parseZone(text, { origin: ROOT })
const reply = (query: Message, parts: Partial<Message>): Message => ({ ...query, qr: true, ...parts })
const opt = (udpSize: number, dnssecOk: boolean) => ({ udpSize, version: 0, do: dnssecOk, options: [] })

const mixedCase = makeQuery({
  id: 0xbeef,
  name: parseName('wWw.eXample.com'),
  type: Type.A,
  rd: false,
  edns: opt(1232, true),
})
const mail = makeQuery({ id: 1, name: parseName('example.com'), type: Type.MX, rd: true })
const unknown = makeQuery({ id: 2, name: parseName('a\\.b.\\255'), type: 65_280, class: 65_281, rd: false })
const delegated = makeQuery({ id: 3, name: parseName('www.example.com'), type: Type.AAAA, rd: false })
const refused = makeQuery({ id: 4, name: parseName('example.com'), type: Type.HTTPS, rd: true, edns: opt(1232, false) })

export const MESSAGE_VECTORS: readonly MessageVector[] = [
  {
    title: 'a query with mixed case (0x20), DO set, 1232 octets',
    message: mixedCase,
    wire: `beef 0000 0001 0000 0000 0001
      03775777 076558616d706c65 03636f6d 00 0001 0001
      00 0029 04d0 00 00 8000 0000`,
  },
  {
    title: 'its answer: the owner is the question, pointed at with its case',
    message: reply(mixedCase, { aa: true, answers: records('wWw.eXample.com. 300 A 192.0.2.1') }),
    wire: `beef 8400 0001 0001 0000 0001
      03775777 076558616d706c65 03636f6d 00 0001 0001
      c00c 0001 0001 0000012c 0004 c0000201
      00 0029 04d0 00 00 8000 0000`,
  },
  {
    title: 'MX with a target compressed inside its rdata, and no target of another case',
    message: reply(mail, {
      ra: true,
      answers: records('example.com. 60 MX 10 Mail.example.com.\nexample.com. 60 MX 20 a.EXAMPLE.com.'),
    }),
    wire: `0001 8180 0001 0002 0000 0000
      076578616d706c65 03636f6d 00 000f 0001
      c00c 000f 0001 0000003c 0009 000a 044d61696c c00c
      c00c 000f 0001 0000003c 000e 0014 0161 074558414d504c45 c014`,
  },
  {
    title: 'a referral with DS and glue',
    message: reply(delegated, {
      authorities: records('example.com. 172800 NS ns.example.com.\nexample.com. 86400 DS 1 13 2 ABCD'),
      additionals: records('ns.example.com. 172800 A 192.0.2.53'),
    }),
    wire: `0003 8000 0001 0000 0002 0001
      03777777 076578616d706c65 03636f6d 00 001c 0001
      c010 0002 0001 0002a300 0005 026e73 c010
      c010 002b 0001 00015180 0006 0001 0d 02 abcd
      c02d 0001 0001 0002a300 0004 c0000235`,
  },
  {
    title: 'an unknown type in an unknown class under binary labels: nothing is compressed in the rdata',
    message: reply(unknown, { answers: records('a\\.b.\\255. 1 CLASS65281 TYPE65280 \\# 7 03612E6201FF00') }),
    wire: `0002 8000 0001 0001 0000 0000
      03612e62 01ff 00 ff00 ff01
      c00c ff00 ff01 00000001 0007 03612e6201ff00`,
  },
  {
    title: 'SERVFAIL that says why: Extended DNS Error 6, DNSSEC Bogus',
    message: reply(refused, {
      ra: true,
      rcode: 2,
      edns: { ...opt(1232, false), options: [{ code: 15, data: fromHex('0006626f677573') }] },
    }),
    wire: `0004 8182 0001 0000 0000 0001
      076578616d706c65 03636f6d 00 0041 0001
      00 0029 04d0 00 00 0000 000b 000f 0007 0006 626f677573`,
  },
  {
    title: 'BADVERS: the upper 8 bits of rcode 16 stand in OPT',
    message: reply(refused, { rcode: 16 }),
    wire: `0004 8100 0001 0000 0000 0001
      076578616d706c65 03636f6d 00 0041 0001
      00 0029 04d0 01 00 0000 0000`,
  },
]
