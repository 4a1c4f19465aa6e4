import { assertEquals } from "@std/assert";
import { parseFormat } from "./tracefs.ts";

Deno.test("parseFormat finds every field, arrays and pointers too", () => {
  const text = `name: tcp_retransmit_skb
ID: 2281
format:
	field:unsigned short common_type;	offset:0;	size:2;	signed:0;

	field:const void * skbaddr;	offset:8;	size:8;	signed:0;
	field:__u8 saddr_v6[16];	offset:42;	size:16;	signed:0;
	field:__data_loc char[] name;	offset:60;	size:4;	signed:0;

print fmt: "skbaddr=%p offset:9;", REC->skbaddr
`;
  assertEquals([...parseFormat(text)], [["common_type", 0], ["skbaddr", 8], ["saddr_v6", 42], ["name", 60]]);
});
