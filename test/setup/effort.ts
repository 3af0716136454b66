/**
 * How much of a test that draws cases or grows worlds is done: some of it in `npm test`, all of it in `npm run test:long`, which runs every
 * file that imports this one. What is tested is the same: how often, and at which size, is not.
 */
const IS_LONG = process.env['CHORDNS_TEST_LONG'] === '1'

/** The first in `npm test`, the second in `npm run test:long`. */
export function effort<T>(some: T, all: T): T {
  return IS_LONG ? all : some
}
