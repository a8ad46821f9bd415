package tandem

import "context"

// An Executor accepts calls and runs them somewhere.
//
// Programs hand executors to [Submit], [Run] and [Map]; only authors of
// executors call Execute and Cancel. The suite in package tandemtest says what
// an executor must keep to.
type Executor interface {
	// Execute accepts all calls of batch or none. It blocks while the
	// executor is full, until ctx ends; a batch that is not to wait
	// ([Batch.Waits]) gets [ErrFull] instead. After a nil error the executor
	// owns the calls and finishes each exactly once. After an error, which is
	// a [*CallError] with fate [NotStarted], they are still the caller's.
	Execute(ctx context.Context, batch *Batch) error

	// Cancel asks the calls of batch to stop and returns at once. Those that
	// have not started finish as canceled and never run; running ones have
	// their context canceled. It does nothing to finished calls, and may be
	// called any number of times.
	Cancel(batch *Batch)

	// Stats returns a copy of the executor's counters. It is cheap enough to
	// be called every second.
	Stats() Stats

	// Close refuses new calls, waits for the accepted ones, and releases
	// everything the executor holds. When ctx ends first, what still waits
	// finishes with [ErrClosed] and what runs is killed, or abandoned where it
	// cannot be. Close returns nil, or an error that says how many calls were
	// cut short. It may be called again, also concurrently; each call waits
	// until the executor has closed.
	Close(ctx context.Context) error
}

// Stats is a snapshot of an executor.
type Stats struct {
	Slots      int // calls that may run at once
	Running    int // calls that have started and not ended
	Waiting    int // accepted calls that have not started
	QueueLimit int // how many may wait

	Accepted  uint64 // calls accepted so far
	Succeeded uint64 // calls that ended with a value
	Failed    uint64 // calls that ended with an error, canceled ones apart
	Canceled  uint64 // calls that were canceled before they started
	Retried   uint64 // attempts beyond the first of a call
	Abandoned int    // goroutines still running a call whose outcome was given up

	Workers     []WorkerStats // one a slot; empty where calls run in this process
	Restarts    uint64        // workers started to replace one that ended
	MemoryLimit string        // what enforces the memory limit: "", "rlimit", "sampling"

	// StartMethod is how workers come to be: "template" where they are forked
	// from one process that has loaded everything, "spawn" where each is started
	// by itself, followed by ": " and a reason where a template was to be used
	// and cannot be. Empty where calls run in this process.
	StartMethod string
}

// WorkerStats is a snapshot of one slot of an executor with workers.
type WorkerStats struct {
	Slot     int
	State    string // empty, starting, idle, busy, lost, retired
	PID      int    // 0 while there is no worker
	Running  int    // calls sent to the worker and not answered
	Finished uint64 // calls the slot's workers have answered
	Restarts uint64
	Resident int64  // bytes, from the last sample; 0 when unknown
	LastExit string // how the slot's previous worker ended
	Runtime  string // what the worker said it is
}
