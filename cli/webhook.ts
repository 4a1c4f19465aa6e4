import type { Command } from "./command.ts";
import { SPOOL_FLAG } from "./send_flags.ts";

const SPOOL = { ...SPOOL_FLAG, help: "the folder that the sending command was given as --spool" };

const failed: Command = {
  name: "failed",
  summary: "list the incidents that a webhook did not take, and why",
  examples: [{ command: "sloctl webhook failed --spool /var/spool/sloctl", text: "the oldest first" }],
  flags: [SPOOL, { name: "json", type: "boolean", help: "one JSON document a line, the whole incident in it" }],
  permissions: ["read"],
  run: async (input, io) => {
    const { listDeadLetters } = await import("../lib/run/webhook_letters.ts");
    return await listDeadLetters(input.string("spool"), input.boolean("json"), io);
  },
};

const resend: Command = {
  name: "resend",
  summary: "let incidents that a webhook did not take wait again, for the next start of the sender",
  examples: [
    { command: "sloctl webhook resend --spool /var/spool/sloctl inc-20260101000030", text: "one of them" },
    { command: "sloctl webhook resend --spool /var/spool/sloctl", text: "all of them" },
  ],
  flags: [SPOOL],
  positionals: {
    name: "KEY",
    help: "incidents, by the keys that `webhook failed` lists; none: all",
    min: 0,
    max: 1000,
  },
  permissions: ["read", "write"],
  run: async (input, io) => {
    const { reviveDeadLetters } = await import("../lib/run/webhook_letters.ts");
    return await reviveDeadLetters(input.string("spool"), input.positionals, io);
  },
};

export const command: Command = {
  name: "webhook",
  summary: "the incidents that a webhook did not take",
  examples: [{ command: "sloctl webhook failed --spool /var/spool/sloctl", text: "which, when and why" }],
  flags: [],
  subcommands: [failed, resend],
};
