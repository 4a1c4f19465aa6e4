/** Estimated requests in one plain sentence: who, how many, how soon, what moved, and where the time went. */
import type { EstimatedRequests } from "../model/diagnosis.ts";
import { LABELS, type Split } from "../model/split.ts";
import { endpoint, ms, percent, plural } from "../report/format.ts";
import { peerText, whom } from "./sentence.ts";

/** Labels worth a word: the largest, as long as each is this share of the whole. */
const WORTH = 0.05;
const MOST = 4;

/** No full stop, so that it can stand in a list. */
export function requestsSentence(row: Omit<EstimatedRequests, "sentence">): string {
  const many = plural(row.count, "request");
  const did = row.role === "server"
    ? `answered ${many}${row.local === undefined ? "" : ` on ${endpoint(row.local.ip, row.local.port)}`}`
    : `made ${many} to ${peerText({ peer: row.peer ?? null })}`;
  const soon = `first byte after ${ms(row.ttft_p50)} (p50), ${ms(row.ttft_p95)} (p95)`;
  return `${whom(row)} ${did}, ${soon}, estimated from sockets; ${course(row)}`;
}

function course({ moved, split }: Omit<EstimatedRequests, "sentence">): string {
  if (moved === null) return `no change while watched; ${parts(split)}`;
  const cause = moved.sub_cause === null ? moved.domain : `${moved.domain} (${moved.sub_cause})`;
  const why = moved.unknown_reason === undefined ? "" : `: ${moved.unknown_reason}`;
  return `${moved.requests} of them took ${
    ms(moved.excess_ms)
  } more than the ${moved.quieter.requests} of the quieter part, ` +
    `${parts(moved.split.excess)}; ${cause}, confidence ${moved.confidence.toFixed(2)}${why}`;
}

/** `dns 122 ms (95 %), app 3.6 ms (2.8 %)`: the largest parts and their shares of all. */
export function parts(split: Split): string {
  const rows = LABELS.map((label) => [label, Math.max(0, split[label] ?? 0)] as const).sort((a, b) => b[1] - a[1]);
  const total = rows.reduce((sum, [, value]) => sum + value, 0);
  const worth = rows.filter(([, value]) => value > 0 && value >= WORTH * total).slice(0, MOST);
  return worth.length === 0
    ? "no time in it"
    : worth.map(([label, value]) => `${label} ${ms(value)} (${percent(value / total)})`).join(", ");
}
