/** The answers of a collector that need not run: from the store it wrote, by the same code. */
import { noStats } from "../../serve/otlp_receiver.ts";
import { queryRoute } from "../../serve/query_http.ts";
import { JournalView } from "../../store/journal_view.ts";
import { Agents } from "../query/agents.ts";
import { querySource } from "../query/source.ts";

/** What a collector joins within when nobody said otherwise. */
const WINDOW_MS = 2_000;

/** Asks by path and query. The store is opened for each question: who asks again sees what came since. @throws IoError, IntegrityError */
export function askStore(dir: string): (path: string) => Promise<{ status: number; text: string }> {
  return async (path) => {
    await using store = new JournalView(dir);
    const nowMs = () => Date.now();
    const source = querySource({
      store,
      storeKind: "journal",
      agents: new Agents(),
      tracker: null,
      sloFile: null,
      windowMs: WINDOW_MS,
      version: "", // of a running collector
      nowMs,
      received: () => ({ traces: noStats(), logs: noStats(), metrics: noStats() }),
      incidentsOpen: () => 0,
      problems: () => [],
    });
    const url = new URL(path, "http://store");
    const answer = await queryRoute(source, nowMs)({
      method: "GET",
      path: url.pathname,
      query: url.searchParams,
      headers: {},
      peer: "",
      read: () => Promise.resolve(new Uint8Array()),
    });
    const { status, body } = answer!;
    return { status, text: typeof body === "string" ? body : new TextDecoder().decode(body) };
  };
}
