export { type AdjustableLog, createLog } from './log.ts'
export { createStatusServer, isLoopbackHost, type StatusRoute, type StatusServer } from './status-server.ts'
export {
  type ChunkView,
  chunkView,
  errorView,
  type LookupView,
  lookupView,
  type RingView,
  ringView,
  type StatusView,
  type StepView,
  statusView,
  stepView,
  type VerifyView,
  verifyView,
} from './views.ts'
