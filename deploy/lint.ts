/**
 * The rules of the house that a general linter does not know: layer order, no effects in pure folders, one exit, FFI in two
 * folders. Loaded by `deno lint` (deno.json, lint.plugins). There are no exemptions: a file in the wrong place moves.
 */
import { importRefusal, isPure } from "./layers.ts";

const ROOT = new URL("../", import.meta.url).pathname;

/** Calls that read a clock or a random source, or start something. */
const HIDDEN_INPUTS = new Set([
  "Date.now",
  "performance.now",
  "Math.random",
  "crypto.getRandomValues",
  "crypto.randomUUID",
]);
const STARTERS = new Set(["setTimeout", "setInterval", "queueMicrotask", "fetch"]);
const EFFECTFUL_MODULES =
  /^node:(fs|fs\/promises|process|os|child_process|net|http|https|dgram|dns|timers|worker_threads)$/;

/** Path from the root of the tree; names that are not below it (as in tests of the plugin) are taken as they are. */
function treePath(filename: string): string {
  return filename.startsWith(ROOT) ? filename.slice(ROOT.length) : filename;
}

/** Calls `check` with every module a file names: import, re-export, `import()`, and `import("x").Type`. */
function eachImport(check: (specifier: string, node: Deno.lint.Node) => void): Deno.lint.LintVisitor {
  const literal = (node: Deno.lint.Node | null | undefined) => {
    if (node?.type === "Literal" && typeof node.value === "string") check(node.value, node);
  };
  return {
    ImportDeclaration: (node) => literal(node.source),
    ExportNamedDeclaration: (node) => literal(node.source),
    ExportAllDeclaration: (node) => literal(node.source),
    ImportExpression: (node) => literal(node.source),
    TSImportType: (node) => node.argument.type === "TSLiteralType" && literal(node.argument.literal),
  };
}

/** "Deno.exit" for the expression `Deno.exit`; null where it is anything but a plain name.name. */
function dotted(node: Deno.lint.MemberExpression): string | null {
  const { object, property } = node;
  if (object.type !== "Identifier") return null;
  if (!node.computed && property.type === "Identifier") return `${object.name}.${property.name}`;
  if (property.type === "Literal") return `${object.name}.${property.value}`;
  return null;
}

const layers: Deno.lint.Rule = {
  create(context) {
    const from = treePath(context.filename);
    return eachImport((specifier, node) => {
      if (!specifier.startsWith(".")) return;
      const to = new URL(specifier, `file:///${from}`).pathname.slice(1);
      const message = importRefusal(from, to);
      if (message !== null) context.report({ node, message });
    });
  },
};

const pure: Deno.lint.Rule = {
  create(context) {
    if (!isPure(treePath(context.filename))) return {};
    const refuse = (node: Deno.lint.Node, what: string) =>
      context.report({
        node,
        message: `${what} in a pure folder`,
        hint: "Take the time, the seed or the data as an argument",
      });
    return {
      ...eachImport((specifier, node) => EFFECTFUL_MODULES.test(specifier) && refuse(node, specifier)),
      MemberExpression(node) {
        const name = dotted(node);
        if (name !== null && (name.startsWith("Deno.") || HIDDEN_INPUTS.has(name))) refuse(node, name);
      },
      CallExpression(node) {
        if (node.callee.type === "Identifier" && STARTERS.has(node.callee.name)) refuse(node, node.callee.name);
      },
      NewExpression(node) {
        const isDate = node.callee.type === "Identifier" && node.callee.name === "Date";
        if (isDate && node.arguments.length === 0) refuse(node, "new Date()");
      },
    };
  },
};

/** A rule that allows `names` only in files for which `allowed` holds. */
function onlyIn(names: readonly string[], allowed: (path: string) => boolean, message: string): Deno.lint.Rule {
  return {
    create(context) {
      if (allowed(treePath(context.filename))) return {};
      return {
        MemberExpression(node) {
          const name = dotted(node);
          if (name !== null && names.includes(name)) context.report({ node, message: `${name} ${message}` });
        },
      };
    },
  };
}

const plugin: Deno.lint.Plugin = {
  name: "house",
  rules: {
    layers,
    pure,
    "one-exit": onlyIn(
      ["Deno.exit", "process.exit"],
      (path) => path === "cli/sloctl.ts",
      "stands only in cli/sloctl.ts: return a code, or set Deno.exitCode",
    ),
    "ffi-home": onlyIn(
      ["Deno.dlopen"],
      (path) => /^lib\/(kernel\/libbpf|host\/libc)\.ts$|_test\.ts$/.test(path),
      "stands only in lib/kernel/libbpf.ts and lib/host/libc.ts, each for its one library",
    ),
  },
};

export default plugin;
