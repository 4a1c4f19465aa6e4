/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What a DNS message says: its question, whether an answer repeats it, and its response code. */
#ifndef DNS_QUESTION_BPF_H
#define DNS_QUESTION_BPF_H

#include "dns_state.bpf.h"

/* Puts the start of the message where it can be looked at byte by byte. */
static __always_inline void load_head(struct __sk_buff *skb, __u32 at, __u32 length, int how, struct dns_query *query)
{
	__u64 bytes = length > DNS_HEAD ? DNS_HEAD : length;

	query->scan.bytes = 0;
	if (how & DNS_GATHERED) {
		const __u8 *head = gathered_head(skb, how);

		if (!head)
			return;
		__builtin_memcpy(query->head, head, DNS_HEAD);
	} else {
		IN_ONE_REGISTER(bytes);
		if (bytes > DNS_HEAD)
			return;
		IN_ONE_REGISTER(bytes);
		if (bytes < DNS_HEADER || bpf_skb_load_bytes(skb, at, query->head, bytes))
			return;
	}
	query->scan.bytes = bytes;
}

/*
 * The loops below keep what they know in the map, not in registers: the verifier forgets it there, and looks at each round once instead of
 * once for every way to come to it.
 */
static __always_inline void read_question(struct dns_query *query)
{
	struct llm_slo_dns *record = &query->record;
	volatile struct dns_scan *scan = &query->scan;
	__u64 length;

	scan->left = 0;
	scan->length = 0;
	for (__u32 i = 0; i < LLM_SLO_DNS_NAME_LEN; i++) {
		__u8 byte = query->head[DNS_HEADER + i];

		if (DNS_HEADER + i >= scan->bytes)
			break;
		if (scan->left)
			scan->left -= 1;
		else if (byte == 0 || byte > 63)
			break; /* the root, or no label */
		else
			scan->left = byte;
		record->name[i] = byte;
		scan->length = i + 1;
	}
	length = scan->length;
	record->name_len = length;
	IN_ONE_REGISTER(length);
	if (length < LLM_SLO_DNS_NAME_LEN && DNS_HEADER + length + 3 <= scan->bytes)
		record->query_type = (query->head[DNS_HEADER + length + 1] << 8) | query->head[DNS_HEADER + length + 2];
}

#define EACH_BYTE 0x0101010101010101ULL

/* Letters of names mean the same in either case; a length byte is no letter. Eight at a time. */
static __always_inline __u64 lower(__u64 bytes)
{
	__u64 low = bytes & (0x7f * EACH_BYTE);
	__u64 from_a = low + (0x80 - 'A') * EACH_BYTE, beyond_z = low + (0x7f - 'Z') * EACH_BYTE;

	return bytes | ((~bytes & (from_a ^ beyond_z) & (0x80 * EACH_BYTE)) >> 2);
}

/* 1 when the message repeats the question, as far as both are here. */
static __always_inline int same_question(struct dns_query *query)
{
	struct llm_slo_dns *record = &query->record;
	const __u64 *said = (const __u64 *)&query->head[DNS_HEADER], *asked = (const __u64 *)record->name;
	volatile struct dns_scan *scan = &query->scan;
	__u64 length = record->name_len;

	scan->differs = 0;
	scan->length = length;
	for (__u32 i = 0; i < LLM_SLO_DNS_NAME_LEN / 8; i++) {
		__u64 left = scan->length - 8 * i;

		if (8 * i >= scan->length)
			break;
		scan->differs |= (lower(said[i]) ^ lower(asked[i])) << (left < 8 ? 64 - 8 * left : 0);
	}
	if (scan->differs || DNS_HEADER + length > scan->bytes)
		return 0;
	IN_ONE_REGISTER(length);
	if (length >= LLM_SLO_DNS_NAME_LEN || DNS_HEADER + length + 3 > scan->bytes)
		return 1;
	return query->head[DNS_HEADER + length] == 0 &&
	       record->query_type == ((query->head[DNS_HEADER + length + 1] << 8) | query->head[DNS_HEADER + length + 2]);
}

/* The lower four bits are in the header; an error that needs more is told in an OPT record, which then comes first. */
static __always_inline __u16 response_code(struct dns_query *query)
{
	__u64 at = query->record.name_len;
	const __u8 *opt;

	IN_ONE_REGISTER(at);
	if (query->record.answers || query->head[8] || query->head[9] || at >= LLM_SLO_DNS_NAME_LEN)
		return query->head[3] & 0x0f;
	opt = &query->head[DNS_HEADER + at + 5];
	if (DNS_HEADER + at + 5 + 6 > query->scan.bytes || opt[0] || opt[1] || opt[2] != DNS_TYPE_OPT)
		return query->head[3] & 0x0f;
	return (opt[5] << 4) | (query->head[3] & 0x0f);
}

#endif
