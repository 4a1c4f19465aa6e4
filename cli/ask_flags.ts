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
    name: "store",
    type: "string",
    placeholder: "DIR",
    help: "read the folder of collector --store instead, also while a collector writes it",
  },
];

export const JSON_FLAG: Flag = { name: "json", type: "boolean", help: "print one JSON document" };

/** Who is to be asked: the flag before the environment. */
export function askTarget(input: Input, io: Pick<Io, "env">): { url: string | undefined; store: string | undefined } {
  const store = input.string("store");
  const url = input.string("url") ?? (store === undefined ? io.env("SLOCTL_URL") || undefined : undefined);
  return { url, store };
}
