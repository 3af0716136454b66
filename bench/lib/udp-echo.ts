/** The bound of UDP by sockets: batches come in and go out again with QR set. A process of its own, on the port that it is given. */
import { loadLibc } from '../../src/serve/fast/system/libc.ts'
import { openSocket } from '../../src/serve/fast/system/sockets.ts'
import { DatagramBatch } from '../../src/serve/fast/threads/batch.ts'

const [address = '127.0.0.1', port = '53'] = process.argv.slice(2)
const STRIDE = 1_600
const MOST = 64
const loaded = loadLibc()
if (loaded.libc === undefined) throw new Error(loaded.reason)
const { libc } = loaded
const { fd } = openSocket(libc, { address, port: Number(port) }, { bufferBytes: 4_194_304, isShared: false })
const batch = new DatagramBatch(libc, { most: MOST, stride: STRIDE, maxQuery: STRIDE })
const polled = new Int32Array(new ArrayBuffer(128))
polled.set([fd, 1])
const lengths = new Int32Array(MOST)
console.log('ready')
for (;;) {
  libc.poll(polled, 1, 1_000)
  for (let count = batch.receive(fd); count > 0; count = batch.receive(fd)) {
    for (let j = 0; j < count; j++) {
      batch.buffer[j * STRIDE + 2]! |= 0x80
      lengths[j] = batch.sizes[batch.sizesFrom + j * batch.sizesStep]!
    }
    batch.send(fd, 2, count, lengths)
  }
}
