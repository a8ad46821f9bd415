package process

import "errors"

// slotState is where one slot stands.
//
//	       spawn           hello       assign, emptied
//	empty ------> starting -----> idle <--------------> busy
//	 ^  ^            |             | | expire             | expire
//	 |  | exit       |             | v        emptied     v
//	 |  +------------|---------- stopping <---------- draining
//	 |               | exit        | exit                 |
//	 |               v             |                      |
//	 +------------- lost <---------+----------------------+
//	   backoffOver               exit of idle, busy, draining
//
// retire leads from empty or lost to retired.
//
// S1: a slot holds calls only while it is busy or draining.
// S2: retired is final.
// S3: a lost slot never becomes idle without passing through starting.
// S4: a draining or stopping slot is not assigned calls.
// S5: entering stopping, the worker is told to end; entering lost, its calls
// are settled and the next start waits for the back-off.
type slotState uint8

const (
	slotEmpty slotState = iota
	slotStarting
	slotIdle
	slotBusy
	slotDraining
	slotStopping
	slotLost
	slotRetired
)

var slotNames = [...]string{"empty", "starting", "idle", "busy", "draining", "stopping", "lost", "retired"}

func (s slotState) String() string { return slotNames[s] }

// slotEvent is what happens to a slot.
type slotEvent uint8

const (
	eventSpawn       slotEvent = iota // a process is being started
	eventHello                        // its worker is ready
	eventAssign                       // it was given calls
	eventEmptied                      // it has answered all its calls
	eventExpire                       // its worker is to be ended, or replaced
	eventExit                         // its worker has ended, or could not be started
	eventBackoffOver                  // it may try again
	eventRetire                       // it is not to try again
)

var eventNames = [...]string{"spawn", "hello", "assign", "emptied", "expire", "exit", "backoffOver", "retire"}

func (e slotEvent) String() string { return eventNames[e] }

// errImpossible says that an event cannot happen in a state.
var errImpossible = errors.New("process: impossible slot transition")

// next returns the state after e. It has no effects. Pairs that cannot happen
// return errImpossible.
func next(s slotState, e slotEvent) (slotState, error) {
	switch {
	case s == slotEmpty && e == eventSpawn:
		return slotStarting, nil
	case s == slotStarting && e == eventHello, s == slotBusy && e == eventEmptied:
		return slotIdle, nil
	case (s == slotIdle || s == slotBusy) && e == eventAssign:
		return slotBusy, nil
	case s == slotIdle && e == eventExpire, s == slotDraining && e == eventEmptied:
		return slotStopping, nil
	case s == slotBusy && e == eventExpire:
		return slotDraining, nil
	case (s == slotDraining || s == slotStopping) && e == eventExpire:
		return s, nil
	case s == slotStopping && e == eventExit:
		return slotEmpty, nil
	case (s == slotStarting || s == slotIdle || s == slotBusy || s == slotDraining) && e == eventExit:
		return slotLost, nil
	case s == slotLost && e == eventBackoffOver:
		return slotEmpty, nil
	case (s == slotEmpty || s == slotLost) && e == eventRetire:
		return slotRetired, nil
	}
	return s, errImpossible
}

// assignable reports whether a slot may be given calls.
func (s slotState) assignable() bool { return s == slotIdle || s == slotBusy }
