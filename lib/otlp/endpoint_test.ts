import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../model/errors.ts";
import { signalUrl } from "./endpoint.ts";

Deno.test("an endpoint is a base, the path of a signal, or a path as it stands", () => {
  const rows = [
    ["http://h:4318", "http://h:4318/v1/logs"],
    ["http://h:4318/", "http://h:4318/v1/logs"],
    ["https://h/otlp/", "https://h/otlp/v1/logs"],
    ["https://h/otlp/v1/traces", "https://h/otlp/v1/logs"],
    ["https://h/otlp/v1/logs", "https://h/otlp/v1/logs"],
    ["https://h/ingest", "https://h/ingest"],
    ["https://h/?key=1", "https://h/v1/logs?key=1"],
  ] as const;
  for (const [endpoint, url] of rows) assertEquals(signalUrl(endpoint, "logs"), url);
  for (const bad of ["localhost:4318", "grpc://h:4317", "/v1/traces", ""]) {
    assertThrows(() => signalUrl(bad, "traces"), UsageError);
  }
  const error = assertThrows(() => signalUrl("ftp://me:hush@h/?key=hush", "traces"), UsageError);
  assertEquals(error.message, 'Cannot send to "ftp://xxx@h/?xxx": it is no http URL');
});
