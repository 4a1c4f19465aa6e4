/** A body as it was meant: inflated where it says that it is compressed. */
import { gunzipSync } from "node:zlib";
import { BodyError } from "./http.ts";

const GZIP = ["gzip", "x-gzip"];
const NONE = ["", "identity"];

function nameOf(encoding: string | undefined): string {
  return (encoding ?? "").trim().toLowerCase();
}

/** @param encoding the content-encoding header @throws BodyError 415 for one we do not know */
export function checkEncoding(encoding: string | undefined): void {
  const name = nameOf(encoding);
  if (GZIP.includes(name) || NONE.includes(name)) return;
  const told = name.slice(0, 100).replaceAll(/[^\x20-\x7e]/g, "?");
  throw new BodyError(415, `Cannot read "content-encoding: ${told}": only gzip and identity are known`);
}

/**
 * gzip or nothing. The inflated bytes are counted while they come out, so a bomb costs `maxBytes` and no more.
 *
 * @param encoding the content-encoding header, which `checkEncoding` let pass
 * @throws BodyError 413 over the limit, 400 for broken gzip
 */
export function inflate(body: Uint8Array, encoding: string | undefined, maxBytes: number): Uint8Array {
  if (!GZIP.includes(nameOf(encoding))) return body;
  try {
    return gunzipSync(body, { maxOutputLength: maxBytes });
  } catch (error) {
    if ((error as { code?: string }).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(maxBytes);
    throw new BodyError(400, 'Cannot read "request body": the gzip data is broken');
  }
}

export function tooLarge(maxBytes: number): BodyError {
  return new BodyError(413, `Cannot accept "request body": it is larger than ${maxBytes} bytes`);
}
