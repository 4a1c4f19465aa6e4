/** A completion script for zsh 5. It calls nothing: what is completed stands in the script. Pure. */
import type { Completes, CompletionEntry } from "./completion.ts";

export function zshCompletion(entries: readonly CompletionEntry[]): string {
  return `#compdef sloctl
# zsh completion for sloctl. Load it with: source <(sloctl completions zsh), after compinit;
# or write it to a file named _sloctl in a directory of fpath.
_sloctl() {
  local cur=\${words[CURRENT]} prev=\${words[CURRENT-1]} where=sloctl i word
  local -a subs flags
  for ((i = 2; i < CURRENT; i++)); do
    word=\${words[i]}
    case "$where $word" in
${entries.slice(1).map(({ path }) => `      ${quoted(path)}) where="$where $word" ;;`).join("\n")}
${entries.flatMap(valuedFlags).map((name) => `      ${quoted(name)}) ((i++)) ;;`).join("\n")}
    esac
  done
  # --flag=value is one word here.
  if [[ $cur == --*=* ]]; then
    prev=\${cur%%=*}
    compset -P '*='
  fi
  case "$where $prev" in
${entries.flatMap(valueCases).join("\n")}
  esac
  case "$where" in
${entries.map(wordCase).join("\n")}
  esac
}
if [[ $funcstack[1] == _sloctl ]]; then _sloctl "$@"; else compdef _sloctl sloctl; fi
`;
}

function valuedFlags({ path, flags }: CompletionEntry): string[] {
  return flags.filter((flag) => flag.value !== null).map((flag) => `${path} --${flag.name}`);
}

function valueCases({ path, flags }: CompletionEntry): string[] {
  return flags.filter((flag) => flag.value !== null)
    .map((flag) => `    ${quoted(`${path} --${flag.name}`)}) ${complete(flag.value!, flag.help)}; return ;;`);
}

function complete(value: Completes, help: string): string {
  switch (value.kind) {
    case "file":
      return "_files";
    case "directory":
      return "_files -/";
    case "values":
      return value.list
        ? `_values -s , ${quoted("value")} ${value.values.map(quoted).join(" ")}`
        : `compadd -- ${value.values.map(quoted).join(" ")}`;
    case "text":
      return `_message -r ${quoted(help)}`;
  }
}

function wordCase({ path, subcommands, flags, positional }: CompletionEntry): string {
  const described = (rows: readonly { readonly name: string; readonly help: string }[], prefix: string) =>
    rows.map(({ name, help }) => quoted(`${prefix}${name}:${help.replaceAll(":", "\\:")}`)).join(" ");
  const words = [
    subcommands.length === 0 ? "" : `subs=(${described(subcommands, "")}); _describe -t commands command subs`,
    positional === null ? "" : complete(positional, "argument"),
  ].filter((line) => line !== "").join("; ") || ":";
  return `    ${quoted(path)})
      flags=(${described(flags, "--")})
      if [[ $cur == -* ]]; then _describe -o flag flags; else ${words}; fi ;;`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
