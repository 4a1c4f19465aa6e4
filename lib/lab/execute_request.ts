/** The body of POST /ai/execute, checked. Pure. */
import { isObject } from "./chat_request.ts";
import { invalidRequest } from "./openai_error.ts";
import { isTraceId } from "./trace_id.ts";

export const TOOLS = ["echo", "chat", "search"] as const;
export type Tool = typeof TOOLS[number];
/** What a request is counted under: a name that is not ours must not make a new series. */
export type ToolLabel = Tool | "unknown";

export interface ExecuteRequest {
  readonly tool: Tool;
  readonly input: string;
}

/** @throws OpenAiError 400 saying what is wrong. */
export function parseExecute(body: unknown): ExecuteRequest {
  if (!isObject(body)) throw invalidRequest("invalid_type", "The body must be a JSON object.");
  const { tool, input, trace_id } = body;
  if (!isTool(tool)) throw invalidRequest("unknown_tool", `'tool' must be one of ${TOOLS.join(", ")}.`);
  if (typeof input !== "string" || input.trim() === "") {
    throw invalidRequest("invalid_input", "'input' must be a string that is not empty.");
  }
  if (trace_id !== undefined && trace_id !== null && !isTraceId(trace_id)) {
    const text = "'trace_id' must be 1 to 128 letters, digits, or characters of _.:/+=@-.";
    throw invalidRequest("invalid_trace_id", text);
  }
  return { tool, input };
}

/** The tool as it was asked for, for the answer; empty where none was named. */
export function toolOf(body: unknown): string {
  return isObject(body) && typeof body.tool === "string" ? body.tool.slice(0, 64) : "";
}

export function toolLabel(body: unknown): ToolLabel {
  return isObject(body) && isTool(body.tool) ? body.tool : "unknown";
}

function isTool(value: unknown): value is Tool {
  return (TOOLS as readonly unknown[]).includes(value);
}
