package mapping

import "slices"

const (
	// batchBytes is how much is written before it is recorded. More makes a kill repeat
	// more, less costs more system calls.
	batchBytes = 64 << 10

	// mostWaiting and mostWaitingBytes are how many outcomes, and how much output in
	// memory and in files, wait for an output that is blocked before no more calls start.
	// Less makes an output that is read in spurts slow down calls.
	mostWaiting      = 4096
	mostWaitingBytes = 4 << 20
)

// queue has items whose turn to be written has come.
type queue struct {
	items []*item
	bytes int64 // of them
}

func (q *queue) put(i *item) {
	q.items = append(q.items, i)
	q.bytes += i.toWrite()
}

// take moves the first items to batch, which is empty, until they are a batch.
func (q *queue) take(batch []*item) []*item {
	bytes, n := int64(0), 0
	for n < len(q.items) && bytes < batchBytes {
		bytes += q.items[n].toWrite()
		n++
	}
	batch = append(batch, q.items[:n]...)
	q.items = slices.Delete(q.items, 0, n)
	q.bytes -= bytes
	return batch
}

// plenty reports whether waiting for more makes no sense.
func (q *queue) plenty() bool { return q.bytes >= batchBytes }

// full reports whether no more calls are to start until some items have gone.
func (q *queue) full() bool { return len(q.items) >= mostWaiting || q.bytes >= mostWaitingBytes }
