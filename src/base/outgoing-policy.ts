import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

/** Which addresses the hub's own requests may reach. */
export interface OutgoingPolicy {
  /** Whether loopback, private and other special addresses may be reached. */
  readonly allowPrivateAddresses: boolean
  readonly sslVerify: boolean
}

/** The settings that the policy follows. */
interface OutgoingSettings {
  /** Undefined if the setting is absent. */
  readonly allowPrivateAddresses: boolean | undefined
  readonly host: string
  readonly siteUrl: string
  readonly sslVerify: boolean
}

/**
 * A hub on loopback may reach private addresses. A hub that other machines reach, directly or behind a proxy, may reach only the public internet,
 * unless the setting says otherwise.
 */
export function outgoingPolicy(config: OutgoingSettings): OutgoingPolicy {
  const isLocal = isLoopback(config.host) && isLoopback(new URL(config.siteUrl).hostname)
  return { allowPrivateAddresses: config.allowPrivateAddresses ?? isLocal, sslVerify: config.sslVerify }
}

/** Whether a host name or address is loopback. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '')
  return isIP(bare) === 0 ? /^(?:.+\.)?localhost\.?$/i.test(bare) : ipaddr.process(bare).range() === 'loopback'
}

/** Whether the policy allows a connection to this IP address. An invalid address is not allowed. */
export const isAllowed = (policy: OutgoingPolicy, address: string): boolean => policy.allowPrivateAddresses || isPublic(address)

/**
 * Whether an address belongs to the public internet. For IPv6 only global unicast (2000::/3) counts. Addresses that embed an IPv4 address in a
 * network's own way (IPv4-compatible, NAT64, 6to4, Teredo) never count. `::ffff:1.2.3.4` is the address 1.2.3.4.
 */
function isPublic(text: string): boolean {
  if (isIP(text) === 0) return false
  const address = ipaddr.process(text)
  if (address instanceof ipaddr.IPv6 && (address.parts[0] ?? 0) >> 13 !== 1) return false
  return address.range() === 'unicast'
}
