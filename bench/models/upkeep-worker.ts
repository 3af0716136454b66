/** A thread of the gossip benchmark: one size per message. */
import { parentPort } from 'node:worker_threads'
import { type UpkeepTask, upkeep } from './upkeep.ts'

parentPort?.on('message', (task: UpkeepTask) => parentPort?.postMessage(upkeep(task)))
