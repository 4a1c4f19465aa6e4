/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Finds a W3C traceparent header in the first bytes of a plaintext HTTP/1.1 request. Only observes. The header's name may be
 * written in any case; the value is `00-<32 hex>-<16 hex>-<2 hex>`.
 */
#ifndef TRACEPARENT_BPF_H
#define TRACEPARENT_BPF_H

#include "probe.bpf.h"

#define HEAD_BYTES 2048
#define HEAD_CHUNK 64
#define NAME_BYTES 12 /* "traceparent:" */
#define VALUE_BYTES 56 /* a space, the version, the ids, the flags */

#define LINE_TRA (0x0au | 't' << 8 | 'r' << 16 | 'a' << 24) /* bytes 0 to 3 of "\ntraceparent:", little endian */
#define PARE ('p' | 'a' << 8 | 'r' << 16 | 'e' << 24) /* bytes 6 to 9 */

struct head {
	__u8 bytes[HEAD_BYTES + HEAD_CHUNK];
	__u32 length;
	__u32 found;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct head);
} head_scratch SEC(".maps");

/*
 * Copies the head in pieces of fixed size, the last one overlapping. Lengths and positions go through memory on purpose: the
 * verifier forgets what it knew of them and checks what follows once, not once for each value they could have.
 */
static __always_inline void copy_head(struct __sk_buff *skb, __u32 at, __u32 length, struct head *head)
{
	__u32 tail;

	head->length = length > HEAD_BYTES ? HEAD_BYTES : length;
	for (__u32 i = 0; i < HEAD_BYTES / HEAD_CHUNK; i++) {
		if ((i + 1) * HEAD_CHUNK <= *(volatile __u32 *)&head->length)
			bpf_skb_load_bytes(skb, at + i * HEAD_CHUNK, &head->bytes[i * HEAD_CHUNK], HEAD_CHUNK);
	}
	tail = *(volatile __u32 *)&head->length - HEAD_CHUNK;
	if (tail <= HEAD_BYTES - HEAD_CHUNK && bpf_skb_load_bytes(skb, at + tail, &head->bytes[tail], HEAD_CHUNK))
		head->length = 0;
}

/* 1 and the ids, as the hex digits they were written in, when the header is there. User space checks the digits. */
static __always_inline int find_traceparent(struct __sk_buff *skb, __u32 at, __u32 length, __u8 *trace_id, __u8 *span_id)
{
	__u32 zero = 0, end, from;
	struct head *head = bpf_map_lookup_elem(&head_scratch, &zero);
	__u8 *value;

	if (!head || length < NAME_BYTES + VALUE_BYTES)
		return 0;
	copy_head(skb, at, length, head);
	head->found = 0;
	end = *(volatile __u32 *)&head->length;
	for (__u32 i = 0; i < HEAD_BYTES - NAME_BYTES - VALUE_BYTES; i++) {
		/* Two loads of four bytes a place, whatever their alignment: one branch for the verifier to follow. */
		__u32 start = *(const volatile __u32 *)&head->bytes[i], middle = *(const volatile __u32 *)&head->bytes[i + 6];

		if (i + NAME_BYTES + VALUE_BYTES > end)
			break;
		if (((start | 0x20202000) ^ LINE_TRA) | ((middle | 0x20202020) ^ PARE))
			continue;
		head->found = i + 1;
		break;
	}
	from = *(volatile __u32 *)&head->found;
	if (from == 0 || from >= HEAD_BYTES - NAME_BYTES - VALUE_BYTES)
		return 0;
	value = &head->bytes[from + NAME_BYTES];
	if (*value == ' ')
		value += 1;
	if (value[0] != '0' || value[1] != '0' || value[2] != '-' || value[35] != '-')
		return 0;
	__builtin_memcpy(trace_id, value + 3, 32);
	__builtin_memcpy(span_id, value + 36, 16);
	return 1;
}

#endif
