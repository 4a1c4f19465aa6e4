// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * disk_io_latency_ms: how long a block request took, from being queued for its device until it was complete.
 *
 * The owner is remembered when the request is queued or, where it goes straight to the device, when it is issued: both happen in the
 * context of whoever asks for it. A file that was only written to memory is written to the disk later by a kernel thread
 * (`kworker`, `jbd2`): that thread is the owner then, and the record says so. At completion nobody in particular is current.
 *
 * Up to `disk_per_second` requests a second are told one by one, above that those over the threshold; the rest goes into tallies.
 */
#include "budget.bpf.h"
#include "tally.bpf.h"

#define MAX_REQUESTS 16384
/* Requests that carry no file's data: commands of a driver. */
#define FIRST_COMMAND_OP 32

struct pending {
	struct llm_slo_event owner;
	__u64 made_ns; /* of the request, as its device accounts it: tells a request from the next one in the same memory */
	__u64 start_ns;
	__u64 issued_ns;
};

/* By address of the request. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_REQUESTS);
	__type(key, __u64);
	__type(value, struct pending);
} requests SEC(".maps");

/* Requests whose end was not told to us: the next one was already in their place. No latency is known of them. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} ends_unseen SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct budget);
} disk_budget SEC(".maps");

static __always_inline __u32 device_of(struct request *rq)
{
	struct gendisk *disk = bpf_core_field_exists(rq->rq_disk) ? rq->rq_disk : rq->q->disk;

	return disk ? (__u32)disk->major << 20 | disk->first_minor : 0;
}

static __always_inline int queued(struct request *rq, int issued)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct pending fresh = { .start_ns = bpf_ktime_get_ns(), .made_ns = rq->start_time_ns };
	__u64 key = (unsigned long)rq;
	struct pending *known = bpf_map_lookup_elem(&requests, &key);
	__u32 zero = 0;

	if ((rq->cmd_flags & 0xff) >= FIRST_COMMAND_OP)
		return 0;
	/* Queued before it is issued, or put back by the driver and issued again: still the same request. */
	if (known && known->made_ns == fresh.made_ns) {
		if (issued)
			known->issued_ns = fresh.start_ns;
		return 0;
	}
	if (known) {
		__u64 *unseen = bpf_map_lookup_elem(&ends_unseen, &zero);

		if (unseen)
			*unseen += 1;
		bpf_map_delete_elem(&requests, &key);
	}
	if (!is_target(task))
		return 0;
	fill_current_owner(&fresh.owner, task);
	fresh.owner.kind = LLM_SLO_DISK;
	fresh.owner.flags = BPF_CORE_READ(task, flags) & PF_KTHREAD ? LLM_SLO_DISK_KERNEL : 0;
	if (issued)
		fresh.issued_ns = fresh.start_ns;
	if (bpf_map_update_elem(&requests, &key, &fresh, BPF_NOEXIST))
		count_untracked(LLM_SLO_DISK);
	return 0;
}

/* Until 5.10 these tracepoints told of the queue too, first. */
SEC("tp_btf/block_rq_insert")
int BPF_PROG(on_insert, struct request *rq)
{
	return queued(rq, 0);
}

SEC("tp_btf/block_rq_insert")
int BPF_PROG(on_insert_with_queue, struct request_queue *queue, struct request *rq)
{
	return queued(rq, 0);
}

SEC("tp_btf/block_rq_issue")
int BPF_PROG(on_issue, struct request *rq)
{
	return queued(rq, 1);
}

SEC("tp_btf/block_rq_issue")
int BPF_PROG(on_issue_with_queue, struct request_queue *queue, struct request *rq)
{
	return queued(rq, 1);
}

/* It became part of another request, which goes on. */
static __always_inline int merged(struct request *rq)
{
	__u64 key = (unsigned long)rq;

	bpf_map_delete_elem(&requests, &key);
	return 0;
}

SEC("tp_btf/block_rq_merge")
int BPF_PROG(on_merge, struct request *rq)
{
	return merged(rq);
}

SEC("tp_btf/block_rq_merge")
int BPF_PROG(on_merge_with_queue, struct request_queue *queue, struct request *rq)
{
	return merged(rq);
}

SEC("tp_btf/block_rq_complete")
int BPF_PROG(on_complete, struct request *rq, int status, unsigned int bytes)
{
	__u64 key = (unsigned long)rq;
	struct pending *known = bpf_map_lookup_elem(&requests, &key);
	struct llm_slo_tally_key of = {};
	struct llm_slo_disk record = {};
	struct llm_slo_tally *tally;
	__u32 zero = 0;
	__u64 ns;

	if (!known || bytes < rq->__data_len) /* a part of it */
		return 0;
	record.header = known->owner;
	record.header.ts_ns = bpf_ktime_get_ns();
	record.start_ns = known->start_ns;
	record.issued_ns = known->issued_ns;
	bpf_map_delete_elem(&requests, &key);
	record.sector = rq->__sector;
	record.bytes = bytes;
	record.device = device_of(rq);
	record.op = rq->cmd_flags & 0xff;
	record.status = status;
	ns = record.header.ts_ns - record.start_ns;
	if (within_budget(bpf_map_lookup_elem(&disk_budget, &zero), record.header.ts_ns / 1000000000, TUNED(disk_per_second)) ||
	    ns >= TUNED(disk_threshold_ns) || status) {
		emit(&record, sizeof(record), LLM_SLO_DISK);
		return 0;
	}
	of.process_start_ns = record.header.process_start_ns;
	of.pid = record.header.pid;
	of.kind = LLM_SLO_DISK;
	of.what = record.op | (record.header.flags & LLM_SLO_DISK_KERNEL ? LLM_SLO_BY_KERNEL : 0);
	of.where = record.device;
	tally = bpf_map_lookup_elem(&tallies, &of);
	if (!tally)
		tally = new_tally(&record.header, &of);
	if (tally)
		count_in_tally(tally, record.header.ts_ns, ns, bytes);
	return 0;
}
