package tandem

import "time"

// Attempt is what an executor knows about one attempt when it has ended.
type Attempt struct {
	Index   int    // of the input of a Map, from 0; -1 for a call of Submit
	Label   string // names the call in messages, as [Call.Label] does
	Number  int    // which attempt of its call, from 1
	Slot    int    // where it ran, from 1
	Thread  int    // thread of the worker, from 0
	PID     int    // process that ran it; 0 when there was none
	Start   time.Time
	Wall    time.Duration // from start to end
	CPU     time.Duration // processor time; 0 when not known
	PeakRSS int64         // largest resident size of its process in bytes until then; 0 when not known
	Err     error         // nil when it succeeded
	Again   bool          // another attempt of the call follows, unless the call is canceled before
}
