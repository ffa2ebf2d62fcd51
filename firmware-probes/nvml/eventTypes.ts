/** NVML event type of an XID; its event data is the XID. */
export const EVENT_XID = 0x8n
