import { describe } from 'vitest'
import { bulkCompliance } from '../../base/bulk.compliance.ts'
import { transportCompliance } from '../../base/transport.compliance.ts'
import { createLibp2pWorld } from './libp2p-world.ts'

describe('the transport over libp2p', () => {
  transportCompliance(async () => createLibp2pWorld())
  bulkCompliance(async () => createLibp2pWorld())
})
