/** A completion script for fish 3. It calls nothing: what is completed stands in the script. Pure. */
import type { CompletionEntry, CompletionFlag } from "./completion.ts";

export function fishCompletion(entries: readonly CompletionEntry[]): string {
  const valued = entries.flatMap(({ path, flags }) =>
    flags.filter((flag) => flag.value !== null).map((flag) => quoted(`${path} --${flag.name}`))
  );
  return `# fish completion for sloctl. Load it with: sloctl completions fish | source
function __sloctl_path
    set -l path sloctl
    set -l skip 0
    for word in (commandline -opc)[2..-1]
        if test $skip = 1
            set skip 0
            continue
        end
        switch "$path $word"
            case ${entries.slice(1).map(({ path }) => quoted(path)).join(" ")}
                set path "$path $word"
            case ${valued.join(" ")}
                set skip 1
        end
    end
    echo $path
end
function __sloctl_at
    test (__sloctl_path) = "$argv[1]"
end
complete -c sloctl -f
${entries.flatMap((entry) => lines(entry)).join("\n")}
`;
}

function lines({ path, subcommands, flags, positional }: CompletionEntry): string[] {
  const at = `complete -c sloctl -n ${quoted(`__sloctl_at "${path}"`)}`;
  return [
    ...subcommands.map(({ name, help }) => `${at} -a ${name} -d ${quoted(help)}`),
    ...(positional?.kind === "file" || positional?.kind === "directory" ? [`${at} -F`] : []),
    ...flags.map((flag) => `${at} -l ${flag.name}${valuePart(flag)} -d ${quoted(flag.help)}`),
  ];
}

function valuePart({ value }: CompletionFlag): string {
  switch (value?.kind) {
    case undefined:
      return "";
    case "values":
      return ` -x -a ${quoted(value.values.join(" "))}`;
    case "text":
      return " -x";
    default:
      return " -r -F";
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
