/** What the port numbers of a connection say about its two ends. */
import type { ExchangeEvent } from "./kernel_event.ts";

/** Linux gives clients ports from here on (net.ipv4.ip_local_port_range); servers listen below. */
const EPHEMERAL = 32_768;
/** A shell's pauses are its user's. */
export const SSH = 22;

/**
 * False when the ports say the opposite of who asked: on SSH, SMTP or MySQL the server speaks first, and what looks like a
 * slow answer is somebody thinking.
 */
export function roleFitsPorts({ role, tuple }: ExchangeEvent): boolean {
  const [asker, answerer] = role === "client" ? [tuple.srcPort, tuple.dstPort] : [tuple.dstPort, tuple.srcPort];
  return !(asker < EPHEMERAL && answerer >= EPHEMERAL) && asker !== SSH && answerer !== SSH;
}
