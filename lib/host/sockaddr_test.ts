import { assertEquals } from "@std/assert";
import { sockaddr } from "./sockaddr.ts";

const hex = (bytes: Uint8Array) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");

Deno.test("addresses as Linux wants them", () => {
  assertEquals(hex(sockaddr("127.0.0.1", 8080).bytes), "02001f907f0000010000000000000000");
  const six = (ip: string) => hex(sockaddr(ip, 443).bytes);
  const zeros = (n: number) => "00".repeat(n);
  assertEquals(six("::1"), `0a0001bb${zeros(4)}${zeros(15)}01${zeros(4)}`);
  assertEquals(six("::"), `0a0001bb${zeros(4)}${zeros(16)}${zeros(4)}`);
  assertEquals(six("2001:db8::8:800:200c:417a"), `0a0001bb${zeros(4)}20010db80000000000080800200c417a${zeros(4)}`);
  assertEquals(six("1:2:3:4:5:6:7:8"), `0a0001bb${zeros(4)}00010002000300040005000600070008${zeros(4)}`);
  assertEquals(six("::ffff:10.1.2.3"), `0a0001bb${zeros(4)}${zeros(10)}ffff0a010203${zeros(4)}`);
});
