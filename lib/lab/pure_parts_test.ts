import { assert, assertEquals, assertThrows } from "@std/assert";
import { errorCode, httpStatus } from "./error_code.ts";
import { Lru } from "./lru.ts";
import { OpenAiError } from "./openai_error.ts";
import { retryAfterMs } from "./retry_after.ts";
import { serviceEnv } from "./service.ts";
import { parseThrottle, Throttle } from "./throttle.ts";
import { isTraceId, w3cTraceId } from "./trace_id.ts";

Deno.test("errorCode and httpStatus: a callee's refusal in the gateway's words", () => {
  const rows: [number, string, number][] = [
    [400, "VALIDATION_ERROR", 400],
    [404, "VALIDATION_ERROR", 404],
    [408, "TIMEOUT", 504],
    [413, "VALIDATION_ERROR", 413],
    [429, "RATE_LIMITED", 429],
    [500, "INTERNAL_ERROR", 500],
    [501, "INTERNAL_ERROR", 500],
    [502, "BAD_GATEWAY", 502],
    [503, "BAD_GATEWAY", 502],
    [504, "TIMEOUT", 504],
  ];
  for (const [status, code, answer] of rows) {
    assertEquals([errorCode(status), httpStatus(errorCode(status), status)], [code, answer], `${status}`);
  }
});

Deno.test("retryAfterMs reads seconds and dates", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  const rows: [string | null, number | null][] = [
    [null, null],
    ["", null],
    ["0", 0],
    ["2", 2000],
    [" 1.5 ", 1500],
    ["-1", null],
    ["soon", null],
    ["Thu, 01 Jan 2026 00:00:03 GMT", 3000],
    ["Wed, 31 Dec 2025 00:00:00 GMT", 0],
  ];
  for (const [value, ms] of rows) assertEquals(retryAfterMs(value, now), ms, `${value}`);
});

Deno.test("Lru forgets what was not asked for longest", () => {
  const lru = new Lru<number>(2);
  lru.set("a", 1);
  lru.set("b", 2);
  assertEquals(lru.get("a"), 1);
  lru.set("c", 3);
  assertEquals([lru.get("a"), lru.get("b"), lru.get("c")], [1, undefined, 3]);
});

Deno.test("isTraceId and w3cTraceId", () => {
  const hex = "0AF7651916CD43DD8448EB211C80319C";
  const rows: [unknown, boolean, string | undefined][] = [
    [hex, true, hex.toLowerCase()],
    ["0".repeat(32), true, undefined],
    ["run-7/a", true, undefined],
    ["x".repeat(128), true, undefined],
    ["x".repeat(129), false, undefined],
    ["", false, undefined],
    ["a b", false, undefined],
    ["a\r\nb", false, undefined],
    [7, false, undefined],
  ];
  for (const [id, usable, w3c] of rows) assertEquals([isTraceId(id), w3cTraceId(String(id))], [usable, w3c], `${id}`);
});

Deno.test("Throttle refuses its share, the same one for the same seed", () => {
  const refusals = (share: number) => {
    const throttle = new Throttle(7);
    throttle.set({ share, pace_factor: 1, retry_after_s: 1 });
    return Array.from({ length: 400 }, () => {
      try {
        throttle.admit();
        return 0;
      } catch (error) {
        assert(error instanceof OpenAiError && error.status === 429 && error.headers["retry-after"] === "1");
        return 1;
      }
    }).join("");
  };
  assertEquals([refusals(0), refusals(1)], ["0".repeat(400), "1".repeat(400)]);
  const ones = refusals(0.3).replaceAll("0", "").length;
  assert(ones > 90 && ones < 150, `${ones} of 400`);
  assertEquals(refusals(0.3), refusals(0.3));
});

Deno.test("parseThrottle names the key that is out of range", () => {
  const good = { share: 0.5, pace_factor: 4, retry_after_s: 1 };
  assertEquals(parseThrottle(good), good);
  for (const bad of [{ share: 1.1 }, { pace_factor: 0 }, { retry_after_s: 0.5 }, { share: "1" }]) {
    assertThrows(() => parseThrottle({ ...good, ...bad }), OpenAiError, Object.keys(bad)[0]);
  }
  assertThrows(() => parseThrottle(null), OpenAiError);
});

Deno.test("serviceEnv leaves out what would change a service", () => {
  const env = { PATH: "/bin", http_proxy: "x", HTTPS_PROXY: "x", OTEL_X: "x", SSL_CERT_FILE: "x", DENO_CERT: "x" };
  assertEquals(serviceEnv(env), { PATH: "/bin" });
});
