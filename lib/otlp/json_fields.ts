/** Strict readers of single members of OTLP/JSON. An absent member and null both mean the protobuf default. */
import type { RejectReason } from "./tally.ts";

export type Json = Readonly<Record<string, unknown>>;

/** A member is not what the schema says. The caller knows whether that costs a span or the body. */
export class BadField extends Error {
  constructor(message: string, readonly id?: RejectReason) {
    super(message);
  }
}

export function objectOf(value: unknown): Json {
  if (value === undefined || value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) throw new BadField(`must be an object, is ${nameOf(value)}`);
  return value as Json;
}

export function arrayOf(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new BadField(`must be an array, is ${nameOf(value)}`);
  return value;
}

export function text(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value !== "string") throw new BadField(`must be text, is ${nameOf(value)}`);
  return value;
}

/** Hex of any case and any length, returned in lower case; the length is judged later, alike for both encodings. */
export function hex(value: unknown, id: RejectReason): string {
  if (value === undefined || value === null) return "";
  if (typeof value !== "string" || !/^[0-9a-fA-F]*$/.test(value)) throw new BadField("must be hex digits", id);
  return value.toLowerCase();
}

/** An enum: a JSON integer of 32 bits, never a name or a quoted number. */
export function integer(value: unknown): number {
  if (value === undefined || value === null) return 0;
  if (typeof value !== "number" || (value | 0) !== value) throw new BadField("must be an integer, not a name");
  return value;
}

/** A 32-bit number that is no enum: quoted ones are good too. */
export function int32(value: unknown): number {
  const number = Number(wide(value));
  if (number !== (number | 0)) throw new BadField("does not fit 32 bits signed");
  return number;
}

export function uint32(value: unknown): number {
  if (value === undefined || value === null) return 0;
  const number = Number(wide(value));
  if (number !== number >>> 0) throw new BadField("does not fit 32 bits unsigned");
  return number;
}

function wide(value: unknown): bigint {
  if (value === undefined || value === null) return 0n;
  if (typeof value === "number" && Number.isInteger(value)) return BigInt(value);
  if (typeof value === "string" && /^-?\d{1,20}$/.test(value)) return BigInt(value);
  throw new BadField("must be an integer or one in quotes");
}

export function uint64(value: unknown): bigint {
  const number = wide(value);
  if (number !== BigInt.asUintN(64, number)) throw new BadField("does not fit 64 bits unsigned");
  return number;
}

export function int64(value: unknown): bigint {
  const number = wide(value);
  if (number !== BigInt.asIntN(64, number)) throw new BadField("does not fit 64 bits signed");
  return number;
}

/** A number, a number in quotes, or one of the three words proto3 JSON has for what JSON cannot say. */
export function double(value: unknown): number {
  if (typeof value === "number") return value;
  if (value === "NaN") return NaN;
  if (value === "Infinity") return Infinity;
  if (value === "-Infinity") return -Infinity;
  if (typeof value === "string" && /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(value)) return Number(value);
  throw new BadField(`must be a number, is ${nameOf(value)}`);
}

function nameOf(value: unknown): string {
  return Array.isArray(value) ? "an array" : value === null ? "null" : typeof value;
}
