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
};

/** Null for a span that is no GenAI operation. One of a name we do not know generates if it names the model it asks. */
export function operationOf({ attributes }: Span): Operation | null {
  const stated = attributes["gen_ai.operation.name"];
  if (typeof stated === "string") {
    return OPERATIONS[stated] ?? (attributes["gen_ai.request.model"] === undefined ? "agent" : "generation");
  }
  for (const older of ["llm.request.type", "traceloop.span.kind"]) {
    const value = attributes[older];
    if (typeof value === "string" && OPERATIONS[value] !== undefined) return OPERATIONS[value];
  }
  return null;
}
