/**
 * A recording of a run: gzipped lines of {kind, payload}. Kernel records are kept as the bytes that crossed the ring, spans as OTLP
 * JSON, so that a replay goes through the very same decoding; what no process owns and no ring carries is an `event`. The first line says what made it; the label comes last.
 */
import { IoError } from "../model/errors.ts";
import { toJson } from "../model/json.ts";

export interface RecordedLine {
  readonly kind: "meta" | "record" | "event" | "spans" | "sample" | "end" | "label";
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Raises with every change of the wire format: a recording of another one cannot be decoded. */
export const RECORDING_SCHEMA = "recording/v1";

/** Of an agent's last minutes: what the kernel told, and what was known of whom. */
export const FLIGHT_SCHEMA = "flight-recording/v1";

/** Text is packed in pieces of about this many characters, so that a long recording is never held whole. */
const PIECE_CHARS = 256 * 1024;

/**
 * Writes all lines, or nothing; other work has a turn in between. Returns the bytes written.
 *
 * @throws IoError
 */
export async function writeRecording(path: string, lines: Iterable<RecordedLine>): Promise<number> {
  const packed = ReadableStream.from(pieces(lines)).pipeThrough(new CompressionStream("gzip"));
  const part = `${path}.part-${Deno.pid}`;
  try {
    await Deno.writeFile(part, packed, { mode: 0o600 });
    const { size } = await Deno.stat(part);
    await Deno.rename(part, path);
    return size;
  } catch (error) {
    await Deno.remove(part).catch(() => {});
    throw new IoError(`Cannot write recording "${path}": ${(error as Error).message}`);
  }
}

async function* pieces(lines: Iterable<RecordedLine>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  let text = "";
  for (const line of lines) {
    text += `${toJson(line)}\n`;
    if (text.length < PIECE_CHARS) continue;
    yield encoder.encode(text);
    text = "";
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  yield encoder.encode(text);
}

/** @throws IoError naming file and line when it is not a whole recording of a schema we know. */
export async function readRecording(
  path: string | URL,
  schemas: readonly string[] = [RECORDING_SCHEMA],
): Promise<RecordedLine[]> {
  const name = String(path).replace(/^file:\/\//, "");
  let text: string;
  try {
    const packed = await Deno.readFile(path);
    text = await new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  } catch (error) {
    throw new IoError(
      `Cannot read recording "${name}": ${(error as Error).message}`,
      "Give a file made by `sloctl demo --record`",
    );
  }
  const lines = text.split("\n").filter((line) => line !== "").map((line, i) => parseLine(line, name, i + 1));
  const schema = lines[0]?.kind === "meta" ? lines[0].payload.schema : undefined;
  if (!schemas.includes(String(schema))) {
    throw new IoError(
      `Cannot read recording "${name}": line 1 is not the head of a ${schemas.join(" or a ")}`,
      ...(schema === FLIGHT_SCHEMA ? ["Read it with sloctl agent --source replay --input FILE"] : []),
    );
  }
  if (!lines.some((line) => line.kind === "end")) {
    throw new IoError(`Cannot read recording "${name}": its end is missing`);
  }
  return lines;
}

function parseLine(line: string, name: string, number: number): RecordedLine {
  try {
    const value = JSON.parse(line) as Partial<RecordedLine> | null;
    if (typeof value?.kind === "string" && typeof value.payload === "object" && value.payload !== null) {
      return value as RecordedLine;
    }
  } catch {
    // Said below.
  }
  throw new IoError(`Cannot read recording "${name}": line ${number} is not {"kind", "payload"}`);
}
