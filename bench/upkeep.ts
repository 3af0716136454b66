/** What a member of a very large ring sends to keep its table, in virtual time: a few real members with the whole table each. */
import { type Benchmark, type Cell, numberOption, numbersOption, target } from './lib/types.ts'
import { type LargeRow, type LargeTask, largeRing, type Mix, RING } from './models/large-ring.ts'

const MIXES: readonly Mix[] = [
  { name: 'the same machines come and go, 1 of 20 without a word', returning: 0.95, leaving: 0.95 },
  { name: 'all who come are new, every second goes without a word', returning: 0, leaving: 0.5 },
]
/** Bits a second at 100,000 members and sessions of ten hours. */
const TARGET = 5_000

export const benchmark: Benchmark = {
  summary: 'bytes that keep the member table of up to 100,000 members with sessions of ten hours',
  namespace: false,
  programs: [],
  options: {
    sizes: { type: 'string', help: 'members', default: '1000,10000,100000' },
    real: { type: 'string', help: 'members that are step machines; of the others only the rows are', default: '32' },
    hours: { type: 'string', help: 'mean session', default: '10' },
    seconds: { type: 'string', help: 'virtual seconds measured', default: '600' },
    'warm-up': { type: 'string', help: 'virtual seconds before', default: '240' },
    mixes: { type: 'string', help: 'which of the two mixes of members', default: '1,2' },
    seed: { type: 'string', help: 'seed of everything', default: '1' },
  },
  async run(values, say) {
    const rows: LargeRow[] = []
    for (const n of numbersOption(values, 'sizes')) {
      for (const mix of numbersOption(values, 'mixes').map((which) => MIXES[which - 1]!)) {
        const task: LargeTask = {
          n,
          real: Math.min(numberOption(values, 'real'), Math.floor(n / 4)),
          seed: numberOption(values, 'seed'),
          warmUpSeconds: numberOption(values, 'warm-up'),
          seconds: numberOption(values, 'seconds'),
          sessionHours: numberOption(values, 'hours'),
          mix,
        }
        const began = performance.now()
        rows.push(largeRing(task))
        say(`${JSON.stringify(rows.at(-1))} in ${Math.round((performance.now() - began) / 1_000)} s`)
      }
    }
    const largest = rows.filter(({ mix }) => mix === MIXES[0]!.name).at(-1)
    return {
      tables: [
        {
          title: 'what a member sends to keep its table, in virtual time (messages of the ring, replies included)',
          columns: [
            'members',
            'who comes and goes',
            'changes/s',
            'bit/s',
            'exchanges',
            '50 %',
            '98 %',
            'last',
            'missed',
            'wrong',
          ],
          rows: rows.map((row): Cell[] => [
            ...[row.n, row.mix, row.changesPerSecond, row.bitsPerSecond, row.exchanges],
            ...[row.half, row.most, row.last, row.missed, row.wrongRows],
          ]),
        },
      ],
      targets: largest === undefined ? [] : [target(`bit/s a member of ${largest.n}`, largest.bitsPerSecond, TARGET)],
      data: { ring: RING, rows },
    }
  },
}
