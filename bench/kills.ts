/** `npm run bench -- kills`: SIGKILL at random moments under load; what was acknowledged must be there afterwards. */
import { runKills } from '../test/interop/scenes/kills.ts'
import { quantile } from './lib/stats.ts'
import { type Benchmark, numberOption, target } from './lib/types.ts'

export const benchmark: Benchmark = {
  summary: 'SIGKILL at random moments under load: entries lost, files damaged, time to ready',
  options: {
    kills: { type: 'string', help: 'how many', default: '100' },
    peers: { type: 'string', help: 'processes', default: '4' },
    seed: { type: 'string', help: 'of the moments and victims', default: '1' },
  },
  namespace: false,
  programs: [],
  async run(values, say) {
    // What was started must not outlive an interrupted run; what was measured so far is still told.
    const stop = new AbortController()
    const interrupt = () => stop.abort()
    process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
    const result = await runKills({
      signal: stop.signal,
      kills: numberOption(values, 'kills'),
      peers: numberOption(values, 'peers'),
      seed: numberOption(values, 'seed'),
      say,
    })
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
    const times = (name: string, ms: readonly number[]) => [
      name,
      quantile(ms, 0.5).toFixed(0),
      quantile(ms, 0.99).toFixed(0),
      Math.max(...ms).toFixed(0),
    ]
    return {
      tables: [
        {
          title: `${result.kills} peers killed, ${result.questions} questions asked meanwhile`,
          columns: ['', 'p50 ms', 'p99 ms', 'longest ms'],
          rows: [
            times('restart to ready', result.readyMs),
            times('restart to all that was acknowledged', result.wholeMs),
          ],
        },
        {
          title: 'what came of them',
          columns: ['entries acknowledged', 'from own disk', 'lost', 'files damaged', 'questions that failed'],
          rows: [[result.acknowledged, result.restored, result.lost.length, result.damaged.length, result.failed]],
        },
      ],
      targets: [
        target('acknowledged entries lost', result.lost.length, 0),
        target('files damaged', result.damaged.length, 0),
        target('questions to a running peer that failed', result.failed, 0),
      ],
      data: { ...result },
    }
  },
}
