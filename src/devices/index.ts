/** The devices of the local network. `types.ts` says what there is to know of one, and how it is looked up. */
export { DEVICE_SOURCES, type Device, type DeviceLookup, type DeviceSource } from './types.ts'
