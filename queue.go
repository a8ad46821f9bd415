package tandem

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
)

// Queue holds the calls that an executor has accepted and not started, in order
// of priority and arrival. It is the part that executors share: the bound, the
// waiting of submitters, cancellation of waiting calls, and closing.
//
// Batches wait in spans. A span's calls are claimed by moving its cursor with
// one atomic add, so that taking a call needs no lock until its span is used up.
//
// Q1: a call is handed out once: by Claim, Withdraw or WithdrawAll.
// Q2: no more than limit calls wait, except one batch larger than that alone,
// and calls that were given back with Return. A span counts whole until its
// last call is claimed.
// Q3: submitters that wait are admitted in the order in which they came; nobody
// overtakes them.
type Queue struct {
	limit    int // immutable
	counters counters

	_ cacheLine

	head     atomic.Pointer[span]
	mu       sync.Mutex
	accepted uint64     // calls so far
	levels   []level    // by falling priority; no empty ones
	waiting  int        // calls of linked spans, claimed or not
	blocked  []*blocked // first come first
	draining bool
}

// span is a run of waiting calls: a node of the queue.
type span struct {
	calls      Calls
	cursor     atomic.Int64 // next call to be claimed, from calls.lo
	prev, next *span
	linked     bool
}

// level is the list of spans of one priority.
type level struct {
	priority    int
	first, last *span
}

// blocked is a submitter that waits for room. The queue links its batch when
// there is room, so that it need not come back in time to keep its place.
type blocked struct {
	batch    *Batch
	admitted bool          // guarded by the queue's mu
	ready    chan struct{} // closed by the queue when it admits the batch or drains
}

// leastShare is the part of its limit that a claim takes at least. More parts
// spread the last calls of a span better, fewer make less of them.
const leastShare = 8

// NewQueue returns a queue for up to limit waiting calls. limit must be positive.
func NewQueue(limit int) *Queue { return &Queue{limit: limit} }

// Push adds the calls of b. It blocks while the queue is full, until ctx ends.
// While it blocks, the task that ctx belongs to lends its slot. Errors are
// [*CallError]: [ErrFull] if b is not to wait, [ErrClosed], [ErrCanceled].
func (q *Queue) Push(ctx context.Context, b *Batch) error {
	q.mu.Lock()
	switch {
	case q.draining:
		q.mu.Unlock()
		return b.refusal(ErrClosed, nil)
	case ctx.Err() != nil:
		q.mu.Unlock()
		return b.refusal(ErrCanceled, context.Cause(ctx))
	case len(q.blocked) == 0 && q.fitsLocked(b):
		q.acceptLocked(b)
		q.mu.Unlock()
		return nil
	case b.refuse:
		q.mu.Unlock()
		return b.refusal(ErrFull, nil)
	}
	w := &blocked{batch: b, ready: make(chan struct{})}
	q.blocked = append(q.blocked, w)
	q.mu.Unlock()
	q.await(ctx, w)
	return q.leave(ctx, w)
}

// pass accepts b as Push does and leaves its calls to the caller, as Claim does. It
// reports false, and does nothing, when others wait or the queue drains.
func (q *Queue) pass(b *Batch) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.draining || len(q.levels) > 0 || len(q.blocked) > 0 {
		return false
	}
	q.countLocked(b)
	return true
}

// leave ends the wait of w: with nil if the queue has its batch, even when ctx
// has ended meanwhile.
func (q *Queue) leave(ctx context.Context, w *blocked) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if w.admitted {
		return nil
	}
	q.blocked = slices.DeleteFunc(q.blocked, func(other *blocked) bool { return other == w })
	if q.draining {
		return w.batch.refusal(ErrClosed, nil)
	}
	q.admitLocked() // those behind it may fit
	return w.batch.refusal(ErrCanceled, context.Cause(ctx))
}

func (q *Queue) countLocked(b *Batch) {
	b.counters = &q.counters
	q.accepted += uint64(b.size)
}

func (q *Queue) acceptLocked(b *Batch) {
	q.countLocked(b)
	b.span.calls = b.All()
	q.linkLocked(&b.span, b.opts.priority, false)
}

// await waits until w is ready or ctx ends.
func (q *Queue) await(ctx context.Context, w *blocked) {
	lender := lenderOf(ctx)
	lender.lend()
	defer lender.reclaim()
	select {
	case <-w.ready:
	case <-ctx.Done():
	}
}

// Claim hands out up to limit calls of the first span, or none when nothing
// waits. A share above one is a part of what the span has left, smaller with more
// slots, so that free slots find work; but not so small that handing it out
// costs more than running it, when the limit says that calls are short.
func (q *Queue) Claim(limit, slots int) Calls {
	for {
		s := q.head.Load()
		if s == nil {
			return Calls{}
		}
		calls := s.claim(limit, slots)
		if calls.hi < s.calls.hi && calls.Len() > 0 {
			return calls
		}
		q.mu.Lock() // used up, by this claim or another
		q.unlinkLocked(s)
		q.mu.Unlock()
		if calls.Len() > 0 {
			return calls
		}
	}
}

func (s *span) claim(limit, slots int) Calls {
	n := int64(1)
	if limit > 1 {
		left := int64(s.calls.hi) - int64(s.calls.lo) - s.cursor.Load()
		n = max(1, min(int64(limit), left/int64(2*slots)), int64(limit)/leastShare)
	}
	return s.take(n)
}

// take moves the cursor by n and returns what was there.
func (s *span) take(n int64) Calls {
	from := s.cursor.Add(n) - n + int64(s.calls.lo)
	if from >= int64(s.calls.hi) {
		return Calls{}
	}
	return Calls{s.calls.Batch, int32(from), int32(min(from+n, int64(s.calls.hi)))}
}

// left returns how many calls of s have not been claimed.
func (s *span) left() int {
	return max(0, s.calls.Len()-int(min(s.cursor.Load(), int64(s.calls.Len()))))
}

// Return puts claimed calls back at the front of their priority. It never
// blocks, also when the queue is full or drains.
func (q *Queue) Return(calls Calls) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.linkLocked(&span{calls: calls}, calls.Batch.opts.priority, true)
}

// Remove takes c out of the queue and reports whether it waited there. The calls
// beside it keep their place.
func (q *Queue) Remove(c Call) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, s := range q.spansLocked() {
		next := s.calls.lo + int32(min(s.cursor.Load(), int64(s.calls.Len())))
		if s.calls.Batch == c.batch && next <= c.index && c.index < s.calls.hi {
			return q.removeLocked(s, c.index)
		}
	}
	return false
}

// removeLocked replaces s by what is left of it before and after call i, and
// reports whether that was still there. The parts are linked before s goes, so
// that nobody finds the queue empty meanwhile.
func (q *Queue) removeLocked(s *span, i int32) bool {
	rest := s.take(1 << 40)
	found := rest.Len() > 0 && rest.lo <= i
	parts := []Calls{rest}
	if found {
		parts = []Calls{{rest.Batch, i + 1, rest.hi}, {rest.Batch, rest.lo, i}}
	}
	for _, part := range parts {
		if part.Len() > 0 {
			q.linkAfterLocked(s, &span{calls: part})
		}
	}
	q.unlinkLocked(s)
	return found
}

// linkAfterLocked links n behind s.
func (q *Queue) linkAfterLocked(s, n *span) {
	n.linked, n.prev, n.next = true, s, s.next
	if s.next == nil {
		q.levelLocked(s.calls.Batch.opts.priority).last = n
	} else {
		s.next.prev = n
	}
	s.next = n
	q.waiting += n.calls.Len()
}

// Withdraw takes the waiting calls of b out of the queue and hands them to each.
func (q *Queue) Withdraw(b *Batch, each func(Call)) {
	q.withdraw(func(s *span) bool { return s.calls.Batch == b }, each)
}

// WithdrawAll takes all waiting calls out of the queue and hands them to each.
func (q *Queue) WithdrawAll(each func(Call)) {
	q.withdraw(func(*span) bool { return true }, each)
}

func (q *Queue) withdraw(match func(*span) bool, each func(Call)) {
	var taken []Calls
	q.mu.Lock()
	for _, s := range q.spansLocked() {
		if match(s) {
			taken = append(taken, s.take(1<<40))
			q.unlinkLocked(s)
		}
	}
	q.mu.Unlock()
	for _, calls := range taken {
		for i := range calls.Len() {
			each(calls.At(i))
		}
	}
}

// Drain makes every later Push fail with [ErrClosed], also those that block now.
func (q *Queue) Drain() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.draining {
		return
	}
	q.draining = true
	for _, w := range q.blocked {
		close(w.ready)
	}
}

// Waiting returns how many calls wait.
func (q *Queue) Waiting() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := 0
	for _, s := range q.spansLocked() {
		n += s.left()
	}
	return n
}

// Stats returns what the queue knows of its executor.
func (q *Queue) Stats() Stats {
	q.mu.Lock()
	accepted := q.accepted
	q.mu.Unlock()
	return Stats{
		Waiting:    q.Waiting(),
		QueueLimit: q.limit,
		Accepted:   accepted,
		Succeeded:  q.counters.succeeded.Load(),
		Failed:     q.counters.failed.Load(),
		Canceled:   q.counters.canceled.Load(),
		Retried:    q.counters.retried.Load(),
	}
}

// counters count what became of the calls of one executor.
type counters struct {
	succeeded, failed, canceled, retried atomic.Uint64
}

// count counts the outcome of a call.
func (n *counters) count(err error) {
	switch {
	case err == nil:
		n.succeeded.Add(1)
	case isCanceled(err):
		n.canceled.Add(1)
	default:
		n.failed.Add(1)
	}
}

// isCanceled reports whether err says that a call was canceled before it started.
func isCanceled(err error) bool {
	e, ok := err.(*CallError)
	return ok && e.Code == codeOf(ErrCanceled)
}

func (q *Queue) spansLocked() []*span {
	var all []*span
	for _, l := range q.levels {
		for s := l.first; s != nil; s = s.next {
			all = append(all, s)
		}
	}
	return all
}

func (q *Queue) fitsLocked(b *Batch) bool {
	return q.waiting+b.Len() <= q.limit || q.waiting == 0
}

func (q *Queue) linkLocked(s *span, priority int, front bool) {
	l := q.levelLocked(priority)
	s.linked = true
	switch {
	case l.first == nil:
		l.first, l.last = s, s
	case front:
		s.next, l.first.prev = l.first, s
		l.first = s
	default:
		s.prev, l.last.next = l.last, s
		l.last = s
	}
	q.waiting += s.calls.Len()
	q.head.Store(q.levels[0].first)
}

// levelLocked returns the level of a priority, making it if need be.
func (q *Queue) levelLocked(priority int) *level {
	i := 0
	for i < len(q.levels) && q.levels[i].priority > priority {
		i++
	}
	if i == len(q.levels) || q.levels[i].priority != priority {
		q.levels = append(q.levels, level{})
		copy(q.levels[i+1:], q.levels[i:])
		q.levels[i] = level{priority: priority}
	}
	return &q.levels[i]
}

// unlinkLocked removes s, if that has not been done, and lets blocked
// submitters in.
func (q *Queue) unlinkLocked(s *span) {
	if !s.linked {
		return
	}
	s.linked = false
	i := 0
	for q.levels[i].priority != s.calls.Batch.opts.priority {
		i++
	}
	l := &q.levels[i]
	if s.prev == nil {
		l.first = s.next
	} else {
		s.prev.next = s.next
	}
	if s.next == nil {
		l.last = s.prev
	} else {
		s.next.prev = s.prev
	}
	s.prev, s.next = nil, nil
	if l.first == nil {
		q.levels = append(q.levels[:i], q.levels[i+1:]...)
	}
	q.waiting -= s.calls.Len()
	q.storeHeadLocked()
	q.admitLocked()
}

func (q *Queue) storeHeadLocked() {
	var first *span
	if len(q.levels) > 0 {
		first = q.levels[0].first
	}
	q.head.Store(first)
}

// admitLocked takes in the batches of waiting submitters that now fit, first
// come first served.
func (q *Queue) admitLocked() {
	for !q.draining && len(q.blocked) > 0 && q.fitsLocked(q.blocked[0].batch) {
		w := q.blocked[0]
		q.blocked = slices.Delete(q.blocked, 0, 1)
		w.admitted = true
		q.acceptLocked(w.batch)
		close(w.ready)
	}
}
