/** A request body, read without ever holding more than the limit. */

/** Why a body was not read, as the HTTP status to answer with. */
export class BodyError extends Error {
  constructor(readonly status: 400 | 413 | 415, message: string) {
    super(message);
  }
}

/**
 * Reads and, for gzip, inflates. Both the bytes on the wire and the inflated bytes are held against `maxBytes`, and
 * counted while they flow.
 * @throws BodyError 413 over the limit, 415 for an unknown encoding, 400 for broken gzip or a body cut short.
 */
export async function readBody(request: Request, maxBytes: number): Promise<Uint8Array> {
  const encoding = (request.headers.get("content-encoding") ?? "").trim().toLowerCase();
  const gzip = encoding === "gzip" || encoding === "x-gzip";
  if (!gzip && encoding !== "" && encoding !== "identity") {
    throw new BodyError(
      415,
      `Cannot read "content-encoding: ${encoding.slice(0, 100)}": only gzip and identity are known`,
    );
  }
  const tooBig = `Cannot accept "request body": it is larger than ${maxBytes} bytes`;
  if (Number(request.headers.get("content-length")) > maxBytes) throw new BodyError(413, tooBig);
  if (request.body === null) return new Uint8Array();
  let stream = request.body.pipeThrough(limit(maxBytes, tooBig));
  if (gzip) stream = stream.pipeThrough(new DecompressionStream("gzip")).pipeThrough(limit(maxBytes, tooBig));
  try {
    return await collect(stream);
  } catch (error) {
    if (error instanceof BodyError) throw error;
    throw new BodyError(400, `Cannot read "request body": ${gzip ? "the gzip data is broken" : "it was cut short"}`);
  }
}

function limit(maxBytes: number, message: string): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  let seen = 0;
  return new TransformStream({
    transform(chunk, controller) {
      seen += chunk.length;
      if (seen > maxBytes) throw new BodyError(413, message);
      controller.enqueue(chunk);
    },
  });
}

async function collect(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    length += chunk.length;
  }
  if (chunks.length === 1) return chunks[0]!;
  const body = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return body;
}
