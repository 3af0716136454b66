/** A machine of a LAN that answers for its own name by mDNS: `node mdns-machine.ts NAME ADDRESS INTERFACE-ADDRESS`. */
import { createSocket } from 'node:dgram'
import { argv, stdout } from 'node:process'
import { addressRdata, Class, decodeMessage, encodeMessage, nameToText } from '../../../src/dns/index.ts'

const [name = '', address = '', at = ''] = argv.slice(2)
const socket = createSocket({ type: 'udp4', reuseAddr: true })
socket.on('message', (bytes, from) => {
  const query = decodeMessage(new Uint8Array(bytes))
  const [question] = query.questions
  if (query.qr || question === undefined || nameToText(question.name) !== `${name}.`) return
  const { type, rdata } = addressRdata(address)
  if (question.type !== type) return
  const answers = [{ name: question.name, type, class: Class.IN | 0x8000, ttl: 120, rdata }]
  socket.send(encodeMessage({ ...query, qr: true, aa: true, answers }), from.port, from.address)
})
socket.bind(5353, () => {
  socket.addMembership('224.0.0.251', at)
  stdout.write('ready\n')
})
