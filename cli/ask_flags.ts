/** Flags of the commands that ask a collector. */
import type { Io } from "../lib/model/io.ts";
import type { Flag, Input } from "./command.ts";

export const ASK_FLAGS: readonly Flag[] = [
  {
    name: "url",
    type: "string",
    placeholder: "URL",
    help: "the collector to ask; also SLOCTL_URL; http://127.0.0.1:4318 without either",
  },
  {
    name: "bearer-token-file",
    type: "string",
    placeholder: "FILE",
    help: "a token for a collector that wants one (sloctl token make); also SLOCTL_BEARER_TOKEN_FILE",
  },
  {
    name: "ca-file",
    type: "string",
    placeholder: "FILE",
    help: "PEM file of authorities trusted beside the public ones",
  },
  {
    name: "cert-file",
    type: "string",
    placeholder: "FILE",
    help: "PEM file of your certificate, for a collector with --client-ca",
  },
  { name: "key-file", type: "string", placeholder: "FILE", help: "its key" },
  {
    name: "store",
    type: "string",
    placeholder: "DIR",
    help: "read the folder of collector --store instead, also while a collector writes it",
  },
];

export const JSON_FLAG: Flag = { name: "json", type: "boolean", help: "print one JSON document" };

/** Who is to be asked, and how: the flag before the environment. */
export function askTarget(input: Input, io: Pick<Io, "env">) {
  const store = input.string("store");
  const url = input.string("url") ?? (store === undefined ? io.env("SLOCTL_URL") || undefined : undefined);
  const bearerTokenFile = input.string("bearer-token-file") ?? (io.env("SLOCTL_BEARER_TOKEN_FILE") || undefined);
  const tls = {
    caFile: input.string("ca-file"),
    certFile: input.string("cert-file"),
    keyFile: input.string("key-file"),
  };
  return { url, store, bearerTokenFile, ...tls };
}
