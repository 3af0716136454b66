export { type AdjustableLog, createLog } from './log.ts'
export { acts, isLoopbackHost, looksUp, reads, STATUS_HEADER, type StatusRoute } from './status-door.ts'
export { createStatusServer, type StatusServer } from './status-server.ts'
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
