//go:build linux

package python

import (
	"bytes"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/gotandem/tandem/internal/shm"
	"github.com/gotandem/tandem/internal/wire"
)

// withArena returns a setting with arenas of so many bytes.
func withArena(interpreter string, size int64) setting {
	s := cases(interpreter)
	s.arena = size
	return s
}

// define defines a task whose results have the given form.
func (p *parent) define(name, out string) {
	p.t.Helper()
	number := uint16(len(p.tasks) + 1)
	p.tasks[name] = number
	frame, at := wire.BeginFrame(nil)
	frame = wire.TaskInfo{Name: name, Out: out}.Append(frame)
	p.write(wire.EndFrame(frame, at, wire.Header{Type: wire.TypeDefine, Task: number}))
}

// sendMoved sends one call whose input is in the arena and returns its id.
func (p *parent) sendMoved(name string, codec wire.Codec, input []byte) (id uint64, r shm.Range) {
	p.t.Helper()
	r, ok, err := p.box.Inbound().Put(uint64(len(input)), func(dst []byte) ([]byte, error) { return append(dst, input...), nil })
	if !ok || err != nil {
		p.t.Fatalf("put: %v, %v", ok, err)
	}
	return p.sendBuffer(name, codec, wire.Buffer(r)), r
}

func (p *parent) sendBuffer(name string, codec wire.Codec, b wire.Buffer) (id uint64) {
	p.t.Helper()
	id = p.nextID
	p.nextID++
	h := wire.Header{
		Type: wire.TypeCall, Flags: wire.FlagMoved, ID: id, Count: 1, Task: p.task(name), Attempt: 1, OOB: 1, Codec: codec,
	}
	frame, at := wire.BeginFrame(nil)
	p.write(wire.EndFrame(wire.AppendPart(frame, b), at, h))
	return id
}

// wantFrame reads a frame that must be of the given type and about one call.
func (p *parent) wantFrame(kind wire.Type, id uint64) (wire.Header, []byte) {
	p.t.Helper()
	h, body := p.next()
	if h.Type != kind || h.ID != id || h.Count != 1 {
		p.t.Fatalf("frame is %v of %d: %q, want %v of %d", h.Type, h.ID, body, kind, id)
	}
	return h, body
}

// movedResult reads a result that is in the arena.
func (p *parent) movedResult(id uint64) (wire.Buffer, []byte) {
	p.t.Helper()
	h, body := p.wantFrame(wire.TypeResult, id)
	parts, err := wire.ParseParts(h, body)
	if err != nil || !parts.Moved || parts.Len() != 1 {
		p.t.Fatalf("%+v, %v", parts, err)
	}
	b, _ := parts.Next()
	var data []byte
	err = p.box.Outbound().Read(shm.Range(b), func(src []byte) error { data = bytes.Clone(src); return nil })
	if err != nil {
		p.t.Fatal(err)
	}
	return b, data
}

// What outlives its call is kept before the answer and released when it is free.
func TestWorkerKeepsAndReleases(t *testing.T) {
	onEach(t, func(t *testing.T, interpreter string) {
		p := start(t, withArena(interpreter, 1<<20))
		if !p.hello.Arenas {
			t.Fatal("hello does not say that it uses arenas")
		}
		data := bytes.Repeat([]byte("abc"), 50_000)
		plain, _ := p.sendMoved("forms.py:checksum", wire.CodecRaw, data)
		p.wantFrame(wire.TypeResult, plain)
		first, _ := p.sendMoved("forms.py:hold", wire.CodecRaw, data)
		p.wantFrame(wire.TypeKeep, first)
		p.wantFrame(wire.TypeResult, first)
		second, _ := p.sendMoved("forms.py:hold_in_cycle", wire.CodecRaw, data)
		p.wantFrame(wire.TypeKeep, second)
		p.wantFrame(wire.TypeFailure, second)
		free := p.send("forms.py:let_go", 0, "0")
		released := map[uint64]bool{}
		for range 3 {
			h, _ := p.next()
			switch h.Type {
			case wire.TypeRelease:
				released[h.ID] = true
			case wire.TypeResult:
				if h.ID != free {
					t.Errorf("result of %d", h.ID)
				}
			default:
				t.Errorf("frame is %v", h.Type)
			}
		}
		if !released[first] || !released[second] {
			t.Errorf("released %v", released)
		}
	})
}

// A worker that is not idle tells what is free too, also while it measures.
func TestBusyWorkerReleases(t *testing.T) {
	for _, measure := range []bool{false, true} {
		s := withArena(anyInterpreter(t), 1<<20)
		s.setup.Measure = measure
		p := start(t, s)
		held, _ := p.sendMoved("forms.py:hold", wire.CodecRaw, bytes.Repeat([]byte("abc"), 50_000))
		p.wantFrame(wire.TypeKeep, held)
		p.next()
		last := p.send("forms.py:let_go_and_sleep", wire.FlagArray, "0", "0.1", "0.1", "0.1", "0") + 4
		for {
			h, _ := p.next()
			if h.Type == wire.TypeRelease {
				break
			}
			if h.ID == last && h.Type != wire.TypeReturned {
				t.Fatalf("all calls have ended before the release, measured: %v", measure)
			}
		}
	}
}

// Results use the lowest free memory, and their memory again when it is free.
func TestWorkerReusesOutboundMemory(t *testing.T) {
	onEach(t, func(t *testing.T, interpreter string) {
		const size = 100_000
		p := start(t, withArena(interpreter, 3*size))
		p.define("forms.py:make", "raw")
		var places []uint64
		result := func(id uint64) {
			b, data := p.movedResult(id)
			if len(data) != size || data[size-1] != byte((size-1)%251) {
				t.Errorf("%d bytes", len(data))
			}
			places = append(places, b.Offset)
		}
		first := p.send("forms.py:make", 0, fmt.Sprint(size), fmt.Sprint(size))
		result(first)
		result(first + 1)
		if places[0] == places[1] {
			t.Fatalf("two results are at %d", places[0])
		}
		third := p.send("forms.py:make", 0, fmt.Sprint(2*size)) // there is no room
		if h, _ := p.wantFrame(wire.TypeResult, third); h.OOB != 0 || h.Length != 2*size+4 || h.Codec != wire.CodecRaw {
			t.Errorf("header is %+v", h)
		}
		p.control(wire.TypeRelease, first, 1)
		fourth := p.send("forms.py:make", 0, fmt.Sprint(size))
		result(fourth)
		if places[2] != places[0] {
			t.Errorf("memory at %d was free, %d was taken", places[0], places[2])
		}
		p.control(wire.TypeRelease, 12345, 1) // of a call without memory: nothing
		p.control(wire.TypeRelease, first+1, 1)
		p.control(wire.TypeRelease, fourth, 1)
		p.wantValue("cases.py:double", "1", "2")
	})
}

// A worker without arenas says so and takes buffers in the body.
func TestWorkerWithoutArenas(t *testing.T) {
	p := start(t, cases(anyInterpreter(t)))
	if p.hello.Arenas {
		t.Fatal("hello says that it uses arenas")
	}
	p.define("forms.py:make", "raw")
	id := p.send("forms.py:make", 0, "100000")
	if h, _ := p.wantFrame(wire.TypeResult, id); h.OOB != 0 || h.Length != 100_004 {
		t.Errorf("header is %+v", h)
	}
}

func TestWorkerRefusesHostileBuffers(t *testing.T) {
	interpreter := anyInterpreter(t)
	moved := wire.Header{Type: wire.TypeCall, Flags: wire.FlagMoved, ID: 1, Count: 1, Task: 1, OOB: 1, Codec: wire.CodecRaw}
	frame := func(h wire.Header, body []byte) []byte {
		h.Length = uint32(len(body))
		return append(wire.AppendHeader(nil, h), body...)
	}
	entry := func(offset, length uint64) []byte {
		return wire.AppendPart(nil, wire.Buffer{Offset: offset, Length: length})
	}
	with := func(change func(*wire.Header)) wire.Header {
		h := moved
		change(&h)
		return h
	}
	for name, c := range map[string]struct {
		frame []byte
		want  string
	}{
		"beyond":  {frame(moved, entry(1<<20, 1)), "buffer at 1048576 with 1 bytes"},
		"long":    {frame(moved, entry(0, 1<<20+1)), "with 1048577 bytes"},
		"huge":    {frame(moved, entry(1<<63, 1<<63)), "buffer at 9223372036854775808"},
		"table":   {frame(moved, entry(0, 1)[:15]), "oob is 1, the body has 15 bytes left"},
		"in body": {frame(moved, entry(wire.InBody, 5)), "buffer 0 has more bytes than its frame"},
		"rest":    {frame(moved, append(entry(0, 1), 1)), "body has 1 bytes after its buffers"},
		"payload": {frame(with(func(h *wire.Header) { h.Flags = 0 }), []byte("\x05\x00\x00\x00")), "payload 0 has more bytes"},
		"array":   {frame(with(func(h *wire.Header) { h.Flags |= wire.FlagArray }), entry(0, 1)), "oob is 1 with flags 0x0a"},
		"count":   {frame(with(func(h *wire.Header) { h.Count = 2 }), entry(0, 1)), "count 2"},
		"no oob":  {frame(with(func(h *wire.Header) { h.OOB = 0 }), entry(0, 1)), "oob is 0 with flags 0x08"},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, withArena(interpreter, 1<<20))
			p.task("forms.py:size")
			p.write(c.frame)
			output := p.wantExit(1)
			contains(t, output, "tandem worker: the engine broke the protocol", c.want)
			if strings.Contains(output, "Traceback") {
				t.Errorf("output has a traceback:\n%s", output)
			}
		})
	}
}

// A call that leaves nothing behind has nothing kept.
func TestWorkerKeepsNothingInVain(t *testing.T) {
	onEach(t, func(t *testing.T, interpreter string) {
		p := start(t, withArena(interpreter, 1<<20))
		data := bytes.Repeat([]byte("abc"), 50_000)
		for name, kind := range map[string]wire.Type{
			"size": wire.TypeResult, "size_of_view": wire.TypeResult, "type_later": wire.TypeResult, "views": wire.TypeResult,
			"fail": wire.TypeFailure, "write": wire.TypeFailure, "same_view": wire.TypeFailure, "no_such": wire.TypeFailure,
		} {
			id, r := p.sendMoved("forms.py:"+name, wire.CodecRaw, data)
			p.wantFrame(kind, id)
			p.box.Inbound().Free(r)
		}
		p.define("forms.py:part_of_view", "raw")
		id, _ := p.sendMoved("forms.py:part_of_view", wire.CodecRaw, data)
		if _, part := p.movedResult(id); !bytes.Equal(part, data[1:len(data)-1]) {
			t.Errorf("%d bytes", len(part))
		}
	})
}

// The worker's allocator, against a model that is slow and plain.
func TestModelRanges(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), anyInterpreter(t), "-B", "ranges_model.py")
	cmd.Dir = "testdata"
	if out, err := cmd.CombinedOutput(); err != nil || strings.TrimSpace(string(out)) != "ok" {
		t.Errorf("%v\n%s", err, out)
	}
}
