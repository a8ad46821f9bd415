//go:build unix

package process_test

import (
	"errors"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/process"
)

// Of a hundred calls one kills its process, one overstays its timeout, one fails
// and one writes garbage: 97 values come in order, and each error says what it is.
func TestMapAmongTrouble(t *testing.T) {
	ex := leakless(t, process.Config{Workers: 2})
	var in []action
	for i := range 100 {
		in = append(in, action{Do: "return", Text: strconv.Itoa(i)})
	}
	in[10] = action{Do: "signal", N: int(syscall.SIGKILL)}
	in[20] = action{Do: "block"}
	in[30] = action{Do: "fail", Text: "thirty"}
	in[40] = action{Do: "print", N: 1, Text: "garbage {"}
	i := 0
	for out, err := range tandem.Map(within(t), ex, act, slices.Values(in), tandem.Timeout(time.Second)) {
		remote, own := errors.AsType[*tandem.RemoteError](err)
		switch i {
		case 10:
			checkFailure(t, out, err, tandem.ErrWorkerLost, tandem.MayHaveRun)
		case 20:
			checkFailure(t, out, err, tandem.ErrTimeout, tandem.MayHaveRun)
		case 30:
			if !own || remote.Message != "thirty" {
				t.Errorf("call 30: %v", err)
			}
		case 40:
			if err != nil {
				t.Errorf("call 40: %v", err)
			}
		default:
			if err != nil || out != strconv.Itoa(i) {
				t.Errorf("call %d: %q, %v", i, out, err)
			}
		}
		i++
	}
	if i != 100 {
		t.Errorf("%d outcomes, want 100", i)
	}
}
