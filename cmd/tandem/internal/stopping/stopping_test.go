package stopping_test

import (
	"slices"
	"testing"

	"github.com/gotandem/tandem/cmd/tandem/internal/stopping"
)

var states = []stopping.State{stopping.Taking, stopping.Draining, stopping.Killing}

func TestNext(t *testing.T) {
	type pair struct {
		state stopping.State
		event stopping.Event
	}
	type step struct {
		state   stopping.State
		actions []stopping.Action
	}
	kill := step{stopping.Killing, []stopping.Action{stopping.Kill}}
	quit := step{stopping.Killing, []stopping.Action{stopping.Quit}}
	nothing := step{stopping.Killing, nil}
	drain := step{stopping.Draining, []stopping.Action{stopping.StopInput, stopping.StartGrace}}
	tests := map[pair]step{
		{stopping.Taking, stopping.Interrupt}:      {stopping.Draining, []stopping.Action{stopping.StopInput, stopping.SayDrain}},
		{stopping.Taking, stopping.Terminate}:      drain,
		{stopping.Taking, stopping.Hangup}:         drain,
		{stopping.Taking, stopping.GraceOver}:      {stopping.Taking, nil},
		{stopping.Taking, stopping.OutputClosed}:   {stopping.Killing, []stopping.Action{stopping.StopInput, stopping.Kill}},
		{stopping.Draining, stopping.Interrupt}:    kill,
		{stopping.Draining, stopping.Terminate}:    kill,
		{stopping.Draining, stopping.Hangup}:       kill,
		{stopping.Draining, stopping.GraceOver}:    kill,
		{stopping.Draining, stopping.OutputClosed}: kill,
		{stopping.Killing, stopping.Interrupt}:     quit,
		{stopping.Killing, stopping.Terminate}:     quit,
		{stopping.Killing, stopping.Hangup}:        nothing,
		{stopping.Killing, stopping.GraceOver}:     nothing,
		{stopping.Killing, stopping.OutputClosed}:  nothing,
	}
	if len(tests) != len(states)*len(stopping.Events) {
		t.Fatalf("%d pairs tested, want %d", len(tests), len(states)*len(stopping.Events))
	}
	for in, want := range tests {
		state, actions := stopping.Next(in.state, in.event)
		if state != want.state || !slices.Equal(actions, want.actions) {
			t.Errorf("Next(%d, %d) = %d, %d, want %d, %d", in.state, in.event, state, actions, want.state, want.actions)
		}
	}
}

// Whatever comes in whatever order, input stops once and calls are killed once.
func TestNextS1S2StopsAndKillsOnce(t *testing.T) {
	var walk func(s stopping.State, done []stopping.Action, depth int)
	walk = func(s stopping.State, done []stopping.Action, depth int) {
		for _, once := range []stopping.Action{stopping.StopInput, stopping.Kill} {
			first := slices.Index(done, once)
			if first >= 0 && slices.Contains(done[first+1:], once) {
				t.Fatalf("action %d twice in %d", once, done)
			}
		}
		if depth == 0 {
			return
		}
		for _, e := range stopping.Events {
			next, actions := stopping.Next(s, e)
			walk(next, append(slices.Clone(done), actions...), depth-1)
		}
	}
	walk(stopping.Taking, nil, 5)
}

func TestStatus(t *testing.T) {
	want := map[stopping.Event]int{stopping.Interrupt: 130, stopping.Terminate: 143, stopping.Hangup: 129, stopping.GraceOver: 143, stopping.OutputClosed: 141}
	for _, e := range stopping.Events {
		if got := stopping.Status(e); got != want[e] {
			t.Errorf("Status(%d) = %d, want %d", e, got, want[e])
		}
	}
}
