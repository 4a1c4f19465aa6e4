/** A refusal in the OpenAI wire form: `{error: {message, type, code}}` with an HTTP status; the trace id stands beside it. */
export class OpenAiError extends Error {
  constructor(
    readonly status: number,
    readonly type: string,
    readonly code: string,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.name = "OpenAiError";
  }

  body(traceId: string): string {
    const error = { message: this.message, type: this.type, param: null, code: this.code };
    return JSON.stringify({ error, trace_id: traceId });
  }
}

export function invalidRequest(code: string, message: string): OpenAiError {
  return new OpenAiError(400, "invalid_request_error", code, message);
}
