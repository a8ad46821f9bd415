package wire_test

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/gotandem/tandem/internal/wire"
)

// Workers in other languages iterate over lists, so none is ever null.
func TestMessagesNeverWriteNull(t *testing.T) {
	setup, err := wire.Setup{Threads: 1, MaxFrame: 1}.Append([]byte("x"))
	if err != nil || setup[0] != 'x' {
		t.Fatalf("%q, %v", setup, err)
	}
	hello, err := wire.Hello{Nonce: "1"}.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, body := range [][]byte{setup, hello, wire.Failure{}.Append(nil)} {
		if bytes.Contains(body, []byte("null")) || bytes.Contains(body, []byte("\n")) {
			t.Errorf("%s", body)
		}
	}
}

func TestMessagesRefuse(t *testing.T) {
	parse := map[string]func(string) error{
		"setup":   func(s string) error { _, err := wire.ParseSetup([]byte(s)); return err },
		"hello":   func(s string) error { _, err := wire.ParseHello([]byte(s)); return err },
		"define":  func(s string) error { _, err := wire.ParseDefine([]byte(s)); return err },
		"failure": func(s string) error { _, err := wire.ParseFailure([]byte(s)); return err },
		"fork":    func(s string) error { _, err := wire.ParseFork([]byte(s)); return err },
		"forked":  func(s string) error { _, err := wire.ParseForked([]byte(s)); return err },
		"reaped":  func(s string) error { _, err := wire.ParseReaped([]byte(s)); return err },
	}
	bad := map[string][]string{
		"setup":   {`{"threads":0,"max_frame":1}`, `{"threads":253,"max_frame":1}`, `{"threads":1}`, `{"threads":1,"max_frame":4294967296}`},
		"hello":   {`{"pid":1}`},
		"define":  {`{"in":"int"}`},
		"failure": {`{"message":"m"}`, `{"kind":5}`},
		"fork":    {`{}`, `{"nonce":"word"}`},
		"forked":  {`{}`, `{"pid":0}`, `{"pid":1}`, `{"pid":-9}`, `{"pid":"9"}`},
		"reaped":  {`{"status":"9"}`},
	}
	for name, f := range parse {
		for _, body := range append(bad[name], "", "{", "[]", "{}x") {
			err := f(body)
			var pe *wire.ProtocolError
			if !errors.As(err, &pe) || pe.Field != wire.FieldBody || !strings.Contains(err.Error(), name) {
				t.Errorf("%s %q: %v", name, body, err)
			}
		}
	}
}

// Members and kinds of newer peers do no harm.
func TestMessagesFromNewerPeers(t *testing.T) {
	f, err := wire.ParseFailure([]byte(`{"kind":"melted","message":"m","bytes":"","new":{}}`))
	if err != nil || f.Kind != "melted" || f.Message != "m" {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestMessagesReportWhatHasNoForm(t *testing.T) {
	dst, err := wire.Setup{Options: map[string]any{"x": math.NaN()}}.Append([]byte("keep"))
	if err == nil || string(dst) != "keep" {
		t.Errorf("%q, %v", dst, err)
	}
}

func TestGate(t *testing.T) {
	g := wire.Gate{Version: 1, Socket: 3, BlackBox: 4, Nonce: "9f3c"}
	if g.String() != "1:3:4:9f3c" {
		t.Errorf("text = %q", g)
	}
	if got, err := wire.ParseGate(g.String()); err != nil || got != g {
		t.Errorf("%+v, %v", got, err)
	}
	for s, field := range map[string]wire.Field{
		"": wire.FieldGate, "x": wire.FieldGate, "1": wire.FieldGate, "1:3:4": wire.FieldGate, "1:3:4:": wire.FieldGate,
		"1:3:4:xyz": wire.FieldGate, "1:3:4:ab:cd": wire.FieldGate, "1:+3:4:ab": wire.FieldGate, "1:-3:4:ab": wire.FieldGate,
		"1:2:4:ab": wire.FieldGate, "1:3:3:ab": wire.FieldGate, "1:3:99999999999:ab": wire.FieldGate,
		"2:3:4:ab": wire.FieldVersion, "2:new": wire.FieldVersion, "0": wire.FieldVersion,
	} {
		_, err := wire.ParseGate(s)
		var pe *wire.ProtocolError
		if !errors.As(err, &pe) || pe.Field != field {
			t.Errorf("%q: %v", s, err)
		}
	}
}
