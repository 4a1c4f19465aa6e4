/** GET /v1/models and GET /v1/models/{id}: the one model there is. */
import { type Handler, pathOf, sendJson } from "./http_service.ts";
import { OpenAiError } from "./openai_error.ts";
import { DEFAULT_MODEL } from "./roles.ts";

// 2026-01-01, a fixed date: the same lab gives the same bytes.
const MODEL = { id: DEFAULT_MODEL, object: "model", created: 1767225600, owned_by: "sloctl-lab" };

export const listModels: Handler = (_request, response) => {
  sendJson(response, 200, JSON.stringify({ object: "list", data: [MODEL] }));
  return Promise.resolve();
};

export const getModel: Handler = (request, response) => {
  const id = decodeURIComponent(pathOf(request).slice("/v1/models/".length));
  if (id !== MODEL.id) {
    const text = `The model '${id}' does not exist.`;
    return Promise.reject(new OpenAiError(404, "invalid_request_error", "model_not_found", text));
  }
  sendJson(response, 200, JSON.stringify(MODEL));
  return Promise.resolve();
};

export const health: Handler = (_request, response) => {
  sendJson(response, 200, '{"status":"ok"}');
  return Promise.resolve();
};
