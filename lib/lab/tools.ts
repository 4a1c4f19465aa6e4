/** What the tools of POST /ai/execute do. */
import { type ChatMessage, isObject, parseChatRequest } from "./chat_request.ts";
import type { ExecuteRequest } from "./execute_request.ts";
import { OpenAiError } from "./openai_error.ts";
import { assemblePrompt } from "./prompt.ts";
import { askProvider, type ProviderCall } from "./provider_attempts.ts";

/** On whose behalf a tool runs, and until when. */
export type ToolContext = Omit<ProviderCall, "asked" | "messages">;

/** The tool's output: text, or for `search` a list of passages. @throws OpenAiError with the callee's status, or 502, 504. */
export async function runTool({ tool, input }: ExecuteRequest, context: ToolContext): Promise<unknown> {
  const { gateway, parent, traceId, gone } = context;
  const asIs: ChatMessage[] = [{ role: "user", content: input }];
  switch (tool) {
    case "echo":
      if (gateway.config.bypassLlm === true) return input === "ping" ? "pong" : input;
      return await askModel(asIs, context);
    case "search":
      return await gateway.selector.select({ query: input, parent, traceId, gone });
    case "chat": {
      const documents = await gateway.selector.select({ query: input, parent, traceId, gone });
      return await askModel(assemblePrompt(gateway.work, asIs, documents), context);
    }
  }
}

function askModel(messages: readonly ChatMessage[], context: ToolContext): Promise<string> {
  const asked = parseChatRequest({ messages });
  return askProvider({ ...context, asked, messages }, async (answer) => {
    const body = await answer.json().catch(() => null) as unknown;
    if (!answer.ok) throw refused(answer, body);
    const choice: unknown = isObject(body) && Array.isArray(body.choices) ? body.choices[0] : undefined;
    const message = isObject(choice) ? choice.message : undefined;
    if (isObject(message) && typeof message.content === "string") return message.content;
    throw new OpenAiError(502, "upstream_error", "bad_gateway", "The provider broke off its answer.");
  });
}

/** The provider's own words where it has any. */
function refused(answer: Response, body: unknown): OpenAiError {
  const said = isObject(body) && isObject(body.error) ? body.error.message : undefined;
  const message = typeof said === "string" ? said : `The provider answered with status ${answer.status}.`;
  const retryAfter = answer.headers.get("retry-after");
  const headers: Record<string, string> = retryAfter === null ? {} : { "retry-after": retryAfter };
  return new OpenAiError(answer.status, "upstream_error", "upstream_error", message, headers);
}
