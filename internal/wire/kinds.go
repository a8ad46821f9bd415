package wire

// Kind says how a call ended without a value. Kinds from newer workers are kept
// as they are; what is unknown is to be treated like [KindError].
type Kind string

// The kinds of failure in docs/wire.md.
const (
	KindError       Kind = "error"        // the task returned or raised an error
	KindPanic       Kind = "panic"        // the task panicked
	KindGoexit      Kind = "goexit"       // the task ended its goroutine
	KindCanceled    Kind = "canceled"     // the task ended because its context was canceled
	KindUnknownTask Kind = "unknown_task" // no such task; the call did not run
	KindBadInput    Kind = "bad_input"    // the input does not fit; the call did not run
	KindBadResult   Kind = "bad_result"   // the call ran; its value cannot be encoded
	KindTooLarge    Kind = "too_large"    // the call ran; its value exceeds the frame limit
	KindMemory      Kind = "memory"       // the call ran into the memory limit
	KindStart       Kind = "start"        // in fatal: the worker cannot serve
)
