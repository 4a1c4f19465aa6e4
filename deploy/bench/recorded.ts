/** Real record bytes, as they once crossed a ring: those of the committed recording, without the tallies, which are read from a map. */
import { KIND, WIRE } from "../../lib/decode/wire.gen.ts";
import { readRecording } from "../../lib/source/recording.ts";

const RECORDING = new URL("../../fixtures/recordings/dns_latency.jsonl.gz", import.meta.url);

/** @throws IoError when the recording cannot be read. */
export async function recordedBytes(): Promise<Uint8Array<ArrayBuffer>[]> {
  const lines = await readRecording(RECORDING);
  return lines.filter((line) => line.kind === "record").map((line) => Uint8Array.fromHex(String(line.payload.hex)))
    .filter((bytes) => new DataView(bytes.buffer).getUint16(WIRE.event.kind, true) !== KIND.tally);
}
