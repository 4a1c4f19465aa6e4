/** The files of an evidence folder, found once: by path below it, sorted. Links are not followed: evidence is what lies there. */
import { IoError } from "../../model/errors.ts";

const MOST_FILES = 100_000;

/** @throws IoError when the folder cannot be read */
export function listFiles(root: string): string[] {
  const found: string[] = [];
  const walk = (below: string) => {
    for (const { name, isDirectory, isFile } of Deno.readDirSync(`${root}/${below}`)) {
      const path = below === "" ? name : `${below}/${name}`;
      if (isDirectory) walk(path);
      else if (isFile) found.push(path);
      if (found.length > MOST_FILES) throw new IoError(`Cannot read "${root}": it holds over ${MOST_FILES} files`);
    }
  };
  try {
    walk("");
  } catch (error) {
    if (error instanceof IoError) throw error;
    const state = error instanceof Deno.errors.NotFound
      ? "there is no such folder"
      : "it is no folder that can be read";
    throw new IoError(`Cannot read "${root}": ${state}`, "Name the folder that holds the evidence");
  }
  return found.sort();
}

/** `*` and `?` stay within a folder, and a double star goes through any number of them. */
export function globPattern(glob: string): RegExp {
  const parts = glob.split(/(\*\*\/|\*\*|\*|\?)/).map((part) => {
    if (part === "**/") return "(?:.*/)?";
    if (part === "**") return ".*";
    if (part === "*") return "[^/]*";
    if (part === "?") return "[^/]";
    return part.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  });
  return new RegExp(`^${parts.join("")}$`);
}
