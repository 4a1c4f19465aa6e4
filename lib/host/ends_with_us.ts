/** `setpriv` of util-linux, which is there wherever Debian is. */
const SETPRIV = "/usr/bin/setpriv";

/**
 * The argv of a program that is told to end (SIGTERM) when we are gone, however that came about: a SIGKILL leaves us no time to end
 * it ourselves. The program keeps the pid. Where there is no setpriv it is the argv as it was.
 */
export function endsWithUs(argv: readonly string[]): readonly string[] {
  try {
    Deno.statSync(SETPRIV);
  } catch {
    return argv;
  }
  return [SETPRIV, "--pdeathsig", "TERM", ...argv];
}
