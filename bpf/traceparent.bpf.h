/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Finds a W3C traceparent header in the head of a plaintext HTTP/1.1 request: in its first 8 KB, up to the empty line, in one packet
 * or another but its value not cut by the end of one. Only observes. The header's name may be written in any case; the value is
 * `00-<32 hex>-<16 hex>-<2 hex>`, or of a later version (not ff), which begins alike and may go on after another dash.
 */
#ifndef TRACEPARENT_BPF_H
#define TRACEPARENT_BPF_H

#include "probe.bpf.h"

#define HEAD_MOST 8192
#define BLOCK 2048 /* places looked at in one go */
#define CHUNK 64
#define BLOCK_BYTES (BLOCK + 2 * CHUNK) /* a header that begins in the block may end behind it */
#define NAME_BYTES 13 /* "\ntraceparent:" */
#define VALUE_BYTES 57 /* a space, the version, the ids, the flags, and what follows them */
#define BLANKS 4

#define LINE_TRA (0x0au | 't' << 8 | 'r' << 16 | 'a' << 24) /* bytes 0 to 3 of "\ntraceparent:", little endian */
#define PARE ('p' | 'a' << 8 | 'r' << 16 | 'e' << 24) /* bytes 6 to 9 */
#define EMPTY_LINE 0x0a0d0a0du

#define HEAD_ENDS 0x10000
#define AT_START 0x20000 /* the packet begins with the header: its line feed ended the one before */
#define TRAC ('t' | 'r' << 8 | 'a' << 16 | 'c' << 24)

struct head {
	__u8 bytes[BLOCK_BYTES + CHUNK];
	__u32 length;
	__u32 found;
};

/* One for softirq, the others for processes: what interrupts a copy, or pre-empts it, mostly uses another one. */
#define HEAD_SLOTS 4

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, HEAD_SLOTS);
	__type(key, __u32);
	__type(value, struct head);
} head_scratch SEC(".maps");

/*
 * Copies in pieces of fixed size, the last one overlapping. Lengths and positions go through memory on purpose: the verifier
 * forgets what it knew of them and checks what follows once, not once for each value they could have.
 */
static __always_inline void copy_block(struct __sk_buff *skb, __u32 at, __u32 length, struct head *head)
{
	__u32 tail;

	head->length = length > BLOCK_BYTES ? BLOCK_BYTES : length;
	for (__u32 i = 0; i < BLOCK_BYTES / CHUNK; i++) {
		if ((i + 1) * CHUNK <= *(volatile __u32 *)&head->length)
			bpf_skb_load_bytes(skb, at + i * CHUNK, &head->bytes[i * CHUNK], CHUNK);
	}
	tail = *(volatile __u32 *)&head->length - CHUNK;
	if (tail <= BLOCK_BYTES - CHUNK && bpf_skb_load_bytes(skb, at + tail, &head->bytes[tail], CHUNK))
		head->length = 0;
}

/*
 * Looks at one block of the packet. Yields the place of the line feed before the header plus one, or HEAD_ENDS where the empty line
 * comes first, or AT_START (of the first block), or 0. Not static: the verifier checks it once, however often it is called.
 */
__attribute__((noinline)) int scan_block(struct __sk_buff *skb, __u32 at, __u32 length, __u32 slot, __u32 first)
{
	struct head *head = bpf_map_lookup_elem(&head_scratch, &slot);
	__u32 end;

	if (!head || length < NAME_BYTES + VALUE_BYTES)
		return 0;
	copy_block(skb, at, length, head);
	end = *(volatile __u32 *)&head->length;
	if (first && (*(const volatile __u32 *)head->bytes | 0x20202020) == TRAC && (*(const volatile __u32 *)&head->bytes[5] | 0x20202020) == PARE)
		return AT_START;
	for (__u32 i = 0; i < BLOCK; i++) {
		/* Two loads of four bytes a place, whatever their alignment: few branches for the verifier to follow. */
		__u32 start = *(const volatile __u32 *)&head->bytes[i], middle = *(const volatile __u32 *)&head->bytes[i + 6];

		if (i + NAME_BYTES + VALUE_BYTES > end)
			return 0;
		if (start == EMPTY_LINE)
			return HEAD_ENDS;
		if (((start | 0x20202000) ^ LINE_TRA) | ((middle | 0x20202020) ^ PARE))
			continue;
		return i + 1;
	}
	return 0;
}

static __always_inline int is_hex(__u8 c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* 1 and the ids, as the digits they were written in, when a value begins at `place`. User space checks the digits of the ids. */
static __always_inline int read_value(const struct head *head, __u32 place, __u8 *trace_id, __u8 *span_id)
{
	const __u8 *value;
	__u8 after;

	if (place > BLOCK)
		return 0;
	value = &head->bytes[place];
	for (int i = 0; i < BLANKS && (*value == ' ' || *value == '\t'); i++)
		value += 1;
	after = value[55];
	if (!is_hex(value[0]) || !is_hex(value[1]) || value[2] != '-' || value[35] != '-' || value[52] != '-')
		return 0;
	if ((value[0] | 0x20) == 'f' && (value[1] | 0x20) == 'f')
		return 0;
	if (after != '\r' && after != '\n' && after != ' ' && after != '\t' && (after != '-' || (value[0] == '0' && value[1] == '0')))
		return 0;
	__builtin_memcpy(trace_id, value + 3, 32);
	__builtin_memcpy(span_id, value + 36, 16);
	return 1;
}

/* Looks for the header in `length` bytes of a request from `at` on, `left` of which may be its head; takes off what was seen. */
static __always_inline int find_traceparent(struct __sk_buff *skb, __u32 at, __u32 length, __u32 *left, __u32 slot, __u8 *trace_id, __u8 *span_id)
{
	__u32 size = length < *left ? length : *left;

	*left -= size;
	for (__u32 block = 0; block < HEAD_MOST / BLOCK; block++) {
		__u32 from = block * BLOCK;
		int seen;

		if (from >= size)
			break;
		seen = scan_block(skb, at + from, size - from, slot, block == 0);
		if (seen == HEAD_ENDS) {
			*left = 0;
			break;
		}
		if (seen > 0) {
			struct head *head = bpf_map_lookup_elem(&head_scratch, &slot);

			if (head && read_value(head, seen == AT_START ? NAME_BYTES - 1 : seen - 1 + NAME_BYTES, trace_id, span_id)) {
				*left = 0;
				return 1;
			}
			break; /* a name of another header, or a value that is none: the rest of this packet is let pass */
		}
	}
	return 0;
}

#endif
