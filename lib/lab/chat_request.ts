/** The body of POST /v1/chat/completions, checked. Pure. */
import { invalidRequest } from "./openai_error.ts";
import { DEFAULT_MODEL } from "./roles.ts";

export interface ChatMessage {
  readonly role: string;
  readonly content: string;
}

export interface ChatRequest {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly maxTokens: number | null;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  readonly stop: readonly string[];
  /** vLLM's extension: the answer is exactly `maxTokens` long, so that a load test can ask for a length. */
  readonly ignoreEos: boolean;
}

/** @throws OpenAiError with status 400 saying what is wrong. */
export function parseChatRequest(body: unknown): ChatRequest {
  if (!isObject(body)) throw invalidRequest("invalid_type", "The body must be a JSON object.");
  const { messages, model = DEFAULT_MODEL, stream = false } = body;
  if (typeof model !== "string" || model === "") throw invalidRequest("invalid_model", "'model' must be a string.");
  if (!Array.isArray(messages) || messages.length === 0) {
    throw invalidRequest("empty_messages", "'messages' must be a list of at least one message.");
  }
  if (stream !== null && typeof stream !== "boolean") {
    throw invalidRequest("invalid_type", "'stream' must be a boolean.");
  }
  if (body.n !== undefined && body.n !== null && body.n !== 1) {
    throw invalidRequest("unsupported_value", "'n' must be 1: this model gives one choice.");
  }
  const options = body.stream_options ?? null;
  if (options !== null && !isObject(options)) {
    throw invalidRequest("invalid_type", "'stream_options' must be an object.");
  }
  if (options !== null && stream !== true) {
    throw invalidRequest("invalid_value", "'stream_options' is only allowed when 'stream' is true.");
  }
  return {
    model,
    messages: messages.map(parseMessage),
    maxTokens: parseMaxTokens(body.max_completion_tokens ?? body.max_tokens ?? null),
    stream: stream === true,
    includeUsage: options?.include_usage === true,
    stop: parseStop(body.stop ?? null),
    ignoreEos: body.ignore_eos === true,
  };
}

function parseMessage(message: unknown, index: number): ChatMessage {
  if (!isObject(message) || typeof message.role !== "string") {
    throw invalidRequest("invalid_type", `'messages[${index}]' must be an object with a 'role'.`);
  }
  const { role, content = null } = message;
  if (content === null || typeof content === "string") return { role, content: content ?? "" };
  if (Array.isArray(content)) {
    const texts = content.map((part) => isObject(part) && typeof part.text === "string" ? part.text : "");
    return { role, content: texts.join("\n") };
  }
  throw invalidRequest("invalid_type", `'messages[${index}].content' must be a string or a list of parts.`);
}

function parseMaxTokens(value: unknown): number | null {
  if (value === null) return null;
  if (typeof value !== "number" || !Number.isInteger(value) || value < 1) {
    throw invalidRequest("invalid_value", "'max_tokens' must be a whole number of at least 1.");
  }
  return value;
}

function parseStop(value: unknown): string[] {
  const stops = value === null ? [] : Array.isArray(value) ? value : [value];
  if (stops.length > 4 || !stops.every((stop) => typeof stop === "string" && stop !== "")) {
    throw invalidRequest("invalid_value", "'stop' must be a string or a list of up to 4 strings.");
  }
  return stops as string[];
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
