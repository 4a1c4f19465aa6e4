import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { IoError, UsageError } from "../model/errors.ts";
import { Door } from "../serve/door.ts";
import { readTokens } from "../serve/token_watch.ts";
import { fakeIo } from "../testing/fake_io.ts";
import { listTokens, type MakeOptions, makeToken, revokeTokens } from "./token.ts";

const NONE: Omit<MakeOptions, "tokenFile" | "out"> = {
  kid: undefined,
  jti: undefined,
  ns: undefined,
  verbs: [],
  maxBytes: undefined,
  qps: undefined,
  region: undefined,
  forMs: undefined,
};

Deno.test("sloctl token: made, listed, revoked; what is secret stands in its own file and nowhere else", async () => {
  const folder = await Deno.makeTempDir({ prefix: "sloctl-token-" });
  try {
    const [tokenFile, out] = [`${folder}/tokens`, `${folder}/agent.token`];
    const io = fakeIo();
    const claims = { kid: "k1", jti: "agent", ns: "prod", verbs: ["ingest"], qps: 5, forMs: 3_600_000 };
    assertEquals(makeToken({ ...NONE, ...claims, tokenFile, out }, io), 0);
    const token = Deno.readTextFileSync(out).trim();
    assertEquals([Deno.statSync(out).mode! & 0o777, Deno.statSync(tokenFile).mode! & 0o777], [0o600, 0o600]);
    assertEquals(Uint8Array.fromBase64(token, { alphabet: "base64url" }).length, 32);
    assertEquals(makeToken({ ...NONE, kid: "k2", tokenFile, out: "-" }, io), 0);
    const second = io.stdout.trim();
    Deno.writeTextFileSync(tokenFile, "a-bare-one\n", { append: true });
    const clockMs = () => 0;
    const admits = (presented: string, verb: "ingest" | "read") =>
      new Door({ tokens: readTokens(tokenFile).tokens, namespace: "", region: "", nowMs: Date.now, clockMs })
        .admit(`Bearer ${presented}`, verb).refusal?.status ?? 200;
    assertEquals([admits(token, "ingest"), admits(token, "read"), admits(second, "read")], [200, 403, 200]);
    const listed = fakeIo();
    listTokens({ tokenFile, json: false }, listed);
    listTokens({ tokenFile, json: true }, listed);
    for (const word of ["agent", "k1", "prod", "5/s", "good"]) assertStringIncludes(listed.stdout, word);
    revokeTokens({ tokenFile, jti: undefined, kid: "k1" }, io);
    revokeTokens({ tokenFile, jti: readTokens(tokenFile).tokens[2]!.jti, kid: undefined }, io);
    assertEquals([admits(token, "ingest"), admits(second, "read"), admits("a-bare-one", "read")], [401, 200, 401]);
    assert(!Deno.readTextFileSync(tokenFile).includes("a-bare-one"), "it stands there as its digest now");
    for (const secret of [token, second, "a-bare-one"]) {
      assert(!io.stderr.includes(secret) && !listed.stdout.includes(secret));
      assert(!Deno.readTextFileSync(tokenFile).includes(secret));
    }
    assertThrows(() => makeToken({ ...NONE, tokenFile, out }, io), IoError, "it is there already");
    assertThrows(() => makeToken({ ...NONE, tokenFile, out: undefined }, io), UsageError, "where it goes");
    assertThrows(() => makeToken({ ...NONE, verbs: ["write"], tokenFile, out: "-" }, io), UsageError, "no such verb");
    assertThrows(() => revokeTokens({ tokenFile, jti: "none", kid: undefined }, io), IoError, "no such token");
    assertEquals(readTokens(tokenFile).tokens.length, 3);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
