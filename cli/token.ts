import type { Command, Flag } from "./command.ts";

const TOKEN_FILE: Flag = {
  name: "token-file",
  type: "string",
  placeholder: "FILE",
  help: "the collector's file of tokens; a running collector follows it within a second",
};

const make: Command = {
  name: "make",
  summary: "make a token: its digest and claims go into the token file, the token itself to --out",
  description:
    "The token file is made if need be, readable by its owner alone. Without --verbs a token may ingest and read.",
  examples: [
    {
      command: "sloctl token make --token-file tokens --kid 2026-11 --verbs ingest --for 720h --out agent.token",
      text: "for an agent, good for thirty days",
    },
    {
      command: "sloctl token make --token-file tokens --ns prod --verbs read --qps 5 --out -",
      text: "reads one namespace, five requests a second; the token comes on standard output",
    },
  ],
  flags: [
    TOKEN_FILE,
    { name: "out", type: "string", placeholder: "FILE", help: "a new file for the token; - is standard output" },
    { name: "kid", type: "string", placeholder: "NAME", help: "name of the key, told by spans and audit lines" },
    {
      name: "jti",
      type: "string",
      placeholder: "NAME",
      help: "name of the token; without it the digest's first digits",
    },
    { name: "ns", type: "string", placeholder: "NAME", help: "good for this namespace only" },
    { name: "verbs", type: "list", placeholder: "VERB,...", help: "ingest, read, admin" },
    { name: "max-bytes", type: "integer", placeholder: "N", help: "largest request body, raw or inflated" },
    { name: "qps", type: "number", placeholder: "N", help: "requests a second" },
    { name: "region", type: "string", placeholder: "NAME", help: "good for collectors of this --region only" },
    { name: "for", type: "duration", placeholder: "TIME", help: "good for so long from now; until revoked without it" },
  ],
  permissions: ["read", "write"],
  run: async (input, io) => {
    const { makeToken } = await import("../lib/run/token.ts");
    return makeToken({
      tokenFile: input.string("token-file"),
      out: input.string("out"),
      kid: input.string("kid"),
      jti: input.string("jti"),
      ns: input.string("ns"),
      verbs: input.list("verbs"),
      maxBytes: input.number("max-bytes"),
      qps: input.number("qps"),
      region: input.string("region"),
      forMs: input.number("for"),
    }, io);
  },
};

const list: Command = {
  name: "list",
  summary: "what each token of a file may do, and whether it is still good",
  examples: [{ command: "sloctl token list --token-file tokens", text: "names and claims; nothing secret is shown" }],
  flags: [TOKEN_FILE, { name: "json", type: "boolean", help: "print one JSON document" }],
  permissions: ["read"],
  run: async (input, io) => {
    const { listTokens } = await import("../lib/run/token.ts");
    return listTokens({ tokenFile: input.string("token-file"), json: input.boolean("json") }, io);
  },
};

const revoke: Command = {
  name: "revoke",
  summary: "mark tokens as revoked; a running collector turns them away within a second",
  examples: [
    { command: "sloctl token revoke --token-file tokens --jti 1f0c2d3e4a5b", text: "one token" },
    { command: "sloctl token revoke --token-file tokens --kid 2026-10", text: "all of a key, once the new one is out" },
  ],
  flags: [
    TOKEN_FILE,
    { name: "jti", type: "string", placeholder: "NAME", help: "the token of this name" },
    { name: "kid", type: "string", placeholder: "NAME", help: "all tokens of this key" },
  ],
  permissions: ["read", "write"],
  run: async (input, io) => {
    const { revokeTokens } = await import("../lib/run/token.ts");
    return revokeTokens({
      tokenFile: input.string("token-file"),
      jti: input.string("jti"),
      kid: input.string("kid"),
    }, io);
  },
};

export const command: Command = {
  name: "token",
  summary: "who may write to and read from a collector: make, list and revoke tokens",
  examples: [{
    command: "sloctl token make --token-file tokens --out agent.token",
    text: "then sloctl collector --listen 127.0.0.1:4318 --token-file tokens",
  }],
  flags: [],
  subcommands: [make, list, revoke],
};
