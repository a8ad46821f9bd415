package stopping

import "fmt"

// State is how far a run has been stopped.
//
//	        any signal               interrupt, terminate
//	taking ------------> draining ------------------------> killing
//	   |                    | output closed                  ^  | interrupt, terminate: Quit
//	   +--- output closed --+--------------------------------+  +--------------------------
//
// S1: input is stopped exactly once, on leaving taking.
// S2: calls are killed exactly once, on entering killing.
// S3: a hangup never kills: a terminal that closes sends several.
type State uint8

const (
	Taking   State = iota // inputs are taken
	Draining              // what runs is finished
	Killing               // what runs is being killed
)

// States are all states.
var States = []State{Taking, Draining, Killing}

// Event is something that makes a run stop.
type Event uint8

const (
	Interrupt    Event = iota // Ctrl-C
	Terminate                 // SIGTERM
	Hangup                    // SIGHUP: the terminal is gone
	OutputClosed              // nobody reads the results any more
)

// Events are all events.
var Events = []Event{Interrupt, Terminate, Hangup, OutputClosed}

// Action is something to do.
type Action uint8

const (
	StopInput Action = iota // take no more inputs
	SayDrain                // tell how many calls are being finished
	Kill                    // kill what runs
	Quit                    // end this program at once
)

// Next returns the state after an event and what to do. It has no effects.
func Next(s State, e Event) (State, []Action) {
	again := e == Interrupt || e == Terminate
	switch {
	case s == Taking && e == OutputClosed:
		return Killing, []Action{StopInput, Kill}
	case s == Taking:
		return Draining, []Action{StopInput, SayDrain}
	case s == Draining && (again || e == OutputClosed):
		return Killing, []Action{Kill}
	case s == Killing && again:
		return Killing, []Action{Quit}
	}
	return s, nil
}

// Status returns the exit status of a run that e stopped: 128 and the number of
// the signal, as a shell reports it. Output that nobody reads counts as SIGPIPE.
func Status(e Event) int {
	switch e {
	case Interrupt:
		return 128 + 2
	case Hangup:
		return 128 + 1
	case OutputClosed:
		return 128 + 13
	}
	return 128 + 15
}

// DrainText says in one line that n calls are being finished because of e, and how
// to stop them. It is empty when there is nothing to wait for.
func DrainText(e Event, n int) string {
	if n < 1 {
		return ""
	}
	calls, them := "calls", "them"
	if n == 1 {
		calls, them = "call", "it"
	}
	switch e {
	case Interrupt:
		return fmt.Sprintf("finishing %d %s, press Ctrl-C again to stop %s", n, calls, them)
	case Hangup:
		return fmt.Sprintf("hangup: finishing %d %s, SIGTERM stops %s", n, calls, them)
	}
	return fmt.Sprintf("terminated: finishing %d %s, another SIGTERM stops %s", n, calls, them)
}
