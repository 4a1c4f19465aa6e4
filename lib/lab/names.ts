/** What the lab makes on a machine, by name, so that any later run can find and remove it. */
import type { Role } from "./roles.ts";

/** Every name below starts with it. */
export const PREFIX = "sloctl";
export const HUB = `${PREFIX}-hub`;
/** The one interface the host gets. */
export const HOST_LINK = `${PREFIX}0`;
export const CGROUP = `${PREFIX}-lab`;
export const STATE_DIR = `/run/${PREFIX}`;
/** Certificates of a lab over TLS. */
export const TLS_DIR = `${STATE_DIR}/tls`;
/** Where `ip netns exec` looks for files to mount over /etc. */
export const NETNS_ETC = "/etc/netns";

export function netnsOf(role: Role): string {
  return `${PREFIX}-${role}`;
}
