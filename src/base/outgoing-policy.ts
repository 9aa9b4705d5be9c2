import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

/** Where the hub's own requests may go. */
export interface OutgoingPolicy {
  /** Whether loopback, private and other special addresses may be reached. */
  readonly allowPrivateAddresses: boolean
  readonly sslVerify: boolean
}

/** The settings that the policy follows. */
interface OutgoingSettings {
  /** Undefined where the setting says nothing. */
  readonly allowPrivateAddresses: boolean | undefined
  readonly host: string
  readonly siteUrl: string
  readonly sslVerify: boolean
}

/**
 * A developer's machine may reach itself and its neighbours; a hub that others reach, by its own address or behind a proxy, only the public internet,
 * unless the setting says otherwise.
 */
export function outgoingPolicy(config: OutgoingSettings): OutgoingPolicy {
  const isLocal = isLoopback(config.host) && isLoopback(new URL(config.siteUrl).hostname)
  return { allowPrivateAddresses: config.allowPrivateAddresses ?? isLocal, sslVerify: config.sslVerify }
}

/** Whether a host name or address means this very machine. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '')
  return isIP(bare) === 0 ? /^(?:.+\.)?localhost\.?$/i.test(bare) : ipaddr.process(bare).range() === 'loopback'
}

/** Whether the policy lets a connection go to this IP address. What is no address is not allowed. */
export const isAllowed = (policy: OutgoingPolicy, address: string): boolean => policy.allowPrivateAddresses || isPublic(address)

/**
 * Whether an address lies in the public internet. Of IPv6 only what is handed out there (2000::/3) counts: forms that lead to an IPv4 address in a
 * network's own way (IPv4-compatible, NAT64, 6to4, Teredo) do not, whatever that address is. `::ffff:1.2.3.4` is the address 1.2.3.4.
 */
function isPublic(text: string): boolean {
  if (isIP(text) === 0) return false
  const address = ipaddr.process(text)
  if (address instanceof ipaddr.IPv6 && (address.parts[0] ?? 0) >> 13 !== 1) return false
  return address.range() === 'unicast'
}
