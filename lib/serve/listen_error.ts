/** Why an address cannot be listened on, in our words. */
import { IoError, type SloctlError, UsageError } from "../model/errors.ts";

export function listenError(hostname: string, port: number, error: unknown): SloctlError {
  const what = `Cannot listen on "${hostname}:${port}"`;
  const { code, message } = error as { code?: string; message?: string };
  if (code === "EADDRINUSE") {
    return new IoError(`${what}: the port is in use`, "Stop the program that holds it, or choose another port");
  }
  if (error instanceof TypeError || error instanceof RangeError) {
    return new UsageError(`${what}: ${message}`, "Give a host name or address and a port from 0 to 65535");
  }
  return new IoError(`${what}: ${message ?? String(error)}`, "Choose an address of this machine and a port it may use");
}
