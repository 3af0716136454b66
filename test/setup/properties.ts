/**
 * The seed of all property tests: the same one in each run, so that a run fails for what changed and not for what it drew.
 * Draw afresh with `PROPERTY_SEED=random npm test`; a case that fails then becomes a test of its own.
 */
import fc from 'fast-check'

const FIXED = 2026

const asked = process.env['PROPERTY_SEED'] ?? String(FIXED)
if (asked !== 'random' && !/^-?\d{1,10}$/.test(asked))
  throw new RangeError(`PROPERTY_SEED is ${JSON.stringify(asked)}: give an integer, or random`)
fc.configureGlobal(asked === 'random' ? {} : { seed: Number(asked) })
