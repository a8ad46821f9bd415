package fault_test

import (
	"testing"

	"github.com/gotandem/tandem/internal/fault"
)

func TestPointsDoNothingUntilArmed(t *testing.T) {
	if fault.Armed() {
		t.Fatal("armed without Arm")
	}
	for _, p := range fault.Points {
		fault.At(p)
	}
	if n := testing.AllocsPerRun(100, func() { fault.At(fault.Run) }); n != 0 {
		t.Errorf("a point that is not armed allocates %v times", n)
	}
}

func TestArmedPointsCall(t *testing.T) {
	var reached []fault.Point
	fault.Arm(func(p fault.Point) { reached = append(reached, p) })
	defer fault.Arm(nil)
	for _, p := range fault.Points {
		fault.At(p)
	}
	if !fault.Armed() || len(reached) != len(fault.Points) {
		t.Errorf("reached %v of %v", reached, fault.Points)
	}
}
