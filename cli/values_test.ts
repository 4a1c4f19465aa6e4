import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../lib/model/errors.ts";
import type { Flag } from "./command.ts";
import { durationMs, flagValue } from "./values.ts";

Deno.test("durationMs", () => {
  const table: [string, number | null][] = [
    ["500ms", 500],
    ["20s", 20_000],
    ["1m30s", 90_000],
    ["1.5h", 5_400_000],
    ["0", 0],
    ["20", null],
    ["", null],
    ["-5s", null],
    ["5 s", null],
    ["1d", null],
  ];
  for (const [text, expected] of table) assertEquals(durationMs(text), expected, text);
});

Deno.test("flagValue reads each type", () => {
  const table: [Partial<Flag>, string, unknown][] = [
    [{ type: "boolean" }, "true", true],
    [{ type: "boolean" }, "false", false],
    [{ type: "integer" }, "-5", -5],
    [{ type: "number" }, "2.5e3", 2500],
    [{ type: "duration" }, "5m", 300_000],
    [{ type: "list" }, "a, b,,c", ["a", "b", "c"]],
    [{ type: "list" }, "", []],
    [{ type: "string" }, "", ""],
    [{ type: "string", values: ["text", "json"] }, "json", "json"],
  ];
  for (const [flag, text, expected] of table) {
    assertEquals(flagValue({ name: "x", help: "", type: "string", ...flag }, text), expected as never, text);
  }
});

Deno.test("flagValue refuses with the flag, the text and a hint", () => {
  const table: [Partial<Flag>, string][] = [
    [{ type: "boolean" }, "yes"],
    [{ type: "integer" }, "1.5"],
    [{ type: "integer" }, ""],
    [{ type: "integer" }, "99999999999999999999"],
    [{ type: "number" }, "NaN"],
    [{ type: "number" }, " "],
    [{ type: "duration" }, "20"],
    [{ type: "string", values: ["text", "json"] }, "jsn"],
    [{ type: "list", values: ["slo", "probe"] }, "slo,prob"],
  ];
  for (const [flag, text] of table) {
    const error = assertThrows(
      () => flagValue({ name: "x", help: "", type: "string", ...flag }, text),
      UsageError,
      'Cannot use "--x ',
    );
    assertEquals(typeof error.hint, "string");
  }
});
