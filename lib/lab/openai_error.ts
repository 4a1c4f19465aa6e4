/** A refusal in the OpenAI wire form: `{error: {message, type, code}}` with an HTTP status. */
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

  body(): string {
    return JSON.stringify({ error: { message: this.message, type: this.type, param: null, code: this.code } });
  }
}

export function invalidRequest(code: string, message: string): OpenAiError {
  return new OpenAiError(400, "invalid_request_error", code, message);
}
