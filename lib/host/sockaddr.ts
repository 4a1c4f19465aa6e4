/** An address as the kernel wants it: struct sockaddr_in and sockaddr_in6 of Linux. */

const AF_INET = 2;
const AF_INET6 = 10;

/** @param ip IPv4 in dots, or IPv6 without brackets and zone */
export function sockaddr(
  ip: string,
  port: number,
): { readonly family: number; readonly bytes: Uint8Array<ArrayBuffer> } {
  const v6 = ip.includes(":");
  const bytes = new Uint8Array(v6 ? 28 : 16);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, v6 ? AF_INET6 : AF_INET, true);
  view.setUint16(2, port);
  if (v6) groups(ip).forEach((group, i) => view.setUint16(8 + 2 * i, group));
  else bytes.set(ip.split(".").map(Number), 4);
  return { family: v6 ? AF_INET6 : AF_INET, bytes };
}

/** The eight groups of an IPv6 address; one that ends in dots counts these as two. */
function groups(ip: string): number[] {
  const text = ip.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) => {
    const hex = (high: string, low: string) => (Number(high) * 256 + Number(low)).toString(16);
    return `${hex(a, b)}:${hex(c, d)}`;
  });
  const [head = "", tail] = text.split("::");
  const parts = (side: string) => side === "" ? [] : side.split(":").map((group) => parseInt(group, 16));
  if (tail === undefined) return parts(head);
  const [before, after] = [parts(head), parts(tail)];
  return [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after];
}
