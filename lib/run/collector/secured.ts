/** The door of a running collector: its token file, watched, and what is said of both. */
import type { Io } from "../../model/io.ts";
import { plural } from "../../report/format.ts";
import { printable } from "../../report/text.ts";
import { Door } from "../../serve/door.ts";
import { readTokens, watchTokens } from "../../serve/token_watch.ts";

export interface SecuredOptions {
  readonly tokenFile: string;
  readonly namespace: string;
  readonly region: string;
}

export interface Secured extends Disposable {
  readonly door: Door;
  /** What is wrong with the token file just now. */
  readonly problems: () => readonly string[];
}

/** @throws UsageError, IoError: a collector that was to be secured and is not must not start */
export function openDoor({ tokenFile, namespace, region }: SecuredOptions, io: Pick<Io, "err">): Secured {
  const { text, tokens } = readTokens(tokenFile);
  const door = new Door({ tokens, namespace, region, nowMs: () => Date.now(), clockMs: () => performance.now() });
  const bare = tokens.filter((token) => token.bare).length;
  if (bare > 0 && isReadByOthers(tokenFile)) {
    io.err(
      printable(`sloctl: "${tokenFile}" holds ${plural(bare, "token")} in plain text, and others can read it: `) +
        "chmod 600, or keep digests (sloctl token make)\n",
    );
  }
  let problem: string | null = null;
  const watch = watchTokens(tokenFile, text, door, (found) => {
    problem = found;
    io.err(printable(`sloctl: ${found ?? `the token file "${tokenFile}" is well again`}`) + "\n");
  });
  return {
    door,
    problems: () => problem === null ? [] : [problem],
    [Symbol.dispose]: () => watch[Symbol.dispose](),
  };
}

function isReadByOthers(path: string): boolean {
  return ((Deno.statSync(path).mode ?? 0) & 0o044) !== 0;
}
