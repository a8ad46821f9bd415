//go:build unix

package process_test

import (
	"strings"
	"syscall"
	"testing"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/process"
)

// The error of a lost call does not show what an earlier call of its worker wrote.
func TestLastWordsAreThoseOfTheCall(t *testing.T) {
	lines := make(chan string, 10)
	ex := leakless(t, process.Config{Workers: 1, Output: func(l process.Line) { lines <- string(l.Text) }})
	for _, stream := range []int{1, -1} {
		run(t, ex, act, action{Do: "print", N: stream, Text: "early words\n"})
		if got := <-lines; got != "early words" {
			t.Fatal(got)
		}
		err := expectFailure(t, submit(t, ex, act, action{Do: "signal", N: int(syscall.SIGKILL)}), tandem.ErrWorkerLost, tandem.MayHaveRun)
		if strings.Contains(err.Error(), "words") {
			t.Errorf("error is %v", err)
		}
	}
}
