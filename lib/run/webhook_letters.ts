/** `sloctl webhook`: dead letters of a spool, shown and sent again. */
import { type Letter, Outbox, readLetters } from "../export/outbox.ts";
import { sentence } from "../export/webhook_format.ts";
import { EXIT, IoError, UsageError } from "../model/errors.ts";
import type { Io } from "../model/io.ts";
import { toJson } from "../model/json.ts";
import { plural } from "../report/format.ts";
import { table } from "../report/table.ts";

/** Reads only: the sender may be at work. @throws UsageError, IoError */
export async function listDeadLetters(spool: string | undefined, json: boolean, io: Io): Promise<number> {
  const letters = await lettersIn(`${webhookFolder(spool)}/dead`);
  if (json) { for (const letter of letters) io.out(`${toJson(letter)}\n`); }
  else if (letters.length === 0) io.err("sloctl: no dead letters\n");
  else {
    io.out(table(
      [{ title: "incident", min: 12 }, { title: "since" }, { title: "tries", align: "right" }, {
        title: "the last answer",
        min: 12,
      }],
      letters.map(({ key, since, tries, state }) => [key, since, String(tries), state]),
      { color: io.color, width: io.columns, note: (row) => sentence(letters[row]!.incident) },
    ));
  }
  return EXIT.ok;
}

/** @throws UsageError for a key that is none, IoError while a sender has the folder. */
export async function reviveDeadLetters(spool: string | undefined, keys: readonly string[], io: Io): Promise<number> {
  const folder = webhookFolder(spool);
  await lettersIn(`${folder}/dead`);
  const outbox = await Outbox.open(folder);
  try {
    const known = outbox.dead.map(({ key }) => key);
    const unknown = keys.find((key) => !known.includes(key));
    if (unknown !== undefined) {
      throw new UsageError(
        `Cannot send "${unknown}" again: there is no such dead letter`,
        "Look: sloctl webhook failed",
      );
    }
    const chosen = keys.length === 0 ? known : keys;
    for (const key of chosen) outbox.revive(key);
    await outbox.settle();
    io.err(`sloctl: ${plural(chosen.length, "incident")} will be sent by the next start of the sender\n`);
    return EXIT.ok;
  } finally {
    await outbox.close();
  }
}

function webhookFolder(spool: string | undefined): string {
  if (spool === undefined || spool === "") {
    throw new UsageError(
      "Cannot look for dead letters: --spool is missing",
      "Add --spool DIR, as the sender was given it",
    );
  }
  return `${spool}/webhook`;
}

async function lettersIn(folder: string): Promise<Letter[]> {
  try {
    return await readLetters(folder);
  } catch (error) {
    const state = error instanceof Deno.errors.NotFound ? "no webhook was ever used with it" : (error as Error).message;
    throw new IoError(`Cannot read "${folder}": ${state}`, "Name the folder that the sender was given as --spool");
  }
}
