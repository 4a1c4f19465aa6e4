/** A store as the bearer of one namespace's token sees it: without what names another. What names none is everybody's. */
import type { Entry, NewEntry, Store } from "../../store/store.ts";

/** What `scoped` reads of a store. */
export type Readable = Pick<
  Store,
  "after" | "ofTrace" | "during" | "mark" | "newest" | "eachNewest" | "byId" | "onCommit" | "state"
>;

/** As its resource or its document says it. "": it names none. */
export function entryNamespace({ kind, document }: NewEntry): string {
  return kind === "span" || kind === "log" ? ofResource(document.resource) : document.namespace ?? "";
}

/**
 * `store` itself where `ns` is "". A page of `newest` may come out shorter than its limit though there is more.
 *
 * @param seesObjectives whether all that the objectives count is of this namespace, or names none: an incident of theirs is told of then
 */
export function scoped(store: Store, ns: string, seesObjectives: () => boolean = () => true): Readable {
  if (ns === "") return store;
  const isOurs = (entry: Entry) => {
    const named = entryNamespace(entry);
    if (named !== "") return named === ns;
    return entry.kind !== "incident" || entry.document.alert === undefined || seesObjectives();
  };
  return {
    async after(seq, limit, filter) {
      const found: Entry[] = [];
      for (let from = seq;;) {
        const page = await store.after(from, limit, filter);
        found.push(...page.filter(isOurs));
        if (page.length < limit || found.length >= limit) return found.slice(0, limit);
        from = page.at(-1)!.commitSeq;
      }
    },
    ofTrace: async (traceId) => (await store.ofTrace(traceId)).filter(isOurs),
    during: async (kind, window) => (await store.during(kind, window)).filter(isOurs),
    mark: (traceId, period) => store.mark(traceId, period),
    newest: async (limit, filter) => (await store.newest(limit, filter)).filter(isOurs),
    eachNewest: (limit, filter, visit) =>
      store.eachNewest(limit, filter, (entry) => {
        if (isOurs(entry)) visit(entry);
      }),
    byId: async (kind, id) => {
      const entry = await store.byId(kind, id);
      return entry !== null && isOurs(entry) ? entry : null;
    },
    onCommit: (listener) => store.onCommit(listener),
    state: () => store.state(),
  };
}

function ofResource(resource: Readonly<Record<string, unknown>>): string {
  const name = resource["k8s.namespace.name"];
  return typeof name === "string" ? name : "";
}
