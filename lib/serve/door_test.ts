import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { UsageError } from "../model/errors.ts";
import { Door, type DoorOptions } from "./door.ts";
import { digestOf, parseTokens, type Verb } from "./token_file.ts";

const NOW = Date.parse("2026-06-01T00:00:00Z");

/** A line for the token `name`, with these claims. */
const line = (name: string, claims: Record<string, unknown> = {}) =>
  JSON.stringify({ kid: "k", jti: name, ...claims, sha256: digestOf(name).toHex() });

function door(lines: readonly string[], part: Partial<DoorOptions> = {}) {
  const clock = { ms: 0 };
  const made = new Door({
    tokens: parseTokens(lines.join("\n"), "tokens"),
    namespace: "prod",
    region: "eu",
    nowMs: () => NOW + clock.ms,
    clockMs: () => clock.ms,
    ...part,
  });
  const status = (token: string, verb: Verb = "read") => made.admit(`Bearer ${token}`, verb).refusal?.status ?? 200;
  return { made, status, clock };
}

Deno.test("a token file: what is a line, and what is refused without repeating it", () => {
  const text = `# comment\n\n  plain-token  \n${
    line("a", { verbs: ["admin"], ns: "*", max_bytes: 5, nbf: 1, exp: 2e9 })
  }\n`;
  const [plain, hashed] = parseTokens(text, "f");
  assertEquals([plain!.verbs, plain!.bare, plain!.ns, plain!.maxBytes], [["ingest", "read"], true, "", Infinity]);
  assertEquals(plain!.kid, digestOf("plain-token").toHex().slice(0, 8));
  assertEquals([hashed!.verbs, hashed!.ns, hashed!.maxBytes, hashed!.notAfterMs], [["admin"], "", 5, 2e12]);
  const rows: [string, string][] = [
    ["two words s3cret", "line 1 is neither a token"],
    ['{"s3cret', "begins like a JSON object"],
    ['{"kid":"s3cret"}', "has no sha256"],
    [line("a", { max_byte: 1 }), "has a claim that is not known: max_byte"],
    [line("a", { verbs: ["write"] }), "has verbs that are no list of ingest, read, admin"],
    [line("a", { qps: 0 }), "has a qps that is no positive number"],
    [line("a", { not_after: "tomorrow" }), "has a not_after that is neither"],
    [line("a", { exp: 1.8e12 }), "has a exp that is neither"],
    [line("a", { nbf: -1 }), "has a nbf that is neither"],
    [line("a", { exp: 1, not_after: 2 }), "has both not_after and exp"],
    [line("a", { revoked: 1 }), "has a revoked that is neither"],
    [`a\n${line("a")}`, "line 2 holds the token of line 1 again"],
  ];
  for (const [file, message] of rows) {
    let error: unknown;
    try {
      parseTokens(file, "f");
    } catch (thrown) {
      error = thrown;
    }
    assert(error instanceof UsageError, file);
    assertStringIncludes(error.message, message);
    assert(!error.message.includes("s3cret"), error.message);
  }
});

Deno.test("who is let in, and the status of who is not", () => {
  const { status, made } = door([
    "plain",
    line("all", { verbs: ["ingest", "read", "admin"] }),
    line("reader", { verbs: ["read"] }),
    line("ours", { ns: "prod", verbs: ["read", "admin"] }),
    line("theirs", { ns: "dev" }),
    line("here", { region: "eu" }),
    line("there", { region: "us" }),
    line("old", { not_after: "2026-05-31T23:59:59Z" }),
    line("early", { not_before: "2026-06-01T00:00:01Z" }),
    line("gone", { revoked: true }),
  ]);
  const rows: [string, Verb, number][] = [
    ["plain", "ingest", 200],
    ["plain", "read", 200],
    ["plain", "admin", 403],
    ["all", "admin", 200],
    ["reader", "ingest", 403],
    ["ours", "admin", 200],
    ["theirs", "read", 403],
    ["here", "read", 200],
    ["there", "read", 451],
    ["old", "read", 401],
    ["early", "read", 401],
    ["gone", "read", 401],
    ["unknown", "read", 401],
  ];
  for (const [token, verb, expected] of rows) assertEquals(status(token, verb), expected, `${token} ${verb}`);
  for (const header of [undefined, "", "Bearer", "Bearer ", "Basic plain", "plain", "Bearer plain extra"]) {
    assertEquals(made.admit(header, "read").refusal?.status, 401, header);
  }
  assertEquals(made.admit("bearer  plain ", "read").refusal, undefined);
  assertEquals(Object.fromEntries(made.refused), { 401: 11, 403: 3, 451: 1 });
  assertEquals(door([line("here", { region: "eu" })], { region: "" }).status("here"), 451);
  const everybody = door([line("one", { ns: "dev", verbs: ["read", "admin"] })], { namespace: "" });
  assertEquals([everybody.status("one"), everybody.status("one", "admin")], [200, 403]);
});

Deno.test("so many requests a second, and when to come again; a file read anew fills no bucket", () => {
  const lines = [line("slow", { qps: 2 }), line("rare", { qps: 0.1 })];
  const { made, status, clock } = door(lines);
  assertEquals([1, 2, 3].map(() => status("slow")), [200, 200, 429]);
  assertEquals(made.admit("Bearer slow", "read").refusal?.retryAfterS, 1);
  assertEquals([status("rare"), made.admit("Bearer rare", "read").refusal?.retryAfterS], [200, 10]);
  made.replace(parseTokens(lines.join("\n"), "f"));
  assertEquals(status("slow"), 429);
  clock.ms = 500;
  assertEquals([status("slow"), status("slow")], [200, 429]);
  clock.ms = 60_000;
  assertEquals([1, 2, 3].map(() => status("slow")), [200, 200, 429], "a second's worth at most");
});

Deno.test("two keys at once; who is in goes on only as long as the token is good", () => {
  const { made, status, clock } = door([line("old", { kid: "k1" })]);
  const { caller } = made.admit("Bearer old", "read");
  made.replace(parseTokens(`${line("old", { kid: "k1", exp: NOW / 1000 + 5 })}\n${line("new", { kid: "k2" })}`, "f"));
  assertEquals([status("old"), status("new"), caller!.isGood()], [200, 200, true]);
  clock.ms = 5_000;
  assertEquals([status("old"), caller!.isGood()], [401, false]);
  clock.ms = 0;
  assertEquals(caller!.isGood(), true);
  made.replace(parseTokens(line("new", { kid: "k2" }), "f"));
  assertEquals(caller!.isGood(), false);
  for (const claims of [{ verbs: ["ingest"] }, { ns: "prod" }, { ns: "dev" }, { region: "us" }, { revoked: true }]) {
    made.replace(parseTokens(line("old", claims), "f"));
    assertEquals(caller!.isGood(), false, `it was let in without ${JSON.stringify(claims)}`);
  }
  made.replace(parseTokens(line("old", { qps: 1, max_bytes: 1 }), "f"));
  assertEquals(caller!.isGood(), true);
});
