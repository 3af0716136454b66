/** `npm run bench -- chains`: all replicas killed at once under load, again and again; their chains must hold. */
import { runChainKills } from '../test/interop/scenes/chains.ts'
import { type Benchmark, numberOption, target } from './lib/types.ts'

export const benchmark: Benchmark = {
  summary: 'SIGKILL of all replicas at random moments under load: chains that do not hold, votes that contradict',
  options: {
    kills: { type: 'string', help: 'how many', default: '100' },
    seed: { type: 'string', help: 'of the moments and names', default: '1' },
  },
  namespace: false,
  programs: [],
  async run(values, say) {
    const stop = new AbortController()
    const interrupt = () => stop.abort()
    process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
    const result = await runChainKills({
      signal: stop.signal,
      kills: numberOption(values, 'kills'),
      seed: numberOption(values, 'seed'),
      say,
    })
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
    const { kills, faults, contradictions, evidence, wentOn } = result
    return {
      tables: [
        {
          title: `4 replicas killed ${kills} times, ${result.questions} questions asked meanwhile`,
          columns: ['checks', 'chains', 'blocks', 'transactions', 'certificates', 'heights cut off', 'went on after'],
          rows: [
            [
              result.verified,
              result.chains,
              result.blocks,
              result.transactions,
              result.certificates,
              result.unfinished,
              wentOn,
            ],
          ],
        },
      ],
      targets: [
        target('faults that `chain verify` found', faults.length, 0),
        target('blocks or votes that contradict each other', contradictions.length, 0),
        target('validators accused', evidence, 0),
        target('kills after which nothing more was decided', kills - wentOn, 0),
      ],
      data: { ...result },
    }
  },
}
