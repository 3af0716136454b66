/** What the harness of blocks takes of the chain. */
export { changesBetween as changesOf } from '../../../src/chain/blocks/set-root.ts'
export {
  type Applied,
  type ConsensusView,
  signTransaction,
  type TransactionResult,
  type Validator,
} from '../../../src/chain/index.ts'
