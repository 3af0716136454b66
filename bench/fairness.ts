import type { Benchmark } from './lib/types.ts'
export const benchmark: Benchmark = {
  summary: 'later',
  namespace: false,
  programs: [],
  options: {},
  run: async () => {
    throw new Error('later')
  },
}
