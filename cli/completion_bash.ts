/** A completion script for bash 4 and later. It calls nothing: what is completed stands in the script. Pure. */
import type { Completes, CompletionEntry } from "./completion.ts";

export function bashCompletion(entries: readonly CompletionEntry[]): string {
  const valued = entries.map(({ path, flags }) =>
    [path, flags.filter((flag) => flag.value !== null).map((flag) => `--${flag.name}`)] as const
  );
  return `# bash completion for sloctl. Load it with: source <(sloctl completions bash)
_sloctl() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev= path=sloctl i word
  # bash splits --flag=value into three words.
  if ((COMP_CWORD > 0)); then prev=\${COMP_WORDS[COMP_CWORD - 1]}; fi
  if [[ $cur == = ]]; then
    cur=
  elif [[ $prev == = ]] && ((COMP_CWORD > 1)); then
    prev=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    case "$path $word" in
${entries.slice(1).map(({ path }) => `      ${quoted(path)}) path=$path' '$word ;;`).join("\n")}
    esac
    case "$path" in
${valued.filter(([, names]) => names.length > 0).map(([path, names]) => skipping(path, names)).join("\n")}
    esac
  done
  COMPREPLY=()
  case "$path $prev" in
${entries.flatMap(valueCases).join("\n")}
  esac
  case "$path" in
${entries.map(wordCase).join("\n")}
  esac
}
_sloctl_words() { # prefix, words
  local word
  for word in $2; do [[ $word == "$1"* ]] && COMPREPLY+=("$word"); done
}
_sloctl_list() { # like words, for the last item of a comma-separated list
  local word done=
  [[ $1 == *,* ]] && done=\${1%,*},
  for word in $2; do [[ $done$word == "$1"* ]] && COMPREPLY+=("$done$word"); done
  compopt -o nospace
}
_sloctl_files() { # prefix, f or d
  local IFS=$'\\n'
  COMPREPLY+=($(compgen -"$2" -- "$1"))
  compopt -o filenames
}
complete -F _sloctl sloctl
`;
}

/** After a flag that takes a value, the value is no command. */
function skipping(path: string, names: readonly string[]): string {
  return `      ${quoted(path)})
        case $word in ${names.join("|")}) [[ \${COMP_WORDS[i + 1]} == = ]] && ((i++)); ((i++)) ;; esac ;;`;
}

function valueCases({ path, flags }: CompletionEntry): string[] {
  return flags.filter((flag) => flag.value !== null)
    .map((flag) => `    ${quoted(`${path} --${flag.name}`)}) ${complete(flag.value!)}return ;;`);
}

function complete(value: Completes): string {
  if (value.kind === "values") {
    return `_sloctl_${value.list ? "list" : "words"} "$cur" ${quoted(value.values.join(" "))}; `;
  }
  return value.kind === "text" ? "" : `_sloctl_files "$cur" ${value.kind === "file" ? "f" : "d"}; `;
}

function wordCase({ path, subcommands, flags, positional }: CompletionEntry): string {
  const subs = subcommands.map((sub) => sub.name).join(" ");
  const words = [
    subs === "" ? "" : `_sloctl_words "$cur" ${quoted(subs)}`,
    positional === null ? "" : complete(positional).replace(/; $/, ""),
  ].filter((line) => line !== "").join("; ") || ":";
  const dashed = `_sloctl_words "$cur" ${quoted(flags.map((flag) => `--${flag.name}`).join(" "))}`;
  return `    ${quoted(path)}) if [[ $cur == -* ]]; then ${dashed}; else ${words}; fi ;;`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
