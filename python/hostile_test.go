//go:build unix && !aix && !solaris

package python

import (
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/gotandem/tandem/internal/wire"
)

// sealed returns a header with some bytes changed and a CRC that is right again.
func sealed(h wire.Header, change func(head []byte)) []byte {
	head := wire.AppendHeader(nil, h)
	change(head)
	binary.LittleEndian.PutUint32(head[28:], crc32.ChecksumIEEE(head[:28]))
	return head
}

func call(body string, h wire.Header) []byte {
	h.Type, h.Codec, h.Length = wire.TypeCall, wire.CodecJSON, uint32(len(body))
	return append(wire.AppendHeader(nil, h), body...)
}

func TestWorkerRefusesHostileFrames(t *testing.T) {
	stop := wire.Header{Type: wire.TypeStop}
	interpreter := anyInterpreter(t)
	for name, c := range map[string]struct {
		frame []byte
		want  string
	}{
		"magic":     {make([]byte, 32), "magic is 0x00, want 0x74"},
		"version":   {sealed(stop, func(head []byte) { head[1] = 9 }), "version is 9"},
		"crc":       {append(wire.AppendHeader(nil, stop)[:31], 0x99), "crc is"},
		"flags":     {sealed(stop, func(head []byte) { head[3] = 0x80 }), "flags has unknown bits 0x80"},
		"length":    {wire.AppendHeader(nil, wire.Header{Type: wire.TypeDefine, Length: 1 << 31}), "length is 2147483648 bytes"},
		"oob":       {wire.AppendHeader(nil, wire.Header{Type: wire.TypeStop, OOB: 1}), "oob"},
		"id":        {call("", wire.Header{ID: 0, Count: 1, Task: 1}), "id is 0"},
		"span":      {call("", wire.Header{ID: 1<<64 - 1, Count: 2, Task: 1}), "with count 2"},
		"undefined": {call("\x01\x00\x00\x001", wire.Header{ID: 1, Count: 1, Task: 9}), "task 9 was not defined"},
		"short":     {call("\x09\x00\x00\x001", wire.Header{ID: 1, Count: 1, Task: 1}), "payload 0 has more bytes"},
		"missing":   {call("\x01\x00\x00\x001", wire.Header{ID: 1, Count: 2, Task: 1}), "the body ends after 1 payloads"},
		"rest":      {call("\x01\x00\x00\x0012", wire.Header{ID: 1, Count: 1, Task: 1}), "1 bytes after its 1 payloads"},
		"array":     {call("[1,2,3]", wire.Header{ID: 1, Count: 2, Task: 1, Flags: wire.FlagArray}), "the array has 3 values"},
		"no array":  {call("{}", wire.Header{ID: 1, Count: 2, Task: 1, Flags: wire.FlagArray}), "the array has"},
		"define":    {append(wire.AppendHeader(nil, wire.Header{Type: wire.TypeDefine, Length: 2}), "{}"...), "body of define"},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, cases(interpreter))
			p.task("cases.py:echo")
			p.write(c.frame)
			output := p.wantExit(1)
			contains(t, output, "tandem worker: the engine broke the protocol", c.want)
			if strings.Contains(output, "Traceback") {
				t.Errorf("output has a traceback:\n%s", output)
			}
		})
	}
}

func TestWorkerSkipsUnknownFrameTypes(t *testing.T) {
	p := start(t, cases(anyInterpreter(t)))
	p.write(append(wire.AppendHeader(nil, wire.Header{Type: 77, Length: 3}), "abc"...))
	p.wantValue("cases.py:double", "1", "2")
}

func TestWorkerRefusesBadStart(t *testing.T) {
	interpreter := anyInterpreter(t)
	setup := func(body string) []byte {
		return append(wire.AppendHeader(nil, wire.Header{Type: wire.TypeSetup, Length: uint32(len(body))}), body...)
	}
	for name, c := range map[string]struct {
		raw  []byte
		want string
	}{
		"not a frame": {[]byte(strings.Repeat("GET / HTTP/1.1\r\n", 2)), "first frame is not the setup frame"},
		"not setup":   {wire.AppendHeader(nil, wire.Header{Type: wire.TypeStop}), "first frame is not the setup frame"},
		"too long":    {wire.AppendHeader(nil, wire.Header{Type: wire.TypeSetup, Length: 1 << 30}), "more than 16 MiB"},
		"no JSON":     {setup("{"), "brings no program"},
		"no program":  {setup(`{"threads":1,"options":{}}`), "brings no program"},
	} {
		t.Run(name, func(t *testing.T) {
			p := begin(t, setting{interpreter: interpreter, raw: c.raw})
			contains(t, p.wantExit(1), "tandem worker: ", c.want)
		})
	}
}

// Whatever bytes come, the worker ends by itself when the stream does, and says
// nothing that is not a line of its own.
func TestWorkerSurvivesNoise(t *testing.T) {
	interpreter := anyInterpreter(t)
	random := rand.New(rand.NewPCG(1, 2))
	for range 15 {
		p := start(t, cases(interpreter))
		p.task("cases.py:echo")
		frame := call("\x01\x00\x00\x001", wire.Header{ID: 1, Count: 1, Task: 1})
		for range 1 + random.IntN(3) {
			at := random.IntN(len(frame))
			frame[at] ^= byte(1 + random.IntN(255))
		}
		if random.IntN(2) == 0 {
			binary.LittleEndian.PutUint32(frame[28:], crc32.ChecksumIEEE(frame[:28]))
		}
		p.write(frame)
		if err := p.socket.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if output := p.wantExit(1); strings.Contains(output, "Traceback") {
			t.Errorf("frame %x: the worker wrote\n%s", frame, output)
		}
	}
}
