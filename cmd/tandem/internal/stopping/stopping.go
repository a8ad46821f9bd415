package stopping

// State is how far a run has been stopped.
//
//	         interrupt, terminate, hangup         again, graceOver
//	taking ------------------------------> draining --------------> killing
//	   |                                      |                      ^  | again: Quit
//	   +-------------- outputClosed ----------+----------------------+  +--------------
//
// S1: input is stopped exactly once, on leaving taking.
// S2: calls are killed exactly once, on entering killing.
type State uint8

const (
	Taking   State = iota // inputs are taken
	Draining              // what was taken is finished
	Killing               // what runs is being killed
)

// Event is something that makes a run stop.
type Event uint8

const (
	Interrupt    Event = iota // Ctrl-C
	Terminate                 // SIGTERM
	Hangup                    // SIGHUP: the terminal is gone
	GraceOver                 // the time to finish after Terminate or Hangup is over
	OutputClosed              // nobody reads the results any more
)

// Events are all events.
var Events = []Event{Interrupt, Terminate, Hangup, GraceOver, OutputClosed}

// Action is something to do.
type Action uint8

const (
	StopInput  Action = iota // take no more inputs
	SayDrain                 // tell how many calls are being finished
	StartGrace               // send GraceOver after a short time
	Kill                     // kill what runs
	Quit                     // end this program at once
)

// Next returns the state after an event and what to do. It has no effects.
func Next(s State, e Event) (State, []Action) {
	switch {
	case s == Taking && e == Interrupt:
		return Draining, []Action{StopInput, SayDrain}
	case s == Taking && (e == Terminate || e == Hangup):
		return Draining, []Action{StopInput, StartGrace}
	case s == Taking && e == OutputClosed:
		return Killing, []Action{StopInput, Kill}
	case s == Draining:
		return Killing, []Action{Kill}
	case s == Killing && (e == Interrupt || e == Terminate):
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
