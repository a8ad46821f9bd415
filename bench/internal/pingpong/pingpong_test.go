package pingpong_test

import (
	"bytes"
	"fmt"
	"os"
	"testing"

	"github.com/gotandem/tandem/bench/internal/pingpong"
)

func TestMain(m *testing.M) {
	if part := os.Getenv(pingpong.Variable); part != "" {
		if err := pingpong.Serve(part); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestMessagesComeBack(t *testing.T) {
	for _, way := range []pingpong.Way{pingpong.Blocking, pingpong.Netpoller} {
		t.Run(string(way), func(t *testing.T) {
			pair, err := pingpong.Start(os.Args[0], way, 5)
			if err != nil {
				t.Fatal(err)
			}
			for i := range byte(3) {
				want := []byte{i, 1, 2, 3, 4}
				got := bytes.Clone(want)
				if err := pair.Round(got); err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(got, want) {
					t.Errorf("message came back as %v, want %v", got, want)
				}
			}
			if err := pair.End(); err != nil {
				t.Errorf("End: %v", err)
			}
		})
	}
}

// A far end that cannot play its part is an error, not a wait without end.
func TestRoundFailsWhenTheFarEndHasEnded(t *testing.T) {
	pair, err := pingpong.Start("/bin/true", pingpong.Netpoller, 1)
	if err != nil {
		t.Fatal(err)
	}
	for pair.Round([]byte{0}) == nil {
		t.Error("a message came back from a program that does not answer")
	}
	if err := pair.End(); err != nil {
		t.Errorf("End: %v", err)
	}
}
