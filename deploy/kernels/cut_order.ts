/** What is said between the host and the guest whose power will be cut, over the serial console. */

/** The guest has loaded its program and waits for one line, an order as JSON; it says so until that comes. */
export const CUT_READY = "guest: ready";
/** What the collector listens on inside. */
export const GUEST_PORT = 4318;

export interface CutOrder {
  readonly synchronous: "FULL" | "OFF";
  /** A folder; its disk is mounted at /data. */
  readonly store: string;
}

/** The collector in the guest, as a command line. */
export function cutArgv(store: string): string[] {
  return [
    ...["collector", "--listen", `0.0.0.0:${GUEST_PORT}`, "--insecure-listen", "--listen-grpc", "off"],
    ...["--store", store, "--output", "jsonl", "--output-path", "/dev/null"],
  ];
}
