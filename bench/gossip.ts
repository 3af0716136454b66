/**
 * What the member table costs and how fast it learns: the upkeep of members that come and go in virtual time, and the same
 * events on real libp2p nodes, told by our own gossip and by gossipsub.
 */
import { type Benchmark, type BenchResult, type Cell, numberOption, numbersOption } from './lib/types.ts'
import { inWorkers } from './lib/workers.ts'
import { MEAN_DELAY_MS, RING, type UpkeepResult, type UpkeepTask } from './models/upkeep.ts'
import { type RealSpread, ROW_BYTES, realSpread } from './real/spread.ts'

/** Virtual seconds a measurement: as many node-seconds whatever the size. */
const NODE_SECONDS = 90_000

export const benchmark: Benchmark = {
  summary: 'bytes that keep the member table, and how fast all members know of an event; beside gossipsub',
  namespace: true,
  programs: [],
  options: {
    sizes: { type: 'string', help: 'members of the rings in virtual time', default: '100,300,1000' },
    hours: { type: 'string', help: 'mean sessions', default: '3,24' },
    events: { type: 'string', help: 'joins, leaves and deaths that are watched, each', default: '20' },
    'real-size': { type: 'string', help: 'real libp2p nodes; 0 to leave them out', default: '20' },
    'real-events': { type: 'string', help: 'events on real nodes', default: '12' },
    'node-seconds': {
      type: 'string',
      help: 'virtual seconds of a measurement times members',
      default: `${NODE_SECONDS}`,
    },
    seed: { type: 'string', help: 'seed of everything in virtual time', default: '1' },
  },
  async run(values, say) {
    const sizes = numbersOption(values, 'sizes')
    if (sizes.some((n) => n < 4)) throw new RangeError('--sizes must be at least 4')
    const nodeSeconds = numberOption(values, 'node-seconds')
    const tasks: UpkeepTask[] = sizes.map((n) => ({
      n,
      seed: numberOption(values, 'seed'),
      seconds: Math.max(10, Math.round(nodeSeconds / n)),
      sessionHours: numbersOption(values, 'hours'),
      events: Math.max(1, numberOption(values, 'events')),
    }))
    const size = numberOption(values, 'real-size')
    const events = Math.max(2, numberOption(values, 'real-events'))
    const real: RealSpread[] = []
    if (size > 0) {
      for (const how of ['own gossip', 'gossipsub'] as const) {
        real.push(await realSpread(how, size, events, 20, say))
        say(JSON.stringify(real.at(-1)))
      }
    }
    const worker = new URL('./models/upkeep-worker.ts', import.meta.url)
    const done = await inWorkers<UpkeepTask, UpkeepResult>(worker, tasks, 2, ({ upkeep }) => {
      for (const row of upkeep) say(JSON.stringify(row))
    })
    return summarise(done, real, tasks)
  },
}

function summarise(
  done: readonly UpkeepResult[],
  real: readonly RealSpread[],
  tasks: readonly UpkeepTask[],
): BenchResult {
  const upkeep = done.flatMap((one) => one.upkeep)
  const spread = done.flatMap((one) => one.spread)
  return {
    tables: [
      {
        title: 'bytes that a member sends per second in virtual time (messages of the ring)',
        columns: ['members', 'session h', 'seconds', 'joins', 'departures', 'bytes/s', 'messages/s'],
        rows: upkeep.map((row): Cell[] => [
          ...[row.n, row.sessionHours ?? 'nobody comes or goes', row.seconds, row.joins, row.departures],
          ...[row.bytesPerNodeSecond, row.messagesPerNodeSecond],
        ]),
      },
      {
        title: 'until others know of an event in virtual time, ms (medians), and its bytes a member',
        columns: ['members', 'event', 'events', '50 %', '98 %', '100 %', 'slowest', 'unfinished', 'bytes'],
        rows: spread.map((row): Cell[] => [
          ...[row.n, row.kind, row.events, row.half, row.most, row.all, row.slowest, row.unfinished, row.bytesPerNode],
        ]),
      },
      {
        title: 'real libp2p nodes: the same events; bytes on the wire, TCP and IP headers included',
        columns: ['how', 'nodes', 'events', '50 %', '98 %', '100 %', 'unfinished', 'bytes a node', 'idle bytes/s'],
        rows: real.map((row): Cell[] => [
          ...[row.how, row.n, row.events, row.half, row.most, row.all, row.unfinished],
          ...[row.bytesPerNodeEvent, row.idleBytesPerNodeSecond],
        ]),
      },
    ],
    targets: [],
    data: {
      tasks,
      ring: RING,
      meanDelayMs: MEAN_DELAY_MS,
      upkeep,
      spread,
      real,
      what: {
        upkeep: 'requests and replies of the ring, as they are encoded; frames, Noise and TCP come on top',
        spread: 'bytes beyond those of the idle ring, from the event to 10 s after everybody knew',
        real: `bytes that the loopback interface of a network namespace carried; gossipsub: messages of ${ROW_BYTES} random bytes, which stand for a signed row, on nodes that keep a ring as well: its own idle cost is the difference of the two idle rates`,
      },
    },
  }
}
