/** The settings for people and for scripts: value and origin of each, never a secret. Pure. */
import { table } from "../report/table.ts";
import type { Value } from "./fields.ts";
import type { Setting } from "./resolve.ts";

/** A table: setting, value, where it came from. Ends with a line break. */
export function configTable(settings: readonly Setting[], { color, width }: { color: boolean; width: number }): string {
  return table(
    [
      { title: "setting" },
      { title: "value", min: 12 },
      { title: "from", min: 12, paint: (text, paint) => text.startsWith("default") ? paint.dim(text) : text },
    ],
    settings.map((setting) => [setting.field.path, words(setting), origin(setting)]),
    { color, width },
  );
}

/** One document: {setting: {value, origin, from}}. A secret's value is null, with `set` saying whether there is one. */
export function configJson(settings: readonly Setting[]): Record<string, unknown> {
  return Object.fromEntries(settings.map(({ field, value, origin, from }) => [
    field.path,
    field.secret ? { value: null, set: value !== "", origin, from } : { value: shownValue(value), origin, from },
  ]));
}

function words({ field, value }: Setting): string {
  if (field.secret) return value === "" ? "not set" : "set, not shown";
  if (Array.isArray(value)) return value.length === 0 ? "all" : value.join(", ");
  return value === "" ? "not set" : String(shownValue(value));
}

/** A part of a path this long is a key, as in the addresses that chat systems give out for webhooks. */
const KEY_LENGTH = 16;

/** A URL may carry a password or a token of its own: neither is shown. */
function shownValue(value: Value): Value {
  const url = typeof value === "string" ? URL.parse(value) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) return value;
  const path = url.pathname.split("/").map((part) => part.length < KEY_LENGTH ? part : "xxx").join("/");
  if (url.username + url.password + url.search === "" && path === url.pathname) return value;
  url.pathname = path;
  if (url.username !== "") url.username = "xxx";
  if (url.password !== "") url.password = "xxx";
  if (url.search !== "") url.search = "?xxx";
  return url.href;
}

function origin({ origin, from }: Setting): string {
  return from === "" || origin === "flag" ? from || origin : `${origin} ${from}`;
}
