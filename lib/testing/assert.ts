/**
 * The part of @std/assert we use, on node:assert, because JSR is not reachable from every build machine. The names and
 * signatures are those of @std/assert: pointing the import map at jsr:@std/assert is the whole way back.
 */
import nodeAssert from "node:assert/strict";

export function assert(condition: unknown, message = "assertion failed"): asserts condition {
  nodeAssert.ok(condition, message);
}

export function assertEquals<T>(actual: T, expected: T, message?: string): void {
  nodeAssert.deepStrictEqual(actual, expected, message!); // undefined is no message, though the types say string
}

export function assertNotEquals<T>(actual: T, expected: T, message?: string): void {
  nodeAssert.notDeepStrictEqual(actual, expected, message!);
}

export function assertAlmostEquals(actual: number, expected: number, tolerance?: number, message?: string): void {
  tolerance ??= 1e-7;
  if (Object.is(actual, expected)) return;
  nodeAssert.ok(
    Math.abs(actual - expected) <= tolerance,
    message ?? `expected ${actual} to be within ${tolerance} of ${expected}`,
  );
}

export function assertStringIncludes(actual: string, expected: string, message?: string): void {
  nodeAssert.ok(
    actual.includes(expected),
    message ?? `expected ${JSON.stringify(actual)} to contain ${JSON.stringify(expected)}`,
  );
}

export function assertMatch(actual: string, expected: RegExp, message?: string): void {
  nodeAssert.match(actual, expected, message!);
}

// deno-lint-ignore no-explicit-any -- the signature of @std/assert
type ErrorClass<E extends Error> = new (...args: any[]) => E;

function checkError<E extends Error>(error: unknown, kind?: ErrorClass<E>, includes?: string): E {
  nodeAssert.ok(error instanceof Error, `expected an Error, got ${String(error)}`);
  if (kind !== undefined) {
    nodeAssert.ok(error instanceof kind, `expected ${kind.name}, got ${error.name}: ${error.message}`);
  }
  if (includes !== undefined) assertStringIncludes(error.message, includes);
  return error as E;
}

export function assertThrows<E extends Error = Error>(fn: () => unknown, kind?: ErrorClass<E>, includes?: string): E {
  let thrown: unknown;
  try {
    fn();
  } catch (error) {
    thrown = error;
  }
  nodeAssert.ok(thrown !== undefined, "expected the function to throw");
  return checkError(thrown, kind, includes);
}

export async function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  kind?: ErrorClass<E>,
  includes?: string,
): Promise<E> {
  let thrown: unknown;
  try {
    await fn();
  } catch (error) {
    thrown = error;
  }
  nodeAssert.ok(thrown !== undefined, "expected the promise to reject");
  return checkError(thrown, kind, includes);
}
