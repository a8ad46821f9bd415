//go:build unix && !aix && !solaris

package shm_test

import (
	"encoding/binary"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"

	"github.com/gotandem/tandem/internal/shm"
)

// killBoxSize is small, so that the worker passes through every operation
// often. A frame is its length and then numbers of 8 bytes that count on from
// the frame before.
const killBoxSize = 1 << 10

// workerMain appends, sends and writes straight until it kills itself: at a
// random moment, from a second goroutine, or at the latest after a random number
// of frames. It never returns.
func workerMain() {
	box, err := shm.Open(3)
	if err != nil {
		panic(err)
	}
	socket := os.NewFile(4, "stream")
	seed, _ := strconv.ParseUint(os.Args[1], 10, 64)
	random := rand.New(rand.NewPCG(seed, 3))
	lastCall := 1 + random.Uint64N(4000)
	deadline := shm.MonotonicNow() + random.Int64N(3e6)
	go func() {
		for shm.MonotonicNow() < deadline {
		}
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}()
	flush := func() {
		n, _ := socket.Write(box.Pending())
		box.Sent(n)
	}
	var next uint64
	for call := uint64(1); ; call++ {
		box.Start(0, call, 0)
		size := 1 + random.IntN(12)
		if random.IntN(50) == 0 {
			size = killBoxSize / 8 * 2
		}
		frame := numbers(&next, size)
		if !box.Append(frame) {
			flush()
			if !box.Append(frame) {
				n, _ := socket.Write(frame)
				box.Direct(uint64(n))
			}
		}
		if random.IntN(20) == 0 {
			flush()
		}
		if call == lastCall {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
	}
}

func numbers(next *uint64, n int) []byte {
	frame := make([]byte, 0, 8*n)
	for range n {
		frame = binary.LittleEndian.AppendUint64(frame, *next)
		*next++
	}
	return frame
}

// A worker that dies by SIGKILL anywhere: what the parent received and what it
// salvages count up without a gap.
func TestKilledWorkerLosesNoCommittedByte(t *testing.T) {
	var salvaged int
	for seed := range 40 {
		salvaged += killOne(t, seed)
	}
	if salvaged == 0 {
		t.Error("no worker died with bytes in its box: the test proves nothing")
	}
}

func killOne(t *testing.T, seed int) (salvaged int) {
	t.Helper()
	parent, err := shm.Create(1, killBoxSize)
	if err != nil {
		t.Fatal(err)
	}
	defer closeBox(t, parent)
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	worker := exec.Command(os.Args[0], strconv.Itoa(seed))
	worker.Env = []string{roleVariable + "=worker"}
	worker.Stderr = os.Stderr
	worker.ExtraFiles = []*os.File{parent.File(), writer}
	err = worker.Start()
	writer.Close()
	if err != nil {
		t.Fatal(err)
	}
	received, readErr := io.ReadAll(reader)
	waitErr := worker.Wait()
	if readErr != nil || worker.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("read: %v, worker: %v", readErr, waitErr)
	}
	if err := parent.Check(uint64(len(received))); err != nil {
		t.Errorf("seed %d: %v", seed, err)
	}
	rest := parent.Salvage(uint64(len(received)))
	stream := append(received, rest...)
	for i := range uint64(len(stream) / 8) { // a direct frame may be torn
		if got := binary.LittleEndian.Uint64(stream[i*8:]); got != i {
			t.Fatalf("seed %d: number %d is %d (received %d, salvaged %d)", seed, i, got, len(received), len(rest))
		}
	}
	return len(rest)
}
