/** Addresses to listen on, as they are typed. */
import { UsageError } from "../model/errors.ts";

export interface Address {
  readonly hostname: string;
  readonly port: number;
}

/** `host:port`, `[v6]:port` or `:port` for every address of this machine. @throws UsageError */
export function parseAddress(text: string, example: string): Address {
  const [, host, port] = /^(.*):(\d{1,5})$/.exec(text) ?? [];
  if (host === undefined || Number(port) > 65_535 || (host.includes(":") && !/^\[.*\]$/.test(host))) {
    throw new UsageError(`Cannot listen on "${text}": it is not HOST:PORT`, `Write ${example}`);
  }
  return { hostname: host === "" ? "0.0.0.0" : host.replace(/^\[(.*)\]$/, "$1"), port: Number(port) };
}

/** Only programs of this machine can reach it. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "::1" || /^127(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/.test(hostname);
}

/** @throws UsageError for plain text where others can listen in */
export function refuseOpen(text: string, { hostname }: Address, secured: boolean): void {
  if (secured || isLoopback(hostname)) return;
  throw new UsageError(
    `Cannot listen on "${text}": it is not loopback, and without TLS everybody on the way can read and write`,
    "Give --tls-cert and --tls-key, or --insecure-listen where the network itself is trusted",
  );
}
