import { ASK_FLAGS, askTarget } from "./ask_flags.ts";
import type { Command, Flag, Input } from "./command.ts";

const STORE: Flag = {
  name: "store",
  type: "string",
  placeholder: "DIR",
  help: "the folder that was given to collector --store",
};
const JSON_FLAG: Flag = { name: "json", type: "boolean", help: "print one JSON document" };

const snapshot: Command = {
  name: "snapshot",
  summary: "copy a store as it is now into its snapshots/, also while a collector writes it",
  description: "With --url a running collector does it in its own folder; that takes a token with the verb admin.",
  examples: [
    {
      command: "sloctl store snapshot --store /var/lib/sloctl",
      text: "prints the file, its last sequence and digest",
    },
    {
      command: "sloctl store snapshot --url https://collector:4318 --ca-file ca.pem --bearer-token-file root.token",
      text: "the same from elsewhere",
    },
  ],
  flags: [STORE, ...ASK_FLAGS.filter(({ name }) => name !== "store"), JSON_FLAG],
  permissions: ["read", "write", "net", "env"],
  run: async (input, io) => {
    const { snapshotRemote, snapshotStore } = await import("../lib/run/store.ts");
    if (input.string("url") !== undefined) return await snapshotRemote(askTarget(input, io), input.boolean("json"), io);
    return await snapshotStore(await needed(input, "store"), input.boolean("json"), io);
  },
};

const trim: Command = {
  name: "trim",
  summary: "remove what was committed before a sequence or a time",
  description:
    "In whole chunks: of the chunk that the point falls into everything stays. A running collector does it by itself (--retain-age, " +
    "--retain-mb); this one is refused while it runs.",
  examples: [{
    command: "sloctl store trim --store /var/lib/sloctl --before 2026-01-31T00:00:00Z",
    text: "keep February",
  }],
  flags: [
    STORE,
    {
      name: "before",
      type: "string",
      placeholder: "POINT",
      help: "the first to keep: a sequence, or a time (RFC 3339)",
    },
    JSON_FLAG,
  ],
  permissions: ["read", "write"],
  run: async (input, io) => {
    const { trimStore } = await import("../lib/run/store.ts");
    return trimStore(await needed(input, "store"), await needed(input, "before"), input.boolean("json"), io);
  },
};

const restore: Command = {
  name: "restore",
  summary: "make a store as it was at a sequence or a time, in another folder",
  description:
    "From the store itself, or from a snapshot and what the store holds behind it; the store is only read. What was made is verified.",
  examples: [
    {
      command: "sloctl store restore --store /var/lib/sloctl --at 120000 --to restored",
      text: "as it was after entry 120000",
    },
    {
      command: "sloctl store restore --store /var/lib/sloctl --at 2026-01-31T12:00:00Z --to restored",
      text: "as it was at noon",
    },
  ],
  flags: [
    STORE,
    { name: "at", type: "string", placeholder: "POINT", help: "the last to have: a sequence, or a time (RFC 3339)" },
    { name: "to", type: "string", placeholder: "DIR", help: "a folder that is empty or not there" },
    {
      name: "from",
      type: "string",
      placeholder: "FILE",
      help: "the snapshot to begin with, instead of what reaches back furthest",
    },
    JSON_FLAG,
  ],
  permissions: ["read", "write"],
  run: async (input, io) => {
    const { restoreStore } = await import("../lib/run/store.ts");
    return await restoreStore({
      dir: await needed(input, "store"),
      at: await needed(input, "at"),
      to: await needed(input, "to"),
      from: input.string("from"),
      json: input.boolean("json"),
    }, io);
  },
};

const diff: Command = {
  name: "diff",
  summary: "what one store or snapshot holds and another does not; exit code 1 when they differ",
  examples: [{
    command: "sloctl store diff /var/lib/sloctl restored",
    text: "the sequences that are only in one of them",
  }],
  flags: [JSON_FLAG],
  positionals: { name: "PATH", help: "folders of stores, or files of snapshots", min: 2, max: 2 },
  permissions: ["read", "write"],
  run: async (input, io) => {
    const { diffStores } = await import("../lib/run/store.ts");
    return diffStores(input.positionals[0]!, input.positionals[1]!, input.boolean("json"), io);
  },
};

const verify: Command = {
  name: "verify",
  summary: "is a store, with its snapshots, what was written; exit code 5 when not",
  description:
    "Reads every page and every entry: the sequence has no gap, each chunk has its sum, each digest follows from the one before.",
  examples: [{ command: "sloctl store verify --store /var/lib/sloctl", text: "its last sequence and digest, too" }],
  flags: [STORE, JSON_FLAG],
  permissions: ["read", "write"],
  run: async (input, io) => {
    const { verifyStore } = await import("../lib/run/store.ts");
    return verifyStore(await needed(input, "store"), input.boolean("json"), io);
  },
};

export const command: Command = {
  name: "store",
  summary: "look after the folder of collector --store",
  examples: [{ command: "sloctl store verify --store /var/lib/sloctl", text: "is it what was written?" }],
  flags: [],
  subcommands: [snapshot, trim, restore, diff, verify],
};

/** @throws UsageError where the flag was not given */
async function needed(input: Input, flag: string): Promise<string> {
  const value = input.string(flag);
  if (value !== undefined && value !== "") return value;
  const { UsageError } = await import("../lib/model/errors.ts");
  throw new UsageError(`Cannot go on: --${flag} is missing`, `Add --${flag}`);
}
