/** What a span of a GenAI application does, by OpenTelemetry's names and by those of older instrumentations. Pure. */
import type { Span } from "../model/span.ts";

export type Operation = "generation" | "retrieval" | "embedding" | "rerank" | "tool" | "agent";

const OPERATIONS: Readonly<Record<string, Operation>> = {
  chat: "generation",
  text_completion: "generation",
  generate_content: "generation",
  completion: "generation",
  embeddings: "embedding",
  embedding: "embedding",
  rerank: "rerank",
  retrieval: "retrieval",
  execute_tool: "tool",
  tool: "tool",
  create_agent: "agent",
  invoke_agent: "agent",
  invoke_workflow: "agent",
  agent: "agent",
  workflow: "agent",
  // OpenInference
  llm: "generation",
  retriever: "retrieval",
  reranker: "rerank",
  chain: "agent",
};

/** Products whose OpenLLMetry instrumentations name themselves in `db.system`, and what they call a search. */
const VECTOR_STORES = new Set(["chroma", "lancedb", "marqo", "milvus", "pinecone", "qdrant", "weaviate"]);
const SEARCHES = /query|search|retriev|recommend/i;

/** OpenLLMetry marks every chunk of a streamed answer by an event on the span of the call; the second name is the older one. */
const CHUNK_EVENTS: readonly string[] = ["gen_ai.content.completion.chunk", "llm.content.completion.chunk"];

/** Null for a span that is no GenAI operation. One of a name we do not know generates if it names the model it asks. */
export function operationOf({ attributes, name }: Span): Operation | null {
  const stated = attributes["gen_ai.operation.name"];
  if (typeof stated === "string") {
    return OPERATIONS[stated] ?? (attributes["gen_ai.request.model"] === undefined ? "agent" : "generation");
  }
  for (const older of ["llm.request.type", "traceloop.span.kind", "openinference.span.kind"]) {
    const value = attributes[older];
    const known = typeof value === "string" ? OPERATIONS[value.toLowerCase()] : undefined;
    if (known !== undefined) return known;
  }
  const store = attributes["db.system.name"] ?? attributes["db.system"];
  if (typeof store !== "string" || !VECTOR_STORES.has(store.toLowerCase())) return null;
  const does = attributes["db.operation.name"] ?? attributes["db.operation"];
  return SEARCHES.test(typeof does === "string" ? does : name) ? "retrieval" : null;
}

/**
 * Seconds from the start of a call to the first chunk of its answer: as the span states it, else by the event that marks it. Null where
 * neither is there. SDKs keep the newest 128 events: where any was dropped the first may be among them, and the one that is left is late.
 */
export function firstChunkS({ attributes, events, startNs, droppedEvents = 0 }: Span): number | null {
  const stated = attributes["gen_ai.response.time_to_first_chunk"];
  const seconds = typeof stated === "bigint" ? Number(stated) : stated;
  if (typeof seconds === "number" && Number.isFinite(seconds)) return seconds;
  const first = droppedEvents > 0 ? undefined : events.find(({ name }) => CHUNK_EVENTS.includes(name));
  return first === undefined || first.timeNs < startNs ? null : Number(first.timeNs - startNs) / 1e9;
}
