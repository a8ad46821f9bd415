//go:build unix && !aix && !solaris

package python_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/python"
)

// pattern returns n bytes that are not all the same.
func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i % 251)
	}
	return b
}

// sizes are around the border to the arena, and large.
var sizes = []int{0, 1, 1000, 64<<10 - 1, 64 << 10, 64<<10 + 1, 3 << 20}

// onEachVersion runs f with an executor of every installed version of Python.
func onEachVersion(t *testing.T, config python.Config, f func(*testing.T, *python.Executor)) {
	t.Helper()
	for version, path := range python.Interpreters() {
		t.Run(version, func(t *testing.T) {
			config := config
			config.Interpreter = path
			ex := newExecutor(t, config)
			defer closeIt(t, ex)
			f(t, ex)
		})
	}
}

func run[In, Out any](t *testing.T, ex tandem.Executor, name string, in In) (Out, error) {
	t.Helper()
	return tandem.Run(within(t), ex, tandem.Declare[In, Out]("forms.py:"+name), in)
}

func want[In, Out any](t *testing.T, ex tandem.Executor, name string, in In, want Out) {
	t.Helper()
	got, err := run[In, Out](t, ex, name, in)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%s: %.200v, %v, want %.200v", name, got, err, want)
	}
}

func wantError[In, Out any](t *testing.T, ex tandem.Executor, name string, in In, kind error, texts ...string) {
	t.Helper()
	got, err := run[In, Out](t, ex, name, in)
	if err == nil || kind != nil && !errors.Is(err, kind) {
		t.Errorf("%s: %.200v, %.400v, want %v", name, got, err, kind)
		return
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%s: error is %.600v, want it to say %q", name, err, text)
		}
	}
}

func TestBytesCrossRaw(t *testing.T) {
	for _, shape := range [][2]int{{1, 1}, {2, 3}} {
		t.Run(fmt.Sprintf("%dx%d", shape[0], shape[1]), func(t *testing.T) {
			config := python.Config{Processes: shape[0], Threads: shape[1]}
			onEachVersion(t, config, func(t *testing.T, ex *python.Executor) {
				for _, n := range sizes {
					data := pattern(n)
					want(t, ex, "size", data, n)
					want(t, ex, "size_of_view", data, n)
					want(t, ex, "checksum", data, crc32.ChecksumIEEE(data))
					want(t, ex, "copy", data, data)
					want(t, ex, "same_view", data, data)
					want(t, ex, "make", n, data)
					if n > 2 {
						want(t, ex, "part_of_view", data, data[1:n-1])
					}
				}
			})
		})
	}
}

func TestBytesAsTheFunctionWantsThem(t *testing.T) {
	onEachVersion(t, python.Config{Processes: 1}, func(t *testing.T, ex *python.Executor) {
		type blob []byte
		for _, n := range []int{10, 100 << 10} {
			data := pattern(n)
			want(t, ex, "type_of", data, "bytes")
			want(t, ex, "type_of", blob(data), "bytes")
			want(t, ex, "type_of", json.RawMessage(`[1]`), "list")
			want(t, ex, "type_of_view", data, fmt.Sprintf("memoryview True %d", n))
			for _, name := range []string{"method", "views", "type_later"} {
				want(t, ex, name, data, "memoryview")
			}
			want(t, ex, "partial", data, "bytes")
			wantError[[]byte, int](t, ex, "write", data, nil, "TypeError: cannot modify read-only memory")
			wantError[[]byte, int](t, ex, "fail", data, nil, fmt.Sprintf("ValueError: %d bytes", n-2))
			want(t, ex, "fork_and_read", data, 0)
			wantError[[]byte, []byte](t, ex, "text", data, tandem.ErrBadResult, "result is of type str", "[]byte", ".encode()")
			wantError[[]byte, []byte](t, ex, "size", data, tandem.ErrBadResult, "result is of type int")
			wantError[[]byte, []byte](t, ex, "reversed_view", data, tandem.ErrBadResult, "not contiguous")
			wantError[[]byte, string](t, ex, "copy", data, tandem.ErrBadResult, "result is a bytes, which JSON has no form for")
			want(t, ex, "echo", blob(data), blob(data))
		}
		want(t, ex, "copy", []byte(nil), []byte{})
	})
}

// A view that outlives its call keeps its memory, and gives it back later.
func TestViewsMayOutliveTheirCalls(t *testing.T) {
	onEachVersion(t, python.Config{Processes: 1}, func(t *testing.T, ex *python.Executor) {
		var sums []uint32
		for i := range 5 {
			data := pattern(200<<10 + i)
			want(t, ex, "hold", data, i+1)
			sums = append(sums, crc32.ChecksumIEEE(data[1:]))
		}
		wantError[[]byte, int](t, ex, "hold_in_cycle", pattern(200<<10), nil, "ValueError: held")
		for range 20 {
			data := make([]byte, 300<<10)
			want(t, ex, "copy", data, data)
			want(t, ex, "checksum", data, crc32.ChecksumIEEE(data))
		}
		want(t, ex, "held_sums", 0, sums)
		want(t, ex, "let_go", 0, 0)
		want(t, ex, "checksum", pattern(1<<20), crc32.ChecksumIEEE(pattern(1<<20)))
	})
}

// A child that comes back from the task of its parent answers nothing, and leaves
// alone where large results go.
func TestForkedChildLeavesResultsAlone(t *testing.T) {
	onEachVersion(t, python.Config{Processes: 1}, func(t *testing.T, ex *python.Executor) {
		for _, size := range []int{10, 200 << 10} {
			want(t, ex, "fork_and_return", size, strings.Repeat("p", size))
		}
	})
}

// What values and errors do when they are looked at costs their call.
func TestStrangeValuesCostTheirCall(t *testing.T) {
	onEachVersion(t, python.Config{Processes: 1}, func(t *testing.T, ex *python.Executor) {
		wantError[string, []byte](t, ex, "strange", "value", tandem.ErrBadResult, "ValueError")
		wantError[string, int](t, ex, "strange", "error", nil, "Strange")
		if n := ex.Stats().Restarts; n != 0 {
			t.Errorf("%d restarts", n)
		}
	})
}

// A worker that dies with kept memory costs the calls that it ran.
func TestWorkerDiesWithKeptMemory(t *testing.T) {
	onEachVersion(t, python.Config{Processes: 1}, func(t *testing.T, ex *python.Executor) {
		want(t, ex, "hold", pattern(200<<10), 1)
		wantError[[]byte, int](t, ex, "hold_and_die", pattern(200<<10), tandem.ErrWorkerLost)
		want(t, ex, "hold", pattern(200<<10), 1)
		want(t, ex, "copy", pattern(5<<20), pattern(5<<20))
	})
}

// A worker that has no descriptors left for what is kept copies instead.
func TestViewsWithoutDescriptors(t *testing.T) {
	onEachVersion(t, python.Config{Processes: 1}, func(t *testing.T, ex *python.Executor) {
		want(t, ex, "limit_files", 30, true)
		var sums []uint32
		for i := range 40 {
			data := pattern(70<<10 + i)
			want(t, ex, "hold", data, i+1)
			sums = append(sums, crc32.ChecksumIEEE(data[1:]))
		}
		want(t, ex, "held_sums", 0, sums)
		want(t, ex, "let_go", 0, 0)
		want(t, ex, "checksum", pattern(1<<20), crc32.ChecksumIEEE(pattern(1<<20)))
	})
}

// Values that do not fit the arena go through the socket.
func TestFullArenaFallsBack(t *testing.T) {
	const limit = 1 << 20
	onEachVersion(t, python.Config{Processes: 1, Threads: 2, MaxFrame: limit}, func(t *testing.T, ex *python.Executor) {
		data := pattern(300 << 10)
		for i := range 8 {
			want(t, ex, "hold", data, i+1) // three of these fit
		}
		var inputs [][]byte
		for i := range 40 {
			inputs = append(inputs, pattern(200<<10+i))
		}
		i := 0
		task := tandem.Declare[[]byte, []byte]("forms.py:copy")
		for got, err := range tandem.Map(within(t), ex, task, func(yield func([]byte) bool) {
			for _, in := range inputs {
				if !yield(in) {
					return
				}
			}
		}) {
			if err != nil || !bytes.Equal(got, inputs[i]) {
				t.Fatalf("%d: %d bytes, %v", i, len(got), err)
			}
			i++
		}
		sum := crc32.ChecksumIEEE(data[1:])
		want(t, ex, "held_sums", 0, []uint32{sum, sum, sum, sum, sum, sum, sum, sum})
		want(t, ex, "let_go", 0, 0)
		wantError[[]byte, int](t, ex, "size", pattern(limit), tandem.ErrTooLarge, "frame limit")
		wantError[int, []byte](t, ex, "make", limit, tandem.ErrTooLarge, "frame limit")
		wantError[int, []string](t, ex, "long_json", limit/100, tandem.ErrTooLarge, "frame limit")
		want(t, ex, "size", pattern(limit-100), limit-100)
	})
}

func TestLargeJSONCrosses(t *testing.T) {
	onEachVersion(t, python.Config{Processes: 1}, func(t *testing.T, ex *python.Executor) {
		for _, n := range []int{1, 600, 700, 40000} {
			text := strings.Repeat("é\"x", n*30)
			want(t, ex, "echo", []string{text, "b"}, []string{text, "b"})
			want(t, ex, "echo", map[string]string{"a": text}, map[string]string{"a": text})
		}
		var lengths []int
		inputs := func(yield func(string) bool) { // small and large in turn
			for i := range 60 {
				if !yield(strings.Repeat("a", (i%3)*50000)) {
					return
				}
			}
		}
		for got, err := range tandem.Map(within(t), ex, tandem.Declare[string, string]("forms.py:echo"), inputs) {
			if err != nil {
				t.Fatal(err)
			}
			lengths = append(lengths, len(got))
		}
		for i, n := range lengths {
			if n != (i%3)*50000 {
				t.Errorf("%d: %d characters", i, n)
			}
		}
	})
}

type described []json.RawMessage

func describe[T python.Element](t *testing.T, ex tandem.Executor, kind, descr, format string, data ...T) {
	t.Helper()
	got, err := run[python.Array[T], described](t, ex, "describe", python.Array[T]{Data: data})
	name := descr
	if kind == "memoryview" {
		name = format
	}
	elements, _ := json.Marshal(data)
	want := fmt.Sprintf("[%q %q [%d] %s true]", kind, name, len(data), elements)
	if text := fmt.Sprintf("%s", got); err != nil || text != want {
		t.Errorf("%T: %s, %v, want %s", data, text, err, want)
	}
	same[T](t, ex, python.Array[T]{Shape: []int{len(data)}, Data: data})
}

func same[T python.Element](t *testing.T, ex tandem.Executor, a python.Array[T]) {
	t.Helper()
	want(t, ex, "same", a, a)
}

func testArrays(t *testing.T, ex tandem.Executor, kind string) {
	describe(t, ex, kind, "<i2", "h", int16(-2), math.MaxInt16)
	describe(t, ex, kind, "<u2", "H", uint16(2), math.MaxUint16)
	describe(t, ex, kind, "<i4", "i", int32(-2), math.MaxInt32)
	describe(t, ex, kind, "<u4", "I", uint32(2), math.MaxUint32)
	describe(t, ex, kind, "<i8", "q", int64(-2), math.MaxInt64)
	describe(t, ex, kind, "<u8", "Q", uint64(2), math.MaxUint64)
	describe(t, ex, kind, "<f4", "f", float32(-2.5), 0.5)
	describe(t, ex, kind, "<f8", "d", -2.5, 1e300)
	describe(t, ex, kind, "|i1", "b", int8(-2), 127)
	describe(t, ex, kind, "|b1", "?", true, false)
	same(t, ex, python.Array[uint8]{Shape: []int{2}, Data: []uint8{1, 255}})
	same(t, ex, python.Array[float64]{Shape: []int{2, 1, 3}, Data: []float64{1, 2, 3, 4, 5, 6}})
	same(t, ex, python.Array[float64]{Shape: []int{}, Data: []float64{math.Inf(-1)}})
	same(t, ex, python.Array[float64]{Shape: []int{0}, Data: []float64{}})
	large := make([]float64, 300_000)
	for i := range large {
		large[i] = float64(i)
	}
	same(t, ex, python.Array[float64]{Shape: []int{300, 1000}, Data: large})

	nan, err := run[python.Array[float64], python.Array[float64]](t, ex, "same", python.Array[float64]{Data: []float64{math.NaN()}})
	if err != nil || len(nan.Data) != 1 || !math.IsNaN(nan.Data[0]) {
		t.Errorf("%v, %v", nan, err)
	}
	want(t, ex, "numbers", "d", python.Array[float64]{Shape: []int{3}, Data: []float64{1, 2, 3}})
	want(t, ex, "numbers", "i", python.Array[int32]{Shape: []int{3}, Data: []int32{1, 2, 3}})
	want(t, ex, "odd_array", "big", python.Array[float64]{Shape: []int{3}, Data: []float64{1, -2.5, 3}})
	want(t, ex, "odd_array", "strided", python.Array[float64]{Shape: []int{3}, Data: []float64{0, 2, 4}})
	want(t, ex, "odd_array", "empty", python.Array[float64]{Shape: []int{0}, Data: []float64{}})

	type floats = python.Array[float64]
	wantError[string, floats](t, ex, "odd_array", "list", tandem.ErrBadResult, "result is of type list, which is no array", "float64")
	wantError[string, floats](t, ex, "odd_array", "bytes", tandem.ErrBadResult, "result is a buffer of uint8", "float64")
	wantError[string, floats](t, ex, "numbers", "f", tandem.ErrBadResult, "result is a buffer of float32", "'float64'")
	wantError[floats, int](t, ex, "same", floats{Shape: []int{2}, Data: []float64{1}}, tandem.ErrBadInput, "shape [2] has 2 elements, Data has 1")
	wantError[floats, int](t, ex, "same", floats{Shape: []int{-1}}, tandem.ErrBadInput, "shape[0] is -1")
	wantError[floats, int](t, ex, "same", floats{Shape: []int{math.MaxInt, 3}}, tandem.ErrBadInput, "more elements than memory")
	wantError[floats, int](t, ex, "same", floats{Shape: make([]int, 33)}, tandem.ErrBadInput, "33 dimensions")
}

func TestArraysWithoutNumPy(t *testing.T) {
	// A module of this name that cannot be imported comes first on the path.
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/numpy.py", []byte("raise ImportError('hidden')"), 0o600); err != nil {
		t.Fatal(err)
	}
	onEachVersion(t, python.Config{Processes: 1, Env: []string{"PYTHONPATH=" + dir}}, func(t *testing.T, ex *python.Executor) {
		testArrays(t, ex, "memoryview")
		testHeldArrays(t, ex)
		wantError[python.Array[complex64], int](t, ex, "describe", python.Array[complex64]{Data: []complex64{1i}},
			tandem.ErrBadInput, "array of complex64, which needs NumPy")
	})
}

func TestArraysWithNumPy(t *testing.T) {
	ex := newExecutor(t, python.Config{Processes: 1, Interpreter: withNumPy(t)})
	defer closeIt(t, ex)
	testArrays(t, ex, "ndarray")
	type floats = python.Array[float64]
	same(t, ex, python.Array[complex64]{Shape: []int{2}, Data: []complex64{1i, -2}})
	same(t, ex, python.Array[complex128]{Shape: []int{2}, Data: []complex128{1i, -2}})
	same(t, ex, floats{Shape: []int{0, 3}, Data: []float64{}})
	want(t, ex, "odd_array", "fortran", floats{Shape: []int{2, 3}, Data: []float64{1, 2, 3, 4, 5, 6}})
	want(t, ex, "odd_array", "sliced", floats{Shape: []int{3, 2}, Data: []float64{0, 2, 4, 6, 8, 10}})
	want(t, ex, "odd_array", "big numpy", floats{Shape: []int{3}, Data: []float64{1, -2.5, 3}})
	want(t, ex, "odd_array", "scalar", floats{Shape: []int{}, Data: []float64{2.5}})
	want(t, ex, "odd_array", "zero", floats{Shape: []int{0, 3}, Data: []float64{}})
	large, err := run[string, floats](t, ex, "odd_array", "large fortran")
	if err != nil || len(large.Data) != 40000 || large.Data[201] != 201 {
		t.Errorf("%d elements, %v", len(large.Data), err)
	}
	testHeldArrays(t, ex)
	wantError[string, floats](t, ex, "odd_array", "float32", tandem.ErrBadResult, "result is an array of float32", ".astype('float64')")
	wantError[string, floats](t, ex, "odd_array", "object", tandem.ErrBadResult, "array of Python objects")
	wantError[string, floats](t, ex, "odd_array", "masked", tandem.ErrBadResult, "masked array", ".filled")
}

// testHeldArrays keeps arrays beyond their calls, while others come and go.
func testHeldArrays(t *testing.T, ex *python.Executor) {
	t.Helper()
	var sums []float64
	for i := range 3 {
		in := python.Array[float64]{Data: make([]float64, 20_000)}
		for j := range in.Data {
			in.Data[j] = float64(i + 1)
		}
		want(t, ex, "hold_array", in, i+1)
		sums = append(sums, float64(i+1)*20_000)
	}
	for range 5 {
		want(t, ex, "checksum", make([]byte, 300<<10), crc32.ChecksumIEEE(make([]byte, 300<<10)))
	}
	want(t, ex, "held_array_sums", 0, sums)
	want(t, ex, "let_go", 0, 0)
}

// withNumPy returns an interpreter that has NumPy: the one that TANDEM_TEST_NUMPY
// names, or python3.
func withNumPy(t *testing.T) string {
	t.Helper()
	interpreter := os.Getenv("TANDEM_TEST_NUMPY")
	if interpreter == "" {
		interpreter = "python3"
	}
	ex := newExecutor(t, python.Config{Processes: 1, Interpreter: interpreter, Preload: []string{"numpy"}})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err := ex.WaitReady(ctx)
	closeIt(t, ex)
	if err != nil {
		t.Skip("no NumPy: set TANDEM_TEST_NUMPY to an interpreter that has it")
	}
	return interpreter
}

// pickled are streams made by hand.
var pickled = map[string]string{
	"[1, 2]":  "\x80\x05]\x94(K\x01K\x02e.",
	"buffers": "\x80\x05]\x94(\x97\x98\x97e.", // two out-of-band buffers, the first to be read only
}

func TestPicklesCrossUnopened(t *testing.T) {
	onEachVersion(t, python.Config{Processes: 1}, func(t *testing.T, ex *python.Executor) {
		list := python.Pickle{Data: []byte(pickled["[1, 2]"])}
		want(t, ex, "total", list, 3)
		for _, n := range []int{5, 100 << 10} {
			two := python.Pickle{Data: []byte(pickled["buffers"]), Buffers: [][]byte{pattern(n), pattern(2 * n)}}
			want(t, ex, "kinds", two, []string{"memoryview True", "memoryview True"})
			got, err := run[[]byte, python.Pickle](t, ex, "buffers_of", pattern(n))
			if err != nil || len(got.Buffers) != 2 || !bytes.Equal(got.Buffers[0], pattern(n)) || string(got.Buffers[1]) != "abc" {
				t.Errorf("%d buffers, %v", len(got.Buffers), err)
			}
			want(t, ex, "kinds", got, []string{"memoryview True", "memoryview True"})
			large, err := run[[]byte, python.Pickle](t, ex, "copy", pattern(3*n))
			if err != nil || len(large.Data) < 3*n {
				t.Errorf("%d bytes, %v", len(large.Data), err)
			}
			want(t, ex, "size", large, 3*n)
		}
		wantError[python.Pickle, int](t, ex, "total", python.Pickle{Data: []byte("\x80\x05x")}, tandem.ErrBadInput, "cannot be unpickled: UnpicklingError")
		wantError[python.Pickle, int](t, ex, "total", python.Pickle{Data: []byte("cnothing\nhere\n.")}, tandem.ErrBadInput, "ModuleNotFoundError", "'nothing'")
		wantError[python.Pickle, int](t, ex, "total", python.Pickle{Data: []byte(pickled["buffers"])}, tandem.ErrBadInput, "not enough out-of-band buffers")
		wantError[string, python.Pickle](t, ex, "unpicklable", "lambda", tandem.ErrBadResult, "cannot be pickled", "in result['a'][1]")
		wantError[string, python.Pickle](t, ex, "unpicklable", "lock", tandem.ErrBadResult, "cannot be pickled", "in result.value")
		wantError[string, python.Pickle](t, ex, "unpicklable", "raises", tandem.ErrBadResult, "KeyError: 'no way'")
		wantError[string, python.Pickle](t, ex, "unpicklable", "cycle", tandem.ErrBadResult, "nests too deep")
		want(t, ex, "total", list, 3)
		if n := ex.Stats().Restarts; n != 0 {
			t.Errorf("%d restarts", n)
		}
	})
}
