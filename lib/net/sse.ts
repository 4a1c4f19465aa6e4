/** Server-sent events off a body, as the HTML standard has them. Pure but for the stream it reads. */

export interface SseEvent {
  readonly name: string;
  /** Lines of data, joined. Never "": such a block is no event. */
  readonly data: string;
}

const MOST_CHARACTERS = 128 * 1024 * 1024;

/** Ends with the body, or with `signal`. @param onId is told of every id when its block is complete, also of blocks that are no event */
export async function* readSse(
  body: ReadableStream<Uint8Array>,
  onId: (id: string) => void,
  signal?: AbortSignal,
): AsyncGenerator<SseEvent, void> {
  let name = "";
  let data: string[] = [];
  let id: string | null = null;
  let rest = "";
  for await (const text of texts(body, signal)) {
    if (rest.length + text.length > MOST_CHARACTERS) throw new RangeError("an event is larger than 128 MiB");
    const lines = (rest + text).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop()!;
    for (const line of lines) {
      if (line === "") {
        if (id !== null) onId(id);
        if (data.length > 0) yield { name: name || "message", data: data.join("\n") };
        [name, data, id] = ["", [], null];
        continue;
      }
      const colon = line.indexOf(":");
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
      if (field === "event") name = value;
      else if (field === "data") data.push(value);
      else if (field === "id") id = value;
    }
  }
}

/** A body whose request was aborted may leave its reader waiting: the reader is told as well. */
async function* texts(body: ReadableStream<Uint8Array>, signal: AbortSignal | undefined): AsyncGenerator<string, void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const stop = () => void reader.cancel().catch(() => {});
  signal?.addEventListener("abort", stop);
  try {
    while (!signal?.aborted) {
      const { done, value } = await reader.read();
      if (done) return;
      yield decoder.decode(value, { stream: true });
    }
  } finally {
    signal?.removeEventListener("abort", stop);
    stop();
  }
}
