/** POST /ai/execute: one tool, one answer, under a deadline; failures by the gateway's own names. */
import type { Span } from "@opentelemetry/api";
import type { IncomingMessage, ServerResponse } from "node:http";
import { isObject } from "./chat_request.ts";
import { type ErrorCode, errorCode, httpStatus } from "./error_code.ts";
import { type ExecuteRequest, parseExecute, toolLabel, toolOf } from "./execute_request.ts";
import type { Gateway } from "./gateway.ts";
import { closed, header, readJson, sendJson, traceIdOf } from "./http_service.ts";
import { OpenAiError } from "./openai_error.ts";
import { recordStatus, serverSpan } from "./request_span.ts";
import { runTool } from "./tools.ts";
import { isTraceId, TRACE_ID_HEADER } from "./trace_id.ts";
import { endSpan, wallTime } from "./tracing.ts";

const MAX_BODY_BYTES = 1024 * 1024;
const DEADLINE_MS = 30_000;

export async function execute(gateway: Gateway, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const arrivedAt = performance.now();
  const arrivedTime = wallTime();
  const body = await readJson(request, MAX_BODY_BYTES).catch((error: unknown) => new Unreadable(error));
  // Also of a body that is refused below: its caller will look for it by this name.
  if (isObject(body) && isTraceId(body.trace_id) && !isTraceId(header(request, TRACE_ID_HEADER))) {
    response.setHeader(TRACE_ID_HEADER, body.trace_id);
  }
  const span = serverSpan(gateway.tracing, request, response, "/ai/execute", arrivedTime);
  const ran = await run(gateway, body, { span, arrivedAt, gone: closed(response), request, response });

  const durationMs = Math.round((performance.now() - arrivedAt) * 1000) / 1000;
  const rest = { trace_id: traceIdOf(response), duration_ms: durationMs, tool: toolOf(body) };
  const ending = response.destroyed ? "canceled" : "code" in ran ? ran.code : null;
  if ("code" in ran) {
    const { code, message, status, headers } = ran;
    sendJson(response, status, JSON.stringify({ success: false, error: { code, message }, ...rest }), headers);
  } else {
    sendJson(response, 200, JSON.stringify({ success: true, output: ran.output, ...rest }));
  }
  span.setAttribute("llm.slo.tool", toolLabel(body));
  const failure = recordStatus(span, ending === "canceled" ? 499 : response.statusCode);
  endSpan(span, failure);
  gateway.metrics.finished(toolLabel(body), durationMs / 1000, ending);
}

interface Execution {
  readonly span: Span;
  readonly arrivedAt: number;
  readonly gone: AbortSignal;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** Never throws: what goes wrong is an answer. */
async function run(
  gateway: Gateway,
  body: unknown,
  { span, arrivedAt, gone, request, response }: Execution,
): Promise<{ output: unknown } | Failure> {
  const limitMs = gateway.config.deadlineMs ?? DEADLINE_MS;
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), limitMs - (performance.now() - arrivedAt));
  try {
    if (body instanceof Unreadable) throw body.cause;
    const asked: ExecuteRequest = parseExecute(body);
    const fault = header(request, "x-lab-fault");
    const context = {
      gateway,
      parent: span,
      traceId: traceIdOf(response),
      gone: AbortSignal.any([gone, deadline.signal]),
      arrivedAt,
      ...(fault === undefined ? {} : { fault }),
    };
    return { output: await runTool(asked, context) };
  } catch (error) {
    if (deadline.signal.aborted) {
      const message = `The tool gave no answer in ${limitMs / 1000} s.`;
      return { code: "TIMEOUT", message, status: httpStatus("TIMEOUT", 504), headers: {} };
    }
    const refusal = error instanceof OpenAiError ? error.status : 500;
    const headers = error instanceof OpenAiError ? error.headers : {};
    const code = errorCode(refusal);
    return { code, message: (error as Error).message, status: httpStatus(code, refusal), headers };
  } finally {
    clearTimeout(timer);
  }
}

/** A body that could not be read, kept until there is a span to put it on. */
class Unreadable {
  constructor(readonly cause: unknown) {}
}
