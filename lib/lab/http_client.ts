/** Small requests from the host to the lab, on node:http: unlike fetch it never goes through a proxy of the environment. */
import { request } from "node:http";
import { IoError } from "../model/errors.ts";

/** Status and body. @throws IoError when there is no answer within `timeoutMs`. */
export function httpCall(
  method: string,
  url: string,
  { body = "", timeoutMs = 2000 }: { body?: string; timeoutMs?: number } = {},
): Promise<{ status: number; text: string }> {
  return new Promise((done, failed) => {
    const fail = (why: string) => failed(new IoError(`Cannot reach "${url}": ${why}`));
    const call = request(url, { method, agent: false, timeout: timeoutMs }, (response) => {
      const parts: string[] = [];
      response.setEncoding("utf8");
      response.on("data", (part: string) => parts.push(part));
      response.on("end", () => done({ status: response.statusCode ?? 0, text: parts.join("") }));
      response.on("error", (error) => fail(error.message));
    });
    call.on("timeout", () => call.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    call.on("error", (error) => fail(error.message));
    call.end(body);
  });
}
