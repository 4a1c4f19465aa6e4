/** Server-sent events, the part that OpenAI-compatible streams use: `data:` lines and blank-line framing. Pure. */

export const DONE = "[DONE]";

/** One event on the wire. `data` holds no line break. */
export function sseEvent(data: string): string {
  return `data: ${data}\n\n`;
}

/** Cuts a byte stream into the data of its events, wherever the reads happened to split it. */
export class SseParser {
  #decoder = new TextDecoder();
  #line = "";
  #data: string[] = [];

  /** Data of every event that these bytes completed; several `data:` lines of one event are joined by a line break. */
  push(bytes: Uint8Array): string[] {
    const lines = (this.#line + this.#decoder.decode(bytes, { stream: true })).split("\n");
    this.#line = lines.pop() ?? "";
    const events: string[] = [];
    for (const raw of lines) {
      const line = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
      if (line === "") {
        if (this.#data.length > 0) events.push(this.#data.join("\n"));
        this.#data = [];
      } else if (line.startsWith("data:")) {
        this.#data.push(line.slice(line[5] === " " ? 6 : 5));
      }
    }
    return events;
  }
}
